//! What this host is and can do. Probing takes a tenth of a second, so it is done beside the start-up and again only
//! when the last answer has grown old; nobody's start of a VM waits for it.
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant, SystemTime};

use quetzal_api::v1;
use quetzal_host::capability::{Capability, ProbeContext, probe_all_given};
use quetzal_host::facts::{self, HostFacts};
use quetzal_host::kvm::KvmProbe;
use quetzal_host::qemu;
use tokio::sync::Mutex;
use tonic::Status;

use crate::config::Config;
use crate::wire::system_time;

/// Abilities change when an operator installs something: seen soon, and not asked for at every look.
const CAPABILITIES_FRESH: Duration = Duration::from_secs(10);

pub struct HostFace {
    context: ProbeContext,
    kvm: Arc<LazyLock<KvmProbe>>,
    started_at: SystemTime,
    known: Mutex<Option<(Instant, Arc<Known>)>>,
}

struct Known {
    facts: HostFacts,
    qemu_version: String,
    capabilities: Vec<Capability>,
}

impl HostFace {
    pub fn new(config: &Config, kvm: Arc<LazyLock<KvmProbe>>) -> Arc<Self> {
        Arc::new(Self { context: probe_context(config), kvm, started_at: SystemTime::now(), known: Mutex::new(None) })
    }

    pub async fn get(&self) -> Result<v1::Host, Status> {
        let known = self.known().await?;
        let facts = &known.facts;
        Ok(v1::Host {
            id: facts.id.clone(),
            hostname: facts.hostname.clone(),
            kernel: facts.kernel.clone(),
            cpu_model: facts.cpu_model.clone(),
            cpu_count: facts.cpu_count,
            memory_bytes: facts.memory_bytes,
            daemon_version: env!("CARGO_PKG_VERSION").to_owned(),
            qemu_version: known.qemu_version.clone(),
            booted_at: Some(system_time(facts.booted_at)),
            daemon_started_at: Some(system_time(self.started_at)),
            capabilities: known.capabilities.iter().map(capability).collect(),
            state_dir: self.context.state_dir.display().to_string(),
        })
    }

    /// One prober at a time; the others wait for its answer.
    async fn known(&self) -> Result<Arc<Known>, Status> {
        let mut known = self.known.lock().await;
        if let Some((asked_at, known)) = known.as_ref()
            && asked_at.elapsed() < CAPABILITIES_FRESH
        {
            return Ok(Arc::clone(known));
        }
        let (context, kvm) = (self.context.clone(), Arc::clone(&self.kvm));
        let fresh = tokio::task::spawn_blocking(move || probe(&context, &kvm)).await;
        let fresh = Arc::new(fresh.map_err(|_| Status::internal("probing this host failed; the log says how"))?);
        *known = Some((Instant::now(), Arc::clone(&fresh)));
        Ok(fresh)
    }
}

fn probe_context(config: &Config) -> ProbeContext {
    ProbeContext {
        state_dir: config.state_dir.clone(),
        qemu_binary: PathBuf::from(&config.qemu_binary),
        vm_user: config.effective_vm_user(),
    }
}

fn probe(context: &ProbeContext, kvm: &KvmProbe) -> Known {
    Known {
        facts: facts::read(),
        // Not installed is a capability's news, not an error here.
        qemu_version: qemu::version(&context.qemu_binary).map(|version| version.to_string()).unwrap_or_default(),
        capabilities: probe_all_given(context, kvm),
    }
}

fn capability(capability: &Capability) -> v1::Capability {
    v1::Capability {
        name: capability.name.to_owned(),
        available: capability.available,
        reason: capability.reason.clone(),
        mend: capability.mend.clone(),
    }
}

/// For `quetzald probe`: the same answer as JSON, without a daemon.
pub fn probe_json(config: &Config) -> serde_json::Value {
    let known = probe(&probe_context(config), &quetzal_host::kvm::probe());
    let capabilities: Vec<_> = known
        .capabilities
        .iter()
        .map(|capability| {
            serde_json::json!({
                "name": capability.name, "available": capability.available,
                "reason": capability.reason, "mend": capability.mend,
            })
        })
        .collect();
    serde_json::json!({
        "hostname": known.facts.hostname, "kernel": known.facts.kernel, "cpu_model": known.facts.cpu_model,
        "cpu_count": known.facts.cpu_count, "memory_bytes": known.facts.memory_bytes,
        "qemu_version": known.qemu_version, "capabilities": capabilities,
    })
}
