//! Which CPUs of the host a thread may run on. Must not know which thread is a vCPU's.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::HostError;

/// A thread as it names itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedThread {
    pub tid: u32,
    pub name: String,
}

/// The CPUs that are online and open to this process, and so to those it starts.
pub fn available() -> Result<BTreeSet<u32>, HostError> {
    of_thread(std::process::id())
}

/// The CPUs that the thread may run on.
pub fn of_thread(tid: u32) -> Result<BTreeSet<u32>, HostError> {
    let set = sched_getaffinity(pid_of(tid)).map_err(|error| failed(tid, error))?;
    Ok((0..CpuSet::MAX_CPU).filter(|cpu| set.is_set(*cpu)).filter_map(|cpu| u32::try_from(cpu).ok()).collect())
}

/// From now on the thread runs on these CPUs only. A thread that is gone runs on none: no error.
pub fn set(tid: u32, cpus: &BTreeSet<u32>) -> Result<(), HostError> {
    let mut set = CpuSet::new();
    for cpu in cpus.iter().filter_map(|cpu| usize::try_from(*cpu).ok()).filter(|cpu| *cpu < CpuSet::MAX_CPU) {
        set.set(cpu);
    }
    match sched_setaffinity(pid_of(tid), &set) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(failed(tid, error)),
    }
}

/// In the order of their ids.
pub fn threads(pid: u32) -> Result<Vec<NamedThread>, HostError> {
    let folder = PathBuf::from(format!("/proc/{pid}/task"));
    let entries = fs::read_dir(&folder).map_err(|error| HostError::read(&folder, error))?;
    let mut threads: Vec<NamedThread> = entries
        .flatten()
        .filter_map(|entry| {
            let tid = entry.file_name().to_str()?.parse().ok()?;
            // A thread that has ended meanwhile is left out.
            let name = fs::read_to_string(entry.path().join("comm")).ok()?;
            Some(NamedThread { tid, name: name.trim_end().to_owned() })
        })
        .collect();
    threads.sort_unstable_by_key(|thread| thread.tid);
    Ok(threads)
}

/// As the kernel writes it, e.g. "0-3,6".
pub fn list(cpus: &BTreeSet<u32>) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for cpu in cpus {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *cpu => *last = *cpu,
            _ => runs.push((*cpu, *cpu)),
        }
    }
    let texts =
        runs.iter().map(|(first, last)| if first == last { first.to_string() } else { format!("{first}-{last}") });
    texts.collect::<Vec<_>>().join(",")
}

fn pid_of(tid: u32) -> Option<Pid> {
    Pid::from_raw(tid.cast_signed())
}

fn failed(tid: u32, error: rustix::io::Errno) -> HostError {
    HostError::Affinity { tid, source: error.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_written_as_the_kernel_writes_it() {
        let text = |cpus: &[u32]| list(&cpus.iter().copied().collect());
        assert_eq!(text(&[]), "");
        assert_eq!(text(&[4]), "4");
        assert_eq!(text(&[0, 1, 2, 6, 8, 9]), "0-2,6,8-9");
    }

    #[test]
    fn a_real_thread_is_moved_and_let_go_again() {
        let all = available().unwrap();
        let one: BTreeSet<u32> = all.iter().copied().take(1).collect();
        let (ready, told) = std::sync::mpsc::channel();
        let (leave, left) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::Builder::new().name("CPU 7/TEST".into());
        let thread = thread.spawn(move || {
            ready.send(rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs()).unwrap();
            let _ = left.recv();
        });
        let tid = told.recv().unwrap();
        let found = threads(std::process::id()).unwrap().into_iter().find(|thread| thread.tid == tid).unwrap();
        assert_eq!(found.name, "CPU 7/TEST");
        set(tid, &one).unwrap();
        let status = fs::read_to_string(format!("/proc/self/task/{tid}/status")).unwrap();
        assert!(status.contains(&format!("Cpus_allowed_list:\t{}\n", list(&one))), "{status}");
        set(tid, &all).unwrap();
        assert_eq!(of_thread(tid).unwrap(), all);
        assert!(matches!(set(tid, &BTreeSet::new()), Err(HostError::Affinity { .. })), "no CPU at all");
        drop(leave);
        thread.unwrap().join().unwrap();
    }

    #[test]
    fn a_thread_that_is_gone_needs_no_cpu() {
        // Above the kernel's largest id.
        set(i32::MAX.cast_unsigned(), &available().unwrap()).unwrap();
        assert!(matches!(threads(i32::MAX.cast_unsigned()), Err(HostError::ReadFile { .. })));
    }
}
