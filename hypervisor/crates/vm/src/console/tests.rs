//! Laws of a console, against a real unix socket whose other end plays QEMU.
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

const SMALL: Limits = Limits { ring_bytes: 64 * 1024, log_segment_bytes: 100_000 };
/// Far beyond what any step here takes, even on a loaded machine.
const DEADLINE: Duration = Duration::from_secs(20);

struct Bench {
    folder: tempfile::TempDir,
    qemu: UnixStream,
    console: Console,
}

fn bench(limits: Limits) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let (qemu, ours) = UnixStream::pair().unwrap();
    let console = Console::spawn_with(ours, folder.path().join("ttyS0.log"), limits);
    Bench { folder, qemu, console }
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, what).await.expect("within the deadline")
}

/// Bytes that tell their own offset: a counter every eight.
fn counted(count: usize) -> Vec<u8> {
    (0..count / 8).flat_map(|index| (index as u64).to_be_bytes()).collect()
}

#[tokio::test]
async fn a_reader_gets_every_byte_in_order_and_ends_with_the_port() {
    let Bench { folder, mut qemu, console } = bench(SMALL);
    qemu.write_all(b"before ").await.unwrap();
    let mut reader = console.read_from(ReadFrom::Offset(0));
    let mut seen = soon(reader.next()).await.unwrap().data;
    qemu.write_all(b"after").await.unwrap();
    drop(qemu);
    while let Some(chunk) = soon(reader.next()).await {
        assert_eq!((chunk.offset, chunk.skipped_bytes), (seen.len() as u64, 0));
        seen.extend(chunk.data);
    }
    assert_eq!(seen, b"before after");
    soon(console.closed()).await;
    assert_eq!(console.tail(5), b"after");
    assert_eq!(std::fs::read(folder.path().join("ttyS0.log")).unwrap(), b"before after");
}

