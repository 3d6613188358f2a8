//! Folders and files that quetzald shares with the unprivileged QEMU user. Never follows a symbolic link in the last
//! component: QEMU could plant one.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Gid, Uid};

use crate::HostError;
use crate::user::UnprivilegedUser;

/// Makes `user` the owner of one file or folder (not of what is below it).
pub fn give_to(path: &Path, user: &UnprivilegedUser) -> Result<(), HostError> {
    let (uid, gid) = (Uid::from_raw(user.uid()), Gid::from_raw(user.gid()));
    rustix::fs::chownat(CWD, path, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW).map_err(|error| {
        HostError::GiveFile { path: path.to_owned(), user: user.name().to_owned(), source: error.into() }
    })
}

/// Makes a folder, and the folders above it, with exactly this mode (parents get 0755 less the umask). A folder that
/// is already there is taken over when it belongs to us or is being handed over again; its mode is then set.
pub fn private_dir(path: &Path, mode: u32) -> Result<(), HostError> {
    let failed = |source| HostError::MakeFolder { path: path.to_owned(), source };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    match fs::DirBuilder::new().mode(mode).create(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(path).map_err(failed)?;
            let own_uid = rustix::process::geteuid().as_raw();
            if !found.is_dir() || (own_uid != 0 && found.uid() != own_uid) {
                return Err(HostError::ForeignFolder { path: path.to_owned() });
            }
        }
        Err(error) => return Err(failed(error)),
    }
    // The umask may have taken bits away.
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_private_folder_has_exactly_the_mode_asked_for_also_when_it_was_there() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b/c");
        for mode in [0o700, 0o711, 0o700] {
            private_dir(&path, mode).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, mode);
        }
    }

    #[test]
    fn a_link_or_file_in_the_place_of_a_folder_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let (link, file) = (root.path().join("link"), root.path().join("file"));
        symlink("/etc", &link).unwrap();
        fs::write(&file, "").unwrap();
        for path in [link, file] {
            assert!(matches!(private_dir(&path, 0o700), Err(HostError::ForeignFolder { .. })));
        }
        assert_ne!(fs::metadata("/etc").unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn giving_away_a_link_changes_the_link_and_not_its_target() {
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped: giving files away needs root");
            return;
        }
        let user = UnprivilegedUser::lookup("nobody").unwrap();
        let root = tempfile::tempdir().unwrap();
        let (file, link) = (root.path().join("file"), root.path().join("link"));
        fs::write(&file, "").unwrap();
        symlink(&file, &link).unwrap();
        give_to(&link, &user).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().uid(), 0);
        give_to(&file, &user).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().uid(), user.uid());
        assert!(matches!(give_to(&root.path().join("none"), &user), Err(HostError::GiveFile { .. })));
    }
}
