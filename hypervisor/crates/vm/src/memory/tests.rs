//! Against a QEMU that is played: one that cannot tell which drivers its guest runs, and guests that never answer, or
//! answer in part. What real ones do is shown in crates/daemon/tests/stories/memory.rs.
use std::sync::Mutex;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::oneshot;

use super::*;
use crate::sink::Outcome;
use crate::task::WorkEnd;

const MIB: u64 = 1 << 20;
const BOOT: u64 = 256 * MIB;

/// What the played QEMU holds. Its guest follows a target as far as its limits allow.
#[derive(Debug, Clone)]
struct Guest {
    balloon: u64,
    least_balloon: u64,
    plugged: u64,
    requested: u64,
    least_plugged: u64,
    most_plugged: u64,
    modules: Vec<String>,
    takes_modules: bool,
    /// Looks at the balloon that QEMU answers; then it only obeys.
    looks_left: u32,
    is_obeying: bool,
}

impl Guest {
    fn deaf() -> Self {
        Self {
            balloon: BOOT,
            least_balloon: BOOT,
            plugged: 0,
            requested: 0,
            least_plugged: 0,
            most_plugged: 0,
            modules: Vec::new(),
            takes_modules: false,
            looks_left: u32::MAX,
            is_obeying: true,
        }
    }

    fn answer(&mut self, command: &Value) -> Result<Value, &'static str> {
        let arguments = &command["arguments"];
        match command["execute"].as_str().unwrap() {
            "qmp_capabilities" | "object-add" => Ok(json!({})),
            "query-balloon" if self.looks_left == 0 => Err("nobody looks"),
            "query-balloon" => {
                self.looks_left -= 1;
                Ok(json!({ "actual": self.balloon }))
            }
            "balloon" if !self.is_obeying => Err("nobody obeys"),
            "balloon" => {
                self.balloon = arguments["value"].as_u64().unwrap().max(self.least_balloon);
                Ok(json!({}))
            }
            "query-memory-devices" => {
                let device = json!({ "id": "vmem0", "size": self.plugged, "requested-size": self.requested });
                let mut devices = vec![json!({ "type": "virtio-mem", "data": device })];
                let module = |id| json!({ "type": "dimm", "data": { "id": id, "size": 128 * MIB } });
                devices.extend(self.modules.iter().map(module));
                Ok(json!(devices))
            }
            "query-memdev" => Ok(json!([{ "id": "pc.ram", "size": BOOT }])),
            "qom-get" if arguments["property"] == "size" => Ok(json!(self.plugged)),
            "qom-get" => Ok(json!(true)),
            "qom-set" if arguments["property"] == "merge" && self.is_obeying => Ok(json!({})),
            "qom-set" if arguments["property"] == "merge" => Err("nobody obeys"),
            "qom-set" => {
                self.requested = arguments["value"].as_u64().unwrap();
                self.plugged = self.requested.clamp(self.least_plugged, self.most_plugged.max(self.least_plugged));
                Ok(json!({}))
            }
            "device_add" => {
                self.modules.push(arguments["id"].as_str().unwrap().to_owned());
                Ok(json!({}))
            }
            "query-acpi-ospm-status" => {
                let source = u32::from(self.takes_modules);
                Ok(self.modules.iter().map(|id| json!({ "device": id, "source": source, "status": 0 })).collect())
            }
            _ => Err("unknown command"),
        }
    }
}

async fn play(guest: Guest) -> (Qmp, Arc<Mutex<Guest>>, Arc<MemoryProbe>) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let guest = Arc::new(Mutex::new(guest));
    let played = Arc::clone(&guest);
    tokio::spawn(async move {
        let (read, mut write) = theirs.into_split();
        let mut lines = BufReader::new(read).lines();
        write.write_all(b"{\"QMP\": {\"version\": {}, \"capabilities\": []}}\n").await.unwrap();
        while let Ok(Some(line)) = lines.next_line().await {
            let command: Value = serde_json::from_str(&line).unwrap();
            let answer = match played.lock().unwrap().answer(&command) {
                Ok(value) => json!({ "return": value, "id": command["id"] }),
                Err(desc) => json!({ "error": { "class": "GenericError", "desc": desc }, "id": command["id"] }),
            };
            write.write_all(format!("{answer}\n").as_bytes()).await.unwrap();
        }
    });
    let (qmp, _events) = Qmp::over(ours, Duration::from_secs(1)).await.unwrap();
    (qmp, guest, Arc::new(MemoryProbe::new(BOOT, std::process::id())))
}

