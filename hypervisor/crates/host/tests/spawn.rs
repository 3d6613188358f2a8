//! Real children: what they are allowed to do is read from their own /proc files.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{Read, Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

use quetzal_host::HostError;
use quetzal_host::pidfd::{Exit, Signal};
use quetzal_host::spawn::{Launch, Spawned};
use quetzal_host::user::UnprivilegedUser;

const DEADLINE: Duration = Duration::from_secs(10);

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn launch(program: &str, args: &[&str], user: Option<UnprivilegedUser>) -> (Launch, File) {
    let output = tempfile::tempfile().unwrap();
    let launch = Launch {
        program: program.into(),
        args: args.iter().map(OsString::from).collect(),
        user,
        stdout_stderr: output.try_clone().unwrap(),
        keep_fds: Vec::new(),
    };
    (launch, output)
}

fn text(mut file: File) -> String {
    let mut text = String::new();
    file.rewind().unwrap();
    file.read_to_string(&mut text).unwrap();
    text
}

async fn exit(child: &Spawned) -> Exit {
    tokio::time::timeout(DEADLINE, child.pidfd.wait()).await.expect("the child ends in time").unwrap()
}

fn field<'a>(status: &'a str, name: &str) -> &'a str {
    let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name} in {status}"));
    line[name.len()..].trim()
}

#[tokio::test]
async fn the_child_runs_unprivileged_in_a_session_of_its_own() {
    if !is_root() {
        eprintln!("skipped: changing the user needs root");
        return;
    }
    let user = UnprivilegedUser::lookup("nobody").unwrap();
    let (launch, _output) = launch("sleep", &["60"], Some(user.clone()));
    let child = launch.spawn().unwrap();
    let status = fs::read_to_string(format!("/proc/{}/status", child.pid)).unwrap();
    let ids = |id: u32| vec![id.to_string(); 4].join("\t");
    assert_eq!(field(&status, "Uid:"), ids(user.uid()));
    assert_eq!(field(&status, "Gid:"), ids(user.gid()));
    assert_eq!(field(&status, "Groups:"), user.gid().to_string());
    for set in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
        assert_eq!(field(&status, set), "0000000000000000", "{set}");
    }
    assert_eq!(field(&status, "NoNewPrivs:"), "1");
    let ignored = u64::from_str_radix(field(&status, "SigIgn:"), 16).unwrap();
    assert_eq!(ignored & (1 << (Signal::PIPE.as_raw() - 1)), 0, "SIGPIPE is not left ignored");
    let session = rustix::process::getsid(rustix::process::Pid::from_raw(child.pid as i32)).unwrap();
    assert_eq!(session.as_raw_nonzero().get() as u32, child.pid);
    assert_eq!(fs::read_link(format!("/proc/{}/cwd", child.pid)).unwrap(), Path::new("/"));
    child.pidfd.kill(Signal::KILL).unwrap();
    assert_eq!(exit(&child).await, Exit::Signal(9));
}

#[tokio::test]
async fn the_child_has_the_descriptors_it_was_given_and_no_other() {
    let (mut launch, output) = launch("sh", &["-c", "ls /proc/$$/fd; cat <&3; cat <&4; echo end >&2"], None);
    let _not_to_be_leaked = fs::File::open("/proc/self/status").unwrap();
    for content in ["first\n", "second\n"] {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content.as_bytes()).unwrap();
        file.rewind().unwrap();
        launch.keep_fds.push(OwnedFd::from(file));
    }
    let child = launch.spawn().unwrap();
    assert_eq!(exit(&child).await, Exit::Code(0));
    assert_eq!(text(output), "0\n1\n2\n3\n4\nfirst\nsecond\nend\n");
}

#[tokio::test]
async fn kept_descriptors_are_placed_right_whatever_their_numbers_were() {
    // Sources that already have the numbers 3 to 12, in the wrong order, are the hard case.
    let mut files: Vec<(String, OwnedFd)> = (0..10)
        .map(|index| {
            let mut file = tempfile::tempfile().unwrap();
            write!(file, "{index} ").unwrap();
            file.rewind().unwrap();
            (index.to_string(), OwnedFd::from(file))
        })
        .collect();
    files.reverse();
    let script = (3..13).map(|fd| format!("cat /proc/self/fd/{fd};")).collect::<String>();
    let (mut launch, output) = launch("bash", &["-c", &script], None);
    launch.keep_fds = files.into_iter().map(|(_, fd)| fd).collect();
    let child = launch.spawn().unwrap();
    assert_eq!(exit(&child).await, Exit::Code(0));
    assert_eq!(text(output), "9 8 7 6 5 4 3 2 1 0 ");
}

