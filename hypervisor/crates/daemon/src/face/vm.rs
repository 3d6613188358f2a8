//! VmService: the verbs.
use std::sync::Arc;
use std::time::Duration;

use quetzal_api::v1::vm_service_server::VmService;
use quetzal_api::v1::{self, vm_response};
use quetzal_vm::order::{Answer, Disks, Escalation, Mode, Order};
use tonic::{Request, Response, Status};

use crate::journal::Journal;
use crate::refusal::{check_operation_id, to_wire};
use crate::registry::{Put, Registry};
use crate::wire;

/// The contract's meaning of a timeout of 0.
const DEFAULT_STOP_TIMEOUT_MS: u32 = 60_000;

pub struct VmFace {
    pub registry: Arc<Registry>,
    pub journal: Arc<Journal>,
}

pub(super) type VmResult = Result<Response<v1::VmResponse>, Status>;

pub(super) fn respond(answer: Answer) -> VmResult {
    let result = match answer {
        Ok(view) => vm_response::Result::Vm(wire::vm(&view)),
        Err(refusal) => vm_response::Result::Refusal(to_wire(refusal)),
    };
    Ok(Response::new(v1::VmResponse { result: Some(result) }))
}

pub(super) fn mode(dry_run: bool) -> Mode {
    if dry_run { Mode::DryRun } else { Mode::Real }
}

impl VmFace {
    async fn plain(&self, request: Request<v1::VerbRequest>, order: Order) -> VmResult {
        let request = request.into_inner();
        check_operation_id(&request.operation_id)?;
        let mode = mode(request.dry_run);
        respond(self.registry.verb(&request.vm_id, &request.operation_id, mode, order).await)
    }
}

#[tonic::async_trait]
impl VmService for VmFace {
    async fn put_vm(&self, request: Request<v1::PutVmRequest>) -> VmResult {
        let request = request.into_inner();
        check_operation_id(&request.operation_id)?;
        let put = if request.create_only { Put::CreateOnly } else { Put::CreateOrReplace };
        let mode = mode(request.dry_run);
        respond(self.registry.put(&request.operation_id, &request.spec_json, mode, put).await)
    }

    async fn delete_vm(&self, request: Request<v1::DeleteVmRequest>) -> VmResult {
        let request = request.into_inner();
        check_operation_id(&request.operation_id)?;
        let order = Order::Delete(if request.delete_disks { Disks::Remove } else { Disks::Keep });
        let mode = mode(request.dry_run);
        respond(self.registry.delete(&request.vm_id, &request.operation_id, mode, order).await)
    }

    async fn list_vms(&self, _: Request<v1::ListVmsRequest>) -> Result<Response<v1::ListVmsResponse>, Status> {
        // The number first: what the list shows is then at least as new.
        let journal_sequence = self.journal.latest();
        let vms = self.registry.all().iter().map(|handle| wire::vm(&handle.view())).collect();
        Ok(Response::new(v1::ListVmsResponse { vms, journal_sequence }))
    }

    async fn get_vm(&self, request: Request<v1::GetVmRequest>) -> VmResult {
        respond(self.registry.get(&request.into_inner().vm_id).map(|handle| handle.view()))
    }

    async fn start_vm(&self, request: Request<v1::VerbRequest>) -> VmResult {
        self.plain(request, Order::Start).await
    }

    async fn stop_vm(&self, request: Request<v1::StopVmRequest>) -> VmResult {
        let request = request.into_inner();
        check_operation_id(&request.operation_id)?;
        let timeout_ms = if request.timeout_ms == 0 { DEFAULT_STOP_TIMEOUT_MS } else { request.timeout_ms };
        let escalation = match request.escalation() {
            v1::StopEscalation::ForceOff => Escalation::ForceOff,
            v1::StopEscalation::Unspecified | v1::StopEscalation::None => Escalation::None,
        };
        let order = Order::Stop { timeout: Duration::from_millis(timeout_ms.into()), escalation };
        respond(self.registry.verb(&request.vm_id, &request.operation_id, mode(request.dry_run), order).await)
    }

    async fn force_off_vm(&self, request: Request<v1::VerbRequest>) -> VmResult {
        self.plain(request, Order::ForceOff).await
    }

    async fn reset_vm(&self, request: Request<v1::VerbRequest>) -> VmResult {
        self.plain(request, Order::Reset).await
    }

    async fn pause_vm(&self, request: Request<v1::VerbRequest>) -> VmResult {
        self.plain(request, Order::Pause).await
    }

    async fn resume_vm(&self, request: Request<v1::VerbRequest>) -> VmResult {
        self.plain(request, Order::Resume).await
    }

    async fn cancel_operation(&self, request: Request<v1::CancelOperationRequest>) -> VmResult {
        let operation_id = request.into_inner().operation_id;
        check_operation_id(&operation_id)?;
        respond(self.registry.cancel(&operation_id).await)
    }
}
