//! Turns among the tests of this program: a few have daemons and guests at once, for most of their time is waiting, and a
//! test that measures has the machine for itself. A slot lasts until the thread of its test ends.
use std::cell::RefCell;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// More than a small machine has cores; with more the guests hold each other up.
const SLOTS: usize = 3;

struct Free {
    slots: usize,
    /// Whoever wants all of them comes first, or would wait for ever.
    wanting_all: usize,
}

static FREE: Mutex<Free> = Mutex::new(Free { slots: SLOTS, wanting_all: 0 });
static CHANGED: Condvar = Condvar::new();

thread_local! { static HELD: RefCell<Option<Held>> = const { RefCell::new(None) } }

struct Held(usize);

impl Drop for Held {
    fn drop(&mut self) {
        free().slots += self.0;
        CHANGED.notify_all();
    }
}

/// A failed test that held it has changed nothing half-way.
fn free() -> MutexGuard<'static, Free> {
    FREE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Blocks until this test may have daemons; it may then have several.
pub fn take() {
    if HELD.with_borrow(Option::is_some) {
        return;
    }
    let mut free = CHANGED
        .wait_while(free(), |free| free.slots == 0 || free.wanting_all > 0)
        .unwrap_or_else(PoisonError::into_inner);
    free.slots -= 1;
    HELD.set(Some(Held(1)));
}

/// Blocks until no other test of this program has a daemon; none gets one until this test's end. Called before its first
/// daemon.
pub fn take_all() {
    assert!(HELD.with_borrow(Option::is_none), "a test that has a daemon would wait for itself");
    let mut free = free();
    free.wanting_all += 1;
    let mut free = CHANGED.wait_while(free, |free| free.slots < SLOTS).unwrap_or_else(PoisonError::into_inner);
    free.wanting_all -= 1;
    free.slots = 0;
    HELD.set(Some(Held(SLOTS)));
}
