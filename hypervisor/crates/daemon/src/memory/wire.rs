//! The host's memory between the domain's types and the contract's. Pure.
use quetzal_api::v1::{self, CompressionMode as WireCompression, DecisionAction, KsmMode as WireKsm};
use quetzal_control::{Action, HostState, Settings};

use super::{CompressionMode, KeptDecision, KsmMode, Picture, Request};
use crate::wire::timestamp;

pub fn picture(picture: &Picture) -> v1::HostMemory {
    let (wishes, sharing, thresholds) = (&picture.wishes, &picture.sharing, &picture.thresholds);
    v1::HostMemory {
        ksm: Some(v1::KsmSettings {
            mode: ksm_to_wire(wishes.ksm.mode).into(),
            cpu_budget_ratio: wishes.ksm.cpu_budget_ratio,
            active_domain: sharing.active_domain.clone(),
            reason: sharing.reason.clone(),
            pages_per_scan: sharing.pages_per_scan,
            sleep_ms: sharing.sleep_ms,
            cpu_used_ratio: sharing.cpu_used_ratio,
        }),
        compression: Some(v1::CompressionSettings {
            mode: compression_to_wire(wishes.compression.mode).into(),
            size_bytes: wishes.compression.size_bytes,
            algorithm: wishes.compression.algorithm.clone(),
        }),
        controller: Some(v1::ControllerSettings {
            enabled: wishes.controller.enabled,
            idle_tax_ratio: wishes.controller.idle_tax_ratio,
            high_ratio: wishes.controller.high_ratio,
            soft_ratio: wishes.controller.soft_ratio,
            hard_ratio: wishes.controller.hard_ratio,
            low_ratio: wishes.controller.low_ratio,
        }),
        state: state(picture.state).into(),
        high_bytes: thresholds.high_bytes,
        soft_bytes: thresholds.soft_bytes,
        hard_bytes: thresholds.hard_bytes,
        low_bytes: thresholds.low_bytes,
    }
}

pub fn request(request: &v1::SetHostMemoryRequest, host_bytes: u64) -> Request {
    let controller = request.controller.map(|controller| Settings {
        enabled: controller.enabled,
        idle_tax_ratio: controller.idle_tax_ratio,
        high_ratio: controller.high_ratio,
        soft_ratio: controller.soft_ratio,
        hard_ratio: controller.hard_ratio,
        low_ratio: controller.low_ratio,
    });
    Request {
        ksm: request.ksm.as_ref().map(|ksm| (ksm_of(ksm.mode()), ksm.cpu_budget_ratio)),
        compression: request
            .compression
            .as_ref()
            .map(|wish| (compression_of(wish.mode()), wish.size_bytes, wish.algorithm.clone())),
        controller,
        host_bytes,
    }
}

pub fn decision(kept: &std::sync::Arc<KeptDecision>) -> v1::MemoryDecision {
    let decision = &kept.decision;
    let (action, from_bytes, to_bytes) = match decision.action {
        Action::Balloon { from_bytes, to_bytes } => (DecisionAction::Balloon, from_bytes, to_bytes),
        Action::PageOut { bytes, .. } => (DecisionAction::PageOut, 0, bytes),
        Action::AskForRoom { missing_bytes } => (DecisionAction::AskForRoom, 0, missing_bytes),
    };
    v1::MemoryDecision {
        time: Some(timestamp(kept.time)),
        vm_id: decision.vm_id.to_string(),
        action: action.into(),
        from_bytes,
        to_bytes,
        reason: decision.reason.clone(),
        carried_out: decision.carried_out,
        state: state(decision.state).into(),
        host_available_bytes: decision.host_available_bytes,
        guest_available_bytes: decision.guest_available_bytes,
        guest_total_bytes: decision.guest_total_bytes,
        effect_bytes: kept.effect_bytes,
    }
}

fn state(state: HostState) -> v1::PressureState {
    match state {
        HostState::High => v1::PressureState::High,
        HostState::Soft => v1::PressureState::Soft,
        HostState::Hard => v1::PressureState::Hard,
        HostState::Low => v1::PressureState::Low,
    }
}

fn ksm_to_wire(mode: KsmMode) -> WireKsm {
    match mode {
        KsmMode::Untouched => WireKsm::Untouched,
        KsmMode::Tuned => WireKsm::Tuned,
        KsmMode::Stopped => WireKsm::Stopped,
        KsmMode::Unmerged => WireKsm::Unmerged,
    }
}

fn ksm_of(mode: WireKsm) -> Option<KsmMode> {
    match mode {
        WireKsm::Unspecified => None,
        WireKsm::Untouched => Some(KsmMode::Untouched),
        WireKsm::Tuned => Some(KsmMode::Tuned),
        WireKsm::Stopped => Some(KsmMode::Stopped),
        WireKsm::Unmerged => Some(KsmMode::Unmerged),
    }
}

fn compression_to_wire(mode: CompressionMode) -> WireCompression {
    match mode {
        CompressionMode::Untouched => WireCompression::Untouched,
        CompressionMode::Zram => WireCompression::Zram,
        CompressionMode::Zswap => WireCompression::Zswap,
    }
}

fn compression_of(mode: WireCompression) -> Option<CompressionMode> {
    match mode {
        WireCompression::Unspecified => None,
        WireCompression::Untouched => Some(CompressionMode::Untouched),
        WireCompression::Zram => Some(CompressionMode::Zram),
        WireCompression::Zswap => Some(CompressionMode::Zswap),
    }
}
