//! A running QEMU and the host's CPUs: its control group, the CPUs of its threads, and how many vCPUs its guest has. Must
//! not know the VM's state: which wishes are legal is the task's matter.
mod control;
mod pin;
mod slots;
mod vcpus;

use crate::spec::CpuPolicy;
pub(crate) use control::{CpuControl, Waiting};
pub use pin::check_pins;
pub use vcpus::why_vcpus_stay;
pub(crate) use vcpus::{Change, set_vcpus};

/// QEMU names a vCPU's thread "CPU 0/TCG" or "CPU 0/KVM".
pub(crate) fn vcpu_of_thread(name: &str) -> Option<u32> {
    name.strip_prefix("CPU ")?.split('/').next()?.parse().ok()
}

/// Whether the definition wishes for more than everybody has.
fn wishes_share(policy: &CpuPolicy) -> bool {
    share_of(policy) != quetzal_host::cgroup::CpuShare::default()
}

fn share_of(policy: &CpuPolicy) -> quetzal_host::cgroup::CpuShare {
    quetzal_host::cgroup::CpuShare { weight: policy.weight, limit_percent: policy.limit_percent }
}
