//! The client against a scripted peer that says what a healthy QEMU never would, and against QEMU itself.
use std::process::{Command, Stdio};
use std::time::Duration;

use quetzal_qmp::{Qmp, QmpError};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

const DEADLINE: Duration = Duration::from_secs(5);
const GREETING: &str = "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\n";

/// A peer that greets, accepts the capabilities, then runs `script` with each command's JSON.
fn peer(script: impl FnMut(Value) -> Vec<String> + Send + 'static) -> UnixStream {
    let (ours, theirs) = UnixStream::pair().expect("a socket pair");
    tokio::spawn(async move {
        let mut script = script;
        let (read, mut write) = theirs.into_split();
        let mut lines = BufReader::new(read).lines();
        write.write_all(GREETING.as_bytes()).await.expect("greets");
        while let Ok(Some(line)) = lines.next_line().await {
            let command: Value = serde_json::from_str(&line).expect("the client sends JSON");
            let answers = match command["execute"].as_str() {
                Some("qmp_capabilities") => vec![format!("{{\"return\": {{}}, \"id\": {}}}\n", command["id"])],
                _ => script(command),
            };
            for answer in answers {
                if answer == "hang up" {
                    return;
                }
                write.write_all(answer.as_bytes()).await.expect("writes");
                tokio::task::yield_now().await;
            }
        }
    });
    ours
}

async fn connect(
    script: impl FnMut(Value) -> Vec<String> + Send + 'static,
) -> (Qmp, tokio::sync::mpsc::Receiver<quetzal_qmp::QmpEvent>) {
    Qmp::over(peer(script), DEADLINE).await.expect("shakes hands")
}

#[tokio::test]
async fn answers_out_of_order_reach_the_right_callers() {
    let mut held: Option<Value> = None;
    let (qmp, _events) = connect(move |command| match held.take() {
        None => {
            held = Some(command);
            vec![]
        }
        Some(first) => {
            let answer = |c: &Value| format!("{{\"return\": {}, \"id\": {}}}\n", c["execute"], c["id"]);
            vec![answer(&command), answer(&first)]
        }
    })
    .await;
    let (one, two) = tokio::join!(qmp.execute("one", Value::Null), qmp.execute("two", Value::Null));
    assert_eq!((one.expect("one"), two.expect("two")), (json!("one"), json!("two")));
}

#[tokio::test]
async fn events_between_answers_and_halves_of_lines_are_put_in_place() {
    let (qmp, mut events) = connect(|command| {
        vec![
            "{\"event\": \"RES".to_owned(),
            "UME\", \"timestamp\": {\"seconds\": 1, \"microseconds\": 2}}\n{\"retu".to_owned(),
            format!("rn\": 5, \"id\": {}}}\n", command["id"]),
        ]
    })
    .await;
    assert_eq!(qmp.execute("cont", Value::Null).await.expect("answered"), json!(5));
    assert_eq!(events.recv().await.expect("an event").name, "RESUME");
}

#[tokio::test]
async fn a_refusal_carries_qemus_words() {
    let (qmp, _events) = connect(|command| {
        vec![format!(
            "{{\"error\": {{\"class\": \"GenericError\", \"desc\": \"no such node\"}}, \"id\": {}}}\n",
            command["id"]
        )]
    })
    .await;
    let error = qmp.execute("blockdev-del", json!({"node-name": "x"})).await.expect_err("refused");
    assert_eq!(error.to_string(), "QEMU refused blockdev-del: no such node");
}

#[tokio::test]
async fn an_answer_to_nobody_is_passed_over() {
    let (qmp, _events) = connect(|command| {
        vec![
            "{\"return\": {}, \"id\": 999}\n{\"return\": {}}\n".to_owned(),
            format!("{{\"return\": 1, \"id\": {}}}\n", command["id"]),
        ]
    })
    .await;
    assert_eq!(qmp.execute("x", Value::Null).await.expect("answered"), json!(1));
}

#[tokio::test]
async fn a_death_in_the_middle_fails_the_call_and_closes_the_events() {
    let (qmp, mut events) = connect(|_| vec!["{\"ret".to_owned(), "hang up".to_owned()]).await;
    let error = qmp.execute("x", Value::Null).await.expect_err("closed");
    assert!(matches!(error, QmpError::Closed { .. }), "{error}");
    assert!(events.recv().await.is_none());
    assert!(matches!(qmp.execute("y", Value::Null).await, Err(QmpError::Closed { .. })));
}

#[tokio::test]
async fn rubbish_ends_the_connection_with_its_reason() {
    let (qmp, _events) = connect(|_| vec!["hello\n".to_owned()]).await;
    let error = qmp.execute("x", Value::Null).await.expect_err("closed");
    assert!(error.to_string().contains("not a QMP message"), "{error}");
}

#[tokio::test]
async fn a_peer_that_greets_wrongly_is_refused() {
    let (ours, mut theirs) = UnixStream::pair().expect("a socket pair");
    theirs.write_all(b"220 mail.example ESMTP\n").await.expect("writes");
    assert!(matches!(Qmp::over(ours, DEADLINE).await, Err(QmpError::Handshake { .. })));
}

#[tokio::test]
async fn a_silent_peer_meets_the_deadline_and_delays_no_other_call() {
    let (qmp, _events) = connect(|command| match command["execute"].as_str() {
        Some("slow") => vec![],
        _ => vec![format!("{{\"return\": 1, \"id\": {}}}\n", command["id"])],
    })
    .await;
    let slow = qmp.execute_within("slow", Value::Null, Duration::from_millis(300));
    let (slow, quick) = tokio::join!(slow, qmp.execute("quick", Value::Null));
    assert!(matches!(slow, Err(QmpError::Deadline { .. })));
    assert_eq!(quick.expect("answered"), json!(1));
}

#[tokio::test]
async fn real_qemu_answers_and_its_end_closes_the_events() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("qmp.sock");
    let socket = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
    drop(socket);
    std::fs::remove_file(&path).expect("removed");
    let mut qemu = Command::new("qemu-system-x86_64")
        .args(["-machine", "none", "-nodefaults", "-display", "none", "-qmp"])
        .arg(format!("unix:{},server=on,wait=off", path.display()))
        .stdout(Stdio::null())
        .spawn()
        .expect("QEMU is installed");
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    let (qmp, mut events) = loop {
        match Qmp::connect(&path, DEADLINE).await {
            Ok(connected) => break connected,
            Err(error) if tokio::time::Instant::now() > deadline => panic!("{error}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    };
    let version = qmp.execute("query-version", Value::Null).await.expect("answered");
    assert!(version["qemu"]["major"].as_u64().is_some_and(|major| major >= 7));
    let error = qmp.execute("no-such-command", Value::Null).await.expect_err("refused");
    assert!(matches!(error, QmpError::Refused { ref class, .. } if class == "CommandNotFound"), "{error}");
    qmp.execute("quit", Value::Null).await.expect("quits");
    while events.recv().await.is_some() {}
    assert!(qemu.wait().expect("waited").success());
}
