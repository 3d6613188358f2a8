//! CpuService: how many vCPUs a running guest has.
use std::sync::Arc;

use quetzal_api::v1;
use quetzal_api::v1::cpu_service_server::CpuService;
use quetzal_vm::order::Order;
use tonic::Request;

use super::vm::{VmResult, mode, respond};
use crate::refusal::check_operation_id;
use crate::registry::Registry;

pub struct CpuFace {
    pub registry: Arc<Registry>,
}

#[tonic::async_trait]
impl CpuService for CpuFace {
    async fn set_vcpus(&self, request: Request<v1::SetVcpusRequest>) -> VmResult {
        let request = request.into_inner();
        check_operation_id(&request.operation_id)?;
        let order = Order::SetVcpus { count: request.count };
        respond(self.registry.verb(&request.vm_id, &request.operation_id, mode(request.dry_run), order).await)
    }
}
