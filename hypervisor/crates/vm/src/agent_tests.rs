//! Against scripted agents on a real socket: one that answers, ones that lie, and one that never comes.
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream as Peer;

use super::*;

const SOON: Duration = Duration::from_millis(200);
const PATIENCE: Duration = Duration::from_secs(20);

/// The guest's side of the port runs `script`; the test has the other.
fn port(script: impl FnOnce(Peer) + Send + 'static) -> (Agent, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let paths = VmPaths { kept: path.clone(), volatile: path.clone(), disks: path };
    let listener = socket::listen(&paths.socket("qga")).unwrap();
    let agent = connect(&paths);
    std::thread::spawn(move || script(listener.accept().unwrap().0));
    (agent, folder)
}

/// Answers synchronisations rightly, every other command with the next of `answers`, then hangs.
fn answering(answers: Vec<&'static str>) -> impl FnOnce(Peer) + Send {
    move |peer| {
        let mut answers = answers.into_iter();
        let mut writer = peer.try_clone().unwrap();
        for line in BufReader::new(peer).split(b'\n') {
            let Ok(line) = line else { return };
            let text = line.iter().position(|byte| *byte == b'{').map(|at| &line[at..]).unwrap();
            let wish: Value = serde_json::from_slice(text).unwrap();
            let answer = if wish["execute"] == "guest-sync-delimited" {
                let mut marked = vec![MARK];
                marked.extend(format!("{{\"return\": {}}}\n", wish["arguments"]["id"]).into_bytes());
                marked
            } else {
                answers.next().unwrap_or_default().as_bytes().to_vec()
            };
            if writer.write_all(&answer).is_err() {
                return;
            }
        }
    }
}

#[tokio::test]
async fn a_command_is_answered_refused_or_given_up_and_a_late_answer_is_nobodys() {
    // The second one "answers" later: its answer is the third one's prefix.
    let (agent, _folder) = port(answering(vec![
        "{\"return\": [7]}\n",
        "",
        "{\"return\": \"late\"}\n{\"return\": 3}\n",
        "{\"error\": {\"desc\": \"no \\u001b[31mway\"}}\n",
    ]));
    assert_eq!(agent.execute("one", Value::Null, PATIENCE).await, Ok(json!([7])));
    let late = agent.execute("two", Value::Null, SOON).await;
    assert_eq!(late, Err(AgentError::Deadline { command: "two", deadline: SOON }));
    assert_eq!(agent.execute("three", json!({}), PATIENCE).await, Ok(json!("late")));
    // What was left over of it is passed over by the next synchronisation.
    let refused = agent.execute("four", Value::Null, PATIENCE).await;
    assert_eq!(refused, Err(AgentError::Refused { command: "four", description: "no [31mway".into() }));
}

#[tokio::test]
async fn lies_are_bounded() {
    let endless = "x".repeat(70_000);
    for said in ["hello\n".to_owned(), "{}\n".to_owned(), endless] {
        let said: &'static str = said.leak();
        let (agent, _folder) = port(answering(vec![said]));
        let answer = agent.execute("one", Value::Null, PATIENCE).await;
        assert_eq!(answer, Err(AgentError::Nonsense), "{}", &said[..said.len().min(20)]);
    }
}

#[tokio::test]
async fn an_agent_that_is_not_there_is_waited_for_no_longer_than_asked() {
    let (agent, _folder) = port(|peer| {
        // Never reads, never hangs up.
        std::thread::sleep(PATIENCE);
        drop(peer);
    });
    let silence = agent.execute("one", Value::Null, SOON).await;
    assert!(matches!(silence, Err(AgentError::Deadline { .. })), "{silence:?}");
    let (agent, _folder) = port(drop);
    assert_eq!(agent.execute("one", Value::Null, PATIENCE).await, Err(AgentError::Unreachable));
}

#[tokio::test]
async fn an_agent_finds_company_that_takes_what_it_says() {
    let (done, told) = oneshot::channel();
    let (agent, _folder) = port(move |mut peer| {
        // More than any socket buffer holds: it passes only if somebody reads.
        peer.write_all(&vec![b'x'; 8 << 20]).unwrap();
        peer.shutdown(std::net::Shutdown::Write).unwrap();
        let _ = done.send(peer.read(&mut [0]).unwrap());
    });
    assert_eq!(told.await.unwrap(), 0, "the daemon closes its end when QEMU has closed");
    drop(agent);
}
