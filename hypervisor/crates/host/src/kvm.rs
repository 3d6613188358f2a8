//! Whether KVM is real: measured, not believed. /dev/kvm may be there and work while a kernel beneath emulates every
//! instruction, and then a guest under KVM is far slower than under TCG.
#![expect(unsafe_code, reason = "KVM is given memory of ours to run the probe's loop in")]

use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::user::UnprivilegedUser;

/// Real hardware takes about 0.3 to 1 ns for an iteration, an emulating kernel 400 and more.
pub const REAL_BELOW_NS_PER_ITERATION: f64 = 30.0;
/// The time of the short loop is taken from that of a longer one, which leaves the iterations without the cost of
/// entering and leaving the guest (tens of µs under nested virtualisation).
const SHORT_ITERATIONS: u32 = 500;
/// Takes some 1.5 ms where KVM is emulated; there the difference is plain.
const LONG_ITERATIONS: u32 = 3_000;
/// Takes some 60 µs on real hardware, far more than an entry's time varies.
const LONG_ITERATIONS_WHEN_FAST: u32 = 200_000;
/// A short loop below this is worth the longest one; emulated it takes twice this and more.
const FAST_BELOW: Duration = Duration::from_micros(100);
/// The fastest of some runs counts: a disturbance only ever makes a run slower.
const RUNS: usize = 3;
/// A probe that takes longer than this is as good as no KVM.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, PartialEq)]
pub enum KvmProbe {
    Real {
        ns_per_iteration: f64,
    },
    /// KVM answers, but its guests run at the speed of an interpreter.
    EmulatedOnly {
        ns_per_iteration: f64,
    },
    Missing {
        reason: String,
    },
}

impl KvmProbe {
    fn judge(ns_per_iteration: f64) -> Self {
        if ns_per_iteration < REAL_BELOW_NS_PER_ITERATION {
            Self::Real { ns_per_iteration }
        } else {
            Self::EmulatedOnly { ns_per_iteration }
        }
    }

    pub fn is_real(&self) -> bool {
        matches!(self, Self::Real { .. })
    }

    /// The one rule of the choice: None means KVM, else TCG for this reason. `user` is QEMU's, None for our own.
    pub fn reason_against(&self, user: Option<&UnprivilegedUser>) -> Option<String> {
        if !self.is_real() {
            return Some(self.to_string());
        }
        let user = user.filter(|user| !is_open_to(user))?;
        Some(format!("{self}, but user {} may not open /dev/kvm; using TCG", user.name()))
    }
}

/// Shown to people as the reason of the choice of accelerator.
impl fmt::Display for KvmProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Real { ns_per_iteration } => {
                write!(f, "real: {ns_per_iteration:.1} ns an iteration")
            }
            Self::EmulatedOnly { ns_per_iteration } => {
                write!(f, "emulated only: {ns_per_iteration:.0} ns an iteration, using TCG")
            }
            Self::Missing { reason } => write!(f, "{reason}; using TCG"),
        }
    }
}

/// Whether QEMU, running as this user, may open /dev/kvm.
pub fn is_open_to(user: &UnprivilegedUser) -> bool {
    fs::metadata("/dev/kvm").is_ok_and(|found| user.may_read_and_write(found.uid(), found.gid(), found.mode()))
}