#[tokio::test]
async fn a_burst_is_drained_whatever_readers_do_and_a_slow_one_is_told_what_it_missed() {
    const BURST: usize = 10 << 20;
    let Bench { folder, mut qemu, console } =
        bench(Limits { ring_bytes: RING_BYTES, log_segment_bytes: LOG_SEGMENT_BYTES });
    let mut slow = console.read_from(ReadFrom::Offset(0));
    let all = counted(BURST);
    soon(qemu.write_all(&all)).await.unwrap();
    drop(qemu);
    soon(console.closed()).await;
    let first = soon(slow.next()).await.unwrap();
    assert_eq!(first.skipped_bytes, (BURST - RING_BYTES) as u64);
    assert_eq!(first.offset, first.skipped_bytes);
    let mut seen = first.data;
    while let Some(chunk) = soon(slow.next()).await {
        assert_eq!(chunk.skipped_bytes, 0);
        assert!(chunk.data.len() <= CHUNK_MAX_BYTES);
        seen.extend(chunk.data);
    }
    assert!(seen == all[BURST - RING_BYTES..]);
    let mut on_disk = std::fs::read(folder.path().join("ttyS0.log.1")).unwrap();
    on_disk.extend(std::fs::read(folder.path().join("ttyS0.log")).unwrap());
    assert!(on_disk == all[4 << 20..]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[tokio::test]
async fn a_reader_that_keeps_up_sees_a_long_stream_whole() {
    let Bench { folder: _folder, mut qemu, console } = bench(SMALL);
    let all = counted(1 << 20);
    let mut reader = console.read_from(ReadFrom::Offset(0));
    let mut seen = Vec::new();
    for part in all.chunks(10_000) {
        qemu.write_all(part).await.unwrap();
        let wanted = seen.len() + part.len();
        while seen.len() < wanted {
            let chunk = soon(reader.next()).await.unwrap();
            assert_eq!(chunk.skipped_bytes, 0);
            seen.extend(chunk.data);
        }
    }
    assert!(seen == all);
}

#[tokio::test]
async fn reading_starts_where_asked() {
    let Bench { folder: _folder, mut qemu, console } = bench(SMALL);
    qemu.write_all(b"0123456789").await.unwrap();
    drop(qemu);
    soon(console.closed()).await;
    for (from, offset, data) in [
        (ReadFrom::Offset(4), 4, &b"456789"[..]),
        (ReadFrom::Last(3), 7, b"789"),
        (ReadFrom::Last(1000), 0, b"0123456789"),
        (ReadFrom::Offset(5000), 0, b"0123456789"),
    ] {
        let chunk = soon(console.read_from(from).next()).await.unwrap();
        assert_eq!((chunk.offset, chunk.data.as_slice()), (offset, data), "{from:?}");
    }
    assert_eq!(soon(console.read_from(ReadFrom::Offset(10)).next()).await, None);
}

#[tokio::test]
async fn offsets_and_replay_go_on_from_the_log_and_start_anew_without_it() {
    let Bench { folder, mut qemu, console } = bench(SMALL);
    let all = counted(250_000);
    soon(qemu.write_all(&all)).await.unwrap();
    drop(qemu);
    soon(console.closed()).await;
    let log = folder.path().join("ttyS0.log");

    let (mut qemu, ours) = UnixStream::pair().unwrap();
    let console = Console::spawn_with(ours, log.clone(), SMALL);
    assert!(console.tail(usize::MAX) == all[all.len() - SMALL.ring_bytes..]);
    qemu.write_all(b"again").await.unwrap();
    let chunk = soon(console.read_from(ReadFrom::Offset(all.len() as u64)).next()).await.unwrap();
    assert_eq!((chunk.offset, chunk.data.as_slice()), (all.len() as u64, &b"again"[..]));
    drop(qemu);
    soon(console.closed()).await;

    std::fs::remove_file(&log).unwrap();
    let (_qemu, ours) = UnixStream::pair().unwrap();
    assert!(Console::spawn_with(ours, log, SMALL).tail(10).is_empty());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "the old run's segments are gone");
}

#[tokio::test]
async fn a_log_that_cannot_be_written_costs_the_log_only() {
    let (mut qemu, ours) = UnixStream::pair().unwrap();
    let console = Console::spawn(ours, "/proc/no/such/folder/ttyS0.log".into());
    qemu.write_all(b"still here").await.unwrap();
    assert_eq!(soon(console.read_from(ReadFrom::Offset(0)).next()).await.unwrap().data, b"still here");
}

#[tokio::test]
async fn one_pen_writes_in_order_and_is_named_to_all() {
    let Bench { folder: _folder, mut qemu, console } = bench(SMALL);
    let mut audience = console.audience();
    let mut pen = console.take_pen("ann", TakeOver::No).unwrap();
    let reader = console.read_from(ReadFrom::Last(0));
    let seen = soon(audience.wait_for(|audience| audience.readers == 1)).await.unwrap().clone();
    assert_eq!(seen.writer.as_deref(), Some("ann"));
    assert_eq!(console.take_pen("bob", TakeOver::No).err(), Some(PenBusy { holder: "ann".into() }));
    soon(pen.write(*b"one ")).await.unwrap();
    soon(pen.write(*b"two")).await.unwrap();
    let mut typed = [0; 7];
    soon(qemu.read_exact(&mut typed)).await.unwrap();
    assert_eq!(&typed, b"one two");
    drop((pen, reader));
    let seen = soon(audience.wait_for(|audience| audience.readers == 0)).await.unwrap().clone();
    assert_eq!(seen, Audience::default());
    assert!(console.take_pen("bob", TakeOver::No).is_ok());
}

#[tokio::test]
async fn a_pen_taken_over_writes_no_more_and_its_drop_leaves_the_new_holder() {
    let Bench { folder: _folder, mut qemu, console } = bench(SMALL);
    let mut ann = console.take_pen("ann", TakeOver::No).unwrap();
    let mut bob = console.take_pen("bob", TakeOver::Yes).unwrap();
    let taken = PenError::TakenOver { by: "bob".into() };
    assert_eq!(soon(ann.lost()).await, taken);
    assert_eq!(soon(ann.write(*b"x")).await, Err(taken));
    drop(ann);
    soon(bob.write(*b"y")).await.unwrap();
    let mut typed = [0; 1];
    soon(qemu.read_exact(&mut typed)).await.unwrap();
    assert_eq!((&typed, console.audience().borrow().writer.as_deref()), (b"y", Some("bob")));
}

#[tokio::test(start_paused = true)]
async fn a_guest_that_reads_nothing_stalls_its_writer_and_nothing_else() {
    let Bench { folder: _folder, mut qemu, console } = bench(SMALL);
    let mut pen = console.take_pen("ann", TakeOver::No).unwrap();
    let stalled = loop {
        if let Err(error) = pen.write(vec![b'x'; CHUNK_MAX_BYTES]).await {
            break error;
        }
    };
    assert_eq!(stalled, PenError::Stalled);
    tokio::time::resume();
    qemu.write_all(b"alive").await.unwrap();
    assert_eq!(soon(console.read_from(ReadFrom::Offset(0)).next()).await.unwrap().data, b"alive");
}

#[tokio::test]
async fn the_end_of_the_port_ends_the_pen() {
    let Bench { folder: _folder, qemu, console } = bench(SMALL);
    let mut pen = console.take_pen("ann", TakeOver::No).unwrap();
    drop(qemu);
    assert_eq!(soon(pen.lost()).await, PenError::Closed);
    assert_eq!(soon(pen.write(*b"x")).await, Err(PenError::Closed));
}
