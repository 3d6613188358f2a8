//! CPU control of real guests: vCPUs there and back, weight, limit, pins and control groups, as the guest and the kernel
//! see them. Compares figures of one run with each other, never with a clock.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::support::guest::{BOOT_PATIENCE, Terminal, booted};
use crate::support::{Daemon, bare, signal, slots};
use quetzal_api::v1::{EventKind, GetHostRequest, RefusalCode, VmMetrics, VmState};
use quetzal_host::{affinity, cgroup};
use serde_json::{Value, json};

/// A pace of vCPUs is judged over this long.
const WATCHED: Duration = Duration::from_secs(4);
/// So much arithmetic of the guest's shell takes it about half a second.
const LOOPS: u32 = 20_000;

fn spec(policy: Value) -> Value {
    json!({ "memory_mb": 192, "vcpus": 1, "network": { "mode": "none" }, "features": ["hotplug"], "cpu_policy": policy })
}

/// The same VM with another policy.
async fn put(daemon: &mut Daemon, id: &str, policy: Value) {
    let mut spec: Value = serde_json::from_str(&daemon.get(id).await.unwrap().spec_json).unwrap();
    spec["cpu_policy"] = policy;
    let vm = daemon.put(spec).await.unwrap();
    assert!(!vm.restart_required, "a policy holds at once");
}

/// Sets vCPUs and gives whether that succeeded, and what was said.
async fn vcpus(daemon: &mut Daemon, id: &str, count: u32) -> (bool, String) {
    let mut events = daemon.events(daemon.list().await.journal_sequence).await;
    let operation = daemon.set_vcpus(id, count).await.unwrap();
    let end = tokio::time::timeout(BOOT_PATIENCE, async {
        loop {
            let event = events.until(EventKind::OperationFinished).await;
            if event.operation_id == operation {
                return event;
            }
        }
    });
    let end = end.await.expect("the operation ends");
    (end.succeeded, end.message)
}

async fn room(daemon: &Daemon, id: &str) -> (u32, u32) {
    let room = daemon.get(id).await.unwrap().room.unwrap();
    (room.vcpus_target, room.vcpus_max)
}

#[tokio::test]
async fn a_guest_uses_as_many_vcpus_as_it_is_told_there_and_back() {
    let mut daemon = Daemon::start().await;
    let Some(mut terminal) = booted(&mut daemon, "one", spec(json!({ "max_vcpus": 4 }))).await else { return };
    assert_eq!(room(&daemon, "one").await, (1, 4));
    let (succeeded, message) = vcpus(&mut daemon, "one", 3).await;
    println!("grown: {message}");
    assert!(succeeded, "{message}");
    assert_eq!(terminal.run("nproc").await, "3");
    let figures = daemon.figures("one").await;
    assert_eq!((figures.vcpus_present, figures.vcpus.len()), (Some(3), 3));
    assert_eq!(room(&daemon, "one").await, (3, 4));

    let (succeeded, message) = vcpus(&mut daemon, "one", 1).await;
    println!("shrunk: {message}");
    assert!(succeeded && message.contains("2 more stay plugged in"), "{message}");
    assert_eq!(terminal.run("nproc").await, "1");
    assert_eq!(daemon.figures("one").await.vcpus_present, Some(3));
    let (succeeded, message) = vcpus(&mut daemon, "one", 2).await;
    assert!(succeeded, "{message}");
    assert_eq!(terminal.run("nproc").await, "2");

    // Over the daemon's death, and over the guest's own restart.
    drop(terminal);
    daemon.kill();
    daemon.launch().await;
    assert_eq!(room(&daemon, "one").await, (2, 4));
    let mut terminal = Terminal::open(&daemon, "one").await;
    assert_eq!(daemon.figures("one").await.vcpus_present, Some(3));
    daemon.reset("one").await.unwrap();
    terminal.wait_for("QuetzalCore guest ready").await;
    terminal.seen.clear();
    terminal.wait_for("QuetzalCore guest ready").await;
    terminal.boot_and_run("while [ $(nproc) != 2 ]; do sleep 0.1; done; echo two-$((1+1))", "two-2").await;
    daemon.force_off("one").await.unwrap();
    daemon.wait_for("one", VmState::Stopped).await;
    assert_eq!(daemon.get("one").await.unwrap().room, None);
}