/// Runs a loop in a tiny guest and times it; 5 to 20 ms where KVM is emulated (several times that on a busy host),
/// else far less. Blocks: nothing that is urgent at start should wait for it.
pub fn probe() -> KvmProbe {
    let (sender, result) = mpsc::channel();
    // Apart, as no time limit can be set on a guest that does not come back; its thread is then given up.
    let started = thread::Builder::new().name("kvm-probe".into()).spawn(move || {
        let _ = sender.send(measure());
    });
    if let Err(error) = started {
        return KvmProbe::Missing { reason: format!("the KVM probe could not start ({error})") };
    }
    match result.recv_timeout(PROBE_TIMEOUT) {
        Ok(Ok(ns_per_iteration)) => KvmProbe::judge(ns_per_iteration),
        Ok(Err(reason)) => KvmProbe::Missing { reason },
        Err(_) => {
            KvmProbe::Missing { reason: format!("the KVM probe did not end within {} s", PROBE_TIMEOUT.as_secs()) }
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn measure() -> Result<f64, String> {
    Err("KVM can be probed on x86-64 only".to_owned())
}

#[cfg(target_arch = "x86_64")]
fn measure() -> Result<f64, String> {
    let mut guest = x86::LoopGuest::new()?;
    let mut fastest = |iterations| {
        let mut best = Duration::MAX;
        for _ in 0..RUNS {
            best = best.min(guest.run(iterations)?);
        }
        Ok::<_, String>(best)
    };
    let short = fastest(SHORT_ITERATIONS)?;
    let long_iterations = if short < FAST_BELOW { LONG_ITERATIONS_WHEN_FAST } else { LONG_ITERATIONS };
    let long = fastest(long_iterations)?;
    let extra = f64::from(long_iterations - SHORT_ITERATIONS);
    Ok(long.saturating_sub(short).as_secs_f64() * 1e9 / extra)
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::ptr;

    use kvm_bindings::kvm_userspace_memory_region;
    use kvm_ioctls::{Kvm, VcpuExit, VcpuFd, VmFd};
    use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};

    use super::{Duration, Instant};

    const MEMORY_BYTES: usize = 4096;
    /// Guest address of the one page; page 0 stays unmapped.
    const CODE_ADDRESS: u64 = 0x1000;
    /// Three pages that Intel's KVM needs for real mode, away from the guest's memory.
    const TSS_ADDRESS: usize = 0xfffb_d000;
    /// Real mode: `dec ecx; jnz back; hlt`.
    const CODE: [u8; 5] = [0x66, 0x49, 0x75, 0xfc, 0xf4];
    /// The one bit of RFLAGS that is always set.
    const RFLAGS: u64 = 2;

    /// A VM of one page and one vCPU. Fields drop in this order: the VM goes before its memory.
    pub(super) struct LoopGuest {
        vcpu: VcpuFd,
        _vm: VmFd,
        _memory: Page,
    }

    struct Page(*mut core::ffi::c_void);

    impl Drop for Page {
        fn drop(&mut self) {
            // SAFETY: the mapping was made with this length and nothing refers to it any more.
            let _ = unsafe { munmap(self.0, MEMORY_BYTES) };
        }
    }

    impl LoopGuest {
        pub(super) fn new() -> Result<Self, String> {
            let step = |step: &str, error: &dyn std::fmt::Display| format!("/dev/kvm: cannot {step} ({error})");
            let kvm = Kvm::new().map_err(|error| step("open it", &error))?;
            let vm = kvm.create_vm().map_err(|error| step("create a VM", &error))?;
            // Only Intel asks for it; where it fails, running the guest tells.
            let _ = vm.set_tss_address(TSS_ADDRESS);
            let memory = page().map_err(|error| step("map memory", &error))?;
            let region = kvm_userspace_memory_region {
                slot: 0,
                flags: 0,
                guest_phys_addr: CODE_ADDRESS,
                memory_size: MEMORY_BYTES as u64,
                userspace_addr: memory.0 as u64,
            };
            // SAFETY: the page outlives the VM (see the order of the fields) and is used by nothing else.
            unsafe { vm.set_user_memory_region(region) }.map_err(|error| step("give it memory", &error))?;
            let vcpu = vm.create_vcpu(0).map_err(|error| step("create a vCPU", &error))?;
            let mut sregs = vcpu.get_sregs().map_err(|error| step("read its registers", &error))?;
            (sregs.cs.base, sregs.cs.selector) = (0, 0);
            vcpu.set_sregs(&sregs).map_err(|error| step("set its registers", &error))?;
            Ok(Self { vcpu, _vm: vm, _memory: memory })
        }

        pub(super) fn run(&mut self, iterations: u32) -> Result<Duration, String> {
            let mut regs =
                self.vcpu.get_regs().map_err(|error| format!("/dev/kvm: cannot read registers ({error})"))?;
            (regs.rip, regs.rflags, regs.rcx) = (CODE_ADDRESS, RFLAGS, u64::from(iterations));
            self.vcpu.set_regs(&regs).map_err(|error| format!("/dev/kvm: cannot set registers ({error})"))?;
            let started_at = Instant::now();
            match self.vcpu.run() {
                Ok(VcpuExit::Hlt) => Ok(started_at.elapsed()),
                Ok(other) => Err(format!("/dev/kvm: the probe's guest stopped at {other:?} instead of running")),
                Err(error) => Err(format!("/dev/kvm: cannot run a guest ({error})")),
            }
        }
    }

    fn page() -> rustix::io::Result<Page> {
        // SAFETY: a new private mapping at an address of the kernel's choice touches no existing memory.
        let address = unsafe {
            mmap_anonymous(ptr::null_mut(), MEMORY_BYTES, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE)
        }?;
        // SAFETY: the mapping is as long as a page and the code shorter.
        unsafe { ptr::copy_nonoverlapping(CODE.as_ptr(), address.cast(), CODE.len()) };
        Ok(Page(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_probe_of_this_machine_ends_with_a_reason() {
        let started_at = Instant::now();
        let probe = probe();
        println!("KVM {probe} (probed in {:?})", started_at.elapsed());
        match &probe {
            KvmProbe::Real { ns_per_iteration } | KvmProbe::EmulatedOnly { ns_per_iteration } => {
                assert!(*ns_per_iteration >= 0.0 && ns_per_iteration.is_finite());
            }
            KvmProbe::Missing { reason } => assert!(reason.contains("KVM") || reason.contains("/dev/kvm"), "{reason}"),
        }
        assert!(started_at.elapsed() < PROBE_TIMEOUT + Duration::from_secs(1));
    }

    #[test]
    fn a_processor_that_lacks_virtualisation_is_never_taken_for_real_kvm() {
        let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap();
        let has_virtualisation = cpuinfo.split_ascii_whitespace().any(|word| word == "vmx" || word == "svm");
        assert!(has_virtualisation || !probe().is_real());
    }

    #[test]
    fn a_user_who_may_not_open_it_gets_no_kvm_however_real() {
        let real = KvmProbe::Real { ns_per_iteration: 0.5 };
        assert_eq!(real.reason_against(None), None);
        let user = UnprivilegedUser::lookup("nobody").unwrap();
        assert_eq!(real.reason_against(Some(&user)).is_none(), is_open_to(&user));
        let missing = KvmProbe::Missing { reason: "no /dev/kvm".into() };
        assert_eq!(missing.reason_against(None).as_deref(), Some("no /dev/kvm; using TCG"));
    }

    #[test]
    fn speed_decides() {
        assert!(KvmProbe::judge(0.3).is_real());
        assert!(!KvmProbe::judge(450.0).is_real());
        assert_eq!(KvmProbe::judge(450.4).to_string(), "emulated only: 450 ns an iteration, using TCG");
    }
}