#[tokio::test]
async fn only_the_needed_environment_and_a_private_umask_are_passed_on() {
    let (launch, output) = launch("sh", &["-c", "umask; env | cut -d= -f1"], None);
    let child = launch.spawn().unwrap();
    assert_eq!(exit(&child).await, Exit::Code(0));
    let output = text(output);
    let mut lines = output.lines();
    assert_eq!(lines.next(), Some("0077"));
    for name in lines {
        // The last three are the shell's own.
        assert!(["PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TZ", "PWD", "SHLVL", "_"].contains(&name), "{name}");
    }
}

#[test]
fn a_program_that_cannot_run_is_an_error_that_names_it_and_leaves_no_child() {
    let (missing, _) = launch("no-such-program-qz", &[], None);
    assert!(matches!(missing.spawn(), Err(HostError::ProgramMissing { .. })));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text");
    fs::write(&path, "not a program").unwrap();
    let (not_executable, _) = launch(path.to_str().unwrap(), &[], None);
    let error = not_executable.spawn().unwrap_err();
    assert!(
        matches!(&error, HostError::Spawn { step: "execute it", source, .. }
        if source.kind() == std::io::ErrorKind::PermissionDenied),
        "{error:?}"
    );

    let (nul, _) = launch("sh", &["a\0b"], None);
    assert!(matches!(nul.spawn(), Err(HostError::NulInCommand { .. })));
    let children =
        fs::read_to_string(format!("/proc/self/task/{}/children", rustix::thread::gettid().as_raw_nonzero()));
    assert_eq!(children.unwrap_or_default().trim(), "");
}

#[tokio::test]
async fn files_the_child_makes_belong_to_its_user_and_to_nobody_else() {
    if !is_root() {
        eprintln!("skipped: changing the user needs root");
        return;
    }
    let user = UnprivilegedUser::lookup("nobody").unwrap();
    let folder = tempfile::tempdir().unwrap();
    quetzal_host::files::private_dir(folder.path(), 0o700).unwrap();
    quetzal_host::files::give_to(folder.path(), &user).unwrap();
    let made = folder.path().join("made");
    let (launch, _) = launch("touch", &[made.to_str().unwrap()], Some(user.clone()));
    let child = launch.spawn().unwrap();
    assert_eq!(exit(&child).await, Exit::Code(0));
    let found = fs::metadata(&made).unwrap();
    assert_eq!((found.uid(), found.mode() & 0o777), (user.uid(), 0o600));
}

#[tokio::test]
async fn real_qemu_runs_sandboxed_and_is_gone_at_once_when_killed() {
    if !is_root() {
        eprintln!("skipped: changing the user needs root");
        return;
    }
    let user = UnprivilegedUser::lookup("nobody").unwrap();
    let sandbox = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";
    let args = ["-S", "-nodefaults", "-display", "none", "-accel", "tcg,tb-size=32", "-m", "32", "-sandbox", sandbox];
    let (launch, output) = launch("qemu-system-x86_64", &args, Some(user));
    let child = launch.spawn().unwrap();
    let started_at = Instant::now();
    loop {
        let status = fs::read_to_string(format!("/proc/{}/status", child.pid)).unwrap();
        if field(&status, "Seccomp:") == "2" {
            assert_eq!(field(&status, "CapBnd:"), "0000000000000000");
            assert_eq!(field(&status, "NoNewPrivs:"), "1");
            break;
        }
        assert!(started_at.elapsed() < DEADLINE, "no seccomp filter yet; QEMU says: {}", text(output));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let killed_at = Instant::now();
    child.pidfd.kill(Signal::KILL).unwrap();
    assert_eq!(exit(&child).await, Exit::Signal(9));
    println!("killed QEMU seen gone after {:?}", killed_at.elapsed());
}
