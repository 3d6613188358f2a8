//! The daemon's command line and environment; the only reader of either.
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// QEMU's user when quetzald runs as root and nothing else is said; the set-up creates it.
const DEFAULT_VM_USER: &str = "quetzal-qemu";

/// Runs virtual machines on this host and answers on a unix socket.
#[derive(Debug, Parser)]
#[command(name = "quetzald", version, args_conflicts_with_subcommands = true)]
pub struct CommandLine {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub config: Config,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Prints the JSON schema of a VM's definition.
    Schema,
    /// Prints what this host is and can do, as JSON.
    Probe(Config),
}

#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Everything that outlives a restart: definitions, disks, images, the journal.
    #[arg(long, env = "QUETZALD_STATE_DIR", default_value = "/var/lib/quetzal")]
    pub state_dir: PathBuf,
    /// Sockets and the pid file; may vanish at a reboot.
    #[arg(long, env = "QUETZALD_RUN_DIR", default_value = "/run/quetzal")]
    pub run_dir: PathBuf,
    /// System user that QEMU runs as, when quetzald runs as root.
    #[arg(long, env = "QUETZALD_VM_USER", default_value = DEFAULT_VM_USER)]
    pub vm_user: String,
    /// A path, or a name looked up in PATH.
    #[arg(long, env = "QUETZALD_QEMU_BINARY", default_value = "qemu-system-x86_64")]
    pub qemu_binary: OsString,
}

impl Config {
    /// With absolute folders: QEMU is started elsewhere than quetzald was.
    pub fn absolute(mut self) -> std::io::Result<Self> {
        self.state_dir = std::path::absolute(self.state_dir)?;
        self.run_dir = std::path::absolute(self.run_dir)?;
        Ok(self)
    }

    /// Absent when quetzald itself is unprivileged: then QEMU runs as the same user.
    pub fn effective_vm_user(&self) -> Option<String> {
        rustix::process::geteuid().is_root().then(|| self.vm_user.clone())
    }

    pub fn socket(&self) -> PathBuf {
        self.run_dir.join("quetzald.sock")
    }

    pub fn pid_file(&self) -> PathBuf {
        self.run_dir.join("quetzald.pid")
    }

    pub fn own_dir(&self) -> PathBuf {
        self.state_dir.join("hypervisor")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn a_subcommand_and_the_service_parse() {
        let line = CommandLine::try_parse_from(["quetzald", "--state-dir", "/s", "--run-dir", "/r"]).unwrap();
        assert!(line.command.is_none());
        assert_eq!(line.config.socket(), PathBuf::from("/r/quetzald.sock"));
        assert!(matches!(CommandLine::try_parse_from(["quetzald", "schema"]).unwrap().command, Some(Command::Schema)));
    }
}
