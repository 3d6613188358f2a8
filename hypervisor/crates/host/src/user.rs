//! The unprivileged system user that QEMU runs as: its ids and its supplementary groups (e.g. `kvm`).
//! Does not create users; setting up the machine is the launcher's work.
#![expect(unsafe_code, reason = "the C library's user database calls fill caller-provided memory")]

use std::ffi::{CStr, CString};
use std::{io, mem, ptr};

use crate::HostError;

/// Supplementary groups that are kept; a service user in more groups than this is a mistake, not a need.
const GROUPS_MAX: usize = 64;
/// Space for one passwd entry's strings, in bytes; the C library suggests 1 KiB.
const PASSWD_BUFFER_BYTES: usize = 16 * 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnprivilegedUser {
    name: String,
    uid: u32,
    gid: u32,
    groups: Vec<u32>,
}

impl UnprivilegedUser {
    /// Looks the user up in the system's user database. Root is refused: it would defeat the purpose.
    pub fn lookup(name: &str) -> Result<Self, HostError> {
        let missing = || HostError::UserMissing { name: name.to_owned() };
        let c_name = CString::new(name).map_err(|_| missing())?;
        let (uid, gid) = ids(&c_name)
            .map_err(|source| HostError::LookUpUser { name: name.to_owned(), source })?
            .ok_or_else(missing)?;
        if uid == 0 {
            return Err(HostError::UserIsRoot { name: name.to_owned() });
        }
        let groups = groups(&c_name, gid);
        Ok(Self { name: name.to_owned(), uid, gid, groups })
    }

    pub fn name(&self) -> &str {
        &self.name
    }
    pub fn uid(&self) -> u32 {
        self.uid
    }
    pub fn gid(&self) -> u32 {
        self.gid
    }
    /// All group ids, the primary one among them.
    pub fn groups(&self) -> &[u32] {
        &self.groups
    }

    /// Whether a file with this owner and mode may be opened for reading and writing by this user.
    pub fn may_read_and_write(&self, file_uid: u32, file_gid: u32, mode: u32) -> bool {
        self.bits(file_uid, file_gid, mode) & 0o6 == 0o6
    }

    /// Whether this user may reach what is in a folder with this owner and mode.
    pub fn may_pass(&self, folder_uid: u32, folder_gid: u32, mode: u32) -> bool {
        self.bits(folder_uid, folder_gid, mode) & 0o1 != 0
    }

    /// The kernel looks at the first class that fits, and only at that.
    fn bits(&self, file_uid: u32, file_gid: u32, mode: u32) -> u32 {
        if file_uid == self.uid {
            mode >> 6
        } else if self.groups.contains(&file_gid) {
            mode >> 3
        } else {
            mode
        }
    }
}

fn ids(name: &CStr) -> io::Result<Option<(u32, u32)>> {
    let mut buffer = vec![0; PASSWD_BUFFER_BYTES];
    let mut found: *mut libc::passwd = ptr::null_mut();
    // SAFETY: passwd is plain old data for which all-zero is a valid value.
    let mut entry: libc::passwd = unsafe { mem::zeroed() };
    // SAFETY: every pointer is to live memory of the given size; the results are read before the buffer is dropped.
    let status =
        unsafe { libc::getpwnam_r(name.as_ptr(), &raw mut entry, buffer.as_mut_ptr(), buffer.len(), &raw mut found) };
    match (status, found.is_null()) {
        (0, false) => Ok(Some((entry.pw_uid, entry.pw_gid))),
        // These mean "no such entry" on one C library or another.
        (0 | libc::ENOENT | libc::ESRCH, true) => Ok(None),
        (error, _) => Err(io::Error::from_raw_os_error(error)),
    }
}

fn groups(name: &CStr, gid: u32) -> Vec<u32> {
    let mut list = vec![0_u32; GROUPS_MAX];
    let mut count = libc::c_int::try_from(GROUPS_MAX).expect("64 fits an int");
    // SAFETY: `count` says how many ids `list` holds; the call writes at most that many.
    let status = unsafe { libc::getgrouplist(name.as_ptr(), gid, list.as_mut_ptr(), &raw mut count) };
    if status < 0 {
        return vec![gid];
    }
    list.truncate(usize::try_from(count).unwrap_or(0));
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_up_a_system_user_with_its_primary_group() {
        let user = UnprivilegedUser::lookup("nobody").unwrap();
        assert_eq!(user.uid(), 65534);
        assert!(user.groups().contains(&user.gid()));
    }

    #[test]
    fn a_missing_user_is_named_with_the_mend() {
        let message = UnprivilegedUser::lookup("no-such-user-qz").unwrap_err().to_string();
        assert!(message.contains("no-such-user-qz") && message.contains("useradd"), "{message}");
        assert!(matches!(UnprivilegedUser::lookup("a\0b"), Err(HostError::UserMissing { .. })));
    }

    #[test]
    fn root_is_refused() {
        assert!(matches!(UnprivilegedUser::lookup("root"), Err(HostError::UserIsRoot { .. })));
    }

    #[test]
    fn access_follows_owner_then_group_then_others() {
        let user = UnprivilegedUser { name: "u".into(), uid: 7, gid: 8, groups: vec![8, 9] };
        assert!(user.may_read_and_write(7, 0, 0o600));
        assert!(user.may_read_and_write(0, 9, 0o660));
        assert!(user.may_read_and_write(0, 0, 0o666));
        assert!(!user.may_read_and_write(0, 0, 0o660));
        assert!(!user.may_read_and_write(0, 9, 0o606), "the group's bits win over the others'");
    }
}
