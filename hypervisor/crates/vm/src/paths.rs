//! Where one VM's files and sockets live. Pure names; touches no disk.
use std::path::{Path, PathBuf};

/// The folders that all VMs share.
#[derive(Debug, Clone)]
pub struct Folders {
    pub state: PathBuf,
    pub run: PathBuf,
}

impl Folders {
    pub fn vms(&self) -> PathBuf {
        self.state.join("hypervisor").join("vms")
    }

    pub fn images(&self) -> PathBuf {
        self.state.join("images")
    }

    pub fn pool(&self) -> PathBuf {
        self.state.join("pools").join("default")
    }

    pub fn vm(&self, id: &str) -> VmPaths {
        VmPaths { kept: self.vms().join(id), volatile: self.run.join("vms").join(id), disks: self.pool().join(id) }
    }
}

/// The folders of one VM.
#[derive(Debug, Clone)]
pub struct VmPaths {
    /// Definition, records and logs.
    pub kept: PathBuf,
    /// Sockets.
    pub volatile: PathBuf,
    /// The VM's disks; their paths in a definition are relative to it.
    pub disks: PathBuf,
}

impl VmPaths {
    pub fn spec(&self) -> PathBuf {
        self.kept.join("spec.json")
    }

    /// What is known of the VM while no QEMU lives.
    pub fn state(&self) -> PathBuf {
        self.kept.join("state.json")
    }

    /// What is needed to find a living QEMU again.
    pub fn run(&self) -> PathBuf {
        self.kept.join("run.json")
    }

    pub fn qemu_log(&self) -> PathBuf {
        self.kept.join("qemu.log")
    }

    pub fn console_log(&self, port: &str) -> PathBuf {
        self.kept.join(format!("{port}.log"))
    }

    pub fn socket(&self, name: &str) -> PathBuf {
        self.volatile.join(format!("{name}.sock"))
    }
}

/// Whether `path` fits a unix socket's address (`sun_path`, 108 bytes with its closing zero).
pub fn fits_socket(path: &Path) -> bool {
    const SOCKET_PATH_MAX_BYTES: usize = 107;
    path.as_os_str().len() <= SOCKET_PATH_MAX_BYTES
}
