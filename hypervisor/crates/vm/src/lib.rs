//! One VM: its definition, QEMU's command line, its states and its consoles.
//! Knows QEMU and its sockets; knows neither the wire to the server nor other VMs.
#![forbid(unsafe_code)]

pub mod argv;
pub mod console;
pub mod schema;
pub mod spec;
pub mod state;
