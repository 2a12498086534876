//! What happens to a call on its way to its method: unknown methods get geth's words, errors are
//! logged, and the sends of a batch run at the same time.

use futures_util::future::join_all;
use jsonrpsee::Methods;
use jsonrpsee::core::middleware::{Batch, BatchEntry, Notification, Request, RpcServiceT};
use jsonrpsee::core::server::{BatchResponseBuilder, MethodResponse};
use jsonrpsee::types::ErrorObjectOwned;

use super::error;
use super::rolling_back::RollingBack;
use super::sending;

/// A layer around jsonrpsee's own service.
#[derive(Clone, Debug)]
pub(super) struct Dispatch<S> {
    service: S,
    door: Door,
    response_bytes_max: usize,
}

/// Whether calls get in.
#[derive(Clone, Debug)]
pub(super) enum Door {
    /// To those methods.
    Open(Methods),
    /// Not now.
    Closed(RollingBack),
}

impl<S> Dispatch<S> {
    /// Wraps a service behind a door.
    pub(super) const fn new(service: S, door: Door, response_bytes_max: usize) -> Self {
        Self {
            service,
            door,
            response_bytes_max,
        }
    }
}

impl Door {
    fn refusal(&self, method: &str) -> Option<ErrorObjectOwned> {
        match self {
            Self::Closed(rollback) => Some(error::rolling_back(rollback)),
            Self::Open(methods) if methods.method(method).is_some() => None,
            Self::Open(_) => Some(error::method_not_found(method)),
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
        let refusal = self.door.refusal(request.method_name());
        let service = self.service.clone();
        async move {
            let method = request.method.clone();
            let response = match refusal {
                None => service.call(request).await,
                Some(refusal) => MethodResponse::error(request.id, refusal),
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
                    Some(Ok(BatchEntry::Call(call))) => {
                        // Most calls wait for nothing: a batch of a thousand would hold its thread to the end, and others with it.
                        tokio::task::yield_now().await;
                        Some(this.call(call).await)
                    }
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
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use jsonrpsee::RpcModule;
    use jsonrpsee::core::RpcResult;
    use jsonrpsee::types::Id;
    use tokio::sync::Barrier;

    use super::*;
    use crate::rollback::Progress;

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
        let door = Door::Open(Methods::from(module.clone()));
        Dispatch::new(Direct(module), door, response_bytes_max)
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

    /// On one thread, where whoever does not wait for anything keeps it.
    #[tokio::test]
    async fn others_have_their_turn_between_the_calls_of_a_batch() {
        let turns = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&turns);
        let other = tokio::spawn(async move {
            loop {
                counted.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        });
        let answer = dispatch(1, usize::MAX).batch(calls(&["eth_chainId"; 20]));
        assert!(!answer.await.is_error());
        other.abort();
        assert!(turns.load(Ordering::Relaxed) >= 19);
    }

    #[tokio::test]
    async fn answers_beyond_the_limit_are_one_error() {
        let answer = dispatch(1, 100).batch(calls(&["eth_chainId"; 5])).await;
        assert_eq!(answer.as_error_code(), Some(-32011));
    }

    #[tokio::test]
    async fn behind_a_closed_door_every_call_is_told_to_come_back() {
        let mut dispatch = dispatch(1, usize::MAX);
        let progress = Arc::<Progress>::default();
        dispatch.door = Door::Closed(RollingBack::new(7, Arc::clone(&progress)));
        progress.set(8, 10);
        let batch = calls(&["eth_chainId", "eth_sendRawTransaction", "eth_mine"]);
        let answer = dispatch.batch(batch).await;
        let answer: serde_json::Value = serde_json::from_str(answer.as_json().get()).unwrap();
        for one in answer.as_array().unwrap() {
            assert_eq!(one["error"]["code"], -32005);
            assert_eq!(one["error"]["data"]["retry_after_ms"], 1_000);
            let message = one["error"]["message"].as_str().unwrap();
            assert!(message.contains("block 8 of 10"), "{message}");
        }
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
