//! The memory loop: on a clock of its own it looks at the host and the running VMs, asks the controller, and carries out
//! what it decides. While nothing is controlled or shared it only counts the VMs.
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use quetzal_control::{Action, Decision, HostState, Observations, State, Thresholds, Whose, decide};
use quetzal_vm::metrics::{MemorySample, VmProbe};
use quetzal_vm::order::{Mode, Order, Scope, VmHandle};
use quetzal_vm::view::UnixMs;
use tokio::time::MissedTickBehavior;

use super::Memory;
use super::observe::{self, Definitions, Running};
use super::sharing::{Member, Sharing};
use super::wishes::{KsmMode, Wishes};

const EVERY: Duration = Duration::from_secs(2);
/// As the tick of samples: QEMUs answer within milliseconds, and one that hangs is looked at as it last was.
const ANSWER_WAIT: Duration = Duration::from_millis(50);
/// A VM's task accepts at once.
const ORDER_PATIENCE: Duration = Duration::from_secs(1);

struct Keeper {
    started: Instant,
    definitions: Definitions,
    state: State,
    sharing: Sharing,
}

type Samples = BTreeMap<String, MemorySample>;

impl Memory {
    /// Runs until it is dropped.
    pub async fn keep(self: Arc<Self>) {
        let mut keeper = Keeper {
            started: Instant::now(),
            definitions: Definitions::default(),
            state: State::default(),
            sharing: Sharing::default(),
        };
        let mut interval = tokio::time::interval(EVERY);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            interval.tick().await;
            keeper.beat(&self).await;
        }
    }
}

