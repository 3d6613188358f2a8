//! Starts QEMU as a process of its own: new session, unprivileged user, no new privileges, empty bounding set, and
//! only the descriptors it was given. Between fork and exec only plain system calls on memory prepared before run,
//! because other threads' locks may be held there.
#![expect(unsafe_code, reason = "fork, exec and the system calls between them")]

use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::{env, ptr};

use crate::HostError;
use crate::pidfd::PidFd;
use crate::user::UnprivilegedUser;

/// Descriptor number that the first of `keep_fds` gets; the others follow.
pub const FIRST_KEPT_FD: RawFd = 3;
/// The child keeps only these variables of ours: all that finding programs, libraries and texts needs.
const KEPT_ENVIRONMENT: [&str; 5] = ["PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TZ"];
/// Files that QEMU makes (sockets, logs) are for itself and root.
const CHILD_UMASK: libc::mode_t = 0o077;
/// Linux numbers capabilities from 0 and has room for 64; prctl says EINVAL past the last one it knows.
const CAPABILITIES_MAX: libc::c_ulong = 64;
/// PR_CAP_AMBIENT_CLEAR_ALL, as wide as the kernel reads it.
const AMBIENT_CLEAR_ALL: libc::c_ulong = 4;

#[derive(Debug)]
pub struct Launch {
    /// A path, or a name looked up in PATH.
    pub program: OsString,
    /// Without the program's own name.
    pub args: Vec<OsString>,
    /// None keeps our own user; its privileges are still dropped as far as we may.
    pub user: Option<UnprivilegedUser>,
    pub stdout_stderr: File,
    /// Become descriptors 3, 4, … of the child.
    pub keep_fds: Vec<OwnedFd>,
}

/// A started process. Its `pidfd` must be waited on for the child to be reaped.
#[derive(Debug)]
pub struct Spawned {
    pub pid: u32,
    pub pidfd: PidFd,
}

impl Launch {
    /// Returns when the program runs (exec has succeeded), or says which step failed. Blocks for about a millisecond.
    pub fn spawn(self) -> Result<Spawned, HostError> {
        let program = find_program(&self.program)?;
        let failed = |step: &'static str| {
            let program = program.clone();
            move |source: io::Error| HostError::Spawn { program, step, source }
        };
        let mut child = ChildPlan::prepare(&self, &program)?;
        let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
            .map_err(|error| failed("make a pipe")(error.into()))?;
        child.report = writer.as_raw_fd();
        // SAFETY: the child runs only `ChildPlan::become_program`, which keeps to async-signal-safe calls.
        let pid = unsafe { libc::fork() };
        match pid {
            -1 => Err(failed("fork")(io::Error::last_os_error())),
            0 => child.become_program(),
            _ => {
                drop(writer);
                await_exec(pid.unsigned_abs(), reader, &program)
            }
        }
    }
}

/// The report pipe closes by itself at exec; anything in it is the step that failed.
fn await_exec(pid: u32, reader: OwnedFd, program: &Path) -> Result<Spawned, HostError> {
    let pidfd = PidFd::open(pid)?;
    let mut report = Vec::with_capacity(Step::REPORT_BYTES);
    let read = File::from(reader).read_to_end(&mut report);
    let failure = match (read, Step::decode(&report)) {
        (Ok(0), _) => return Ok(Spawned { pid, pidfd }),
        (Ok(_), Some(failure)) => failure,
        (Ok(_), None) => (Step::Exec.describe(), io::Error::from(io::ErrorKind::InvalidData)),
        (Err(error), _) => (Step::Exec.describe(), error),
    };
    // The child has written its report and exits at once: reap it, blocking for that moment only.
    let raw = rustix::process::Pid::from_raw(pid.cast_signed());
    let _ = rustix::process::waitpid(raw, rustix::process::WaitOptions::empty());
    Err(HostError::Spawn { program: program.to_owned(), step: failure.0, source: failure.1 })
}

fn find_program(name: &OsStr) -> Result<PathBuf, HostError> {
    if name.as_bytes().contains(&b'/') {
        return Ok(PathBuf::from(name));
    }
    env::split_paths(&env::var_os("PATH").unwrap_or_default())
        .map(|folder| folder.join(name))
        .find(|path| rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok() && path.is_file())
        .ok_or_else(|| HostError::ProgramMissing { program: name.to_string_lossy().into_owned() })
}

