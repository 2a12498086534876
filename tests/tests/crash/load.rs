//! Load on a node: several wallets at once, each with its own way of sending, until the node takes no more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use alloy_primitives::B256;
use serde_json::{Value, json};
use spillway_tests::{CallError, Rpc, RpcError};
use tokio::task::JoinSet;

use crate::plan::{Kinds, Planned, Wallet};

/// The node takes nothing any more: its journal failed, or it stops (docs/rpc.md).
pub(crate) const UNAVAILABLE: i64 = -32002;

/// What was answered for a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is in a block on disk.
    Durable,
    /// It waits for earlier nonces, in memory.
    Held,
    /// An error.
    Refused(RpcError),
    /// Nothing, or something that is no answer.
    Unanswered,
}

/// A transaction and what was answered for it.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) planned: Planned,
    pub(crate) verdict: Verdict,
    /// Whether it was sent before its predecessor, so that the node may have held it.
    pub(crate) early: bool,
}

/// How a wallet sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// `eth_sendRawTransaction`, the next one when the last was answered.
    Single,
    /// `spillway_sendRawTransactions` of so many.
    Bulk(usize),
    /// The same, each pair of nonces swapped, so that every second one is held at first.
    Swapped(usize),
}

/// The wallets of an ordinary load: account, what it sends and how.
pub(crate) const WALLETS: [(u32, Kinds, Manner); 8] = [
    (0, Kinds::Payments, Manner::Single),
    (1, Kinds::Payments, Manner::Single),
    (2, Kinds::Withdrawals, Manner::Single),
    (3, Kinds::Payments, Manner::Bulk(16)),
    (4, Kinds::Withdrawals, Manner::Bulk(4)),
    (5, Kinds::Payments, Manner::Swapped(6)),
    (6, Kinds::LargePayouts, Manner::Bulk(24)),
    (7, Kinds::LongMemos, Manner::Bulk(64)),
];

/// A load that runs in the background.
#[derive(Debug)]
pub(crate) struct Load {
    tasks: JoinSet<Vec<Reply>>,
    enough: Arc<AtomicBool>,
}

impl Load {
    /// Starts sending from all wallets.
    pub(crate) fn start(rpc: &Rpc, wallets: impl IntoIterator<Item = (Wallet, Manner)>) -> Self {
        let enough = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for (wallet, manner) in wallets {
            tasks.spawn(drive(rpc.clone(), wallet, manner, Arc::clone(&enough)));
        }
        Self { tasks, enough }
    }

    /// Lets every wallet finish what it has sent; returns all replies.
    pub(crate) async fn finish(self) -> Vec<Reply> {
        self.enough.store(true, Ordering::Relaxed);
        self.replies().await
    }

    /// Waits until the node takes nothing any more, because it was killed, stopped or failed.
    pub(crate) async fn replies(self) -> Vec<Reply> {
        self.tasks.join_all().await.concat()
    }
}

/// Sends until it is told to finish, or something is not taken.
async fn drive(
    rpc: Rpc,
    mut wallet: Wallet,
    manner: Manner,
    enough: Arc<AtomicBool>,
) -> Vec<Reply> {
    let mut replies = Vec::new();
    while !enough.load(Ordering::Relaxed) {
        let sent = match manner {
            Manner::Single => vec![send(&rpc, wallet.sign()).await],
            Manner::Bulk(count) => send_bulk(&rpc, wallet.sign_many(count)).await,
            Manner::Swapped(pairs) => {
                let mut planned = wallet.sign_many(2 * pairs);
                planned.chunks_mut(2).for_each(<[_]>::reverse);
                send_bulk(&rpc, planned).await
            }
        };
        let taken = |reply: &Reply| matches!(reply.verdict, Verdict::Durable | Verdict::Held);
        let all_taken = sent.iter().all(taken);
        replies.extend(sent);
        if !all_taken {
            break;
        }
    }
    replies
}

/// Sends one, whose predecessors must have been answered.
pub(crate) async fn send(rpc: &Rpc, planned: Planned) -> Reply {
    let verdict = match rpc.send_raw(&planned.raw).await {
        Ok(hash) => durable(hash, &planned),
        Err(CallError::Refused(error)) => Verdict::Refused(error),
        Err(CallError::Unanswered(_)) => Verdict::Unanswered,
    };
    Reply {
        planned,
        verdict,
        early: false,
    }
}

/// Sends many in one call.
pub(crate) async fn send_bulk(rpc: &Rpc, planned: Vec<Planned>) -> Vec<Reply> {
    let raw: Vec<_> = planned
        .iter()
        .map(|planned| alloy_primitives::hex::encode_prefixed(&planned.raw))
        .collect();
    let answer = rpc.call("spillway_sendRawTransactions", json!([raw])).await;
    let verdicts: Vec<Verdict> = match answer {
        Ok(Value::Array(answers)) => {
            assert_eq!(answers.len(), planned.len(), "a verdict for each");
            let verdict = |(answer, planned)| bulk_verdict(answer, planned);
            answers.iter().zip(&planned).map(verdict).collect()
        }
        Ok(other) => panic!("not a list of verdicts: {other}"),
        Err(CallError::Refused(error)) => vec![Verdict::Refused(error); planned.len()],
        Err(CallError::Unanswered(_)) => vec![Verdict::Unanswered; planned.len()],
    };
    let next = planned.iter().skip(1).map(|planned| Some(planned.nonce));
    let early: Vec<_> = planned
        .iter()
        .zip(next.chain([None]))
        .map(|(planned, next)| next.is_some_and(|next| next < planned.nonce))
        .collect();
    let replies = planned.into_iter().zip(verdicts).zip(early);
    replies
        .map(|((planned, verdict), early)| Reply {
            planned,
            verdict,
            early,
        })
        .collect()
}

fn bulk_verdict(answer: &Value, planned: &Planned) -> Verdict {
    if let Some(error) = answer.get("error") {
        return Verdict::Refused(RpcError::from_json(error).expect("an error object"));
    }
    let hash = answer["hash"].as_str().and_then(|hash| hash.parse().ok());
    match (durable(hash.expect("a hash"), planned), answer.get("held")) {
        (verdict, None) => verdict,
        (_, Some(Value::Bool(true))) => Verdict::Held,
        (_, Some(other)) => panic!("`held` is true or not there: {other}"),
    }
}

fn durable(hash: B256, planned: &Planned) -> Verdict {
    assert_eq!(hash, planned.hash, "the answer names another transaction");
    Verdict::Durable
}