impl Keeper {
    async fn beat(&mut self, memory: &Memory) {
        let wishes = memory.shown().wishes.clone();
        let running = self.definitions.running(memory.registry.all());
        let is_controlled = wishes.controller.enabled && running.iter().any(Running::is_controlled);
        // Where nobody tunes KSM, who may share is all there is to tell.
        let is_tuned = wishes.ksm.mode == KsmMode::Tuned || self.sharing.is_tuning();
        let sharers = running.iter().filter(|vm| vm.shares_pages());
        let sharers = sharers.map(|vm| (vm.view.id.as_str(), vm.pid, vm.settings.sharing_domain()));
        let is_shared = !self.sharing.is_idle() || running.iter().any(Running::shares_pages);
        let is_shared = is_tuned || (is_shared && self.sharing.is_due(sharers, self.now_ms()));
        let has_pending = memory.kept().has_pending();
        if !is_controlled {
            // The state follows the clock only while somebody acts on it.
            self.state = std::mem::take(&mut self.state).unwatched();
            let before = std::mem::take(&mut memory.shown().state);
            if before != HostState::default() {
                memory.tell_reserve();
            }
        }
        if !(is_controlled || is_shared || has_pending) {
            return;
        }
        let Some(host) = observe::host(memory.total_bytes) else { return };
        let samples = self.sample(&running, is_controlled).await;
        if is_shared {
            self.share(memory, &wishes, &running, &samples, host.available_bytes).await;
        }
        if is_controlled {
            let now = UnixMs::now();
            let vms = running.iter().filter(|vm| vm.is_controlled());
            let vms = vms.filter_map(|vm| Some(vm.observe(samples.get(&vm.view.id)?, now))).collect();
            let observations = Observations { now_ms: self.now_ms(), host, vms };
            self.control(memory, &wishes, &running, &samples, &observations).await;
        }
        measure(memory, &running, &samples, self.now_ms());
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    async fn sample(&self, running: &[Running], is_controlled: bool) -> Samples {
        if is_controlled {
            let reports = running.iter().filter(|vm| vm.reports());
            let asked: Vec<_> = reports.filter_map(|vm| VmProbe::ask_memory(&vm.probe)).collect();
            let answered = async {
                for answer in asked {
                    let _ = answer.await;
                }
            };
            let _ = tokio::time::timeout(ANSWER_WAIT, answered).await;
        }
        let sample = |vm: &Running| Some((vm.view.id.clone(), vm.probe.memory_sample()?));
        running.iter().filter_map(sample).collect()
    }

    async fn share(
        &mut self,
        memory: &Memory,
        wishes: &Wishes,
        running: &[Running],
        samples: &Samples,
        available_bytes: u64,
    ) {
        let thresholds = Thresholds::of(&wishes.controller, memory.total_bytes);
        let member = |vm: &Running| {
            let sample = samples.get(&vm.view.id)?;
            Some(Member {
                handle: vm.handle.clone(),
                id: vm.view.id.clone(),
                pid: vm.pid,
                domain: vm.settings.sharing_domain().to_owned(),
                memory_bytes: sample.size_bytes,
                resident_bytes: sample.process.rss_bytes,
                merged_bytes: sample.process.ksm_merged_bytes,
                is_unheard: vm.probe.take_unheard_merge(),
            })
        };
        let members: Vec<Member> = running.iter().filter(|vm| vm.shares_pages()).filter_map(member).collect();
        let is_member = |pid: &u32| members.iter().any(|member| member.pid == *pid);
        let strangers = memory.registry.all().into_iter().filter_map(|handle| handle.view().pid);
        let strangers: Vec<u32> = strangers.filter(|pid| !is_member(pid)).collect();
        let now_ms = self.now_ms();
        let spare_bytes = available_bytes.saturating_sub(thresholds.soft_bytes);
        if let Some(reason) = self.sharing.choose(&members, &strangers, spare_bytes, now_ms).await {
            memory.tell(format!("sharing domain: {reason}"));
        }
        // Whoever changes the settings meanwhile has the switches.
        if let Ok(_switches) = memory.mechanisms.try_lock() {
            let is_still_tuned = memory.shown().wishes.ksm.mode == KsmMode::Tuned;
            if !is_still_tuned {
                self.sharing.leave();
            } else {
                match self.sharing.tune(wishes.ksm.cpu_budget_ratio, &members, now_ms) {
                    Ok(told) => told.into_iter().for_each(|message| memory.tell(message)),
                    Err(error) => tracing::warn!(error = error.with_causes(), "KSM scans on as it does"),
                }
            }
        }
        memory.shown().sharing = self.sharing.view();
    }

    async fn control(
        &mut self,
        memory: &Memory,
        wishes: &Wishes,
        running: &[Running],
        samples: &Samples,
        observations: &Observations,
    ) {
        let before = self.state.host();
        let (decisions, state) = decide(observations, &self.state, &wishes.controller);
        self.state = state;
        let host = self.state.host();
        memory.shown().state = host;
        if host != before {
            memory.tell_reserve();
            let available = observations.host.available_bytes >> 20;
            memory.tell(format!("host memory is {} after {}: {available} MiB available", host.name(), before.name()));
        }
        for mut decision in decisions {
            let Some(vm) = running.iter().find(|vm| vm.view.id == *decision.vm_id) else { continue };
            let refused = if decision.carried_out { carry_out(&vm.handle, &decision).await.err() } else { None };
            let resident = samples.get(&vm.view.id).map(|sample| (vm.pid, sample.process.rss_bytes));
            let told = match refused {
                Some(reason) => {
                    decision.carried_out = false;
                    decision.reason.push_str(&format!("; refused: {reason}"));
                    memory.kept().add_refused(decision, self.now_ms())
                }
                None => memory.kept().add(decision, resident, self.now_ms()),
            };
            if let Some(kept) = told {
                memory.tell_decision(kept);
            }
        }
    }
}

async fn carry_out(handle: &VmHandle, decision: &Decision) -> Result<(), String> {
    let order = match decision.action {
        Action::Balloon { to_bytes, .. } => Order::Balloon { target_bytes: to_bytes },
        Action::PageOut { bytes, of: Whose::Guest } => Order::PageOut { bytes, scope: Scope::WithQemu },
        Action::PageOut { bytes, of: Whose::Qemu } => Order::PageOut { bytes, scope: Scope::Qemu },
        // The decision is the request.
        Action::AskForRoom { .. } => return Ok(()),
    };
    match tokio::time::timeout(ORDER_PATIENCE, handle.call("", Mode::Real, order)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(refusal)) => Err(refusal.message),
        Err(_) => Err("its task is busy".to_owned()),
    }
}

fn measure(memory: &Memory, running: &[Running], samples: &Samples, now_ms: u64) {
    let resident = |id: &str, pid: u32| {
        running.iter().find(|vm| vm.view.id == id && vm.pid == pid)?;
        samples.get(id).map(|sample| sample.process.rss_bytes)
    };
    let measured = memory.kept().measure(now_ms, resident);
    measured.into_iter().for_each(|kept| memory.tell_decision(kept));
}
