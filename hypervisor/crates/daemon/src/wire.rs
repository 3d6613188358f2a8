//! From the domain's types to the contract's; the only place that knows both. Pure.
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prost_types::Timestamp;
use quetzal_api::v1;
use quetzal_vm::room::Room;
use quetzal_vm::sink::{EventKind, Outcome};
use quetzal_vm::state::VmState;
use quetzal_vm::view::{CrashReport, UnixMs, VmView};

use crate::journal::StoredEvent;

pub fn timestamp(time: UnixMs) -> Timestamp {
    Timestamp::from(UNIX_EPOCH + Duration::from_millis(time.0))
}

pub fn system_time(time: SystemTime) -> Timestamp {
    Timestamp::from(time)
}

pub fn state(state: VmState) -> v1::VmState {
    match state {
        VmState::Defined => v1::VmState::Defined,
        VmState::Starting => v1::VmState::Starting,
        VmState::Running => v1::VmState::Running,
        VmState::Paused => v1::VmState::Paused,
        VmState::Stopping => v1::VmState::Stopping,
        VmState::Stopped => v1::VmState::Stopped,
        VmState::Migrating => v1::VmState::Migrating,
        VmState::Crashed => v1::VmState::Crashed,
    }
}

pub fn vm(view: &VmView) -> v1::Vm {
    v1::Vm {
        id: view.id.clone(),
        state: state(view.state).into(),
        generation: view.generation,
        spec_json: view.spec_json.to_string(),
        network_in_use: view.network_in_use.clone(),
        accelerator: view.accelerator.clone(),
        pid: view.pid,
        started_at: view.started_at.map(timestamp),
        state_since: Some(timestamp(view.state_since)),
        crash: view.crash.as_ref().map(crash),
        restart_required: view.restart_required,
        qemu_version: view.qemu_version.clone(),
        room: view.room.map(room),
    }
}

fn room(room: Room) -> v1::Room {
    v1::Room {
        balloon_target_bytes: room.balloon_target_bytes,
        balloon_floor_bytes: room.balloon_floor_bytes,
        memory_target_bytes: room.memory_target_bytes,
        memory_max_bytes: room.memory_max_bytes,
        vcpus_target: room.vcpus_target,
        vcpus_max: room.vcpus_max,
    }
}

fn crash(report: &CrashReport) -> v1::CrashReport {
    v1::CrashReport {
        cause: report.cause.clone(),
        exit_code: report.exit_code,
        signal: report.signal,
        stderr_tail: report.stderr_tail.clone(),
        console_tail: report.console_tail.clone(),
    }
}

fn kind(kind: EventKind) -> v1::EventKind {
    match kind {
        EventKind::VmDefined => v1::EventKind::VmDefined,
        EventKind::VmDeleted => v1::EventKind::VmDeleted,
        EventKind::VmStateChanged => v1::EventKind::VmStateChanged,
        EventKind::VmChanged => v1::EventKind::VmChanged,
        EventKind::OperationFinished => v1::EventKind::OperationFinished,
        EventKind::DaemonStarted => v1::EventKind::DaemonStarted,
        EventKind::VmAdopted => v1::EventKind::VmAdopted,
        EventKind::GuestPanicked => v1::EventKind::GuestPanicked,
        EventKind::VmReset => v1::EventKind::VmReset,
        EventKind::Warning => v1::EventKind::Warning,
        EventKind::MemoryDecision => v1::EventKind::MemoryDecision,
        EventKind::HostMemoryChanged => v1::EventKind::HostMemoryChanged,
    }
}

pub fn event(event: &StoredEvent) -> v1::Event {
    v1::Event {
        sequence: event.sequence,
        time: Some(timestamp(event.time)),
        kind: kind(event.kind).into(),
        vm_id: event.vm_id.clone(),
        operation_id: event.operation_id.clone(),
        vm: event.vm.as_deref().map(vm),
        previous_state: event.previous_state.map_or(v1::VmState::Unspecified, state).into(),
        message: event.message.clone(),
        succeeded: event.outcome == Some(Outcome::Succeeded),
        cancelled: event.outcome == Some(Outcome::Cancelled),
        decision: event.decision.as_ref().map(crate::memory::wire::decision),
    }
}
