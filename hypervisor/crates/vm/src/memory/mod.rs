//! How a running QEMU is told about its guest's memory: balloon, plugged memory, sharing. Runs beside the VM's task,
//! which has judged the figures; knows nothing of the VM's state.
mod balloon;

use quetzal_qmp::Qmp;
use serde_json::{Value, json};

pub(crate) use balloon::balloon;

/// Whether the kernel may merge the guest's pages with like ones, from now on; QEMU advises it at once.
pub(crate) async fn merge(qmp: Qmp, on: bool) {
    let backends = match qmp.execute("query-memdev", Value::Null).await {
        Ok(backends) => backends,
        Err(error) => return tracing::warn!(%error, "sharing stays as it is"),
    };
    let ids = backends.as_array().into_iter().flatten().filter_map(|backend| backend["id"].as_str());
    for id in ids {
        let wish = json!({ "path": format!("/objects/{id}"), "property": "merge", "value": on });
        if let Err(error) = qmp.execute("qom-set", wish).await {
            tracing::warn!(%error, backend = id, "sharing of this memory stays as it is");
        }
    }
}
