//! Helpers that the tests share; one small file for each idea.
#![allow(dead_code, unreachable_pub)]

pub mod changes;
pub mod corpus;
pub mod ovnkube;
pub mod reading;
