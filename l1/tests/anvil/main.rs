//! The transaction manager and the event reader against anvil, over HTTP.

mod process;
mod reading;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_provider::Provider;
use alloy_signer_local::MnemonicBuilder;
use serde_json::json;
use spillway_l1::fees::FeeSettings;
use spillway_l1::kzg;
use spillway_l1::transactions::{
    DriverSettings, Event, Events, IntentId, Kind, Outcome, Request, Settings, Sidecar, Stopped,
    TransactionManager,
};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use process::Anvil;

/// The longest wait for something that has to happen.
const PATIENCE: Duration = Duration::from_secs(60);
const CONFIRMATIONS: u64 = 3;

struct Running {
    manager: TransactionManager,
    events: Events,
    task: JoinHandle<Result<(), Stopped>>,
    /// Ends that were told while something else was waited for.
    ends: BTreeMap<IntentId, Outcome>,
}

impl Running {
    async fn start(anvil: &Anvil, dir: &Path, kind: Kind) -> Self {
        let mut settings = Settings::new(kind);
        settings.confirmations = CONFIRMATIONS;
        settings.stuck_after = 2;
        settings.resend_after = Duration::from_millis(300);
        let settings = DriverSettings {
            manager: settings,
            fees: FeeSettings::default(),
            poll_interval: Duration::from_millis(20),
        };
        let phrase = "test test test test test test test test test test test junk";
        let key = MnemonicBuilder::from_phrase(phrase).build().expect("a key");
        let provider = anvil.provider.clone();
        let (manager, events, task) =
            TransactionManager::start(settings, provider, Arc::new(key), dir)
                .await
                .expect("a manager");
        Self {
            manager,
            events,
            task,
            ends: BTreeMap::new(),
        }
    }

    /// The next event that passes.
    async fn until(&mut self, what: &str, test: impl Fn(&Event) -> bool) -> Event {
        let found = async {
            loop {
                let event = self.events.recv().await.expect("the manager runs");
                if let Event::Final { id, settled } = &event {
                    self.ends.insert(*id, settled.outcome);
                }
                if test(&event) {
                    return event;
                }
            }
        };
        tokio::time::timeout(PATIENCE, found)
            .await
            .unwrap_or_else(|_| {
                panic!(
                    "it was not {what} in time: {:?}",
                    self.manager.status().borrow()
                )
            })
    }

    async fn until_final(&mut self, id: IntentId) -> Outcome {
        loop {
            if let Some(outcome) = self.ends.remove(&id) {
                return outcome;
            }
            self.until("final", |event| matches!(event, Event::Final { .. }))
                .await;
        }
    }
}

fn id(byte: u8) -> IntentId {
    IntentId(B256::repeat_byte(byte))
}

fn recipient(byte: u8) -> Address {
    Address::repeat_byte(0x40 + byte)
}

fn transfer(byte: u8) -> Request {
    let mut request = Request::call(id(byte), recipient(byte), Bytes::new());
    request.value = U256::from(1000);
    request
}

async fn received(anvil: &Anvil, byte: u8) -> U256 {
    anvil
        .provider
        .get_balance(recipient(byte))
        .await
        .expect("a balance")
}

fn is_sent(event: &Event) -> bool {
    matches!(event, Event::Sent { .. })
}

fn is_included(event: &Event) -> bool {
    matches!(event, Event::Included { .. })
}

