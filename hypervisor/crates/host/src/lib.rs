//! Linux resources of one host: processes, users, files, volumes, samples, KVM, network, cgroups.
//! Knows the kernel and the QEMU binary; must not know VM definitions, QMP, gRPC or the journal.
//! This is the only crate with `unsafe`; each module that needs it says so at its top.

pub mod affinity;
pub mod capability;
pub mod cgroup;
pub mod error;
pub mod facts;
pub mod files;
pub mod guest_ram;
mod kernel_file;
mod knob;
pub mod ksm;
pub mod kvm;
pub mod network;
mod network_ioctl;
mod pagemap;
pub mod pageout;
pub mod pidfd;
pub mod process;
pub mod qemu;
pub mod sampler;
mod sampler_parse;
pub mod spawn;
pub mod swap;
pub mod throttle;
pub mod user;
pub mod volume;
pub mod zram;
pub mod zswap;

pub use error::HostError;