fn room() -> Room {
    Room {
        balloon_target_bytes: BOOT,
        balloon_floor_bytes: 0,
        memory_target_bytes: BOOT,
        memory_max_bytes: 4 * BOOT,
        vcpus_target: 1,
        vcpus_max: 1,
    }
}

/// What holds of the room after an end, given what was shown when the operation was accepted.
fn after(end: WorkEnd, mut shown: Room) -> (Outcome, String, Room) {
    end.room.into_iter().for_each(|edit| edit(&mut shown));
    (end.outcome, end.message, shown)
}

async fn balloon_to(guest: Guest, target: u64) -> (Outcome, String, Room, Guest) {
    let (qmp, guest, memory) = play(guest).await;
    let (_never, cancelled) = oneshot::channel();
    let end = Balloon { qmp, memory, before: BOOT, target, resized_from: None }.carry_out(cancelled).await;
    let (outcome, message, room) = after(end, Room { balloon_target_bytes: target, ..room() });
    let guest = guest.lock().unwrap().clone();
    (outcome, message, room, guest)
}

async fn resize_to(guest: Guest, before: u64, target: u64) -> (Outcome, String, Room, Guest) {
    let (qmp, guest, memory) = play(guest).await;
    let before = Room { memory_target_bytes: before, balloon_target_bytes: before, ..room() };
    let (_never, cancelled) = oneshot::channel();
    let end = Resize { qmp, memory, before, target, has_balloon: true }.carry_out(cancelled).await;
    let shown = Room { memory_target_bytes: target, balloon_target_bytes: target, ..before };
    let (outcome, message, room) = after(end, shown);
    let guest = guest.lock().unwrap().clone();
    (outcome, message, room, guest)
}

