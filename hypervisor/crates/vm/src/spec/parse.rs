//! From text to a `VmSpec`: JSON, then shape, then rules. Every error says which field, what is wrong and the mend.
use serde_json::Value;

use super::VmSpec;
use super::rules::{self, HostLimits};
use super::words::reworded;

/// Longest accepted definition; a hundred times what a full one needs.
const SPEC_MAX_BYTES: usize = 256 * 1024;

/// Why a definition is refused. `message` is one sentence that names the field itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SpecError {
    /// Path of the field, e.g. "disks[0].path"; empty when the text as a whole is at fault.
    pub field: String,
    pub message: String,
}

impl SpecError {
    pub(super) fn at(field: impl Into<String>, fault: impl std::fmt::Display) -> Self {
        let field = field.into();
        let message = if field.is_empty() { fault.to_string() } else { format!("{}: {fault}", shown(&field)) };
        Self { field, message }
    }
}

impl VmSpec {
    /// Parses a definition. Nothing but a definition that can be started on a host with these limits comes out.
    pub fn parse(json: &str, limits: &HostLimits) -> Result<Self, SpecError> {
        if json.len() > SPEC_MAX_BYTES {
            let kib = SPEC_MAX_BYTES / 1024;
            return Err(SpecError::at("", format!("the definition is longer than {kib} KiB; shorten it")));
        }
        let value: Value = serde_json::from_str(json).map_err(|fault| {
            SpecError::at("", format!("the definition is not valid JSON: {fault}; correct it there"))
        })?;
        if !value.is_object() {
            return Err(SpecError::at("", "the definition is not a JSON object; write { \"id\": …, … }"));
        }
        let mut spec: Self = serde_path_to_error::deserialize(value).map_err(|fault| misshapen(&fault))?;
        if spec.name.is_empty() {
            spec.name.clone_from(&spec.id);
        }
        spec.schema = None;
        rules::check(&spec, limits)?;
        Ok(spec)
    }
}

fn misshapen(fault: &serde_path_to_error::Error<serde_json::Error>) -> SpecError {
    let path = fault.path().to_string();
    reworded(if path == "." { "" } else { &path }, &fault.inner().to_string())
}

/// Characters of a field's path in a sentence: unknown fields are the caller's to name.
const FIELD_SHOWN_CHARS: usize = 100;

/// A path as it can stand in one line.
fn shown(field: &str) -> String {
    let visible = |mark: char| if mark.is_control() { '?' } else { mark };
    let cut = field.chars().nth(FIELD_SHOWN_CHARS).map(|_| '…');
    field.chars().take(FIELD_SHOWN_CHARS).map(visible).chain(cut).collect()
}
