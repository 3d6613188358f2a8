//! The states of a VM and what moves it between them. Pure: no process, no clock, no socket.
//!
//! ```text
//!             start                launched                 pause
//!  DEFINED ───────────> STARTING ───────────> RUNNING <──────────────> PAUSED
//!  STOPPED ──────^  ^      │ cancelled           │  ^        resume       │
//!     ^             │      │ or refused     stop │  │ timed out,          │
//!     │             │      v                     v  │ cancelled           │
//!     ├─────────────│── STOPPED <──────────── STOPPING                    │
//!     │             │            QEMU ended                               │
//!     │   CRASHED ──┘            as was asked                             │
//!     │      ^                                                            │
//!     │      └── QEMU ended unasked: from STARTING, RUNNING, PAUSED, STOPPING, MIGRATING
//!     └── QEMU ended as was asked (forced off, or the guest powered down) <┘
//! ```
//! MIGRATING is entered and left by the migration alone; every verb is denied meanwhile.
//! A verb is judged by `decide`; what really happened is told to `observe`. QEMU's word counts, not what was asked of it.
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VmState {
    Defined,
    Starting,
    Running,
    Paused,
    Stopping,
    Stopped,
    Migrating,
    Crashed,
}

/// What a caller may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Replace the definition; a living QEMU keeps its own until the next start.
    Define,
    Start,
    /// Ask the guest to power down.
    Stop,
    /// Cut the power.
    ForceOff,
    Reset,
    Pause,
    Resume,
    /// Ask the guest to leave itself more or less memory.
    Balloon,
    /// Plug memory in or out.
    ResizeMemory,
    /// Page the guest's memory out; needs nothing of the guest.
    PageOut,
    /// Add or take vCPUs.
    SetVcpus,
    Delete,
    /// Undo a start, stop waiting for a stop, or end what moves memory or vCPUs.
    Cancel,
}

/// What an accepted verb does to the state at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Enter(VmState),
    /// Nothing yet: QEMU's answer or end will move it.
    Stay,
    /// The VM ceases to be.
    Gone,
}

/// Why a verb is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DenialReason {
    #[error("it is already on")]
    AlreadyOn,
    #[error("it is off; start it first")]
    NotOn,
    #[error("it is still starting; wait for it, or cancel the start")]
    StartUnderWay,
    #[error("it is already powering down; wait for it, or force it off")]
    StopUnderWay,
    #[error("it is migrating; wait for the migration's end")]
    MigrationUnderWay,
    #[error("a paused guest cannot answer; resume it first, or force it off")]
    GuestPaused,
    #[error("it is already paused")]
    AlreadyPaused,
    #[error("it is not paused")]
    NotPaused,
    #[error("it is on; stop it or force it off first")]
    MustBeOff,
    #[error("nothing is under way")]
    NothingToCancel,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{} is denied while {}: {reason}", verb.name(), state.name())]
pub struct Denial {
    pub verb: Verb,
    pub state: VmState,
    pub reason: DenialReason,
}

/// What was seen to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Observation {
    /// QEMU runs the guest for the first time.
    Launched,
    /// The start was cancelled, or refused before QEMU was there.
    StartUndone,
    /// QEMU stopped its vCPUs.
    VcpusStopped,
    /// QEMU's vCPUs run again.
    VcpusRun,
    /// A stop timed out without escalation, or was cancelled.
    StopGivenUp,
    /// QEMU ended as was asked, by a caller or by the guest's own power-down.
    EndedAsAsked,
    /// QEMU ended, and nobody had asked.
    EndedUnasked,
}

impl VmState {
    pub const ALL: [Self; 8] = [
        Self::Defined,
        Self::Starting,
        Self::Running,
        Self::Paused,
        Self::Stopping,
        Self::Stopped,
        Self::Migrating,
        Self::Crashed,
    ];

    /// As said in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::Defined => "defined",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Migrating => "migrating",
            Self::Crashed => "crashed",
        }
    }

    /// No QEMU lives, and none is being started.
    pub fn is_off(self) -> bool {
        matches!(self, Self::Defined | Self::Stopped | Self::Crashed)
    }
}

impl Verb {
    pub const ALL: [Self; 13] = [
        Self::Define,
        Self::Start,
        Self::Stop,
        Self::ForceOff,
        Self::Reset,
        Self::Pause,
        Self::Resume,
        Self::Balloon,
        Self::ResizeMemory,
        Self::PageOut,
        Self::SetVcpus,
        Self::Delete,
        Self::Cancel,
    ];

    /// As said in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::Define => "define",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::ForceOff => "force off",
            Self::Reset => "reset",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Balloon => "balloon",
            Self::ResizeMemory => "resize memory",
            Self::PageOut => "page out",
            Self::SetVcpus => "set vCPUs",
            Self::Delete => "delete",
            Self::Cancel => "cancel",
        }
    }
}