/// What the child does between fork and exec, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Step {
    Session,
    Descriptors,
    BoundingSet,
    Groups,
    Gid,
    Uid,
    NoNewPrivileges,
    Exec,
}

impl Step {
    const ALL: [Step; 8] = [
        Step::Session,
        Step::Descriptors,
        Step::BoundingSet,
        Step::Groups,
        Step::Gid,
        Step::Uid,
        Step::NoNewPrivileges,
        Step::Exec,
    ];
    /// One byte for the step, four for errno.
    const REPORT_BYTES: usize = 5;

    fn describe(self) -> &'static str {
        match self {
            Step::Session => "make a session",
            Step::Descriptors => "set up its descriptors",
            Step::BoundingSet => "empty its capability bounding set",
            Step::Groups => "set its groups",
            Step::Gid => "set its group id",
            Step::Uid => "set its user id",
            Step::NoNewPrivileges => "forbid new privileges",
            Step::Exec => "execute it",
        }
    }

    fn decode(report: &[u8]) -> Option<(&'static str, io::Error)> {
        let [step, errno @ ..] = report else {
            return None;
        };
        let step = Self::ALL.get(usize::from(*step))?;
        let errno = i32::from_le_bytes(errno.try_into().ok()?);
        Some((step.describe(), io::Error::from_raw_os_error(errno)))
    }
}

/// All memory that the child needs, allocated before the fork. Pointers point into the vectors beside them, whose
/// heap blocks do not move.
struct ChildPlan {
    program: CString,
    _strings: Vec<CString>,
    argv: Vec<*const libc::c_char>,
    envp: Vec<*const libc::c_char>,
    user: Option<(u32, u32)>,
    groups: Vec<u32>,
    stdin: File,
    stdout_stderr: RawFd,
    kept: Vec<RawFd>,
    report: RawFd,
}

