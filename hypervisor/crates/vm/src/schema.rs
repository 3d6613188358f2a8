//! Contract 3: the JSON schema of a VM definition, generated from `VmSpec`; committed as `vms/vm.schema.json`.
use crate::spec::VmSpec;

/// The schema as it is committed: pretty JSON with a newline at its end.
pub fn json_schema() -> String {
    let schema = schemars::schema_for!(VmSpec);
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is plain JSON");
    text.push('\n');
    text
}
