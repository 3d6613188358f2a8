//! The memory controller of one host as pure functions: from what is observed to what is to be done, and why. No clock,
//! no I/O, no tasks: time comes in as a number, and whoever calls carries the decisions out.
//!
//! ```text
//! observations ─┐                 ┌─> decisions, each with its reason
//! state ────────┼─> decide(…) ────┤
//! settings ─────┘                 └─> the next state
//! ```
//! Memory comes free in the order of its price to the guest: free-page reporting (guests do it by themselves; a short
//! wait gives it time), balloon, page-out into compressed memory, and at last the request for room.
#![forbid(unsafe_code)]

mod bytes;
mod decide;
pub mod decision;
pub mod domain;
mod give;
pub mod ksm;
pub mod observe;
mod own_memory;
mod page_out;
pub mod pressure;
pub mod settings;
mod state;
mod take;
mod tax;

pub use decide::decide;
pub use decision::{Action, Decision, Whose};
pub use observe::{Control, GuestReport, Host, Observations, Vm};
pub use pressure::{HostState, Thresholds};
pub use settings::{Settings, SettingsError};
pub use state::State;
