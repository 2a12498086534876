//! How long a roll-back takes: a chain of transfers, gone back to its first block.
//!
//!     cargo run --release -p spillway-sequencer --example rollback -- [TRANSFERS]

use std::error::Error;
use std::time::Instant;

use alloy_consensus::crypto::secp256k1::sign_message;
use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use rayon::prelude::*;
use spillway_protocol::inbox::InboxMessage;
use spillway_sequencer::config::Config;
use spillway_sequencer::forks::Fork;
use spillway_sequencer::genesis::Genesis;
use spillway_sequencer::lanes::L1Event;
use spillway_sequencer::signing::HeaderSigner;
use spillway_sequencer::{Sequencer, rollback};

const CHAIN_ID: u64 = 51_717;
const SENDERS: u8 = 20;
/// Transactions that are sent together.
const BULK: u64 = 1_000;

fn key(sender: u8) -> B256 {
    B256::repeat_byte(sender + 1)
}

fn transfer(sender: u8, nonce: u64) -> Result<Bytes, Box<dyn Error + Send + Sync>> {
    let transaction = TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: 1_000_000_000,
        to: TxKind::Call(Address::left_padding_from(&(nonce % 5_000).to_be_bytes())),
        value: U256::from(1_000),
        ..TxEip1559::default()
    };
    let signature = sign_message(key(sender), transaction.signature_hash())?;
    let envelope = TxEnvelope::from(transaction.into_signed(signature));
    Ok(envelope.encoded_2718().into())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let wanted = std::env::args()
        .nth(1)
        .map_or(Ok(100_000), |text| text.parse::<u64>())?;
    let dir = tempfile::tempdir()?;
    let genesis = Genesis {
        chain_id: CHAIN_ID,
        fee_account: Address::repeat_byte(0xfe),
    };
    let config = Config::new(genesis, dir.path().to_owned());
    let sequencer = Sequencer::start(&config)?;
    for sender in 0..SENDERS {
        let to = HeaderSigner::new(key(sender))?.address();
        sequencer.deliver([L1Event::Message(InboxMessage::Deposit {
            to,
            token: 0,
            amount: 10u128.pow(20),
            lock: false,
        })]);
    }
    let (view, submitter) = (sequencer.view(), sequencer.submitter());
    let mut newest = view.newest();
    let funded =
        |_: &u64| view.with_ledger(|ledger| ledger.head().inbox_count) == u64::from(SENDERS);
    newest.wait_for(funded).await?;
    let standing = view.block(view.block_number())?.ok_or("a block")?;
    let mut sent = 0;
    while sent < wanted {
        let first = sent / u64::from(SENDERS);
        let bulk: Result<Vec<_>, _> = (0..BULK)
            .into_par_iter()
            .map(|place| {
                let sender = u8::try_from(place % u64::from(SENDERS))?;
                transfer(sender, first + place / u64::from(SENDERS))
            })
            .collect();
        for answer in submitter.submit_all(bulk?).await {
            answer?;
        }
        sent += BULK;
    }
    let head = view.block_number();
    let root = view.summary()?.state_root;
    drop((newest, view, submitter));
    sequencer.stop()?;

    rollback::order(
        dir.path(),
        Fork {
            id: 1,
            batch: 1,
            last_block: standing.header.number,
            last_block_hash: standing.hash,
            reverted_at: 0,
            resumed_at: None,
        },
    )?;
    let began = Instant::now();
    let sequencer = Sequencer::start(&config)?;
    let took = began.elapsed();
    let report = sequencer.report().rollback.ok_or("a roll-back")?;
    let is_same = sequencer.report().block_number >= head && report.dropped == 0;
    println!(
        "{} transactions in {} blocks applied again in {took:.2?}: {:.0}/s; state root {}",
        report.transactions,
        report.blocks,
        report.transactions as f64 / took.as_secs_f64(),
        if is_same && sequencer.report().state_root == root {
            "the same"
        } else {
            "ANOTHER"
        },
    );
    Ok(sequencer.stop()?)
}
