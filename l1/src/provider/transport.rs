//! The transport that asks several nodes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use alloy_json_rpc::{
    Id, Request, RequestPacket, ResponsePacket, ResponsePayload, SerializedRequest,
};
use alloy_primitives::U64;
use alloy_transport::{TransportError, TransportErrorKind, TransportFut};
use tokio::time::Instant;
use tower::{Service, ServiceExt};

use super::health::{Choice, Failure, Health};
use super::{Endpoint, ProviderError, ProviderSettings, reading};

/// Everything that calls share.
pub(super) struct Setup {
    endpoints: Vec<Endpoint>,
    settings: ProviderSettings,
    state: Mutex<State>,
    started: Instant,
}

struct State {
    health: Health,
    /// Which nodes have said that they are on the right chain.
    is_checked: Vec<bool>,
}

/// A [`tower::Service`] for JSON-RPC, cheap to clone.
#[derive(Clone)]
pub(super) struct Failover(Arc<Setup>);

impl Failover {
    pub(super) fn new(setup: Setup) -> Self {
        Self(Arc::new(setup))
    }
}

impl Service<RequestPacket> for Failover {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, question: RequestPacket) -> Self::Future {
        let setup = self.0.clone();
        Box::pin(async move { setup.ask(question).await })
    }
}

impl Setup {
    pub(super) fn new(endpoints: Vec<Endpoint>, settings: ProviderSettings) -> Self {
        let count = endpoints.len();
        Self {
            endpoints,
            settings,
            state: Mutex::new(State {
                health: Health::new(count, settings.lag_max, settings.seed),
                is_checked: vec![false; count],
            }),
            started: Instant::now(),
        }
    }

    /// Refuses to start with a node of another chain, or with none at all.
    pub(super) async fn check_chain_ids(&self) -> Result<(), ProviderError> {
        let mut silent = Vec::new();
        for (index, endpoint) in self.endpoints.iter().enumerate() {
            match self.chain_id(index).await {
                Ok(found) if found == self.settings.chain_id => {
                    self.state().is_checked[index] = true;
                }
                Ok(found) => {
                    return Err(ProviderError::WrongChain {
                        name: endpoint.name.clone(),
                        found,
                        expected: self.settings.chain_id,
                    });
                }
                Err(error) => {
                    tracing::warn!(node = endpoint.name, %error, "L1 node does not answer");
                    self.fail(index, Failure::Broken);
                    silent.push(format!("{}: {error}", endpoint.name));
                }
            }
        }
        if silent.len() == self.endpoints.len() {
            return Err(ProviderError::NoAnswer(silent.join("; ")));
        }
        Ok(())
    }

    /// Asks one node after the other until one answers.
    async fn ask(&self, question: RequestPacket) -> Result<ResponsePacket, TransportError> {
        let mut last = TransportErrorKind::custom_str("no L1 node may be asked");
        for _ in 0..self.settings.attempts_max {
            let choice = self.state().health.choose(self.now());
            let index = match choice {
                Choice::Ask(index) => index,
                Choice::Nobody => return Err(last),
                Choice::WaitUntil(time) => {
                    tokio::time::sleep_until(self.started + time).await;
                    continue;
                }
            };
            if let Err(error) = self.check_chain_id(index).await {
                last = error;
                continue;
            }
            match self.ask_one(index, &question).await {
                Ok(answer) => return Ok(answer),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Asks a node, and keeps its record.
    async fn ask_one(
        &self,
        index: usize,
        question: &RequestPacket,
    ) -> Result<ResponsePacket, TransportError> {
        let name = &self.endpoints[index].name;
        let answer = self.call(index, question.clone()).await;
        if let Some(failure) = reading::failure_of(&answer) {
            self.fail(index, failure);
            let error = match answer {
                Ok(packet) => rate_limited(&packet),
                Err(error) => error,
            };
            tracing::warn!(node = name, ?failure, %error, "L1 node fails; another one is asked");
            return Err(error);
        }
        let packet = answer?;
        if let Some(head) = reading::head_in(question, &packet)
            && !self.state().health.on_head(index, self.now(), head)
            && reading::is_about_head(question)
        {
            self.fail(index, Failure::Stale);
            tracing::warn!(node = name, head, "L1 node lags behind; it is not believed");
            return Err(TransportErrorKind::custom_str(
                "the L1 node lags behind what was seen of the chain",
            ));
        }
        self.state().health.on_success(index);
        Ok(packet)
    }

    /// A node that was silent at the start is asked which chain it is on before anything else.
    async fn check_chain_id(&self, index: usize) -> Result<(), TransportError> {
        if self.state().is_checked[index] {
            return Ok(());
        }
        match self.chain_id(index).await {
            Ok(found) if found == self.settings.chain_id => {
                self.state().is_checked[index] = true;
                Ok(())
            }
            Ok(found) => {
                let (name, expected) = (&self.endpoints[index].name, self.settings.chain_id);
                tracing::error!(
                    node = name,
                    found,
                    expected,
                    "L1 node is on another chain; it is not used"
                );
                self.fail(index, Failure::WrongChain);
                Err(TransportErrorKind::custom_str(
                    "the L1 node is on another chain",
                ))
            }
            Err(error) => {
                self.fail(index, Failure::Broken);
                Err(error)
            }
        }
    }

    async fn chain_id(&self, index: usize) -> Result<u64, TransportError> {
        let request = Request::new("eth_chainId", Id::Number(0), ());
        let request: SerializedRequest = request.try_into().map_err(TransportError::ser_err)?;
        let packet = self.call(index, request.into()).await?;
        let unreadable = || TransportErrorKind::custom_str("eth_chainId: no number");
        let response = packet.responses().first().ok_or_else(unreadable)?;
        match &response.payload {
            ResponsePayload::Success(value) => {
                let id: U64 = serde_json::from_str(value.get()).map_err(|_| unreadable())?;
                Ok(id.to())
            }
            ResponsePayload::Failure(error) => Err(TransportError::ErrorResp(error.clone())),
        }
    }

    async fn call(
        &self,
        index: usize,
        question: RequestPacket,
    ) -> Result<ResponsePacket, TransportError> {
        let transport = self.endpoints[index].transport.clone();
        let answer =
            tokio::time::timeout(self.settings.request_timeout, transport.oneshot(question));
        match answer.await {
            Ok(answer) => answer,
            Err(_) => Err(TransportErrorKind::custom_str("no answer in time")),
        }
    }

    fn fail(&self, index: usize, failure: Failure) {
        let now = self.now();
        self.state().health.on_failure(index, now, failure);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Records of nodes are whole after every step, whoever panicked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }
}

/// The refusal in an answer, as the error that the caller gets if no other node answers.
fn rate_limited(packet: &ResponsePacket) -> TransportError {
    let refusal = packet
        .responses()
        .iter()
        .find_map(|response| match &response.payload {
            ResponsePayload::Failure(error) => Some(error.clone()),
            ResponsePayload::Success(_) => None,
        });
    match refusal {
        Some(error) => TransportError::ErrorResp(error),
        None => TransportErrorKind::custom_str("rate limited"),
    }
}
