//! Every command line that the golden files hold is accepted by the installed QEMU: it comes up stopped, answers QMP,
//! shows what was asked for, and leaves when told to. A guest of one sector is then talked to through the console.
#![expect(clippy::unwrap_used, reason = "a panic is a test's verdict")]
mod support;

use std::time::Duration;

use quetzal_qmp::Qmp;
use quetzal_vm::console::{Console, ReadFrom, TakeOver};
use quetzal_vm::spec::VmSpec;
use serde_json::json;
use support::qemu::{DEADLINE, Qemu, ask, can_run};
use tokio::net::UnixStream;

#[tokio::test]
async fn every_golden_command_line_is_accepted_by_the_real_qemu() {
    for case in support::cases().iter().filter(|case| can_run(case)) {
        let (mut qemu, qmp, _events) = Qemu::start(case, &[]).await;
        assert_eq!(ask(&qmp, "query-status").await["status"], "prelaunch", "{}", case.name);
        assert_shows(&qmp, &case.spec).await;
        ask(&qmp, "quit").await;
        qemu.ended().await;
        assert_eq!(qemu.stderr(), "", "{}: QEMU has nothing to complain about", case.name);
    }
}

async fn assert_shows(qmp: &Qmp, spec: &VmSpec) {
    assert_eq!(ask(qmp, "query-name").await["name"], json!(spec.name));
    let cpus = ask(qmp, "query-hotpluggable-cpus").await;
    assert_eq!(cpus.as_array().unwrap().len(), spec.vcpus_max() as usize);
    assert_eq!(ask(qmp, "query-cpus-fast").await.as_array().unwrap().len(), spec.vcpus as usize);
    assert_eq!(ask(qmp, "query-memory-size-summary").await["base-memory"], json!(spec.memory_bytes()));
    let blocks = ask(qmp, "query-block").await;
    let nodes = blocks.as_array().unwrap().iter().filter_map(|block| block["inserted"]["node-name"].as_str());
    let mut shown: Vec<String> = nodes.map(str::to_owned).collect();
    let mut wanted: Vec<String> = spec.disks.iter().map(|disk| format!("disk-{}", disk.name)).collect();
    shown.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(shown, wanted);
}

/// Says "HI" on the first serial port, then echoes what it gets.
fn echoing_sector() -> Vec<u8> {
    let hello = [0xba, 0xf8, 0x03, 0xb0, b'H', 0xee, 0xb0, b'I', 0xee];
    // Waits for the line status register's data bit, reads the byte, writes it back, and again.
    let echo = [0xba, 0xfd, 0x03, 0xec, 0xa8, 0x01, 0x74, 0xfb, 0xba, 0xf8, 0x03, 0xec, 0xee, 0xeb, 0xf1];
    let mut sector = [&hello[..], &echo].concat();
    sector.resize(510, 0);
    sector.extend([0x55, 0xaa]);
    sector
}

#[tokio::test]
async fn a_guest_of_one_sector_answers_on_its_console_under_every_accelerator() {
    let cases = support::cases();
    for case in cases.iter().filter(|case| case.spec.id == "boot-sector" && can_run(case)) {
        let (mut qemu, qmp, _events) = Qemu::start(case, &echoing_sector()).await;
        let port = UnixStream::connect(qemu.folder.path().join("ttyS0.sock")).await.unwrap();
        let console = Console::spawn(port, qemu.folder.path().join("ttyS0.log"));
        ask(&qmp, "cont").await;
        let mut reader = console.read_from(ReadFrom::Offset(0));
        let mut pen = console.take_pen("test", TakeOver::No).unwrap();
        let mut said = Vec::new();
        for (typed, answer) in [("", "HI"), ("nproc\r", "nproc\r")] {
            said.clear();
            // One byte at a time, for a guest without a buffer of its own reads no faster than it echoes.
            for byte in typed.bytes() {
                pen.write([byte]).await.unwrap();
            }
            while said.len() < answer.len() {
                let chunk = tokio::time::timeout(DEADLINE, reader.next()).await.expect("the guest answers").unwrap();
                said.extend(chunk.data);
            }
            assert_eq!(String::from_utf8_lossy(&said), answer, "{}", case.name);
        }
        ask(&qmp, "quit").await;
        qemu.ended().await;
        tokio::time::timeout(Duration::from_secs(5), console.closed()).await.expect("the port closes with QEMU");
        assert_eq!(console.tail(100), b"HInproc\r");
    }
}