impl ChildPlan {
    fn prepare(launch: &Launch, program: &Path) -> Result<Self, HostError> {
        let c_string = |bytes: &OsStr| {
            CString::new(bytes.as_bytes()).map_err(|_| HostError::NulInCommand { program: program.to_owned() })
        };
        let c_program = c_string(program.as_os_str())?;
        let args = launch.args.iter().map(|arg| c_string(arg)).collect::<Result<Vec<_>, _>>()?;
        let environment = KEPT_ENVIRONMENT
            .iter()
            .filter_map(|name| env::var_os(name).map(|value| (name, value)))
            .map(|(name, value)| {
                let mut pair = OsString::from(name);
                pair.push("=");
                pair.push(value);
                c_string(&pair)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let null = |source| HostError::read(Path::new("/dev/null"), source);
        let null_terminated = |first: Option<&CString>, rest: &[CString]| {
            let pointers = first.into_iter().chain(rest).map(|text| text.as_ptr());
            pointers.chain([ptr::null()]).collect::<Vec<_>>()
        };
        Ok(Self {
            argv: null_terminated(Some(&c_program), &args),
            envp: null_terminated(None, &environment),
            program: c_program,
            _strings: args.into_iter().chain(environment).collect(),
            user: launch.user.as_ref().map(|user| (user.uid(), user.gid())),
            groups: launch.user.as_ref().map(|user| user.groups().to_vec()).unwrap_or_default(),
            stdin: File::open("/dev/null").map_err(null)?,
            stdout_stderr: launch.stdout_stderr.as_raw_fd(),
            kept: launch.keep_fds.iter().map(AsRawFd::as_raw_fd).collect(),
            report: -1,
        })
    }

    /// Runs in the child and never returns to Rust's world: it becomes the program or exits.
    fn become_program(&mut self) -> ! {
        let step = match self.steps() {
            Ok(never) => match never {},
            Err(step) => step,
        };
        let mut report = [0; Step::REPORT_BYTES];
        report[0] = step as u8;
        report[1..].copy_from_slice(&last_errno().to_le_bytes());
        // SAFETY: plain system calls on a live buffer; _exit runs no handlers of the parent's runtime.
        unsafe {
            libc::write(self.report, report.as_ptr().cast(), report.len());
            libc::_exit(127)
        }
    }

    fn steps(&mut self) -> Result<std::convert::Infallible, Step> {
        // SAFETY: all calls below are async-signal-safe system calls on plain values or on memory that this plan owns.
        unsafe {
            libc::umask(CHILD_UMASK);
            // Rust ignores SIGPIPE, and an ignored signal stays ignored over exec.
            libc::signal(libc::SIGPIPE, libc::SIG_DFL);
            let mut no_signals: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&raw mut no_signals);
            libc::sigprocmask(libc::SIG_SETMASK, &raw const no_signals, ptr::null_mut());
            check(libc::setsid(), Step::Session)?;
            // The folder we were started in must not stay busy for as long as a VM lives.
            check(libc::chdir(c"/".as_ptr()), Step::Session)?;
        }
        self.place_descriptors()?;
        self.drop_privileges()?;
        // SAFETY: argv and envp are null-terminated arrays of C strings that this plan keeps alive.
        unsafe { libc::execve(self.program.as_ptr(), self.argv.as_ptr(), self.envp.as_ptr()) };
        Err(Step::Exec)
    }

    /// First lifts every source above the numbers that will be used, so that none is overwritten before it is placed.
    fn place_descriptors(&mut self) -> Result<(), Step> {
        let kept_count = libc::c_int::try_from(self.kept.len()).map_err(|_| Step::Descriptors)?;
        let end = FIRST_KEPT_FD + kept_count;
        let lift = |fd: RawFd| {
            // SAFETY: duplicating a descriptor number touches no memory.
            check(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, end) }, Step::Descriptors)
        };
        self.report = lift(self.report)?;
        let stdin = lift(self.stdin.as_raw_fd())?;
        let output = lift(self.stdout_stderr)?;
        for fd in &mut self.kept {
            *fd = lift(*fd)?;
        }
        let places = [stdin, output, output].into_iter().chain(self.kept.iter().copied());
        for (target, source) in (0..).zip(places) {
            // SAFETY: dup2 touches no memory; the copy loses close-on-exec, which is its purpose here.
            check(unsafe { libc::dup2(source, target) }, Step::Descriptors)?;
        }
        // SAFETY: marks descriptor numbers only; a kernel without it leaves those that Rust opened, all close-on-exec.
        unsafe { libc::syscall(libc::SYS_close_range, end, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC) };
        Ok(())
    }

    fn drop_privileges(&self) -> Result<(), Step> {
        for capability in 0..CAPABILITIES_MAX {
            if prctl(libc::PR_CAPBSET_DROP, capability) == 0 {
                continue;
            }
            match last_errno() {
                libc::EINVAL => break,
                // Without a user to change to we may be unprivileged already, and then have nothing to drop.
                libc::EPERM if self.user.is_none() => break,
                _ => return Err(Step::BoundingSet),
            }
        }
        if let Some((uid, gid)) = self.user {
            // Raw system calls: the C library's versions would talk to threads that do not exist after fork.
            // SAFETY: the pointer and length are of one live vector; the others take plain numbers.
            unsafe {
                check(libc::syscall(libc::SYS_setgroups, self.groups.len(), self.groups.as_ptr()), Step::Groups)?;
                check(libc::syscall(libc::SYS_setresgid, gid, gid, gid), Step::Gid)?;
                check(libc::syscall(libc::SYS_setresuid, uid, uid, uid), Step::Uid)?;
            }
        }
        check(prctl(libc::PR_CAP_AMBIENT, AMBIENT_CLEAR_ALL), Step::BoundingSet)?;
        check(prctl(libc::PR_SET_NO_NEW_PRIVS, 1), Step::NoNewPrivileges)?;
        Ok(())
    }
}

fn check<T: Default + PartialOrd>(result: T, step: Step) -> Result<T, Step> {
    if result < T::default() { Err(step) } else { Ok(result) }
}

/// The kernel reads every argument as an unsigned long and wants the unused ones zero in all their bits.
fn prctl(operation: libc::c_int, argument: libc::c_ulong) -> libc::c_int {
    let unused: libc::c_ulong = 0;
    // SAFETY: the operations used here take plain numbers and touch no memory.
    unsafe { libc::prctl(operation, argument, unused, unused, unused) }
}

fn last_errno() -> i32 {
    // SAFETY: the C library's errno location is valid for the calling thread.
    unsafe { *libc::__errno_location() }
}
