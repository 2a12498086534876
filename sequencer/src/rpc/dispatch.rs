//! What happens to a call on its way to its method: unknown methods get geth's words, errors are
//! logged, and the sends of a batch run at the same time.

use futures_util::future::join_all;
use jsonrpsee::Methods;
use jsonrpsee::core::middleware::{Batch, BatchEntry, Notification, Request, RpcServiceT};
use jsonrpsee::core::server::{BatchResponseBuilder, MethodResponse};

use super::error;
use super::sending;

/// A layer around jsonrpsee's own service.
#[derive(Clone, Debug)]
pub(super) struct Dispatch<S> {
    service: S,
    methods: Methods,
    response_bytes_max: usize,
}

impl<S> Dispatch<S> {
    /// Wraps a service of those methods.
    pub(super) const fn new(service: S, methods: Methods, response_bytes_max: usize) -> Self {
        Self {
            service,
            methods,
            response_bytes_max,
        }
    }
}

impl<S> RpcServiceT for Dispatch<S>
where
    S: RpcServiceT<
            MethodResponse = MethodResponse,
            NotificationResponse = MethodResponse,
            BatchResponse = MethodResponse,
        > + Clone
        + Send
        + Sync
        + 'static,
{
    type MethodResponse = MethodResponse;
    type NotificationResponse = MethodResponse;
    type BatchResponse = MethodResponse;

    fn call<'a>(&self, request: Request<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let known = self.methods.method(request.method_name()).is_some();
        let service = self.service.clone();
        async move {
            let method = request.method.clone();
            let response = if known {
                service.call(request).await
            } else {
                MethodResponse::error(request.id, error::method_not_found(&method))
            };
            if response.is_error() {
                tracing::debug!(%method, response = response.as_json().get(), "call refused");
            }
            response
        }
    }

    /// Each send of a batch waits for a durable block, so one after the other would take a block for
    /// each; at the same time they share one. They start in the order of the batch.
    ///
    /// Everything else runs after them, one by one, so that the answers that a batch can make the node
    /// hold stay within the limit on a response, and a batch that sends and reads sees what it sent.
    fn batch<'a>(&self, batch: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let this = self.clone();
        async move {
            let (mut sends, mut entries) = (Vec::new(), Vec::with_capacity(batch.len()));
            for entry in batch {
                match entry {
                    Ok(BatchEntry::Call(call)) if sending::is_send(call.method_name()) => {
                        sends.push(this.call(call));
                        entries.push(None);
                    }
                    other => entries.push(Some(other)),
                }
            }
            let mut sent = join_all(sends).await.into_iter();
            let mut answers = BatchResponseBuilder::new_with_limit(this.response_bytes_max);
            let mut only_notifications = !entries.is_empty();
            for entry in entries {
                let answer = match entry {
                    None => sent.next(),
                    Some(Ok(BatchEntry::Call(call))) => Some(this.call(call).await),
                    Some(Ok(BatchEntry::Notification(_))) => None,
                    Some(Err(invalid)) => {
                        let (error, id) = invalid.into_parts();
                        Some(MethodResponse::error(id, error))
                    }
                };
                let Some(answer) = answer else { continue };
                only_notifications = false;
                if let Err(too_large) = answers.append(answer) {
                    return too_large;
                }
            }
            if only_notifications {
                MethodResponse::notification()
            } else {
                MethodResponse::from_batch(answers.finish())
            }
        }
    }

    fn notification<'a>(
        &self,
        notification: Notification<'a>,
    ) -> impl Future<Output = MethodResponse> + Send + 'a {
        let service = self.service.clone();
        async move { service.notification(notification).await }
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;
    use std::sync::Arc;
    use std::time::Duration;

    use jsonrpsee::RpcModule;
    use jsonrpsee::core::RpcResult;
    use jsonrpsee::types::{ErrorObjectOwned, Id};
    use tokio::sync::Barrier;

    use super::*;

    /// Answers from a module of methods, as jsonrpsee's own service does.
    #[derive(Clone)]
    struct Direct(RpcModule<()>);

    impl RpcServiceT for Direct {
        type MethodResponse = MethodResponse;
        type NotificationResponse = MethodResponse;
        type BatchResponse = MethodResponse;

        fn call<'a>(
            &self,
            request: Request<'a>,
        ) -> impl Future<Output = MethodResponse> + Send + 'a {
            let module = self.0.clone();
            async move {
                let request = serde_json::to_string(&request).unwrap();
                let (answer, _) = module.raw_json_request(&request, 1).await.unwrap();
                let answer: serde_json::Value = serde_json::from_str(answer.get()).unwrap();
                let id = Id::Number(answer["id"].as_u64().unwrap());
                match answer.get("error") {
                    None => MethodResponse::response(
                        id,
                        jsonrpsee::ResponsePayload::success(answer["result"].clone()),
                        usize::MAX,
                    ),
                    Some(error) => {
                        let code = i32::try_from(error["code"].as_i64().unwrap()).unwrap();
                        let error = ErrorObjectOwned::owned(code, "error", None::<()>);
                        MethodResponse::error(id, error)
                    }
                }
            }
        }

        fn batch<'a>(&self, _: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
            // The layer answers batches itself: this answer would be no array, and fail the tests.
            ready(MethodResponse::notification())
        }

        fn notification<'a>(
            &self,
            _: Notification<'a>,
        ) -> impl Future<Output = MethodResponse> + Send + 'a {
            ready(MethodResponse::notification())
        }
    }

    fn dispatch(sends: usize, response_bytes_max: usize) -> Dispatch<Direct> {
        let mut module = RpcModule::new(());
        let together = Arc::new(Barrier::new(sends));
        module
            .register_async_method("eth_sendRawTransaction", move |_, _, _| {
                let together = Arc::clone(&together);
                async move {
                    together.wait().await;
                    RpcResult::Ok("sent")
                }
            })
            .unwrap();
        module
            .register_method("eth_chainId", |_, (), _| RpcResult::Ok("0xca05"))
            .unwrap();
        Dispatch::new(
            Direct(module.clone()),
            Methods::from(module),
            response_bytes_max,
        )
    }

    fn calls(methods: &[&'static str]) -> Batch<'static> {
        let call = |(id, method): (u64, &&'static str)| {
            Ok(BatchEntry::Call(Request::borrowed(
                method,
                None,
                Id::Number(id),
            )))
        };
        Batch::from((0..).zip(methods).map(call).collect())
    }

    /// Each send waits until all have begun, so one after the other would never end.
    #[tokio::test]
    async fn sends_of_a_batch_run_together_and_answers_keep_their_order() {
        let send = "eth_sendRawTransaction";
        let batch = calls(&[send, "eth_chainId", send, "eth_mine", send]);
        let answer = dispatch(3, usize::MAX).batch(batch);
        let answer = tokio::time::timeout(Duration::from_secs(10), answer)
            .await
            .unwrap();
        let answer: serde_json::Value = serde_json::from_str(answer.as_json().get()).unwrap();
        let found: Vec<_> = answer
            .as_array()
            .unwrap()
            .iter()
            .map(|one| {
                (
                    one["id"].as_u64(),
                    one["result"].as_str(),
                    one["error"]["code"].as_i64(),
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                (Some(0), Some("sent"), None),
                (Some(1), Some("0xca05"), None),
                (Some(2), Some("sent"), None),
                (Some(3), None, Some(-32601)),
                (Some(4), Some("sent"), None),
            ]
        );
    }

    #[tokio::test]
    async fn answers_beyond_the_limit_are_one_error() {
        let answer = dispatch(1, 100).batch(calls(&["eth_chainId"; 5])).await;
        assert_eq!(answer.as_error_code(), Some(-32011));
    }

    #[tokio::test]
    async fn an_empty_batch_is_an_invalid_request() {
        let answer = dispatch(1, 1_000).batch(Batch::new()).await;
        assert!(
            answer.as_json().get().contains("-32600"),
            "{}",
            answer.as_json()
        );
    }
}
