//! One VM: its definition, QEMU's command line, its states and its consoles.
//! Knows QEMU and its sockets; knows neither the wire to the server nor other VMs.
#![forbid(unsafe_code)]

mod adopt;
mod agent;
pub mod argv;
pub mod console;
pub mod context;
pub mod cpu;
mod crash;
mod disk_figures;
mod guest_memory;
pub mod in_effect;
pub mod launch;
pub mod machine;
mod memory;
pub mod metrics;
pub mod order;
pub mod paths;
pub mod record;
pub mod refusal;
mod removal;
pub mod reserve;
pub mod room;
pub mod schema;
pub mod sink;
mod socket;
pub mod spec;
pub mod state;
mod stop;
pub mod task;
pub mod view;
