//! Injected faults, over both ways in.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use alloy_json_rpc::RpcError;
use alloy_primitives::{B256, Bytes, U64};
use alloy_rpc_client::RpcClient;
use alloy_transport::{TransportError, TransportErrorKind};
use parking_lot::Mutex;
use spillway_devnet::{Clock, Config, Devnet, FaultPlan};

use crate::support::{GENESIS, config, sign, transfer};

/// A clock that stands still, and notes how long it was asked to wait.
#[derive(Debug, Default)]
struct Still {
    waited: Mutex<Vec<Duration>>,
}

impl Clock for Still {
    fn now(&self) -> u64 {
        GENESIS
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.waited.lock().push(duration);
        Box::pin(std::future::ready(()))
    }
}

fn start() -> (Devnet, Arc<Still>) {
    let clock = Arc::new(Still::default());
    let devnet = Devnet::start(Config {
        clock: clock.clone(),
        ..config()
    });
    (devnet.unwrap(), clock)
}

fn status(error: &TransportError) -> Option<u16> {
    match error {
        RpcError::Transport(TransportErrorKind::HttpError(error)) => Some(error.status),
        RpcError::Transport(TransportErrorKind::HttpErrorWithRetryAfter { error, .. }) => {
            Some(error.status)
        }
        _ => None,
    }
}

async fn number(client: &RpcClient) -> Result<u64, Option<u16>> {
    let answer = client.request_noparams::<U64>("eth_blockNumber").await;
    answer
        .map(|number| number.to())
        .map_err(|error| status(&error))
}

async fn send(client: &RpcClient, raw: Vec<u8>) -> Result<B256, Option<u16>> {
    let answer = client
        .request("eth_sendRawTransaction", (Bytes::from(raw),))
        .await;
    answer.map_err(|error: TransportError| status(&error))
}

/// Each fault, whatever the way in.
async fn meets(devnet: &Devnet, clock: &Still, client: &RpcClient) {
    let set = |plan: FaultPlan| devnet.controls().set_faults(Some(plan)).unwrap();
    let always = 1_000;
    devnet.controls().mine(5).unwrap();

    set(FaultPlan::down());
    assert_eq!(number(client).await, Err(Some(503)));
    assert_eq!(send(client, sign(0, transfer(0))).await, Err(Some(503)));
    assert_eq!(devnet.chain().pending_count(), 0);

    set(FaultPlan {
        rate_limited: always,
        ..FaultPlan::default()
    });
    assert_eq!(number(client).await, Err(Some(429)));

    set(FaultPlan {
        timeout: always,
        timeout_ms: 600_000,
        ..FaultPlan::default()
    });
    assert_eq!(number(client).await, Err(Some(504)));
    assert_eq!(clock.waited.lock().pop(), Some(Duration::from_secs(600)));

    set(FaultPlan {
        delay: always,
        delay_ms_max: 900,
        ..FaultPlan::default()
    });
    assert_eq!(number(client).await, Ok(5));
    assert!(clock.waited.lock().pop().unwrap() <= Duration::from_millis(900));

    set(FaultPlan {
        stale: always,
        stale_blocks: 2,
        ..FaultPlan::default()
    });
    assert_eq!(number(client).await, Ok(3));
    let beyond =
        client.request::<_, Option<serde_json::Value>>("eth_getBlockByNumber", ("0x4", false));
    assert_eq!(beyond.await.unwrap(), None);

    set(FaultPlan {
        lost_answer: always,
        ..FaultPlan::default()
    });
    assert_eq!(send(client, sign(0, transfer(0))).await, Err(Some(502)));
    assert_eq!(
        devnet.chain().pending_count(),
        1,
        "it was done all the same"
    );

    // Controls meet none of it.
    set(FaultPlan::down());
    client
        .request::<_, bool>("devnet_setFaults", (None::<FaultPlan>,))
        .await
        .unwrap();
    assert_eq!(number(client).await, Ok(5));
}

#[tokio::test]
async fn faults_within_the_process() {
    let (devnet, clock) = start();
    meets(&devnet, &clock, &devnet.client()).await;
}

#[tokio::test]
async fn faults_over_http() {
    let (devnet, clock) = start();
    let server = devnet.serve(([127, 0, 0, 1], 0).into()).await.unwrap();
    let url = format!("http://{}", server.local_addr());
    meets(&devnet, &clock, &RpcClient::new_http(url.parse().unwrap())).await;

    devnet
        .controls()
        .set_faults(Some(FaultPlan::down()))
        .unwrap();
    let answer = reqwest::get(format!("{url}/eth/v1/beacon/genesis"))
        .await
        .unwrap();
    assert_eq!(answer.status(), 503);
    server.stop().await;
}

#[tokio::test]
async fn a_seed_repeats_itself() {
    let run = async |seed| {
        let (devnet, _) = start();
        devnet
            .controls()
            .set_faults(Some(FaultPlan::half(seed)))
            .unwrap();
        let client = devnet.client();
        let mut answers = Vec::new();
        for _ in 0..200 {
            answers.push(number(&client).await);
        }
        answers
    };
    let first = run(1).await;
    assert_eq!(first, run(1).await);
    assert_ne!(first, run(2).await);
    assert!(first.contains(&Err(Some(429))) && first.contains(&Ok(0)));
}
