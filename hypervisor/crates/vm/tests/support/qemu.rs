//! A real QEMU on a definition, in a folder of its own; both end with the test, however it ends.
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use quetzal_qmp::{Qmp, QmpEvent};
use quetzal_vm::argv::{Accelerator, qemu_argv};
use quetzal_vm::spec::{DiskFormat, VmSpec};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::mpsc;

use super::{Case, plan};

/// A QEMU comes up in 50 ms; a loaded machine takes a hundred times as long at worst.
pub const DEADLINE: Duration = Duration::from_secs(20);

pub struct Qemu {
    child: Child,
    pub folder: TempDir,
}

/// Whether this machine can run the case; says why not.
pub fn can_run(case: &Case) -> bool {
    match case.accelerator {
        Accelerator::Tcg => true,
        // Real and emulated KVM differ in the CPU model only, and a machine has one of the two.
        Accelerator::Kvm => false,
        Accelerator::EmulatedKvm => {
            let is_there = Path::new("/dev/kvm").exists();
            if !is_there {
                eprintln!("not run: {}: /dev/kvm is missing", case.name);
            }
            is_there
        }
    }
}

impl Qemu {
    /// `first_disk` is what its first disk holds, at least a sector.
    pub async fn start(case: &Case, first_disk: &[u8]) -> (Self, Qmp, mpsc::Receiver<QmpEvent>) {
        let folder = tempfile::Builder::new().prefix("qz-").tempdir().unwrap();
        let place = folder.path().to_str().unwrap().to_owned();
        prepare(folder.path(), &case.spec, first_disk);
        let stderr = std::fs::File::create(folder.path().join("stderr")).unwrap();
        let child = Command::new("qemu-system-x86_64")
            .args(qemu_argv(&case.spec, &plan(case.accelerator, &place, &place, &place)))
            .stdin(Stdio::null())
            .stderr(stderr)
            .spawn()
            .expect("qemu-system-x86_64 is installed (Debian: qemu-system-x86)");
        let mut qemu = Self { child, folder };
        let started = Instant::now();
        loop {
            if let Ok((qmp, events)) = Qmp::connect(&qemu.folder.path().join("qmp.sock"), DEADLINE).await {
                return (qemu, qmp, events);
            }
            let (end, said) = (qemu.child.try_wait().unwrap(), qemu.stderr());
            assert!(
                end.is_none() && started.elapsed() < DEADLINE,
                "{}: QEMU ended ({end:?}) or hangs: {said}",
                case.name
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub fn stderr(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("stderr")).unwrap()
    }

    /// For a QEMU that was told to leave.
    pub async fn ended(&mut self) {
        let started = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(started.elapsed() < DEADLINE, "QEMU was told to quit and did not");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Qemu {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub async fn ask(qmp: &Qmp, command: &str) -> Value {
    qmp.execute(command, Value::Null).await.unwrap()
}

/// Files that the definition names, as small as QEMU takes them.
fn prepare(folder: &Path, spec: &VmSpec, first_disk: &[u8]) {
    for (index, disk) in spec.disks.iter().enumerate() {
        let path = folder.join(&disk.path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        match disk.format {
            DiskFormat::Raw => {
                std::fs::write(&path, if index == 0 { first_disk } else { &[] }).unwrap();
                std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(1 << 20).unwrap();
            }
            DiskFormat::Qcow2 => {
                let mut make = Command::new("qemu-img");
                assert!(make.args(["create", "-q", "-f", "qcow2"]).arg(&path).arg("1M").status().unwrap().success());
            }
        }
    }
    if let Some(boot) = &spec.boot {
        std::fs::create_dir_all(folder.join(&boot.kernel).parent().unwrap()).unwrap();
        std::fs::write(folder.join(&boot.kernel), bare_kernel()).unwrap();
        std::fs::write(folder.join(boot.initrd.as_ref().unwrap()), [0; 512]).unwrap();
    }
}

/// The least that QEMU's loader takes for a Linux kernel: its boot protocol's header, of which nothing is ever run.
fn bare_kernel() -> Vec<u8> {
    const SETUP_SECTORS: usize = 0x1f1;
    const MAGIC: usize = 0x202;
    const VERSION: usize = 0x206;
    const LOAD_FLAGS: usize = 0x211;
    const INITRD_HIGHEST: usize = 0x22c;
    const CMDLINE_MAX: usize = 0x238;
    let mut image = vec![0; 8192];
    image[SETUP_SECTORS] = 1;
    image[MAGIC..][..4].copy_from_slice(b"HdrS");
    image[VERSION..][..2].copy_from_slice(&0x020c_u16.to_le_bytes());
    image[LOAD_FLAGS] = 1;
    image[INITRD_HIGHEST..][..4].copy_from_slice(&0x7fff_ffff_u32.to_le_bytes());
    image[CMDLINE_MAX..][..4].copy_from_slice(&2047_u32.to_le_bytes());
    image
}
