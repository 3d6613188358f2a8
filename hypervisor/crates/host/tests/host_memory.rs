//! The kernel's real switches for shared and compressed memory, moved and put back. Needs root; tests of a host's
//! memory take turns.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::fs::{self, File};

use quetzal_host::ksm::{Ksm, Run};
use quetzal_host::zram::{self, Zram};
use quetzal_host::zswap::Zswap;
use rustix::fs::{FlockOperation, flock};

/// Held by every test that moves the host's own switches; None, with what is missing, where this process may not.
fn turn() -> Option<File> {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: moving the host's switches needs root");
        return None;
    }
    // The folder that the daemon's stories lock too; a file of our own would be left.
    let file = File::open("/sys/kernel/mm").unwrap();
    flock(&file, FlockOperation::LockExclusive).unwrap();
    Some(file)
}

#[test]
fn a_zram_device_of_our_own_comes_and_goes_and_the_others_stay() {
    let Some(_turn) = turn() else { return };
    if let Err(error) = zram::check() {
        return println!("skipped: {error}");
    }
    let devices = || {
        let names = fs::read_dir("/sys/block").unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.filter(|name| name.to_string_lossy().starts_with("zram")).collect();
        names.sort();
        names
    };
    let (before, swaps) = (devices(), fs::read_to_string("/proc/swaps").unwrap());
    let device = Zram::add().unwrap();
    let begun = device.begin(64 << 20, "");
    let (area, there) = (device.area(), devices());
    device.remove().unwrap();
    assert!(!begun.unwrap().is_empty());
    assert!(area.unwrap().size_bytes > 63 << 20);
    assert_eq!(there.len(), before.len() + 1);
    assert_eq!((devices(), fs::read_to_string("/proc/swaps").unwrap()), (before, swaps));
    device.remove().expect("what is gone is gone");
}

#[test]
fn an_unknown_algorithm_is_refused_and_leaves_no_device() {
    let Some(_turn) = turn() else { return };
    if let Err(error) = zram::check() {
        return println!("skipped: {error}");
    }
    let device = Zram::add().unwrap();
    let error = device.begin(64 << 20, "shrink-ray");
    device.remove().unwrap();
    assert!(error.unwrap_err().to_string().contains("\"shrink-ray\" is not known here"));
    assert!(!fs::exists(format!("/sys/block/zram{}", device.0)).unwrap());
}

#[test]
fn a_device_that_could_not_be_formatted_goes_too() {
    let Some(_turn) = turn() else { return };
    if let Err(error) = zram::check() {
        return println!("skipped: {error}");
    }
    let device = Zram::add().unwrap();
    fs::remove_file(format!("/dev/zram{}", device.0)).unwrap();
    let error = device.begin(64 << 20, "");
    device.remove().unwrap();
    assert!(error.unwrap_err().to_string().contains("as swap"));
    assert!(!fs::exists(format!("/sys/block/zram{}", device.0)).unwrap());
}

#[test]
fn a_device_that_is_not_marked_as_ours_is_left_alone() {
    let Some(_turn) = turn() else { return };
    if zram::check().is_err() {
        return println!("skipped: this host has no zram");
    }
    let device = Zram::add().unwrap();
    fs::write(format!("/sys/block/zram{}/disksize", device.0), "67108864").unwrap();
    device.remove().unwrap();
    let is_there = fs::exists(format!("/sys/block/zram{}", device.0)).unwrap();
    fs::write(format!("/sys/block/zram{}/reset", device.0), "1").unwrap();
    device.remove().unwrap();
    assert!(is_there && !fs::exists(format!("/sys/block/zram{}", device.0)).unwrap());
}

#[test]
fn ksm_and_zswap_go_back_as_they_were() {
    let Some(_turn) = turn() else { return };
    if let Ok(ksm) = Ksm::open() {
        let before = ksm.settings().unwrap();
        let moved = ksm.set_rate(1234, 33).and_then(|()| ksm.run(Run::Scanning));
        let meanwhile = ksm.settings().unwrap();
        ksm.restore(&before).unwrap();
        moved.unwrap();
        assert_eq!((meanwhile.run, meanwhile.pages_to_scan, meanwhile.sleep_ms), (1, 1234, 33));
        assert_eq!(ksm.settings().unwrap(), before);
    }
    if let Ok(zswap) = Zswap::open() {
        let before = zswap.settings().unwrap();
        let begun = zswap.begin(1 << 30, 10 << 30, "");
        let refused = zswap.begin(1 << 30, 10 << 30, "shrink-ray");
        let meanwhile = zswap.settings().unwrap();
        zswap.restore(&before).unwrap();
        assert!(begun.is_ok() && refused.unwrap_err().with_causes().contains("shrink-ray"));
        assert_eq!((meanwhile.enabled.as_str(), meanwhile.max_pool_percent), ("Y", 10));
        assert_eq!(zswap.settings().unwrap(), before);
    }
}
