//! A real Linux guest and the person at its console. Needs the image that the set-up builds: its folder is named by
//! QUETZAL_TEST_IMAGES.
use std::path::PathBuf;
use std::time::Duration;

use quetzal_api::v1::{self, ConsoleInput, console_output, read_console_request};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::Daemon;

/// A boot takes 3 s; on a loaded machine ten times that was seen.
pub const BOOT_PATIENCE: Duration = Duration::from_secs(120);

/// The folder that holds `quetzal-guest/`; says what is missing when there is none.
pub fn images() -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("QUETZAL_TEST_IMAGES").map(PathBuf::from) else {
        println!(
            "skipped: QUETZAL_TEST_IMAGES does not name a folder with quetzal-guest/vmlinuz; 'npm test' builds it"
        );
        return None;
    };
    assert!(folder.join("quetzal-guest/vmlinuz").exists(), "no quetzal-guest/vmlinuz in '{}'", folder.display());
    Some(folder)
}

/// A console in both directions.
pub struct Terminal {
    output: tonic::Streaming<v1::ConsoleOutput>,
    input: mpsc::Sender<ConsoleInput>,
    sequence: u64,
    pub seen: String,
}

impl Terminal {
    pub async fn open(daemon: &Daemon, vm_id: &str) -> Self {
        let from = Some(read_console_request::From::Offset(0));
        let read = v1::ReadConsoleRequest { vm_id: vm_id.into(), port: String::new(), from };
        let output = daemon.consoles().read_console(read).await.unwrap().into_inner();
        let (input, inputs) = mpsc::channel(8);
        let first = ConsoleInput { vm_id: vm_id.into(), writer: "test".into(), ..ConsoleInput::default() };
        input.send(first).await.unwrap();
        let results = daemon.consoles().write_console(ReceiverStream::new(inputs)).await.unwrap().into_inner();
        tokio::spawn(async move {
            let mut results = results;
            while let Ok(Some(_)) = results.message().await {}
        });
        Self { output, input, sequence: 0, seen: String::new() }
    }

    pub async fn wait_for(&mut self, text: &str) {
        let seen = async {
            while !self.seen.contains(text) {
                let item = self.output.message().await.unwrap().expect("the console is open").item.unwrap();
                if let console_output::Item::Chunk(chunk) = item {
                    self.seen.push_str(&String::from_utf8_lossy(&chunk.data));
                }
            }
        };
        let in_time = tokio::time::timeout(BOOT_PATIENCE, seen).await;
        assert!(in_time.is_ok(), "no {text:?} in:\n{}", self.seen);
    }

    pub async fn send(&mut self, line: &str) {
        self.sequence += 1;
        let data = format!("{line}\n").into_bytes();
        self.input.send(ConsoleInput { data, sequence: self.sequence, ..ConsoleInput::default() }).await.unwrap();
    }

    /// Runs a command and gives what it prints.
    pub async fn run(&mut self, command: &str) -> String {
        let mark = 1000 + self.sequence;
        self.seen.clear();
        // The echo of the line holds the sum, not its result.
        self.send(&format!("echo \"<$(({mark}+1))\"; {command}; echo \"$(({mark}+1))>\"")).await;
        let (begin, end) = (format!("<{}", mark + 1), format!("{}>", mark + 1));
        self.wait_for(&end).await;
        let answer = self.seen.split(&begin).nth(1).and_then(|text| text.split(&end).next());
        answer.unwrap_or_default().trim().to_owned()
    }

    /// Runs a command whose answer cannot be mistaken for its echo.
    pub async fn boot_and_run(&mut self, command: &str, expected: &str) {
        self.wait_for("# ").await;
        self.send(&format!("echo ready-$((40+2)); {command}")).await;
        self.wait_for("ready-42").await;
        self.wait_for(expected).await;
    }
}

/// A guest at its prompt. `spec` is its definition but for what every guest here has in common.
pub async fn booted(daemon: &mut Daemon, id: &str, mut spec: Value) -> Option<Terminal> {
    let images = images()?;
    let folder = daemon.state_dir().join("images/quetzal-guest");
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["vmlinuz", "initrd.img"] {
        std::fs::copy(images.join("quetzal-guest").join(name), folder.join(name)).unwrap();
    }
    spec["id"] = json!(id);
    spec["boot"] = json!({
        "kernel": "quetzal-guest/vmlinuz", "initrd": "quetzal-guest/initrd.img", "cmdline": "console=ttyS0 quiet",
    });
    let vcpus = spec["vcpus"].as_u64().unwrap();
    daemon.running(spec).await;
    let mut terminal = Terminal::open(daemon, id).await;
    terminal.boot_and_run("nproc", &format!("\n{vcpus}")).await;
    Some(terminal)
}