#[tokio::test(flavor = "multi_thread")]
async fn transfers_are_included_forked_away_sent_again_and_final() {
    let (anvil, dir) = (Anvil::start().await, TempDir::new().expect("a folder"));
    let mut running = Running::start(&anvil, dir.path(), Kind::Ordinary).await;
    for byte in 1..4 {
        running
            .manager
            .submit(transfer(byte))
            .await
            .expect("a request");
    }
    // They are sent side by side, so that a node may answer in any order.
    let mut nonces = Vec::new();
    for _ in 0..3 {
        if let Event::Sent { nonce, .. } = running.until("sent", is_sent).await {
            nonces.push(nonce);
        }
    }
    nonces.sort_unstable();
    assert_eq!(nonces, [0, 1, 2]);
    anvil.mine(1).await;
    for _ in 0..3 {
        running.until("included", is_included).await;
    }
    anvil.reorg(1).await;
    for _ in 0..3 {
        running
            .until("dropped", |event| matches!(event, Event::Dropped { .. }))
            .await;
    }
    for _ in 0..3 {
        running.until("sent again", is_sent).await;
    }
    anvil.mine(1).await;
    for _ in 0..3 {
        running.until("included again", is_included).await;
    }
    anvil.mine(CONFIRMATIONS).await;
    for byte in 1..4 {
        assert_eq!(running.until_final(id(byte)).await, Outcome::Executed);
        assert_eq!(received(&anvil, byte).await, U256::from(1000));
        // Once more, as an owner does that has not noted it: without effect.
        running
            .manager
            .submit(transfer(byte))
            .await
            .expect("a request");
        assert_eq!(running.until_final(id(byte)).await, Outcome::Executed);
        running.manager.forget(id(byte)).await;
    }
    assert_eq!(received(&anvil, 1).await, U256::from(1000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_below_the_market_is_replaced() {
    let (anvil, dir) = (Anvil::start().await, TempDir::new().expect("a folder"));
    let mut running = Running::start(&anvil, dir.path(), Kind::Ordinary).await;
    running
        .manager
        .submit(transfer(1))
        .await
        .expect("a request");
    running.until("sent", is_sent).await;
    let dear = 20_000_000_000u64;
    anvil
        .control(
            "anvil_setNextBlockBaseFeePerGas",
            json!([format!("{dear:#x}")]),
        )
        .await;
    anvil.mine(1).await;
    assert_eq!(
        received(&anvil, 1).await,
        U256::ZERO,
        "it was below the base fee"
    );
    let replaced = running
        .until("replaced", |event| matches!(event, Event::Replaced { .. }))
        .await;
    assert!(
        matches!(
            replaced,
            Event::Replaced {
                cancellation: false,
                ..
            }
        ),
        "{replaced:?}"
    );
    anvil.mine(1).await;
    running.until("included", is_included).await;
    anvil.mine(CONFIRMATIONS).await;
    assert_eq!(running.until_final(id(1)).await, Outcome::Executed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_transaction_has_no_effect_and_leaves_no_hole() {
    let (anvil, dir) = (Anvil::start().await, TempDir::new().expect("a folder"));
    let mut running = Running::start(&anvil, dir.path(), Kind::Ordinary).await;
    running
        .manager
        .submit(transfer(1))
        .await
        .expect("a request");
    running
        .manager
        .submit(transfer(2))
        .await
        .expect("a request");
    running.until("sent", is_sent).await;
    running.until("sent", is_sent).await;
    running.manager.cancel(id(1)).await;
    running
        .until("replaced", |e| {
            matches!(
                e,
                Event::Replaced {
                    cancellation: true,
                    ..
                }
            )
        })
        .await;
    anvil.mine(1).await;
    running
        .until("cancelled", |event| {
            matches!(event, Event::Cancelled { .. })
        })
        .await;
    anvil.mine(CONFIRMATIONS).await;
    assert_eq!(running.until_final(id(1)).await, Outcome::Cancelled);
    assert_eq!(running.until_final(id(2)).await, Outcome::Executed);
    assert_eq!(received(&anvil, 1).await, U256::ZERO);
    assert_eq!(received(&anvil, 2).await, U256::from(1000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_neither_repeats_nor_forgets() {
    let (anvil, dir) = (Anvil::start().await, TempDir::new().expect("a folder"));
    let mut first = Running::start(&anvil, dir.path(), Kind::Ordinary).await;
    first.manager.submit(transfer(1)).await.expect("a request");
    first.until("sent", is_sent).await;
    first.manager.submit(transfer(2)).await.expect("a request");
    first.task.abort();
    let ended = first.task.await;
    assert!(ended.is_err_and(|error| error.is_cancelled()));
    anvil.mine(1).await;
    let mut second = Running::start(&anvil, dir.path(), Kind::Ordinary).await;
    second
        .until(
            "included",
            |e| matches!(e, Event::Included { id: of, .. } if *of == id(1)),
        )
        .await;
    while received(&anvil, 2).await == U256::ZERO {
        anvil.mine(1).await;
    }
    anvil.mine(CONFIRMATIONS).await;
    assert_eq!(second.until_final(id(1)).await, Outcome::Executed);
    anvil.mine(CONFIRMATIONS).await;
    assert_eq!(second.until_final(id(2)).await, Outcome::Executed);
    let account = second.manager.account();
    let count = anvil
        .provider
        .get_transaction_count(account)
        .await
        .expect("a nonce");
    assert_eq!(count, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_transaction_is_included_and_another_one_cancelled() {
    let (anvil, dir) = (Anvil::start().await, TempDir::new().expect("a folder"));
    let mut running = Running::start(&anvil, dir.path(), Kind::Blob).await;
    let sidecar = tokio::task::spawn_blocking(|| {
        Sidecar::try_from_blobs_with_settings(
            vec![alloy_eips::eip4844::Blob::repeat_byte(1)],
            kzg::settings(),
        )
    });
    let sidecar = Arc::new(sidecar.await.expect("a thread").expect("a blob"));
    for byte in 1..3 {
        let request = transfer(byte)
            .with_sidecar(sidecar.clone())
            .with_gas_limit(50_000);
        running.manager.submit(request).await.expect("a request");
        running.until("sent", is_sent).await;
    }
    running.manager.cancel(id(2)).await;
    running
        .until("replaced", |e| {
            matches!(
                e,
                Event::Replaced {
                    cancellation: true,
                    ..
                }
            )
        })
        .await;
    anvil.mine(1).await;
    anvil.mine(CONFIRMATIONS).await;
    assert_eq!(running.until_final(id(1)).await, Outcome::Executed);
    assert_eq!(running.until_final(id(2)).await, Outcome::Cancelled);
    assert_eq!(received(&anvil, 1).await, U256::from(1000));
    assert_eq!(received(&anvil, 2).await, U256::ZERO);
}
