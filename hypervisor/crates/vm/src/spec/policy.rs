//! Settings of a VM's memory and CPU that a running guest obeys at once, and the limits planned for it at launch: their
//! shapes and their rules. Must not know how they are enforced.
use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::VmSpec;
use super::parse::SpecError;
use super::rules::{HostLimits, MEMORY_MIN_MB, VCPUS_MAX};

pub const SHARES_DEFAULT: u32 = 1000;
pub const WEIGHT_DEFAULT: u32 = 100;
pub const DOMAIN_DEFAULT: &str = "default";
/// The kernel's own range of cpu.weight.
const WEIGHT_MAX: u32 = 10_000;
const SHARES_MAX: u32 = 100_000;
/// Less than this share of a core starves QEMU's own main loop.
const LIMIT_MIN_PERCENT: u32 = 5;
const PERCENT_OF_A_CORE: u32 = 100;
const DOMAIN_PATTERN: &str = "^[a-z0-9][a-z0-9._-]{0,31}$";

/// Who takes memory from the VM, and how far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MemoryPolicy {
    /// The most memory the guest can grow to while it runs, in MiB. Absent: twice its boot memory, and at least 1 GiB
    /// more. Needs the feature "hotplug", and a restart.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 32))]
    pub max_mb: Option<u64>,
    /// Nobody takes memory from the guest below this, in MiB. Absent: half of its boot memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 32))]
    pub floor_mb: Option<u64>,
    /// The controller leaves the guest no more than this, in MiB. Absent: all that it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 32))]
    pub ceiling_mb: Option<u64>,
    /// Claim to memory beside the other VMs' when it is short.
    #[schemars(range(min = 1, max = 100_000))]
    pub shares: u32,
    /// What the host's memory controller may do to this VM.
    pub control: Control,
    /// Like pages are shared only between VMs of one domain.
    #[schemars(regex(pattern = DOMAIN_PATTERN))]
    pub sharing_domain: String,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Control {
    /// Nothing.
    #[default]
    Off,
    /// Say what it would do, and why.
    Recommend,
    /// Move the balloon and page out.
    On,
}

impl Default for MemoryPolicy {
    fn default() -> Self {
        Self {
            max_mb: None,
            floor_mb: None,
            ceiling_mb: None,
            shares: SHARES_DEFAULT,
            control: Control::Off,
            sharing_domain: DOMAIN_DEFAULT.into(),
        }
    }
}

/// How much of the host's CPUs the VM gets, and which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CpuPolicy {
    /// The most vCPUs the guest can have while it runs. Absent: twice its boot vCPUs, and at least 4. Needs the feature
    /// "hotplug", and a restart.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 64))]
    pub max_vcpus: Option<u32>,
    /// Claim to CPU time beside the other VMs' when it is short.
    #[schemars(range(min = 1, max = 10_000))]
    pub weight: u32,
    /// The most CPU time the whole VM gets, in percent of one core. Absent: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 5))]
    pub limit_percent: Option<u32>,
    /// Which CPUs of the host run which vCPU. A vCPU without an entry runs on any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pins: Vec<Pin>,
    /// Which CPUs of the host run QEMU's own threads. Absent: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emulator_cpus: Option<BTreeSet<u32>>,
}

/// The host CPUs of one vCPU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// Counted from 0.
    pub vcpu: u32,
    /// CPUs of the host, counted from 0.
    #[schemars(length(min = 1))]
    pub cpus: BTreeSet<u32>,
}

impl Default for CpuPolicy {
    fn default() -> Self {
        Self { max_vcpus: None, weight: WEIGHT_DEFAULT, limit_percent: None, pins: Vec::new(), emulator_cpus: None }
    }
}

pub(super) fn is_default<T: Default + PartialEq>(policy: &T) -> bool {
    *policy == T::default()
}

