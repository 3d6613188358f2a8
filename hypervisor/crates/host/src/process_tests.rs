//! Samples of real processes, of ones that end, and of a recorded tree without the newer files.

use super::*;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(10);
/// Longer than a thread takes to name itself.
const SAMPLE_INTERVAL: Duration = Duration::from_millis(20);

/// Ends its process also when a test fails.
struct Killed(Child);
impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn busy() -> Killed {
    Killed(Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap())
}

fn any(_: &str) -> bool {
    true
}

#[test]
fn a_process_name_cannot_forge_the_fields() {
    let text = "12 (a) R 1 (b) 9) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4242 20";
    assert_eq!(stat_field::<String>(text, 3).as_deref(), Some("S"));
    assert_eq!(stat_field(text, 22), Some(4242));
    assert_eq!(stat_field::<u64>(text, 99), None);
    assert_eq!(stat_field::<u64>("", 22), None);
}

#[test]
fn the_start_time_is_stable_and_a_missing_process_is_gone() {
    let own = std::process::id();
    assert_eq!(start_time(own).unwrap(), start_time(own).unwrap());
    assert!(start_time(own).unwrap() >= start_time(1).unwrap());
    assert!(matches!(start_time(u32::MAX), Err(HostError::ProcessGone { pid: u32::MAX })));
}

#[test]
fn the_counters_of_a_busy_process_grow() {
    let process = busy();
    let mut sampler = ProcessSampler::new(process.0.id(), any);
    let first = sampler.sample().unwrap();
    let started_at = Instant::now();
    let later = loop {
        let sample = sampler.sample().unwrap();
        if sample.user_ns > first.user_ns {
            break sample;
        }
        assert!(started_at.elapsed() < DEADLINE, "a busy process uses CPU");
        thread::sleep(SAMPLE_INTERVAL);
    };
    assert!(later.rss_bytes.unwrap() > 0);
    assert_eq!(later.swap_bytes, Some(0));
    assert!(sampler.pss_bytes().unwrap() > 0);
    assert_eq!(later.threads.len(), 1);
    assert_eq!((later.threads[0].tid, later.threads[0].name.as_str()), (process.0.id(), "sh"));
    assert!(later.threads[0].run_ns > first.threads[0].run_ns);
    assert!(later.threads[0].run_delay_ns.is_some());
}

#[test]
fn threads_are_followed_as_they_come_go_and_name_themselves() {
    let mut sampler = ProcessSampler::new(std::process::id(), any);
    let is_listed = |sampler: &mut ProcessSampler, name: &str| {
        sampler.sample().unwrap().threads.iter().any(|thread| thread.name == name)
    };
    for name in ["qz-first", "qz-second"] {
        let (leave, wait) = std::sync::mpsc::channel::<()>();
        let thread = thread::Builder::new().name(name.into()).spawn(move || wait.recv()).unwrap();
        let started_at = Instant::now();
        while !is_listed(&mut sampler, name) {
            assert!(started_at.elapsed() < DEADLINE, "{name} is seen");
            thread::sleep(SAMPLE_INTERVAL);
        }
        drop(leave);
        let _ = thread.join().unwrap();
        while is_listed(&mut sampler, name) {
            assert!(started_at.elapsed() < DEADLINE, "{name} is gone");
            thread::sleep(SAMPLE_INTERVAL);
        }
    }
}

#[test]
fn threads_that_nobody_wants_are_left_out_and_one_that_comes_in_their_place_is_found() {
    let idle = |name: &str| {
        let (leave, wait) = std::sync::mpsc::channel::<()>();
        (leave, thread::Builder::new().name(name.into()).spawn(move || wait.recv()).unwrap())
    };
    let names = |sampler: &mut ProcessSampler| -> Vec<String> {
        sampler.sample().unwrap().threads.into_iter().map(|thread| thread.name).collect()
    };
    let mut sampler = ProcessSampler::new(std::process::id(), |name| name.starts_with("qz-wanted"));
    let (leave, unwanted) = idle("qz-other");
    for _ in 0..=NAME_SETTLES_AFTER_SAMPLES {
        assert_eq!(names(&mut sampler), [""; 0]);
    }
    drop(leave);
    let _ = unwanted.join().unwrap();
    let (leave, wanted) = idle("qz-wanted-1");
    let started_at = Instant::now();
    while names(&mut sampler) != ["qz-wanted-1"] {
        assert!(started_at.elapsed() < DEADLINE, "it is found");
        thread::sleep(SAMPLE_INTERVAL);
    }
    drop(leave);
    let _ = wanted.join().unwrap();
}

#[test]
fn a_process_that_ended_is_gone_and_its_successor_is_not_taken_for_it() {
    let process = busy();
    let mut sampler = ProcessSampler::new(process.0.id(), any);
    sampler.sample().unwrap();
    let pid = process.0.id();
    drop(process);
    assert!(matches!(sampler.sample(), Err(HostError::ProcessGone { pid: gone }) if gone == pid));
    assert!(matches!(sampler.sample(), Err(HostError::ProcessGone { .. })));
    assert!(matches!(ProcessSampler::new(u32::MAX, any).sample(), Err(HostError::ProcessGone { .. })));
}

const STAT: &str = "9 (qemu) S 1 9 9 0 -1 4194560 500 0 3 0 250 150 0 0 20 0 1 0 777 1000 10 0\n";

fn recorded(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn an_older_kernel_without_schedstat_and_ksm_profit_leaves_them_absent() {
    let folder = recorded(&[
        ("stat", STAT),
        ("status", "Name:\tqemu\nVmRSS:\t    2048 kB\nVmSwap:\t       4 kB\n"),
        ("ksm_stat", "ksm_rmap_items 3\n"),
        ("ksm_merging_pages", "11\n"),
        ("task/9/stat", STAT),
        ("task/9/comm", "CPU 0/TCG\n"),
    ]);
    let mut sampler = ProcessSampler::in_folder(9, any, folder.path().to_owned());
    let sample = sampler.sample().unwrap();
    let tick = ns_per_tick();
    assert_eq!((sample.user_ns, sample.system_ns, sample.major_faults), (250 * tick, 150 * tick, 3));
    assert_eq!((sample.rss_bytes, sample.swap_bytes), (Some(2048 * KIB), Some(4 * KIB)));
    assert_eq!((sample.ksm_merging_pages, sample.ksm_profit_bytes), (Some(11), None));
    assert_eq!(sampler.pss_bytes(), None);
    let name = "CPU 0/TCG".to_owned();
    assert_eq!(sample.threads, [ThreadTime { tid: 9, name, run_ns: 400 * tick, run_delay_ns: None }]);
}

#[test]
fn with_stat_alone_all_else_is_absent_and_nonsense_is_an_error() {
    let folder = recorded(&[("stat", STAT)]);
    let sample = ProcessSampler::in_folder(9, any, folder.path().to_owned()).sample().unwrap();
    let expected = ProcessSample {
        user_ns: sample.user_ns,
        system_ns: sample.system_ns,
        major_faults: 3,
        ..ProcessSample::default()
    };
    assert_eq!(sample, expected);
    let folder = recorded(&[("stat", "nonsense")]);
    let error = ProcessSampler::in_folder(9, any, folder.path().to_owned()).sample().unwrap_err();
    assert!(matches!(error, HostError::Malformed { .. }), "{error}");
}
