//! A transport for alloy that needs no socket.

use std::sync::Arc;
use std::task::{Context, Poll};

use alloy_json_rpc::{
    ErrorPayload, RequestPacket, Response, ResponsePacket, ResponsePayload, SerializedRequest,
};
use alloy_transport::{TransportError, TransportErrorKind, TransportFut};
use tower::Service;

use crate::faults::{Fault, Sight};
use crate::node::Node;
use crate::rpc::{self, CONTROL_PREFIX};

/// Answers requests in the caller's own task: it needs no thread, no runtime, and does the same for the same
/// requests in the same order. A call takes as long as it takes, so it does not belong beside what must not wait.
///
/// Injected faults look as over HTTP: errors with the status that a server would have answered.
#[derive(Clone, Debug)]
pub struct InProcess {
    node: Arc<Node>,
}

impl InProcess {
    pub(crate) const fn new(node: Arc<Node>) -> Self {
        Self { node }
    }

    async fn answer(self, packet: RequestPacket) -> Result<ResponsePacket, TransportError> {
        let sight = self.meet_fate(&packet).await?;
        let answered = match &packet {
            RequestPacket::Single(request) => {
                ResponsePacket::Single(self.one(request, sight.stale))
            }
            RequestPacket::Batch(requests) => {
                let answers = requests
                    .iter()
                    .map(|request| self.one(request, sight.stale));
                ResponsePacket::Batch(answers.collect())
            }
        };
        if sight.lost {
            return Err(status_error(Fault::LostAnswer));
        }
        Ok(answered)
    }

    async fn meet_fate(&self, packet: &RequestPacket) -> Result<Sight, TransportError> {
        let control = packet
            .method_names()
            .all(|name| name.starts_with(CONTROL_PREFIX));
        if control {
            return Ok(Sight::default());
        }
        self.node.meet_fate().await.map_err(status_error)
    }

    fn one(&self, request: &SerializedRequest, stale: u64) -> Response {
        let params = request.params().map(|params| params.get());
        let payload = match rpc::answer(&self.node, request.method(), params, stale) {
            Ok(result) => ResponsePayload::Success(result),
            Err(error) => ResponsePayload::Failure(ErrorPayload {
                code: error.code().into(),
                message: error.message().to_owned().into(),
                data: error.data().map(ToOwned::to_owned),
            }),
        };
        Response {
            id: request.id().clone(),
            payload,
        }
    }
}

fn status_error(fault: Fault) -> TransportError {
    let (status, words) = fault.status().unwrap_or((500, "injected fault"));
    TransportErrorKind::http_error(status, words.to_owned())
}

impl Service<RequestPacket> for InProcess {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, packet: RequestPacket) -> Self::Future {
        Box::pin(self.clone().answer(packet))
    }
}
