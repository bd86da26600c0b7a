//! The JSON and YAML shapes of commatrix.

use super::{AllowList, AllowedPort, DynamicRange};
use alloc::vec::Vec;
use core::fmt;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Protocols as commatrix prints them: `TCP`.
pub(super) mod capitals {
    use crate::port::Protocol;
    use alloc::string::String;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(
        protocol: &Protocol,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&protocol.as_str().to_ascii_uppercase())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Protocol, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// The matrix as an object; Go prints an empty list as `null`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Matrix {
    #[serde(rename = "Ports", alias = "Matrix", default)]
    ports: Option<Vec<AllowedPort>>,
    #[serde(rename = "DynamicRanges", default)]
    ranges: Option<Vec<DynamicRange>>,
}

impl<'de> Deserialize<'de> for AllowList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;

        impl<'de> Visitor<'de> for Shape {
            type Value = AllowList;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a communication matrix: an object with Ports, or a list of rows")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<AllowList, A::Error> {
                let matrix = Matrix::deserialize(MapAccessDeserializer::new(map))?;
                Ok(AllowList {
                    ports: matrix.ports.unwrap_or_default(),
                    ranges: matrix.ranges.unwrap_or_default(),
                })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, rows: A) -> Result<AllowList, A::Error> {
                Ok(AllowList {
                    ports: Vec::deserialize(SeqAccessDeserializer::new(rows))?,
                    ranges: Vec::new(),
                })
            }
        }

        deserializer.deserialize_any(Shape)
    }
}
