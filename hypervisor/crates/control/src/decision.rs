//! What the controller decided about one VM, with what it saw.
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::pressure::HostState;

/// Whose memory is paged out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Whose {
    /// So much of the guest's; a part of QEMU's own goes along.
    #[default]
    Guest,
    Qemu,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Action {
    /// Balloon target before and after.
    Balloon { from_bytes: u64, to_bytes: u64 },
    PageOut {
        bytes: u64,
        #[serde(default)]
        of: Whose,
    },
    /// Nothing more can be taken from anybody.
    AskForRoom { missing_bytes: u64 },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub vm_id: Arc<str>,
    pub action: Action,
    /// One sentence with the figures it was made from.
    pub reason: String,
    /// False: advice for a VM that is not to be touched.
    pub carried_out: bool,
    /// A step of the slow page-out of cold memory: one of many alike.
    pub is_routine: bool,
    pub state: HostState,
    pub host_available_bytes: u64,
    /// The guest's own word, as far as it is believed.
    pub guest_available_bytes: Option<u64>,
    pub guest_total_bytes: Option<u64>,
}
