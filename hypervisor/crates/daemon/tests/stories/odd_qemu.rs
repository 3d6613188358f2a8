//! A QEMU that answers oddly: a scripted peer on the control socket, found by adoption.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, Command};

use crate::support::{Daemon, PATIENCE, bare, signal};
use quetzal_api::v1::{EventKind, VmState, WatchMetricsRequest};
use serde_json::{Value, json};

/// A process that lives and is no QEMU; ended with the test.
struct Sleeper(Child);

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start_time(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit_once(')').unwrap().1.split_ascii_whitespace().nth(19).unwrap().parse().unwrap()
}

/// Answers by `script`; unknown commands are refused as QEMU does.
fn serve(listener: &UnixListener, script: impl Fn(&str) -> Option<Value>, after_handshake: &[u8]) {
    let (stream, _) = listener.accept().unwrap();
    let mut writer: UnixStream = stream.try_clone().unwrap();
    writer.write_all(b"{\"QMP\":{\"version\":{},\"capabilities\":[]}}\r\n").unwrap();
    for line in BufReader::new(stream).lines() {
        let Ok(line) = line else { return };
        let request: Value = serde_json::from_str(&line).unwrap();
        let command = request["execute"].as_str().unwrap();
        let answer = match script(command) {
            Some(value) => json!({ "return": value, "id": request["id"] }),
            None => json!({ "error": { "class": "GenericError", "desc": "not today" }, "id": request["id"] }),
        };
        if writeln!(writer, "{answer}").is_err() {
            return;
        }
        if command == "query-status" {
            writer.write_all(after_handshake).unwrap();
        }
    }
}

#[tokio::test]
async fn odd_answers_and_events_harm_nobody() {
    let mut daemon = Daemon::start().await;
    let spec_json = daemon.put(bare("odd")).await.unwrap().spec_json;
    daemon.kill();
    let sleeper = Sleeper(Command::new("sleep").arg("600").spawn().unwrap());
    let pid = sleeper.0.id();
    let boot_id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let record = json!({
        "pid": pid, "start_time": start_time(pid), "boot_id": boot_id.trim(), "started_at": 1, "spec_json": spec_json,
        "accelerator": "tcg", "network_in_use": "none", "qemu_version": "7.2.0",
    });
    std::fs::write(daemon.state_dir().join("hypervisor/vms/odd/run.json"), record.to_string()).unwrap();
    let sockets = daemon.run_dir().join("vms/odd");
    std::fs::create_dir_all(&sockets).unwrap();
    let qmp = UnixListener::bind(sockets.join("qmp.sock")).unwrap();
    let _ports: Vec<_> =
        ["ttyS0", "hvc0"].map(|port| UnixListener::bind(sockets.join(format!("{port}.sock"))).unwrap()).into();
    let events = b"{\"event\":\"NEVER_HEARD_OF\",\"timestamp\":{\"seconds\":1,\"microseconds\":2}}\r\n\
        {\"event\":\"SHUTDOWNISH\",\"data\":[1,2],\"timestamp\":{\"seconds\":-1,\"microseconds\":-1}}\r\n\
        {\"event\":\"BALLOON_CHANGE\",\"data\":{\"actual\":\"much\"},\"timestamp\":{\"seconds\":1,\"microseconds\":2}}\r\n\
        {\"event\":\"GUEST_PANICKED\",\"data\":{\"action\":\"pause\"},\"timestamp\":{\"seconds\":1,\"microseconds\":2}}\r\n";
    let peer = std::thread::spawn(move || {
        let script = |command: &str| match command {
            "qmp_capabilities" => Some(json!({})),
            "query-status" => Some(json!({ "status": "running", "running": true })),
            "query-blockstats" => Some(json!([{ "stats": "none" }, 7])),
            "qom-get" => Some(json!({ "last-update": -1, "stats": { "stat-total-memory": -1 } })),
            _ => None,
        };
        serve(&qmp, script, events);
    });
    daemon.launch().await;
    assert_eq!(daemon.get("odd").await.unwrap().state(), VmState::Running);
    let mut events = daemon.events(0).await;
    events.until(EventKind::GuestPanicked).await;
    daemon.pause("odd").await.unwrap();
    loop {
        let finished = events.until(EventKind::OperationFinished).await;
        if finished.message.contains("not today") {
            assert!(!finished.succeeded);
            break;
        }
    }
    let mut ticks = daemon.metrics().watch_metrics(WatchMetricsRequest {}).await.unwrap().into_inner();
    let tick = tokio::time::timeout(PATIENCE, ticks.message()).await.unwrap().unwrap().unwrap();
    assert_eq!((tick.vms[0].guest_memory, tick.vms[0].disks.len()), (None, 0));
    drop(sleeper);
    let crash = daemon.wait_for("odd", VmState::Crashed).await.crash.unwrap();
    assert!(crash.cause.starts_with("QEMU"), "{}", crash.cause);
    daemon.kill();
    peer.join().unwrap();
}

#[tokio::test]
async fn a_pid_of_another_process_is_not_believed() {
    let mut daemon = Daemon::start().await;
    let pid = daemon.running(bare("one")).await.pid.unwrap();
    daemon.kill();
    let path = daemon.state_dir().join("hypervisor/vms/one/run.json");
    let mut record: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    record["start_time"] = json!(1);
    std::fs::write(&path, record.to_string()).unwrap();
    daemon.launch().await;
    assert_eq!(daemon.get("one").await.unwrap().state(), VmState::Crashed);
    assert!(std::fs::exists(format!("/proc/{pid}")).unwrap(), "a stranger's process is left alone");
    signal(pid, "KILL");
}
