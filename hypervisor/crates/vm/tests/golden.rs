//! What is generated is what is committed: the JSON schema and QEMU's command lines.
//! `UPDATE_GOLDEN=1 cargo test -p quetzal-vm --test golden` writes them anew.
#![expect(clippy::unwrap_used, reason = "a panic is a test's verdict")]
mod support;

use std::path::{Path, PathBuf};

fn in_crate(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn assert_golden(path: &Path, actual: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, actual).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == actual,
        "{} is not what the code generates; run UPDATE_GOLDEN=1 cargo test -p quetzal-vm --test golden and look at the diff.\n{actual}",
        path.display()
    );
}

#[test]
fn the_committed_schema_is_the_generated_one() {
    assert_golden(&in_crate("../../../vms/vm.schema.json"), &quetzal_vm::schema::json_schema());
}

#[test]
fn command_lines_are_the_committed_ones() {
    for case in support::cases() {
        let plan = support::plan(case.accelerator, "/state/pools/default/vm", "/state/images", "/run/vms/vm");
        let words = quetzal_vm::argv::qemu_argv(&case.spec, &plan);
        let mut text = String::new();
        for word in &words {
            let word = word.to_str().unwrap();
            text.push_str(if word.starts_with('-') || text.is_empty() { word } else { "    " });
            if !word.starts_with('-') {
                text.push_str(word);
            }
            text.push('\n');
        }
        assert_golden(&in_crate(&format!("tests/golden/argv-{}.txt", case.name)), &text);
    }
}
