//! A stop under way: presses the guest's power button, again from time to time (a guest that was still booting did not
//! hear the first), and reports when its time is up. Dropping the `Pressing` ends it.
use std::time::Duration;

use quetzal_qmp::Qmp;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::order::Escalation;
use crate::task::{News, Reporter};

/// Between two presses: an acpid has long acted on the first by then.
const PRESS_INTERVAL: Duration = Duration::from_secs(5);

/// The guest's time is up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StopDue {
    pub after: Duration,
    pub escalation: Escalation,
}

pub(crate) struct Pressing(JoinHandle<()>);

impl Drop for Pressing {
    fn drop(&mut self) {
        self.0.abort();
    }
}

pub(crate) fn press(qmp: Option<Qmp>, reporter: Reporter, timeout: Duration, escalation: Escalation) -> Pressing {
    Pressing(tokio::spawn(async move {
        let deadline = Instant::now() + timeout;
        loop {
            if let Some(qmp) = &qmp {
                // The guest's own power-down is the answer that counts; a button without effect is pressed again.
                let _ = tokio::time::timeout_at(deadline, qmp.execute("system_powerdown", Value::Null)).await;
            }
            let next = Instant::now() + PRESS_INTERVAL;
            if next >= deadline {
                break;
            }
            tokio::time::sleep_until(next).await;
        }
        tokio::time::sleep_until(deadline).await;
        reporter.tell(News::StopDue(StopDue { after: timeout, escalation })).await;
    }))
}