pub(super) fn check(spec: &VmSpec, limits: &HostLimits) -> Result<(), SpecError> {
    check_memory(spec, limits)?;
    check_cpu(spec, limits)
}

fn check_memory(spec: &VmSpec, limits: &HostLimits) -> Result<(), SpecError> {
    let policy = &spec.memory_policy;
    let host_mb = limits.memory_bytes >> 20;
    in_range("memory_policy.max_mb", policy.max_mb, spec.memory_mb, host_mb, "MiB")?;
    let most_mb = spec.memory_max_mb();
    in_range("memory_policy.floor_mb", policy.floor_mb, MEMORY_MIN_MB, spec.memory_mb, "MiB")?;
    in_range("memory_policy.ceiling_mb", policy.ceiling_mb, spec.memory_floor_mb(), most_mb, "MiB")?;
    in_range("memory_policy.shares", Some(policy.shares.into()), 1, SHARES_MAX.into(), "shares")?;
    let domain = &policy.sharing_domain;
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    let begins_well = domain.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    if !begins_well || domain.len() > 32 || !domain.chars().all(is_plain) {
        let fault = "this is not a sharing domain; use 1 to 32 of a-z 0-9 . _ -, beginning with a letter or digit";
        return Err(SpecError::at("memory_policy.sharing_domain", fault));
    }
    Ok(())
}

fn check_cpu(spec: &VmSpec, limits: &HostLimits) -> Result<(), SpecError> {
    let policy = &spec.cpu_policy;
    let most = |figure: u32| Some(u64::from(figure));
    in_range("cpu_policy.max_vcpus", policy.max_vcpus.and_then(most), spec.vcpus.into(), VCPUS_MAX.into(), "vCPUs")?;
    in_range("cpu_policy.weight", most(policy.weight), 1, WEIGHT_MAX.into(), "")?;
    let all_cores = limits.cpu_count.saturating_mul(PERCENT_OF_A_CORE);
    let least = LIMIT_MIN_PERCENT.into();
    in_range(
        "cpu_policy.limit_percent",
        policy.limit_percent.and_then(most),
        least,
        all_cores.into(),
        "percent of a core",
    )?;
    let mut pinned = BTreeSet::new();
    for (index, pin) in policy.pins.iter().enumerate() {
        let field = |name: &str| format!("cpu_policy.pins[{index}].{name}");
        in_range(&field("vcpu"), most(pin.vcpu), 0, u64::from(spec.vcpus_max()) - 1, "as a vCPU's number")?;
        if !pinned.insert(pin.vcpu) {
            let fault = format!("vCPU {} is pinned twice; keep one entry", pin.vcpu);
            return Err(SpecError::at(field("vcpu"), fault));
        }
        check_cpus(&field("cpus"), &pin.cpus, limits)?;
    }
    policy.emulator_cpus.as_ref().map_or(Ok(()), |cpus| check_cpus("cpu_policy.emulator_cpus", cpus, limits))
}

fn check_cpus(field: &str, cpus: &BTreeSet<u32>, limits: &HostLimits) -> Result<(), SpecError> {
    let last = limits.cpu_count.saturating_sub(1);
    match cpus.iter().find(|cpu| **cpu > last) {
        Some(cpu) => Err(SpecError::at(
            field,
            format!("CPU {cpu} is not there; this host has CPUs 0 to {last}, give some of them"),
        )),
        None if cpus.is_empty() => Err(SpecError::at(field, format!("names no CPU; give some of 0 to {last}"))),
        None => Ok(()),
    }
}

fn in_range(field: &str, figure: Option<u64>, least: u64, most: u64, unit: &str) -> Result<(), SpecError> {
    match figure {
        Some(figure) if !(least..=most).contains(&figure) => {
            let given = format!("{figure} {unit}").trim_end().to_owned();
            Err(SpecError::at(field, format!("{given} is out of range; give {least} to {most}")))
        }
        _ => Ok(()),
    }
}
