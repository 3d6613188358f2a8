//! Contract 1: the types and services generated from `hypervisor/proto`. Nothing written by hand lives here.
#![allow(clippy::all, reason = "generated code")]

pub mod v1 {
    tonic::include_proto!("quetzal.v1");
}
