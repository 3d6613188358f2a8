//! One file of the journal: JSON lines, appended. Its name is the first sequence number it may hold. Knows the lines'
//! form, not their meaning.
use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::ledger::Ledger;
use super::{JournalError, StoredEvent};

const SUFFIX: &str = ".jsonl";

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    Event(Arc<StoredEvent>),
    Accepted {
        operation_id: String,
        vm_id: String,
    },
    /// First in a segment: what was known when the one before it ended.
    Carried(Ledger),
}

pub struct Segment {
    file: File,
    path: PathBuf,
    bytes: u64,
}

pub fn path(directory: &Path, first: u64) -> PathBuf {
    directory.join(format!("{first:020}{SUFFIX}"))
}

/// First sequence numbers of the segments in the folder, which is made if it is missing.
pub fn list(directory: &Path) -> Result<VecDeque<u64>, JournalError> {
    let failed = |action| move |source| JournalError::File { action, path: directory.to_owned(), source };
    fs::create_dir_all(directory).map_err(failed("create"))?;
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed("list"))? {
        let name = entry.map_err(failed("list"))?.file_name();
        found
            .extend(name.to_str().and_then(|name| name.strip_suffix(SUFFIX)).and_then(|stem| stem.parse::<u64>().ok()));
    }
    found.sort_unstable();
    Ok(found.into())
}

impl Segment {
    /// Opens or creates for appending; hands every whole line to `visit` and cuts off a torn last one.
    pub fn open(directory: &Path, first: u64, mut visit: impl FnMut(Line)) -> Result<Self, JournalError> {
        let path = path(directory, first);
        let failed = |action| {
            let path = path.clone();
            move |source| JournalError::File { action, path, source }
        };
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(&path).map_err(failed("open"))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(failed("read"))?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        for line in parse(&path, &text[..whole]) {
            visit(line?);
        }
        let bytes = whole as u64;
        if whole < text.len() {
            tracing::warn!(path = %path.display(), "the journal's last line was torn by a crash and is cut off");
            file.set_len(bytes).map_err(failed("mend"))?;
        }
        Ok(Self { file, path, bytes })
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub fn write(&mut self, line: &Line) -> Result<(), JournalError> {
        let mut text = serde_json::to_vec(line).expect("a line of the journal is plain data");
        text.push(b'\n');
        let written = self.file.write_all(&text);
        if let Err(source) = written {
            // Half a line would hide the next one.
            let _ = self.file.set_len(self.bytes);
            return Err(JournalError::File { action: "append to", path: self.path.clone(), source });
        }
        self.bytes += text.len() as u64;
        Ok(())
    }

    /// The same file, to be synced without holding up appends.
    pub fn duplicate(&self) -> Result<Self, JournalError> {
        let file = self.file.try_clone();
        let file = file.map_err(|source| JournalError::File { action: "open", path: self.path.clone(), source })?;
        Ok(Self { file, path: self.path.clone(), bytes: self.bytes })
    }

    pub fn sync(&self) -> Result<(), JournalError> {
        let synced = self.file.sync_data();
        synced.map_err(|source| JournalError::File { action: "sync", path: self.path.clone(), source })
    }
}

/// The segment's events after `cursor`. A torn last line is being written this moment and is left for the next read.
pub fn read_events(path: &Path, cursor: u64) -> Result<Vec<Arc<StoredEvent>>, JournalError> {
    let text = fs::read(path).map_err(|source| JournalError::File { action: "read", path: path.to_owned(), source })?;
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let mut events = Vec::new();
    for line in parse(path, &text[..whole]) {
        if let Line::Event(event) = line?
            && event.sequence > cursor
        {
            events.push(event);
        }
    }
    Ok(events)
}

fn parse<'a>(path: &'a Path, text: &'a [u8]) -> impl Iterator<Item = Result<Line, JournalError>> + 'a {
    let lines = text.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.is_empty());
    lines.map(move |(index, line)| {
        serde_json::from_slice(line).map_err(|error| JournalError::Damaged {
            path: path.to_owned(),
            line: index + 1,
            reason: error.to_string(),
        })
    })
}
