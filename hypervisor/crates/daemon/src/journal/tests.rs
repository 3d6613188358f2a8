//! Laws of the journal, on real files.
use std::io::Write;

use super::*;

const SMALL: Limits = Limits { segment_bytes: 400, segments_kept: 3, tail_events: 2 };

fn warning(text: &str) -> EventDraft {
    EventDraft {
        kind: EventKind::Warning,
        vm_id: "a".into(),
        operation_id: String::new(),
        vm: None,
        previous_state: None,
        message: text.into(),
        outcome: None,
    }
}

fn finished(operation_id: &str) -> EventDraft {
    EventDraft {
        kind: EventKind::OperationFinished,
        operation_id: operation_id.into(),
        outcome: Some(Outcome::Succeeded),
        ..warning("done")
    }
}

async fn read_all(journal: &Journal, mut cursor: u64) -> (Option<u64>, Vec<u64>) {
    let (mut trimmed, mut sequences) = (None, Vec::new());
    loop {
        let batch = journal.read_after(cursor).await.unwrap();
        trimmed = trimmed.or(batch.trimmed_before);
        let Some(last) = batch.events.last() else { return (trimmed, sequences) };
        cursor = last.sequence;
        sequences.extend(batch.events.iter().map(|event| event.sequence));
    }
}

#[tokio::test]
async fn numbers_go_on_without_holes_over_a_reopening() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..3 {
        let journal = Journal::open(folder.path()).unwrap();
        assert_eq!(journal.latest(), round * 2);
        journal.record(warning("one"));
        journal.record(warning("two"));
    }
    let journal = Journal::open(folder.path()).unwrap();
    assert_eq!(read_all(&journal, 0).await, (None, vec![1, 2, 3, 4, 5, 6]));
    assert_eq!(read_all(&journal, 4).await, (None, vec![5, 6]));
    assert_eq!(read_all(&journal, 6).await, (None, vec![]));
}

#[tokio::test]
async fn old_segments_are_trimmed_and_the_gap_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open_with(folder.path(), SMALL).unwrap();
    for _ in 0..40 {
        journal.record(warning("fill"));
    }
    let (trimmed, sequences) = read_all(&journal, 0).await;
    let first = trimmed.expect("history before the oldest segment is gone");
    assert!(first > 20, "three small segments hold only the last events, not from {first}");
    assert_eq!(sequences, (first..=40).collect::<Vec<_>>());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
    drop(journal);
    let reopened = Journal::open_with(folder.path(), SMALL).unwrap();
    assert_eq!(read_all(&reopened, 0).await, (Some(first), sequences));
}

#[tokio::test]
async fn a_cursor_of_another_journal_gets_everything_and_a_gap_mark() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    journal.record(warning("one"));
    let batch = journal.read_after(900).await.unwrap();
    assert_eq!((batch.trimmed_before, batch.events.len()), (Some(1), 1));
}

#[tokio::test]
async fn a_line_torn_by_a_crash_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    Journal::open(folder.path()).unwrap().record(warning("whole"));
    let path = segment::path(folder.path(), 1);
    std::fs::OpenOptions::new().append(true).open(path).unwrap().write_all(b"{\"event\":{\"sequ").unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    journal.record(warning("next"));
    drop(journal);
    assert_eq!(read_all(&Journal::open(folder.path()).unwrap(), 0).await, (None, vec![1, 2]));
}

#[test]
fn damage_in_the_middle_names_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(segment::path(folder.path(), 1), "{\"event\":7}\n").unwrap();
    let error = Journal::open(folder.path()).err().unwrap().to_string();
    assert!(error.contains("00001.jsonl' is damaged at line 1"), "{error}");
}

#[test]
fn accepted_operations_are_known_after_rotation_and_restart() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open_with(folder.path(), SMALL).unwrap();
    journal.accept("op-1", "a");
    journal.accept("op-2", "a");
    journal.record(finished("op-1"));
    for _ in 0..20 {
        journal.record(warning("fill"));
    }
    drop(journal);
    let journal = Journal::open_with(folder.path(), SMALL).unwrap();
    assert_eq!(journal.known("op-1"), Acceptance::Known);
    assert_eq!(journal.known("op-3"), Acceptance::Fresh);
    assert_eq!(journal.pending(), [("op-2".to_owned(), "a".to_owned())]);
    assert_eq!(journal.vm_of_pending("op-2").as_deref(), Some("a"));
}

#[tokio::test]
async fn a_follower_is_woken_by_an_append() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let mut follower = journal.follow();
    follower.mark_unchanged();
    journal.record(warning("news"));
    tokio::time::timeout(Duration::from_secs(1), follower.changed()).await.unwrap().unwrap();
    assert_eq!(*follower.borrow(), 1);
}
