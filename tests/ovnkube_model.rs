//! A model of ovnkube's service rules against reality and against the crate.

#[path = "common/model_ovnkube/mod.rs"]
#[allow(dead_code, unreachable_pub)]
mod model_ovnkube;
#[path = "common/model_ovnkube_reality.rs"]
mod reality;
