//! Memory verbs, and the two views of a guest's memory that must agree: its own and the API's.
use quetzal_api::v1::memory_service_client::MemoryServiceClient;
use quetzal_api::v1::{self, Event, Refusal};
use tonic::transport::Channel;

use super::guest::{BOOT_PATIENCE, Terminal};
use super::{Daemon, outcome};

pub const MIB: u64 = 1 << 20;

/// Lines of /proc/meminfo, in bytes.
pub struct Meminfo {
    pub total: u64,
    pub free: u64,
}

impl Terminal {
    pub async fn meminfo(&mut self) -> Meminfo {
        // What the guest freed lately is counted on lists of its CPUs for a moment.
        let text = self.run("sleep 0.3; grep -E '^Mem(Total|Free)' /proc/meminfo").await;
        let bytes = |name: &str| {
            let line = text.lines().find_map(|line| line.trim().strip_prefix(name)).expect("meminfo has it");
            line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() * 1024
        };
        Meminfo { total: bytes("MemTotal:"), free: bytes("MemFree:") }
    }
}

impl Daemon {
    pub fn memory(&self) -> MemoryServiceClient<Channel> {
        MemoryServiceClient::new(self.channel())
    }

    fn set_memory(&mut self, id: &str, target_bytes: u64) -> v1::SetMemoryRequest {
        v1::SetMemoryRequest { operation_id: self.operation(), vm_id: id.to_owned(), target_bytes, dry_run: false }
    }

    /// The verbs give the operation's id, whose end the events tell.
    pub async fn balloon(&mut self, id: &str, target_bytes: u64) -> Result<String, Refusal> {
        let request = self.set_memory(id, target_bytes);
        let operation_id = request.operation_id.clone();
        outcome(self.memory().set_balloon(request).await).map(|_| operation_id)
    }

    pub async fn resize_memory(&mut self, id: &str, target_bytes: u64) -> Result<String, Refusal> {
        let request = self.set_memory(id, target_bytes);
        let operation_id = request.operation_id.clone();
        outcome(self.memory().resize_memory(request).await).map(|_| operation_id)
    }

    pub async fn page_out(&mut self, id: &str, bytes: u64) -> Result<String, Refusal> {
        let operation_id = self.operation();
        let request =
            v1::PageOutRequest { operation_id: operation_id.clone(), vm_id: id.to_owned(), bytes, dry_run: false };
        outcome(self.memory().page_out(request).await).map(|_| operation_id)
    }

    pub async fn cancel(&mut self, operation_id: &str) -> Result<(), Refusal> {
        let request = v1::CancelOperationRequest { operation_id: operation_id.to_owned() };
        outcome(self.vms().cancel_operation(request).await).map(drop)
    }

    /// How an operation ended; it may have before anybody asks.
    pub async fn end_of(&self, operation_id: &str) -> Event {
        let mut events = self.events(0).await;
        tokio::time::timeout(BOOT_PATIENCE, events.until_end_of(operation_id)).await.expect("the operation ends")
    }

    pub async fn room(&self, id: &str) -> v1::Room {
        self.get(id).await.unwrap().room.expect("a running VM has room")
    }
}

/// Within 2 %.
pub fn assert_agree(what: &str, guest: u64, api: u64) {
    assert!(guest.abs_diff(api) * 50 <= api, "{what}: the guest says {guest}, the API {api}");
}
