//! A guest's memory goes to the host's swap and comes back, the guest answering all the while; and its sharing is turned
//! off and on under it. Needs the right to add a compressed swap device, which is taken away again.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::support::Daemon;
use crate::support::guest::booted;
use crate::support::host_memory;
use crate::support::memory::MIB;
use quetzal_api::v1::RefusalCode;
use serde_json::json;

/// A swap device of its own in compressed memory.
struct Swap {
    number: String,
}

impl Swap {
    fn add() -> Option<Self> {
        let number = fs::read_to_string("/sys/class/zram-control/hot_add").ok()?.trim().to_owned();
        let swap = Self { number };
        fs::write(swap.folder().join("disksize"), "1G").ok()?;
        let device = format!("/dev/zram{}", swap.number);
        let run =
            |program: &str| Command::new(program).arg(&device).output().is_ok_and(|output| output.status.success());
        (run("mkswap") && run("swapon")).then_some(swap)
    }

    fn folder(&self) -> PathBuf {
        PathBuf::from(format!("/sys/block/zram{}", self.number))
    }
}

impl Drop for Swap {
    fn drop(&mut self) {
        // What is not on cannot be turned off, and that is as good.
        let _ = Command::new("swapoff").arg(format!("/dev/zram{}", self.number)).output();
        let _ = fs::write(self.folder().join("reset"), "1");
        let _ = fs::write("/sys/class/zram-control/hot_remove", &self.number);
    }
}

fn has_swap() -> bool {
    fs::read_to_string("/proc/swaps").unwrap_or_default().lines().count() > 1
}

#[tokio::test]
async fn a_guests_memory_goes_to_swap_and_the_guest_still_answers() {
    let _lock = host_memory::lock();
    let mut daemon = Daemon::start().await;
    let spec = json!({ "memory_mb": 256, "vcpus": 1, "network": { "mode": "none" } });
    let Some(mut guest) = booted(&mut daemon, "one", spec).await else { return };
    let is_alone = !has_swap();
    if !is_alone {
        println!("not tried: the refusal without swap; this host has some");
    } else {
        let refused = daemon.page_out("one", 0).await.unwrap_err();
        assert_eq!(refused.code(), RefusalCode::Unsupported);
        assert!(refused.message.contains("has no swap") && refused.message.contains("zram"), "{}", refused.message);
    }
    let Some(swap) = Swap::add() else {
        println!("skipped: a zram swap device cannot be added here; that needs root and the zram module");
        return;
    };
    // A part, then the rest; then it is cut short.
    let id = daemon.page_out("one", 32 * MIB).await.unwrap();
    let end = daemon.end_of(&id).await;
    assert!(end.succeeded, "{}", end.message);
    let part = daemon.figures("one").await.swap_bytes.unwrap();
    assert!((24 * MIB..=40 * MIB).contains(&part), "{part}: {}", end.message);
    let id = daemon.page_out("one", 0).await.unwrap();
    let end = daemon.end_of(&id).await;
    assert!(end.succeeded, "{}", end.message);
    println!("page-out: {}", end.message);
    let gone = daemon.figures("one").await.swap_bytes.unwrap();
    assert!(gone > 64 * MIB && gone > part, "{gone}");
    let ram = daemon.figures("one").await.guest_ram.expect("the guest's memory is found");
    assert!(ram.resident_bytes + ram.swapped_bytes <= ram.size_bytes, "{ram:?}");
    assert_eq!(guest.run("echo $((6*7))").await, "42");

    // Back: the guest's own work brings in what it needs, and the end of the swap the rest.
    drop(swap);
    let left = daemon.figures("one").await.swap_bytes.unwrap();
    assert!(!is_alone || left == 0, "{left}");
    assert_eq!(guest.run("echo $((6*7))").await, "42");
    let Some(_swap) = Swap::add() else { panic!("a device was added before") };
    daemon.pause("one").await.unwrap();
    let id = daemon.page_out("one", 0).await.unwrap();
    daemon.cancel(&id).await.unwrap();
    let end = daemon.end_of(&id).await;
    assert!(end.cancelled && end.message.contains("stays there"), "{}", end.message);
}
