//! What proofs take of L1, as a table.

use std::collections::BTreeMap;

use alloy_consensus::Transaction;
use alloy_provider::Provider;
use alloy_rpc_types_eth::Filter;
use alloy_sol_types::SolEvent;
use spillway_bridge_contracts::Rollup::BatchesReverted;
use spillway_verifier::replay::Dispute;

use super::l1::L1;

/// Of one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cost {
    pub(crate) gas: u64,
    /// Bytes of calldata.
    pub(crate) bytes: usize,
}

/// The dearest proof by dispute and words.
#[derive(Debug, Default)]
pub(crate) struct Costs(BTreeMap<(&'static str, String), Cost>);

impl Costs {
    pub(crate) fn note(&mut self, dispute: Dispute, words: &str, cost: Cost) {
        let name = match dispute {
            Dispute::Transition { .. } => "transition",
            Dispute::NoBlock => "no block",
            Dispute::LastRoot => "last root",
            Dispute::Counts => "counts",
            Dispute::MalformedElement(_) => "malformed element",
        };
        let known = self.0.entry((name, words.to_owned())).or_insert(cost);
        *known = (*known).max(cost);
    }

    pub(crate) fn print(&self, title: &str) {
        println!(
            "\n{title}\n| dispute | what is wrong | gas | calldata bytes |\n|---|---|---|---|"
        );
        for ((dispute, words), Cost { gas, bytes }) in &self.0 {
            println!("| {dispute} | {words} | {gas} | {bytes} |");
        }
    }
}

impl L1 {
    /// What the transaction took by which batches fell last.
    pub(crate) async fn cost_of_the_last_fall(&self) -> Cost {
        let provider = self.provider();
        let filter = Filter::new().address(self.deployment.rollup).from_block(0);
        let filter = filter.event_signature(BatchesReverted::SIGNATURE_HASH);
        let logs = provider.get_logs(&filter).await.unwrap();
        let hash = logs.last().unwrap().transaction_hash.unwrap();
        let receipt = provider.get_transaction_receipt(hash).await.unwrap();
        let transaction = provider.get_transaction_by_hash(hash).await.unwrap();
        Cost {
            gas: receipt.unwrap().gas_used,
            bytes: transaction.unwrap().input().len(),
        }
    }
}