/// Whether `verb` is legal in `state`, and what it does to the state at once.
pub fn decide(state: VmState, verb: Verb) -> Result<Next, Denial> {
    let judged = match verb {
        Verb::Define => Ok(Next::Stay),
        Verb::Start => start(state),
        Verb::Stop => stop(state),
        Verb::ForceOff => force_off(state),
        Verb::Reset | Verb::PageOut => running_or_paused(state),
        Verb::Balloon | Verb::ResizeMemory | Verb::SetVcpus => guest_answers(state),
        Verb::Pause => pause(state),
        Verb::Resume => resume(state),
        Verb::Delete => delete(state),
        Verb::Cancel => cancel(state),
    };
    judged.map_err(|reason| Denial { verb, state, reason })
}

/// The state after `seen`. What cannot happen in a state (news that comes late) changes nothing.
pub fn observe(state: VmState, seen: Observation) -> VmState {
    use Observation as O;
    use VmState as S;
    match (seen, state) {
        (O::EndedAsAsked | O::EndedUnasked, S::Defined | S::Stopped | S::Crashed) => state,
        (O::EndedAsAsked, _) => S::Stopped,
        (O::EndedUnasked, _) => S::Crashed,
        (O::Launched, S::Starting) => S::Running,
        (O::StartUndone, S::Starting) => S::Stopped,
        (O::VcpusStopped, S::Running | S::Stopping) => S::Paused,
        (O::VcpusRun, S::Paused) => S::Running,
        (O::StopGivenUp, S::Stopping) => S::Running,
        (O::Launched | O::StartUndone | O::VcpusStopped | O::VcpusRun | O::StopGivenUp, _) => state,
    }
}

type Judged = Result<Next, DenialReason>;

fn start(state: VmState) -> Judged {
    match state {
        VmState::Defined | VmState::Stopped | VmState::Crashed => Ok(Next::Enter(VmState::Starting)),
        VmState::Starting => Err(DenialReason::StartUnderWay),
        VmState::Running | VmState::Paused => Err(DenialReason::AlreadyOn),
        VmState::Stopping => Err(DenialReason::StopUnderWay),
        VmState::Migrating => Err(DenialReason::MigrationUnderWay),
    }
}

fn stop(state: VmState) -> Judged {
    match state {
        VmState::Running => Ok(Next::Enter(VmState::Stopping)),
        VmState::Paused => Err(DenialReason::GuestPaused),
        other => running_or_paused(other),
    }
}

/// Legal wherever a QEMU lives or is coming up; a migration's two ends must not be cut from one side.
fn force_off(state: VmState) -> Judged {
    match state {
        VmState::Starting | VmState::Running | VmState::Paused | VmState::Stopping => Ok(Next::Stay),
        VmState::Defined | VmState::Stopped | VmState::Crashed => Err(DenialReason::NotOn),
        VmState::Migrating => Err(DenialReason::MigrationUnderWay),
    }
}

fn pause(state: VmState) -> Judged {
    match state {
        VmState::Paused => Err(DenialReason::AlreadyPaused),
        other => running_or_paused(other),
    }
}

fn resume(state: VmState) -> Judged {
    match state {
        VmState::Running => Err(DenialReason::NotPaused),
        other => running_or_paused(other),
    }
}

/// For what the guest has to do itself.
fn guest_answers(state: VmState) -> Judged {
    match state {
        VmState::Paused => Err(DenialReason::GuestPaused),
        other => running_or_paused(other),
    }
}

fn running_or_paused(state: VmState) -> Judged {
    match state {
        VmState::Running | VmState::Paused => Ok(Next::Stay),
        VmState::Starting => Err(DenialReason::StartUnderWay),
        VmState::Stopping => Err(DenialReason::StopUnderWay),
        VmState::Migrating => Err(DenialReason::MigrationUnderWay),
        VmState::Defined | VmState::Stopped | VmState::Crashed => Err(DenialReason::NotOn),
    }
}

fn delete(state: VmState) -> Judged {
    match state {
        VmState::Defined | VmState::Stopped | VmState::Crashed => Ok(Next::Gone),
        VmState::Starting => Err(DenialReason::StartUnderWay),
        VmState::Running | VmState::Paused | VmState::Stopping => Err(DenialReason::MustBeOff),
        VmState::Migrating => Err(DenialReason::MigrationUnderWay),
    }
}

fn cancel(state: VmState) -> Judged {
    match state {
        VmState::Starting | VmState::Running | VmState::Paused | VmState::Stopping => Ok(Next::Stay),
        VmState::Migrating => Err(DenialReason::MigrationUnderWay),
        VmState::Defined | VmState::Stopped | VmState::Crashed => Err(DenialReason::NothingToCancel),
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
