//! The kernel's page merging: its switches, as they are and as they were, and what it brings. Which process may merge is
//! not decided here. Must not know how fast to scan: that is policy.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::HostError;
use crate::kernel_file::single;
use crate::knob;
use crate::process::ns_per_tick;

const FOLDER: &str = "sys/kernel/mm/ksm";
const MISSING: HostError = HostError::NotOffered { what: "KSM", mend: "use a kernel with CONFIG_KSM" };
/// The parent of all kernel threads, and nobody else's.
const KTHREADD_PID: &str = "2";
const PAGE_BYTES: u64 = 4096;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    Stopped,
    Scanning,
    /// Stops and unmerges all.
    Unmerged,
}

impl Run {
    fn value(self) -> u32 {
        match self {
            Self::Stopped => 0,
            Self::Scanning => 1,
            Self::Unmerged => 2,
        }
    }
}

/// The switches that quetzald moves, for putting them back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KsmSettings {
    pub run: u32,
    pub pages_to_scan: u32,
    pub sleep_ms: u32,
    /// The kernel's own tuner; None before Linux 6.8.
    pub advisor: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KsmFigures {
    /// What merging saves less its bookkeeping. Before Linux 6.4, which tells it, what it saves.
    pub profit_bytes: i64,
    pub full_scans: u64,
    /// What unmerging all would take.
    pub merged_bytes: u64,
}

#[derive(Debug, Clone)]
pub struct Ksm {
    folder: PathBuf,
    proc: PathBuf,
}

impl Ksm {
    /// `NotOffered` where the kernel has none.
    pub fn open() -> Result<Self, HostError> {
        Self::in_root(Path::new("/"))
    }

    pub fn in_root(root: &Path) -> Result<Self, HostError> {
        let folder = root.join(FOLDER);
        if folder.join("run").exists() { Ok(Self { folder, proc: root.join("proc") }) } else { Err(MISSING) }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub fn settings(&self) -> Result<KsmSettings, HostError> {
        let advisor = knob::read(&self.file("advisor_mode")).ok();
        Ok(KsmSettings {
            run: knob::read_number(&self.file("run"))?,
            pages_to_scan: knob::read_number(&self.file("pages_to_scan"))?,
            sleep_ms: knob::read_number(&self.file("sleep_millisecs"))?,
            advisor: advisor.and_then(|text| knob::choices(&text).1.map(str::to_owned)),
        })
    }

    /// Puts the switches back as they were. What is merged by then stays merged, unless they say otherwise.
    pub fn restore(&self, settings: &KsmSettings) -> Result<(), HostError> {
        self.set_rate(settings.pages_to_scan, settings.sleep_ms)?;
        if let Some(advisor) = settings.advisor.as_deref().filter(|advisor| *advisor != "none") {
            knob::write(&self.file("advisor_mode"), advisor)?;
        }
        knob::write(&self.file("run"), settings.run)
    }

    pub fn set_rate(&self, pages_to_scan: u32, sleep_ms: u32) -> Result<(), HostError> {
        let advisor = self.file("advisor_mode");
        // While the kernel's own tuner is on it refuses any other's figure.
        if knob::read(&advisor).is_ok_and(|text| !text.contains("[none]")) {
            knob::write(&advisor, "none")?;
        }
        knob::write(&self.file("pages_to_scan"), pages_to_scan)?;
        knob::write(&self.file("sleep_millisecs"), sleep_ms)
    }

    /// Scans so fast, whatever somebody else has set meanwhile; writes only where the kernel says otherwise.
    pub fn scan(&self, pages_to_scan: u32, sleep_ms: u32) -> Result<(), HostError> {
        let now = self.settings()?;
        let is_ours = now.advisor.is_none_or(|advisor| advisor == "none");
        if !is_ours || (now.pages_to_scan, now.sleep_ms) != (pages_to_scan, sleep_ms) {
            self.set_rate(pages_to_scan, sleep_ms)?;
        }
        if now.run == Run::Scanning.value() { Ok(()) } else { self.run(Run::Scanning) }
    }

    /// As `scan`: nobody scans from here on, and what is merged stays so.
    pub fn rest(&self) -> Result<(), HostError> {
        let run: u32 = knob::read_number(&self.file("run"))?;
        if run == Run::Scanning.value() { self.run(Run::Stopped) } else { Ok(()) }
    }

    /// Whether this process may move the switches, without moving them.
    pub fn check(&self) -> Result<(), HostError> {
        ["run", "pages_to_scan", "sleep_millisecs"].into_iter().try_for_each(|name| knob::check(&self.file(name)))
    }

    /// Unmerging copies every merged page: seconds for gigabytes, and it blocks.
    pub fn run(&self, run: Run) -> Result<(), HostError> {
        knob::write(&self.file("run"), run.value())
    }

    pub fn figures(&self) -> Result<KsmFigures, HostError> {
        let sharing: u64 = knob::read_number(&self.file("pages_sharing"))?;
        let merged_bytes = sharing.saturating_mul(PAGE_BYTES);
        let profit = knob::read_number(&self.file("general_profit"));
        Ok(KsmFigures {
            profit_bytes: profit.unwrap_or_else(|_| i64::try_from(merged_bytes).unwrap_or(i64::MAX)),
            full_scans: knob::read_number(&self.file("full_scans"))?,
            merged_bytes,
        })
    }

    /// The scanner's kernel thread; looks through all processes.
    pub fn scanner(&self) -> Option<Scanner> {
        let entries = fs::read_dir(&self.proc).ok()?;
        let folders = entries.flatten().map(|entry| entry.path());
        folders.filter(|folder| is_ksmd(folder)).map(|folder| Scanner { folder }).next()
    }
}

/// Anybody may call a process "ksmd"; only the kernel's threads are children of kthreadd.
fn is_ksmd(folder: &Path) -> bool {
    let stat = fs::read_to_string(folder.join("stat")).unwrap_or_default();
    let rest = stat.split_once(" (ksmd) ").map(|(_, rest)| rest);
    rest.and_then(|rest| rest.split(' ').nth(1)) == Some(KTHREADD_PID)
}

/// Whether any of the process's memory may be merged now.
pub fn may_merge(pid: u32) -> bool {
    let folder = PathBuf::from(format!("/proc/{pid}"));
    let said = fs::read_to_string(folder.join("ksm_stat")).unwrap_or_default();
    match said.lines().find_map(|line| line.strip_prefix("ksm_mergeable:")) {
        Some(word) => word.trim() == "yes",
        // Kernels before 6.16 do not say: the flags of the mappings do.
        None => {
            // What may not be read is not known to be out.
            let Ok(maps) = fs::read_to_string(folder.join("smaps")) else { return folder.exists() };
            let mut flags = maps.lines().filter_map(|line| line.strip_prefix("VmFlags:"));
            flags.any(|flags| flags.split_ascii_whitespace().any(|flag| flag == "mg"))
        }
    }
}

#[derive(Debug, Clone)]
pub struct Scanner {
    folder: PathBuf,
}

impl Scanner {
    /// CPU time since boot; None where the kernel does not say.
    pub fn cpu_ns(&self) -> Option<u64> {
        let text = fs::read_to_string(self.folder.join("schedstat")).ok();
        let exact = text.and_then(|text| text.split_ascii_whitespace().next().and_then(single));
        exact.or_else(|| {
            let stat = fs::read_to_string(self.folder.join("stat")).ok()?;
            let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
            // utime and stime, fields 14 and 15 of proc(5); the first after the name is field 3.
            let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
            Some(ticks * ns_per_tick())
        })
    }
}

#[cfg(test)]
#[path = "ksm_tests.rs"]
mod tests;