#[tokio::test(start_paused = true)]
async fn a_guest_that_never_moves_its_balloon_has_its_old_target_back() {
    let (outcome, message, room, _) = balloon_to(Guest::deaf(), 128 * MIB).await;
    assert_eq!((outcome, room.balloon_target_bytes), (Outcome::Failed, BOOT));
    assert!(message.contains("did not answer and has 256 MB, as before"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_balloon_that_moves_in_part_keeps_its_target() {
    let guest = Guest { least_balloon: 140 * MIB, ..Guest::deaf() };
    let (outcome, message, room, guest) = balloon_to(guest, 128 * MIB).await;
    assert_eq!((outcome, room.balloon_target_bytes, guest.balloon), (Outcome::Failed, 128 * MIB, 140 * MIB));
    assert!(message.contains("has 140 MB") && message.contains("the last 12 MB"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn after_an_unanswered_look_the_target_shown_is_the_one_that_qemu_has() {
    let guest = Guest { least_balloon: 100 * MIB, looks_left: 1, ..Guest::deaf() };
    let (outcome, _, room, guest) = balloon_to(guest, 128 * MIB).await;
    assert_eq!((outcome, room.balloon_target_bytes, guest.balloon), (Outcome::Failed, BOOT, BOOT));
    let guest = Guest { looks_left: 0, ..Guest::deaf() };
    let (outcome, _, room, _) = balloon_to(guest, 128 * MIB).await;
    assert_eq!((outcome, room.balloon_target_bytes), (Outcome::Failed, BOOT), "nothing was asked");
    let guest = Guest { is_obeying: false, ..Guest::deaf() };
    let (outcome, message, room, _) = balloon_to(guest, 128 * MIB).await;
    assert_eq!((outcome, room.balloon_target_bytes), (Outcome::Failed, 128 * MIB));
    assert!(message.contains("may have heard of 128 MB"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_qemu_that_does_not_take_what_it_is_told_of_sharing_is_noted_once() {
    let (qmp, guest, memory) = play(Guest { is_obeying: false, ..Guest::deaf() }).await;
    merge(qmp.clone(), Arc::clone(&memory), true).await;
    assert!(memory.take_unheard_merge() && !memory.take_unheard_merge());
    guest.lock().unwrap().is_obeying = true;
    merge(qmp, Arc::clone(&memory), true).await;
    assert!(!memory.take_unheard_merge());
}

#[tokio::test(start_paused = true)]
async fn a_balloon_in_place_of_a_resize_asks_for_the_old_size_again() {
    let guest = Guest { plugged: 64 * MIB, requested: 256 * MIB, most_plugged: 256 * MIB, ..Guest::deaf() };
    let (qmp, guest, memory) = play(Guest { least_balloon: 0, ..guest }).await;
    let (_never, cancelled) = oneshot::channel();
    let balloon = Balloon { qmp, memory, before: BOOT, target: 200 * MIB, resized_from: Some(room()) };
    let end = balloon.carry_out(cancelled).await;
    let guest = guest.lock().unwrap();
    assert_eq!((guest.requested, guest.plugged, guest.balloon), (0, 0, 200 * MIB), "{}", end.message);
    assert_eq!(end.outcome, Outcome::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn growth_falls_back_to_a_module_where_nobody_drives_virtio_mem() {
    let guest = Guest { takes_modules: true, ..Guest::deaf() };
    let (outcome, message, room, guest) = resize_to(guest, BOOT, BOOT + 128 * MIB).await;
    assert_eq!((outcome, guest.modules.len(), guest.requested), (Outcome::Succeeded, 1, 0), "{message}");
    assert_eq!(room.memory_target_bytes, BOOT + 128 * MIB);
}

#[tokio::test(start_paused = true)]
async fn a_module_that_the_guest_does_not_take_is_told() {
    let (outcome, message, _, guest) = resize_to(Guest::deaf(), BOOT, BOOT + 128 * MIB).await;
    assert_eq!((outcome, guest.modules.len()), (Outcome::Failed, 1));
    assert!(message.contains("a memory module of 128 MB is in, but the guest has not taken it"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_shrink_that_stops_short_says_what_is_left_and_a_growth_what_is_missing() {
    let guest = Guest {
        plugged: 256 * MIB,
        requested: 256 * MIB,
        least_plugged: 2 * MIB,
        most_plugged: 256 * MIB,
        ..Guest::deaf()
    };
    let (outcome, message, room, left) = resize_to(guest.clone(), 2 * BOOT, BOOT).await;
    assert_eq!((outcome, room.memory_target_bytes, left.requested), (Outcome::Failed, BOOT, 0));
    assert!(message.contains("gave back 254 MB of 256 MB") && message.contains("other 2 MB"), "{message}");
    let (outcome, message, _, _) = resize_to(Guest { plugged: 0, requested: 0, ..guest }, BOOT, 3 * BOOT).await;
    assert_eq!(outcome, Outcome::Failed);
    assert!(message.contains("took 256 MB and not the other 256 MB"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_shrink_that_nobody_answers_leaves_everything_as_it_was() {
    let guest = Guest {
        plugged: 128 * MIB,
        requested: 128 * MIB,
        least_plugged: 128 * MIB,
        most_plugged: 128 * MIB,
        ..Guest::deaf()
    };
    let before = BOOT + 128 * MIB;
    let (outcome, message, room, guest) = resize_to(guest, before, BOOT).await;
    assert_eq!((outcome, room.memory_target_bytes, guest.requested), (Outcome::Failed, before, 128 * MIB));
    assert!(message.contains("virtio_mem"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_resize_asks_for_the_old_size_again() {
    let (qmp, guest, memory) = play(Guest::deaf()).await;
    let (cancel, cancelled) = oneshot::channel();
    let resize = Resize { qmp, memory, before: room(), target: 2 * BOOT, has_balloon: false };
    let ended = tokio::spawn(resize.carry_out(cancelled));
    while guest.lock().unwrap().requested == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    cancel.send(()).unwrap();
    let shown = Room { memory_target_bytes: 2 * BOOT, ..room() };
    let (outcome, _, room) = after(ended.await.unwrap(), shown);
    assert_eq!((outcome, room.memory_target_bytes), (Outcome::Cancelled, BOOT));
    assert_eq!(guest.lock().unwrap().requested, 0);
}

#[test]
fn small_figures_keep_a_digit() {
    for (bytes, text) in [
        (0, "0 MB"),
        (1 << 20, "1 MB"),
        (147_050_496, "140 MB"),
        (1, "0.1 MB"),
        (1_600_000, "1.6 MB"),
        (u64::MAX, "17592186044416 MB"),
    ] {
        assert_eq!(megabytes(bytes), text);
    }
}
