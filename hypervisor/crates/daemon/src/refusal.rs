//! The one table from what can go wrong to what callers see: refusals travel in the answer, faults as gRPC statuses.
use quetzal_api::v1;
use quetzal_vm::refusal::{Refusal, RefusalCode};
use quetzal_vm::spec::SpecError;
use tonic::Status;

use crate::journal::JournalError;

/// As long as an id that the contract allows.
const OPERATION_ID_MAX_CHARS: usize = 64;

pub fn to_wire(refusal: Refusal) -> v1::Refusal {
    v1::Refusal { code: code_to_wire(refusal.code).into(), message: refusal.message, field: refusal.field }
}

fn code_to_wire(code: RefusalCode) -> v1::RefusalCode {
    match code {
        RefusalCode::VmNotFound => v1::RefusalCode::VmNotFound,
        RefusalCode::VmExists => v1::RefusalCode::VmExists,
        RefusalCode::InvalidState => v1::RefusalCode::InvalidState,
        RefusalCode::InvalidSpec => v1::RefusalCode::InvalidSpec,
        RefusalCode::InsufficientResources => v1::RefusalCode::InsufficientResources,
        RefusalCode::Unsupported => v1::RefusalCode::Unsupported,
        RefusalCode::LaunchFailed => v1::RefusalCode::LaunchFailed,
        RefusalCode::Storage => v1::RefusalCode::Storage,
        RefusalCode::ConsoleBusy => v1::RefusalCode::ConsoleBusy,
        RefusalCode::NotCancellable => v1::RefusalCode::NotCancellable,
        RefusalCode::Protected => v1::RefusalCode::Protected,
        RefusalCode::OutOfRange => v1::RefusalCode::OutOfRange,
    }
}

pub fn of_spec(error: SpecError) -> Refusal {
    Refusal::new(RefusalCode::InvalidSpec, error.message).at(error.field)
}

pub fn of_journal(error: &JournalError) -> Status {
    match error {
        JournalError::File { .. } => Status::internal(error.to_string()),
        JournalError::Damaged { .. } => Status::data_loss(error.to_string()),
    }
}

/// A caller that breaks the contract itself.
pub fn check_operation_id(id: &str) -> Result<(), Status> {
    match id.chars().count() {
        1..=OPERATION_ID_MAX_CHARS => Ok(()),
        0 => Err(Status::invalid_argument("operation_id is empty: name the operation with an id of your own")),
        _ => Err(Status::invalid_argument("operation_id is longer than 64 characters")),
    }
}
