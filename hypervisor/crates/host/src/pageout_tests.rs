//! What the kernel answers; that memory really goes is shown on a guest (crates/daemon/tests/stories/paging.rs).
#![expect(clippy::zombie_processes, reason = "the pidfd reaps")]

use super::*;
use rustix::process::Signal;
use std::process::Command;

#[test]
fn a_process_that_is_gone_is_said_to_be() {
    let child = Command::new("sleep").arg("60").spawn().unwrap();
    let pidfd = PidFd::open(child.id()).unwrap();
    may_page_out(&pidfd).unwrap();
    assert_eq!(swapped_bytes(child.id()), Some(0));
    pidfd.kill(Signal::KILL).unwrap();
    while !matches!(may_page_out(&pidfd), Err(HostError::ProcessGone { .. })) {
        std::thread::yield_now();
    }
}

#[test]
fn the_free_swap_is_part_of_all_swap() {
    let swap = swap();
    assert!(swap.free_bytes <= swap.total_bytes);
}
