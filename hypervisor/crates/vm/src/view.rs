//! What others may see of a VM: one immutable picture per change, with its generation. Serialised into the journal and
//! the VM's folder. Knows nothing of the wire or of how a picture comes about.
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::room::Room;
use crate::state::VmState;

/// Milliseconds since the Unix epoch: the journal's and the run record's form of a point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixMs(pub u64);

impl UnixMs {
    pub fn now() -> Self {
        Self::from(SystemTime::now())
    }
}

impl From<SystemTime> for UnixMs {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

/// The observed VM. Absent fields hold only while QEMU lives, or only in state CRASHED.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VmView {
    pub id: String,
    pub state: VmState,
    pub generation: u64,
    pub spec_json: Arc<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_in_use: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accelerator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<UnixMs>,
    pub state_since: UnixMs,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crash: Option<CrashReport>,
    pub restart_required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qemu_version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<Room>,
}

/// Why a VM is CRASHED.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrashReport {
    /// One sentence.
    pub cause: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    pub stderr_tail: String,
    pub console_tail: String,
}

impl VmView {
    /// A VM that has just been defined.
    pub fn defined(id: &str, spec_json: Arc<str>) -> Self {
        Self {
            id: id.to_owned(),
            state: VmState::Defined,
            generation: 0,
            spec_json,
            network_in_use: None,
            accelerator: None,
            pid: None,
            started_at: None,
            state_since: UnixMs::now(),
            crash: None,
            restart_required: false,
            qemu_version: None,
            room: None,
        }
    }

    /// Forgets everything that holds only while QEMU lives.
    pub fn without_process(mut self) -> Self {
        self.network_in_use = None;
        self.accelerator = None;
        self.pid = None;
        self.started_at = None;
        self.qemu_version = None;
        self.room = None;
        self.restart_required = false;
        self
    }
}
