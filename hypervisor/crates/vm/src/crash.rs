//! Why a QEMU ended unasked: one sentence, its exit, its last words and the guest's, made safe to show.
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use quetzal_host::pidfd::Exit;

use crate::machine::Consoles;
use crate::paths::VmPaths;
use crate::view::CrashReport;

/// Bytes of each tail that travel with a crash.
const TAIL_BYTES: usize = 4096;
/// The serial port whose last lines tell why a guest died.
const FIRST_PORT: &str = "ttyS0";

pub(crate) fn cause(exit: Exit) -> String {
    match exit {
        Exit::Code(code) => format!("QEMU exited {code}"),
        Exit::Signal(signal) => format!("QEMU was killed by signal {signal}"),
        Exit::Unknown => {
            "QEMU ended; its exit status is not known, for it was started by an earlier quetzald and the kernel did not \
             tell it (Linux 6.15 and newer do)"
                .into()
        }
    }
}

/// `consoles` of a QEMU that lived under this daemon; without, the log on disk is asked.
pub(crate) fn report(cause: &str, exit: Exit, paths: &VmPaths, consoles: Option<&Consoles>) -> CrashReport {
    let stderr_tail = tail_of(&paths.qemu_log());
    let console_tail = match consoles {
        Some(consoles) => printable(&consoles.tail(FIRST_PORT, TAIL_BYTES)),
        None => tail_of(&paths.console_log(FIRST_PORT)),
    };
    let cause = match stderr_tail.lines().rev().find(|line| !line.trim().is_empty()) {
        Some(last) if cause.starts_with("QEMU") => format!("{cause}: {}", last.trim()),
        _ => cause.to_owned(),
    };
    CrashReport {
        cause,
        exit_code: if let Exit::Code(code) = exit { Some(code) } else { None },
        signal: if let Exit::Signal(signal) = exit { Some(signal) } else { None },
        stderr_tail,
        console_tail,
    }
}

fn tail_of(path: &Path) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES as u64)))?;
        let mut bytes = Vec::new();
        file.take(TAIL_BYTES as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    // A missing log has no last words.
    read().map(|bytes| printable(&bytes)).unwrap_or_default()
}

/// What a terminal can be shown without obeying it: no control characters but line ends and tabs.
fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars().filter(|character| matches!(character, '\n' | '\t') || !character.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_names_the_exit_and_the_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let paths = VmPaths {
            kept: folder.path().to_owned(),
            volatile: folder.path().to_owned(),
            disks: folder.path().to_owned(),
        };
        std::fs::write(paths.qemu_log(), "first\nqemu: \x1b[31mno such disk\n\n").unwrap();
        let report = report(&cause(Exit::Code(1)), Exit::Code(1), &paths, None);
        assert_eq!(report.cause, "QEMU exited 1: qemu: [31mno such disk");
        assert_eq!((report.exit_code, report.signal), (Some(1), None));
        assert!(!report.stderr_tail.contains('\x1b'));
        assert_eq!(report.console_tail, "");
    }

    #[test]
    fn a_tail_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, "x".repeat(3 * TAIL_BYTES)).unwrap();
        assert_eq!(tail_of(&path).len(), TAIL_BYTES);
    }
}