#[tokio::test]
async fn a_guest_without_an_agent_takes_vcpus_but_cannot_be_made_to_leave_them() {
    let mut daemon = Daemon::start().await;
    let mut spec = bare("one");
    spec["features"] = json!(["hotplug"]);
    daemon.running(spec).await;
    let (succeeded, message) = vcpus(&mut daemon, "one", 2).await;
    assert!(succeeded && message.contains("no agent"), "{message}");
    assert_eq!(daemon.figures("one").await.vcpus_present, Some(2));
    let (succeeded, message) = vcpus(&mut daemon, "one", 1).await;
    assert!(!succeeded && message.contains("install qemu-guest-agent"), "{message}");
    assert_eq!(room(&daemon, "one").await.0, 2, "what was not reached is not the target");
}

#[tokio::test]
async fn counts_that_cannot_be_are_refused_with_their_limits() {
    let mut daemon = Daemon::start().await;
    let mut spec = bare("roomy");
    spec["features"] = json!(["hotplug"]);
    daemon.put(spec).await.unwrap();
    assert_eq!(daemon.set_vcpus("roomy", 2).await.unwrap_err().code(), RefusalCode::InvalidState);
    assert_eq!(daemon.set_vcpus("nobody", 2).await.unwrap_err().code(), RefusalCode::VmNotFound);
    daemon.start_vm("roomy").await.unwrap();
    daemon.wait_for("roomy", VmState::Running).await;
    for count in [0, 5, u32::MAX] {
        let refusal = daemon.set_vcpus("roomy", count).await.unwrap_err();
        assert_eq!((refusal.code(), refusal.field.as_str()), (RefusalCode::OutOfRange, "count"), "{}", refusal.message);
        assert!(refusal.message.contains("1 to 4") && refusal.message.contains("max_vcpus"), "{}", refusal.message);
    }
    daemon.running(bare("tight")).await;
    let refusal = daemon.set_vcpus("tight", 2).await.unwrap_err();
    assert_eq!((refusal.code(), refusal.field.as_str()), (RefusalCode::Unsupported, "features"));
    assert!(refusal.message.contains("hotplug"), "{}", refusal.message);
    daemon.pause("roomy").await.unwrap();
    daemon.wait_for("roomy", VmState::Paused).await;
    assert_eq!(daemon.set_vcpus("roomy", 2).await.unwrap_err().code(), RefusalCode::InvalidState);
}

/// How long the guest's shell takes for its arithmetic, by the guest's clock, in seconds. The best of some: a machine
/// with other work makes it longer, nothing makes it shorter.
async fn timed_loop(terminal: &mut Terminal) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let program = format!(
            "read a x </proc/uptime; i=0; while [ $i -lt {LOOPS} ]; do i=$((i+1)); done; read b x </proc/uptime; echo $a $b"
        );
        let answer = terminal.run(&program).await;
        let times: Vec<f64> = answer.split_whitespace().map(|time| time.parse().unwrap()).collect();
        best = best.min(times[1] - times[0]);
    }
    best
}

fn can_limit() -> bool {
    match cgroup::detect().check_writable() {
        Ok(()) => true,
        Err(error) => {
            println!("skipped: {error}");
            false
        }
    }
}

