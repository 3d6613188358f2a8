//! How a running guest's memory is moved: balloon, plugged memory, sharing, paging out. Runs beside the VM's task, which
//! has judged the figures; knows nothing of the VM's state.
mod balloon;
mod facts;
mod page_out;
mod resize;
#[cfg(test)]
mod tests;
mod walk;

use std::sync::Arc;

use quetzal_qmp::Qmp;
use serde_json::{Value, json};

pub(crate) use balloon::Balloon;
pub use facts::GuestRam;
pub(crate) use facts::{Driver, MemoryProbe};
pub(crate) use page_out::{PageOut, SWAP_LEAST_BYTES};
pub(crate) use resize::Resize;
pub(crate) use walk::{Walk, Walks};

use crate::room::Room;

/// Whether the kernel may merge the guest's pages with like ones, from now on; QEMU advises it at once.
/// One that fails is noted for whoever asked.
pub(crate) async fn merge(qmp: Qmp, memory: Arc<MemoryProbe>, on: bool) {
    let backends = match qmp.execute("query-memdev", Value::Null).await {
        Ok(backends) => backends,
        Err(error) => {
            memory.note_unheard_merge();
            return tracing::warn!(%error, "sharing stays as it is");
        }
    };
    let ids = backends.as_array().into_iter().flatten().filter_map(|backend| backend["id"].as_str());
    for id in ids {
        let wish = json!({ "path": format!("/objects/{id}"), "property": "merge", "value": on });
        if let Err(error) = qmp.execute("qom-set", wish).await {
            memory.note_unheard_merge();
            tracing::warn!(%error, backend = id, "sharing of this memory stays as it is");
        }
    }
}

/// Asks again for what was asked for already, which changes nothing where it was heard.
pub(crate) async fn reaffirm(qmp: Qmp, memory: Arc<MemoryProbe>, room: Room, has_balloon: bool) {
    let target = room.balloon_target_bytes;
    let resize = Resize { qmp, memory, before: room, target, has_balloon };
    if let Err(error) = resize.undo().await {
        tracing::warn!(%error, "a guest's memory targets may not be those that are shown");
    }
}

/// As said in a sentence: whole megabytes, or a part of one.
pub(crate) fn megabytes(bytes: u64) -> String {
    const MIB: u64 = 1 << 20;
    if bytes.is_multiple_of(MIB) || bytes >= 10 * MIB {
        return format!("{} MB", bytes / MIB + u64::from(bytes % MIB >= MIB / 2));
    }
    let tenths = bytes.saturating_mul(10).div_ceil(MIB);
    format!("{}.{} MB", tenths / 10, tenths % 10)
}
