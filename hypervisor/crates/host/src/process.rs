//! What /proc says about one process. `start_time` tells a process from a later one with the same pid.

use std::fs;
use std::io;
use std::path::PathBuf;

use crate::HostError;

/// Clock ticks since boot at which the process started (field 22 of its stat file).
pub fn start_time(pid: u32) -> Result<u64, HostError> {
    let path = PathBuf::from(format!("/proc/{pid}/stat"));
    let text = fs::read_to_string(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => HostError::ProcessGone { pid },
        _ => HostError::read(&path, error),
    })?;
    stat_field(&text, 22)
        .and_then(|field| field.parse().ok())
        .ok_or(HostError::Malformed {
            path,
            expected: "a process's stat line",
        })
}

/// Field `number` (as proc(5) counts, from 3 up). The name in field 2 may hold spaces and parentheses, so counting
/// starts after its last closing one.
fn stat_field(text: &str, number: usize) -> Option<&str> {
    text.rsplit_once(')')?
        .1
        .split_ascii_whitespace()
        .nth(number.checked_sub(3)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_name_cannot_forge_the_fields() {
        let text = "12 (a) R 1 (b) 9) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4242 20";
        assert_eq!(stat_field(text, 3), Some("S"));
        assert_eq!(stat_field(text, 22), Some("4242"));
        assert_eq!(stat_field(text, 99), None);
        assert_eq!(stat_field("", 22), None);
    }

    #[test]
    fn the_start_time_is_stable_and_a_missing_process_is_gone() {
        let own = std::process::id();
        assert_eq!(start_time(own).unwrap(), start_time(own).unwrap());
        assert!(start_time(own).unwrap() >= start_time(1).unwrap());
        assert!(matches!(
            start_time(u32::MAX),
            Err(HostError::ProcessGone { pid: u32::MAX })
        ));
    }
}