#[tokio::test]
async fn a_quarter_of_a_core_makes_a_guest_four_times_slower_and_back() {
    slots::take_all();
    let mut daemon = Daemon::start().await;
    if !can_limit() {
        return;
    }
    let Some(mut terminal) = booted(&mut daemon, "one", spec(json!({}))).await else { return };
    let free = timed_loop(&mut terminal).await;
    put(&mut daemon, "one", json!({ "limit_percent": 25 })).await;
    let (begun, before) = (Instant::now(), daemon.figures("one").await);
    let limited = timed_loop(&mut terminal).await;
    let (after, took) = (daemon.figures("one").await, begun.elapsed());
    put(&mut daemon, "one", json!({})).await;
    let free = free.min(timed_loop(&mut terminal).await);
    println!("{LOOPS} loops: {free:.2} s free, {limited:.2} s at 25 %: {:.2} times", limited / free);
    // A machine with other work makes the free one slower, and so the ratio smaller.
    assert!((2.0..7.0).contains(&(limited / free)), "{free} s free, {limited} s limited");
    let cpu_ns = |figures: &VmMetrics| figures.process_user_ns() + figures.process_system_ns();
    let of_a_core = (cpu_ns(&after) - cpu_ns(&before)) as f64 / took.as_nanos() as f64;
    assert!((0.1..0.3).contains(&of_a_core), "QEMU had {of_a_core} of a core");
    let stopped = after.cpu_throttle.unwrap().throttled_ns() - before.cpu_throttle.unwrap().throttled_ns();
    assert!(stopped > 0, "the kernel says that it stopped QEMU");
}

fn run_ns(figures: &VmMetrics) -> (u64, u64) {
    let vcpu = &figures.vcpus[0];
    (vcpu.run_ns, vcpu.run_delay_ns.unwrap())
}

/// How much the first vCPUs ran, and waited, while being watched.
async fn watched(daemon: &Daemon, ids: [&str; 2]) -> [(f64, f64); 2] {
    let before = [daemon.figures(ids[0]).await, daemon.figures(ids[1]).await];
    tokio::time::sleep(WATCHED).await;
    let after = [daemon.figures(ids[0]).await, daemon.figures(ids[1]).await];
    [0, 1].map(|index: usize| {
        let (first, last) = (run_ns(&before[index]), run_ns(&after[index]));
        ((last.0 - first.0) as f64, (last.1 - first.1) as f64)
    })
}

#[tokio::test]
async fn two_busy_guests_on_one_cpu_share_it_by_their_weights() {
    slots::take_all();
    let mut daemon = Daemon::start().await;
    if !can_limit() {
        return;
    }
    let pinned = |weight: u32| json!({ "weight": weight, "pins": [{ "vcpu": 0, "cpus": [0] }] });
    for (id, weight) in [("light", 100), ("heavy", 300)] {
        let Some(mut terminal) = booted(&mut daemon, id, spec(pinned(weight))).await else { return };
        terminal.run("(while :; do :; done) & true").await;
    }
    let [light, heavy] = watched(&daemon, ["light", "heavy"]).await;
    println!("weights 100:300 ran 1:{:.2}, waited {:.1}:{:.1} s", heavy.0 / light.0, light.1 / 1e9, heavy.1 / 1e9);
    assert!((2.1..4.0).contains(&(heavy.0 / light.0)), "{light:?} {heavy:?}");
    assert!(light.1 > heavy.1, "the squeezed one waits longer: {light:?} {heavy:?}");
    put(&mut daemon, "heavy", pinned(100)).await;
    let [light, heavy] = watched(&daemon, ["light", "heavy"]).await;
    println!("weights 100:100 ran 1:{:.2}", heavy.0 / light.0);
    assert!((0.65..1.55).contains(&(heavy.0 / light.0)), "{light:?} {heavy:?}");
}

/// Where each thread of a process may run, as the kernel says.
fn allowed(pid: u32) -> Vec<(String, String)> {
    let threads = affinity::threads(pid).unwrap().into_iter();
    let list = threads.map(|thread| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/task/{}/status", thread.tid)).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        (thread.name, line.unwrap().trim().to_owned())
    });
    list.collect()
}

fn assert_placed(pid: u32, vcpus: &[&str], others: &str) {
    for (name, cpus) in allowed(pid) {
        let vcpu = name.strip_prefix("CPU ").map(|rest| rest.split('/').next().unwrap().parse::<usize>().unwrap());
        assert_eq!(cpus, vcpu.map_or(others, |vcpu| vcpus[vcpu]), "{name}");
    }
}

