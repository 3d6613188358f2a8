//! A setting of the kernel under /sys: one value in one file, read and written as text. Knows no meaning.

use std::fs;
use std::path::Path;

use crate::HostError;

/// The usual reason why a setting cannot be written.
pub(crate) const NEEDS_ROOT: &str = "run quetzald as root, outside a container that mounts /sys read-only";

/// Without the line's end.
pub(crate) fn read(path: &Path) -> Result<String, HostError> {
    fs::read_to_string(path).map(|text| text.trim().to_owned()).map_err(|source| HostError::read(path, source))
}

pub(crate) fn read_number<T: std::str::FromStr>(path: &Path) -> Result<T, HostError> {
    let malformed = || HostError::Malformed { path: path.to_owned(), expected: "a number" };
    read(path)?.parse().map_err(|_| malformed())
}

pub(crate) fn write(path: &Path, value: impl ToString) -> Result<(), HostError> {
    write_or(path, value, NEEDS_ROOT)
}

/// `mend` is what helps where the kernel refuses the value.
pub(crate) fn write_or(path: &Path, value: impl ToString, mend: &'static str) -> Result<(), HostError> {
    let value = value.to_string();
    fs::write(path, &value).map_err(|source| HostError::SetKnob { path: path.to_owned(), value, mend, source })
}

/// Whether this process may write it, without writing.
pub(crate) fn check(path: &Path) -> Result<(), HostError> {
    allowed(path, rustix::fs::Access::WRITE_OK)
}

/// Whether this process may do so with it.
pub(crate) fn allowed(path: &Path, access: rustix::fs::Access) -> Result<(), HostError> {
    rustix::fs::access(path, access).map_err(|errno| HostError::KnobDenied {
        path: path.to_owned(),
        mend: NEEDS_ROOT,
        source: errno.into(),
    })
}

/// Of a list such as "lzo-rle [lz4] zstd": all, and the one in brackets.
pub(crate) fn choices(text: &str) -> (Vec<&str>, Option<&str>) {
    let plain = |word: &'_ str| word.strip_prefix('[').and_then(|word| word.strip_suffix(']')).is_none();
    let chosen = text.split_ascii_whitespace().find(|word| !plain(word)).map(|word| word.trim_matches(['[', ']']));
    (text.split_ascii_whitespace().map(|word| word.trim_matches(['[', ']'])).collect(), chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_told_with_the_chosen_one() {
        assert_eq!(choices("[lzo-rle] lzo lz4 \n"), (vec!["lzo-rle", "lzo", "lz4"], Some("lzo-rle")));
        assert_eq!(choices("none"), (vec!["none"], None));
    }

    #[test]
    fn a_setting_out_of_reach_names_its_file_and_the_mend() {
        assert!(check(&std::env::temp_dir()).is_ok());
        let error = check(Path::new("/proc/nowhere")).unwrap_err().with_causes();
        assert!(error.starts_with("quetzald may not move /proc/nowhere; run quetzald as root"), "{error}");
    }

    #[test]
    fn a_refused_setting_names_file_value_and_mend() {
        let error = write(Path::new("/proc/version"), "7").unwrap_err().with_causes();
        assert!(error.starts_with("cannot set /proc/version to \"7\"; run quetzald as root"), "{error}");
    }
}
