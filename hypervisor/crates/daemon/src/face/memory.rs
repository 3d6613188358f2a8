//! MemoryService: what a running guest has, and what the host does about memory.
use std::sync::Arc;

use quetzal_api::v1::memory_service_server::MemoryService;
use quetzal_api::v1::{self, host_memory_response};
use quetzal_vm::order::{Order, Scope};
use tonic::{Request, Response, Status};

use super::vm::{VmResult, mode, respond};
use crate::memory::{Memory, wire};
use crate::refusal::{check_operation_id, to_wire};
use crate::registry::Registry;

pub struct MemoryFace {
    pub registry: Arc<Registry>,
    pub memory: Arc<Memory>,
}

impl MemoryFace {
    async fn set(&self, request: v1::SetMemoryRequest, order: Order) -> VmResult {
        check_operation_id(&request.operation_id)?;
        respond(self.registry.verb(&request.vm_id, &request.operation_id, mode(request.dry_run), order).await)
    }
}

#[tonic::async_trait]
impl MemoryService for MemoryFace {
    async fn set_balloon(&self, request: Request<v1::SetMemoryRequest>) -> VmResult {
        let request = request.into_inner();
        let order = Order::Balloon { target_bytes: request.target_bytes };
        self.set(request, order).await
    }

    async fn resize_memory(&self, request: Request<v1::SetMemoryRequest>) -> VmResult {
        let request = request.into_inner();
        let order = Order::ResizeMemory { target_bytes: request.target_bytes };
        self.set(request, order).await
    }

    async fn page_out(&self, request: Request<v1::PageOutRequest>) -> VmResult {
        let request = request.into_inner();
        check_operation_id(&request.operation_id)?;
        let order = Order::PageOut { bytes: request.bytes, scope: Scope::Guest };
        respond(self.registry.verb(&request.vm_id, &request.operation_id, mode(request.dry_run), order).await)
    }

    async fn get_host_memory(&self, _: Request<v1::GetHostMemoryRequest>) -> Result<Response<v1::HostMemory>, Status> {
        Ok(Response::new(wire::picture(&self.memory.picture())))
    }

    async fn set_host_memory(
        &self,
        request: Request<v1::SetHostMemoryRequest>,
    ) -> Result<Response<v1::HostMemoryResponse>, Status> {
        let request = request.into_inner();
        let wish = wire::request(&request, self.memory.host_bytes());
        let result = match self.memory.set(wish, request.dry_run).await {
            Ok(picture) => host_memory_response::Result::Memory(wire::picture(&picture)),
            Err(refusal) => host_memory_response::Result::Refusal(to_wire(refusal)),
        };
        Ok(Response::new(v1::HostMemoryResponse { result: Some(result) }))
    }

    async fn list_decisions(
        &self,
        request: Request<v1::ListDecisionsRequest>,
    ) -> Result<Response<v1::ListDecisionsResponse>, Status> {
        let decisions = self.memory.decisions(&request.into_inner().vm_id);
        let decisions = decisions.iter().map(wire::decision).collect();
        Ok(Response::new(v1::ListDecisionsResponse { decisions }))
    }
}
