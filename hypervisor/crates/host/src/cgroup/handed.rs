//! What of a version 2 tree quetzald handed down at its top, written down so that its end, or that of a later quetzald of
//! the same boot, takes it back. Never what another group needs: its limits would go with it. Must not know VMs.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::{Cgroups, Hierarchy, Version};

/// One reader or writer at a time: groups are made by several tasks.
static WRITING: Mutex<()> = Mutex::new(());
const SUBTREE: &str = "cgroup.subtree_control";

/// What a group has where nobody asked for anything (Documentation/admin-guide/cgroup-v2.rst), by the file's name: any
/// other text is somebody's wish, and would be lost.
const DEFAULTS: [(&str, &str); 16] = [
    ("cpu.weight", "100"),
    ("cpu.weight.nice", "0"),
    ("cpu.max", "max 100000"),
    ("cpu.max.burst", "0"),
    ("cpu.idle", "0"),
    ("cpu.uclamp.min", "0.00"),
    ("cpu.uclamp.max", "max"),
    ("memory.min", "0"),
    ("memory.low", "0"),
    ("memory.high", "max"),
    ("memory.max", "max"),
    ("memory.oom.group", "0"),
    ("memory.swap.high", "max"),
    ("memory.swap.max", "max"),
    ("memory.zswap.max", "max"),
    ("memory.zswap.writeback", "1"),
];

/// Where it is written down, and which boot it holds for: the kernel forgets with the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ledger {
    path: PathBuf,
    boot_id: String,
}

impl Ledger {
    /// A file of one word a line, the boot's id first.
    fn controllers(&self) -> Vec<String> {
        let text = fs::read_to_string(&self.path).unwrap_or_default();
        let mut lines = text.lines().map(str::to_owned);
        if lines.next().as_deref() == Some(&self.boot_id) { lines.collect() } else { Vec::new() }
    }

    fn write(&self, controllers: &[String]) -> std::io::Result<()> {
        if controllers.is_empty() {
            return match fs::remove_file(&self.path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        let fresh = self.path.with_extension("new");
        let mut file = fs::File::create(&fresh)?;
        writeln!(file, "{}\n{}", self.boot_id, controllers.join("\n"))?;
        file.sync_all()?;
        fs::rename(&fresh, &self.path)
    }
}

impl Cgroups {
    /// What is handed down from here on is written to this file; without one it stays handed down.
    pub fn remembering(mut self, path: PathBuf, boot_id: &str) -> Self {
        self.ledger = Some(Ledger { path, boot_id: boot_id.to_owned() });
        self
    }

    /// After the kernel took it: a crash in between leaves it handed down, which harms nobody.
    pub(super) fn note_handed_down(&self, controller: &str) -> std::io::Result<()> {
        let Some(ledger) = &self.ledger else { return Ok(()) };
        let _one_at_a_time = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = ledger.controllers();
        if !known.iter().any(|name| name == controller) {
            known.push(controller.to_owned());
            ledger.write(&known)?;
        }
        Ok(())
    }

    /// Takes back what quetzald handed down and nobody needs. Answers, a sentence each, what stays and why.
    pub fn take_back(&self) -> Vec<String> {
        let Some(ledger) = &self.ledger else { return Vec::new() };
        let _one_at_a_time = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = ledger.controllers();
        let Some(hierarchy) = self.top().filter(|_| !noted.is_empty()) else { return Vec::new() };
        let (mut kept, mut said) = (Vec::new(), Vec::new());
        for controller in noted {
            if let Err(why) = take_back(hierarchy, &controller) {
                said.push(format!(
                    "the controller {controller} stays handed down in '{}': {why}",
                    hierarchy.mount.join(SUBTREE).display()
                ));
                kept.push(controller);
            }
        }
        if let Err(error) = ledger.write(&kept) {
            said.push(format!("'{}' cannot be written: {error}", ledger.path.display()));
        }
        said
    }

    /// There is one tree of version 2 at most.
    fn top(&self) -> Option<&Hierarchy> {
        self.hierarchies().into_iter().map(|(hierarchy, _)| hierarchy).find(|one| one.version == Version::V2)
    }
}

fn take_back(hierarchy: &Hierarchy, controller: &str) -> Result<(), String> {
    let path = hierarchy.mount.join(SUBTREE);
    let enabled = fs::read_to_string(&path).unwrap_or_default();
    if !has_word(&enabled, controller) {
        // Somebody took it back already.
        return Ok(());
    }
    let groups = fs::read_dir(&hierarchy.mount).map_err(|error| error.to_string())?;
    let mut folders: Vec<PathBuf> = groups.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    match folders.iter().find_map(|group| need(group, controller)) {
        Some(why) => Err(why),
        None => fs::write(&path, format!("-{controller}")).map_err(|error| error.to_string()),
    }
}

/// What of a group, ours with its VMs or another's, would be lost.
fn need(group: &Path, controller: &str) -> Option<String> {
    let text = |name: &str| fs::read_to_string(group.join(name)).unwrap_or_default();
    let name = group.file_name().unwrap_or_default().to_string_lossy();
    if has_word(&text(SUBTREE), controller) {
        return Some(format!("the group '{name}' hands it down too"));
    }
    let prefix = format!("{controller}.");
    let of_controller = DEFAULTS.iter().filter(|(file, _)| file.starts_with(&prefix));
    of_controller
        .filter_map(|(file, default)| {
            let wished = text(file);
            let wished = wished.trim();
            let is_wish = !wished.is_empty() && wished != *default;
            is_wish.then(|| format!("the group '{name}' has {file} at '{wished}'"))
        })
        .next()
}

fn has_word(text: &str, word: &str) -> bool {
    text.split_ascii_whitespace().any(|one| one == word)
}

#[cfg(test)]
#[path = "handed_tests.rs"]
mod tests;
