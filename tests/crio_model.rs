//! A model of CRI-O's host port managers against reality and against the crate.

#[path = "common/model_crio/mod.rs"]
#[allow(dead_code, unreachable_pub)]
mod model_crio;
#[path = "common/model_crio_reality.rs"]
mod reality;
