//! quetzald: runs VMs on one host. This file puts the parts together, in order of their need, and takes them apart again.
#![forbid(unsafe_code)]

mod boot;
mod config;
mod face;
mod host;
mod journal;
mod lock;
mod memory;
mod metrics_wire;
mod refusal;
mod registry;
mod service;
mod tick;
mod wire;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use quetzal_vm::refusal::chain;

use config::{Command, CommandLine, Config};

/// The service's work is small and mostly waiting; two workers keep a slow read from holding up a verb.
const WORKERS: usize = 2;

fn main() -> ExitCode {
    let line = CommandLine::parse();
    let outcome = match line.command {
        Some(Command::Schema) => print(&quetzal_vm::schema::json_schema()),
        Some(Command::Probe(config)) => print(&format!("{:#}\n", host::probe_json(&config))),
        None => serve(line.config),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A closed stderr leaves only the exit code to tell.
            let _ = writeln!(std::io::stderr(), "quetzald: {}", chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn print(text: &str) -> anyhow::Result<()> {
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

/// A VM takes some fifteen descriptors (sockets, logs, counters held open): the usual soft limit ends near 60 VMs.
fn raise_descriptor_limit() {
    let limits = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limits.maximum, maximum: limits.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "the number of VMs is limited by that of open files");
    }
}

fn serve(config: Config) -> anyhow::Result<()> {
    let config = config.absolute()?;
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
    raise_descriptor_limit();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
    let outcome = runtime.block_on(service::run(config));
    // What still runs is somebody's slow read: it ends with the process.
    runtime.shutdown_background();
    outcome
}