#[tokio::test]
async fn threads_run_where_they_are_pinned_new_and_adopted_ones_too_and_are_let_go() {
    let cpus = affinity::available().unwrap();
    if cpus.len() < 2 {
        println!("skipped: this needs two CPUs");
        return;
    }
    let all = affinity::list(&cpus);
    let [first, second] = [cpus.first().unwrap(), cpus.last().unwrap()];
    let (one, other) = (first.to_string(), second.to_string());
    let mut daemon = Daemon::start().await;
    let mut spec = bare("one");
    spec["features"] = json!(["hotplug"]);
    spec["cpu_policy"] = json!({
        "pins": [{ "vcpu": 0, "cpus": [first] }, { "vcpu": 1, "cpus": [second] }], "emulator_cpus": [second],
    });
    let pid = daemon.running(spec).await.pid.unwrap();
    assert_placed(pid, &[&one], &other);
    let (succeeded, message) = vcpus(&mut daemon, "one", 3).await;
    assert!(succeeded, "{message}");
    assert_placed(pid, &[&one, &other, &all], &other);

    daemon.kill();
    for thread in affinity::threads(pid).unwrap() {
        affinity::set(thread.tid, &cpus).unwrap();
    }
    daemon.launch().await;
    daemon.wait_for("one", VmState::Running).await;
    assert_placed(pid, &[&one, &other, &all], &other);
    put(&mut daemon, "one", json!({ "pins": [{ "vcpu": 0, "cpus": [second] }] })).await;
    assert_placed(pid, &[&other, &all, &all], &all);
    put(&mut daemon, "one", json!({})).await;
    assert_placed(pid, &[&all, &all, &all], &all);
}

#[tokio::test]
async fn a_cpu_that_is_not_open_to_quetzald_is_refused_with_those_that_are() {
    let cpus = affinity::available().unwrap();
    let (first, last) = (*cpus.first().unwrap(), *cpus.last().unwrap());
    if first == last {
        println!("skipped: this needs two CPUs");
        return;
    }
    // What this thread starts has no more than one CPU.
    let me = rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs();
    affinity::set(me, &BTreeSet::from([first])).unwrap();
    let daemon = Daemon::start().await;
    affinity::set(me, &cpus).unwrap();
    let mut daemon = daemon;
    let pinned = |cpu: u32| {
        let mut spec = bare("one");
        spec["cpu_policy"] = json!({ "pins": [{ "vcpu": 0, "cpus": [cpu] }] });
        spec
    };
    for running in [false, true] {
        let refusal = daemon.put(pinned(last)).await.unwrap_err();
        let (code, field) = (refusal.code(), refusal.field.as_str());
        assert_eq!((code, field), (RefusalCode::OutOfRange, "cpu_policy.pins[0].cpus"), "{}", refusal.message);
        assert!(refusal.message.contains(&format!("give some of {first}")), "{}", refusal.message);
        if !running {
            daemon.running(pinned(first)).await;
        }
    }
    let kept = daemon.get("one").await.unwrap().spec_json;
    let on_disk = std::fs::read_to_string(daemon.state_dir().join("hypervisor/vms/one/spec.json")).unwrap();
    assert_eq!(kept, on_disk);
    assert!(kept.contains(&format!("\"cpus\":[{first}]")), "nothing changed: {kept}");
    let refusal = daemon.put(pinned(4096)).await.unwrap_err();
    assert_eq!(refusal.code(), RefusalCode::InvalidSpec);
}

/// The VM's folder in the hierarchy of the cpu controller.
fn group_of(pid: u32) -> PathBuf {
    let text = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
    let line =
        text.lines().find(|line| line.split(':').nth(1).is_some_and(|names| names.split(',').any(|n| n == "cpu")));
    let (base, line) = match line {
        Some(line) => ("/sys/fs/cgroup/cpu", line),
        None => ("/sys/fs/cgroup", text.lines().find(|line| line.starts_with("0::")).unwrap()),
    };
    Path::new(base).join(line.splitn(3, ':').nth(2).unwrap().trim_start_matches('/'))
}

