//! A model of firewalld against reality and against the crate.

#[path = "common/model_firewalld/mod.rs"]
#[allow(dead_code, unreachable_pub)]
mod model_firewalld;
#[path = "common/model_firewalld_reality.rs"]
mod reality;
