//! A verb that was understood and will not be carried out: a reason that a caller can act on. Knows no wire form.
use crate::state::VmState;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalCode {
    VmNotFound,
    VmExists,
    InvalidState,
    InvalidSpec,
    InsufficientResources,
    Unsupported,
    LaunchFailed,
    Storage,
    ConsoleBusy,
    NotCancellable,
    Protected,
    OutOfRange,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    pub code: RefusalCode,
    /// One sentence: what, where and the mend.
    pub message: String,
    /// Path into the definition; empty when no field is at fault.
    pub field: String,
}

impl Refusal {
    pub fn new(code: RefusalCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: String::new() }
    }

    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = field.into();
        self
    }

    pub fn no_such_vm(id: &str) -> Self {
        Self::new(RefusalCode::VmNotFound, format!("no VM has the id \"{id}\"; 'quetzal vm ls' lists those there are"))
    }

    pub fn wrong_state(id: &str, state: VmState, what: &str) -> Self {
        Self::new(RefusalCode::InvalidState, format!("VM \"{id}\" is {}: {what}", state.name()))
    }
}

/// An error and its causes in one line, each said once.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