#[tokio::test]
async fn a_vms_group_holds_its_qemu_and_nothing_is_left_of_it() {
    if !can_limit() {
        return;
    }
    let mut daemon = Daemon::start().await;
    let mut spec = bare("one");
    spec["cpu_policy"] = json!({ "weight": 250, "limit_percent": 50 });
    let pid = daemon.running(spec.clone()).await.pid.unwrap();
    let (group, ours) = (group_of(pid), group_of(pid).parent().unwrap().to_owned());
    assert!(group.ends_with("one") && ours.file_name().unwrap().to_string_lossy().starts_with("quetzal-"), "{group:?}");
    let cgroups = cgroup::detect().of(daemon.state_dir());
    let share = cgroup::VmCgroup::create(&cgroups, "one").unwrap().cpu_share();
    assert_eq!(share, Some(cgroup::CpuShare { weight: 250, limit_percent: Some(50) }));
    // Found again, with what was changed meanwhile set right.
    daemon.kill();
    cgroup::VmCgroup::create(&cgroups, "one").unwrap().set_cpu_share(&cgroup::CpuShare::default()).unwrap();
    daemon.launch().await;
    daemon.wait_for("one", VmState::Running).await;
    assert_eq!(cgroup::VmCgroup::create(&cgroups, "one").unwrap().cpu_share(), share);
    daemon.force_off("one").await.unwrap();
    daemon.wait_for("one", VmState::Stopped).await;
    assert!(!group.exists() && !ours.exists(), "gone with QEMU");
    // Its QEMU dies while no daemon is there: the next one sweeps.
    let pid = daemon.running(spec).await.pid.unwrap();
    daemon.kill();
    signal(pid, "KILL");
    assert!(group.exists());
    daemon.launch().await;
    daemon.wait_for("one", VmState::Crashed).await;
    assert!(!group.exists() && !ours.exists(), "swept");
}

#[tokio::test]
async fn without_the_right_to_make_groups_a_vm_runs_all_the_same_and_everybody_is_told_why() {
    let Some(mut daemon) = Daemon::start_unprivileged().await else { return };
    let host = daemon.hosts().get_host(GetHostRequest {}).await.unwrap().into_inner();
    let capability = host.capabilities.iter().find(|capability| capability.name == "cgroup_cpu").unwrap();
    assert!(!capability.available && capability.mend.contains("as root"), "{capability:?}");

    let mut events = daemon.events(0).await;
    let mut spec = bare("one");
    spec["cpu_policy"] = json!({ "limit_percent": 50 });
    let pid = daemon.running(spec).await.pid.unwrap();
    let warning = events.until(EventKind::Warning).await.message;
    assert!(warning.contains("limit of 50 % is not in effect") && warning.contains("as root"), "{warning}");
    let mut changed: Value = serde_json::from_str(&daemon.get("one").await.unwrap().spec_json).unwrap();
    changed["cpu_policy"] = json!({ "limit_percent": 75 });
    let refusal = daemon.put(changed.clone()).await.unwrap_err();
    let (code, field) = (refusal.code(), refusal.field.as_str());
    assert_eq!((code, field), (RefusalCode::Unsupported, "cpu_policy.limit_percent"), "{}", refusal.message);
    assert!(daemon.get("one").await.unwrap().spec_json.contains("\"limit_percent\":50"), "nothing changed");
    // Its own threads everybody may place, and a wish that is given up needs no right.
    let first = *affinity::available().unwrap().first().unwrap();
    changed["cpu_policy"] = json!({ "pins": [{ "vcpu": 0, "cpus": [first] }] });
    daemon.put(changed).await.unwrap();
    let vcpu = allowed(pid).into_iter().find(|(name, _)| name.starts_with("CPU 0/")).unwrap();
    assert_eq!(vcpu.1, first.to_string());
}
