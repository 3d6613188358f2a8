//! MemoryService: what a running guest has, and what the host does about memory.
use std::sync::Arc;

use quetzal_api::v1;
use quetzal_api::v1::memory_service_server::MemoryService;
use quetzal_vm::order::Order;
use tonic::{Request, Response, Status};

use super::vm::{VmResult, mode, respond};
use crate::refusal::check_operation_id;
use crate::registry::Registry;

pub struct MemoryFace {
    pub registry: Arc<Registry>,
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
        let order = Order::PageOut { bytes: request.bytes };
        respond(self.registry.verb(&request.vm_id, &request.operation_id, mode(request.dry_run), order).await)
    }

    async fn get_host_memory(&self, _: Request<v1::GetHostMemoryRequest>) -> Result<Response<v1::HostMemory>, Status> {
        Err(Status::unimplemented("this quetzald does not tend the host's memory"))
    }

    async fn set_host_memory(
        &self,
        _: Request<v1::SetHostMemoryRequest>,
    ) -> Result<Response<v1::HostMemoryResponse>, Status> {
        Err(Status::unimplemented("this quetzald does not tend the host's memory"))
    }

    async fn list_decisions(
        &self,
        _: Request<v1::ListDecisionsRequest>,
    ) -> Result<Response<v1::ListDecisionsResponse>, Status> {
        Err(Status::unimplemented("this quetzald does not tend the host's memory"))
    }
}
