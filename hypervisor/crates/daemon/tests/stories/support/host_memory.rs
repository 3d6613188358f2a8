//! The host's memory as a test moves it: one test at a time, and everything as it was afterwards.
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant};

use quetzal_api::v1::{self, host_memory_response};
use quetzal_host::swap;
use quetzal_host::zram::Zram;
use rustix::fs::{FlockOperation, flock};

use super::Daemon;

const POLL: Duration = Duration::from_millis(100);

/// Held by every test that moves the host's own switches, in any process. Taken before a daemon is started: who waits
/// for it holds up nobody.
pub fn lock() -> File {
    // A folder that every host has and nobody else locks: a file of our own would be left.
    let lock = File::open("/sys/kernel/mm").unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    lock
}

/// The lock, and how the switches were.
pub struct Turn {
    _lock: File,
    before: BTreeMap<String, String>,
}

impl Turn {
    /// None, with what is missing, where the switches cannot be moved.
    pub fn take() -> Option<Self> {
        if !rustix::process::geteuid().is_root() || !Path::new("/sys/kernel/mm/ksm/run").exists() {
            println!("skipped: moving the host's memory switches needs root and KSM");
            return None;
        }
        Some(Self { _lock: lock(), before: switches() })
    }

    pub fn assert_as_before(&self) {
        assert_eq!(switches(), self.before);
    }
}

/// A test that failed half-way leaves nothing behind either. Its daemon has ended by then.
impl Drop for Turn {
    fn drop(&mut self) {
        let devices = self.before["zram devices"].split(' ').map(str::to_owned).collect::<Vec<_>>();
        for device in zram_devices().iter().filter(|device| !devices.contains(device)) {
            if let Some(number) = device.strip_prefix("zram").and_then(|number| number.parse().ok()) {
                let _ = Zram(number).remove();
            }
        }
        for (path, text) in &self.before {
            let choice = text.split_ascii_whitespace().find_map(|word| word.strip_prefix('[')?.strip_suffix(']'));
            if Path::new(path).is_absolute() && fs::read_to_string(path).is_ok_and(|now| now != *text) {
                let _ = fs::write(path, choice.unwrap_or(text));
            }
        }
    }
}

fn switches() -> BTreeMap<String, String> {
    let ksm =
        ["run", "pages_to_scan", "sleep_millisecs", "advisor_mode"].map(|name| format!("/sys/kernel/mm/ksm/{name}"));
    let zswap =
        ["enabled", "compressor", "max_pool_percent"].map(|name| format!("/sys/module/zswap/parameters/{name}"));
    let files = ksm.into_iter().chain(zswap);
    let mut found: BTreeMap<String, String> =
        files.map(|path| (path.clone(), fs::read_to_string(&path).unwrap_or_default())).collect();
    // Not how full they are: that changes by itself.
    let swaps: Vec<String> = swap::areas().into_iter().map(|area| area.path.display().to_string()).collect();
    found.insert("swap".into(), swaps.join(" "));
    found.insert("zram devices".into(), zram_devices().join(" "));
    found
}

pub fn zram_devices() -> Vec<String> {
    let entries = fs::read_dir("/sys/block").unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.filter(|name| name.starts_with("zram")).collect();
    names.sort();
    names
}

/// A figure of "name value" or "name: value" lines of a process's file; -1 where it is not there.
pub fn figure(pid: u32, file: &str, name: &str) -> i64 {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let value = line.and_then(|rest| rest.trim_start_matches(':').split_ascii_whitespace().next()?.parse().ok());
    value.unwrap_or(-1)
}

/// Waits until it holds; what it shows last is told when it never does.
pub async fn until<T: std::fmt::Debug>(
    what: &str,
    patience: Duration,
    mut look: impl AsyncFnMut() -> Result<T, T>,
) -> T {
    let deadline = Instant::now() + patience;
    loop {
        match look().await {
            Ok(found) => return found,
            Err(seen) => assert!(Instant::now() < deadline, "not {what} in time: {seen:?}"),
        }
        tokio::time::sleep(POLL).await;
    }
}

impl Daemon {
    pub async fn host_memory(&self) -> v1::HostMemory {
        self.memory().get_host_memory(v1::GetHostMemoryRequest {}).await.unwrap().into_inner()
    }

    pub async fn set_host_memory(&self, request: v1::SetHostMemoryRequest) -> Result<v1::HostMemory, v1::Refusal> {
        let answer = self.memory().set_host_memory(request).await.unwrap().into_inner();
        match answer.result.unwrap() {
            host_memory_response::Result::Memory(memory) => Ok(memory),
            host_memory_response::Result::Refusal(refusal) => Err(refusal),
        }
    }

    pub async fn set_ksm(&self, mode: v1::KsmMode, cpu_budget_ratio: f64) -> Result<v1::HostMemory, v1::Refusal> {
        let ksm = Some(v1::KsmSettings { mode: mode.into(), cpu_budget_ratio, ..Default::default() });
        self.set_host_memory(v1::SetHostMemoryRequest { ksm, ..Default::default() }).await
    }

    pub async fn set_compression(
        &self,
        mode: v1::CompressionMode,
        size_bytes: u64,
        algorithm: &str,
    ) -> Result<v1::HostMemory, v1::Refusal> {
        let compression =
            Some(v1::CompressionSettings { mode: mode.into(), size_bytes, algorithm: algorithm.to_owned() });
        self.set_host_memory(v1::SetHostMemoryRequest { compression, ..Default::default() }).await
    }

    /// `ratios`: high, soft, hard and low.
    pub async fn set_thresholds(&self, ratios: [f64; 4]) -> Result<v1::HostMemory, v1::Refusal> {
        let [high_ratio, soft_ratio, hard_ratio, low_ratio] = ratios;
        let controller = v1::ControllerSettings {
            enabled: true,
            idle_tax_ratio: 0.75,
            high_ratio,
            soft_ratio,
            hard_ratio,
            low_ratio,
        };
        self.set_host_memory(v1::SetHostMemoryRequest { controller: Some(controller), ..Default::default() }).await
    }

    pub async fn decisions(&self, vm_id: &str) -> Vec<v1::MemoryDecision> {
        let request = v1::ListDecisionsRequest { vm_id: vm_id.to_owned() };
        self.memory().list_decisions(request).await.unwrap().into_inner().decisions
    }
}
