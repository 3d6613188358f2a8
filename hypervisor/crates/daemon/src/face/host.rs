//! HostService: what this machine is and can do.
use std::sync::Arc;

use quetzal_api::v1::host_service_server::HostService;
use quetzal_api::v1::{GetHostRequest, Host};
use tonic::{Request, Response, Status};

use crate::host::HostFace as Facts;

pub struct HostFace {
    pub facts: Arc<Facts>,
}

#[tonic::async_trait]
impl HostService for HostFace {
    async fn get_host(&self, _: Request<GetHostRequest>) -> Result<Response<Host>, Status> {
        Ok(Response::new(self.facts.get().await?))
    }
}
