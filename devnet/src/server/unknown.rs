//! Unknown methods, in the words by which wallet libraries tell that one is unsupported.

use jsonrpsee::Methods;
use jsonrpsee::core::middleware::{Batch, Notification, Request, RpcServiceT};
use jsonrpsee::core::server::MethodResponse;

use crate::rpc;

/// A layer around jsonrpsee's own service.
#[derive(Clone, Debug)]
pub(super) struct Unknown<S> {
    service: S,
    methods: Methods,
}

impl<S> Unknown<S> {
    /// Wraps a service of those methods.
    pub(super) const fn new(service: S, methods: Methods) -> Self {
        Self { service, methods }
    }
}

impl<S> RpcServiceT for Unknown<S>
where
    S: RpcServiceT<MethodResponse = MethodResponse> + Clone + Send + Sync + 'static,
{
    type MethodResponse = MethodResponse;
    type NotificationResponse = S::NotificationResponse;
    type BatchResponse = S::BatchResponse;

    fn call<'a>(&self, request: Request<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let known = self.methods.method(request.method_name()).is_some();
        let service = self.service.clone();
        async move {
            if known {
                return service.call(request).await;
            }
            let refusal = rpc::method_not_found(request.method_name());
            MethodResponse::error(request.id, refusal)
        }
    }

    fn batch<'a>(&self, batch: Batch<'a>) -> impl Future<Output = S::BatchResponse> + Send + 'a {
        self.service.batch(batch)
    }

    fn notification<'a>(
        &self,
        notification: Notification<'a>,
    ) -> impl Future<Output = S::NotificationResponse> + Send + 'a {
        self.service.notification(notification)
    }
}
