//! `spillway_history`: what an account took part in, newest first, by pages.

use std::ops::ControlFlow;
use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes, U128};
use jsonrpsee::core::{RegisterMethodError, RpcResult};
use serde::Serialize;
use serde_json::json;

use super::arguments::{Argument, Arguments, Count};
use super::block_methods::read_failed;
use super::logs::query::Budget;
use super::openrpc::{Registrar, describe};
use super::{Rpc, error};
use crate::block::Block;
use crate::effects::Effect;
use crate::index::Search;
use crate::view::View;

const ENTRIES_DEFAULT: u64 = 25;
/// Entries of a page.
const ENTRIES_MAX: u64 = 1_000;

/// Registers the method.
pub(super) fn register(module: &mut Registrar) -> Result<(), RegisterMethodError> {
    module.async_method(
        describe(
            "spillway_history",
            "What an account took part in, newest first, by pages.",
        )
        .details(
            "The cursor is the `next` of the page before. A page has 25 entries \
             unless more are asked for, up to 1,000, and perhaps fewer: go on until \
             `next` is null.",
        )
        .required("address", "Address")
        .optional(
            "cursor",
            json!({ "type": "string", "pattern": r"^[0-9]+\.[0-9]+$" }),
        )
        .optional("entries at most", "CountArgument")
        .result("page", "HistoryPage"),
        |params, rpc, _| async move {
            let mut arguments = Arguments::of(&params)?;
            let account = arguments.required("address")?;
            let before = arguments.optional("cursor")?;
            let Count(max) = arguments
                .optional("entries at most")?
                .unwrap_or(Count(ENTRIES_DEFAULT));
            if !(1..=ENTRIES_MAX).contains(&max) {
                return Err(error::invalid_params(format!(
                    "a page has 1 to {ENTRIES_MAX} entries"
                )));
            }
            let searching = Arc::clone(&rpc);
            let search = move || page(&rpc, &account, before, usize::try_from(max).unwrap_or(1));
            searching.searches.run(search).await
        },
    )?;
    Ok(())
}

/// A place in the chain: entries before it are older.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cursor {
    block: u64,
    /// The place among the block's effects.
    place: usize,
}

impl Cursor {
    fn encode(self) -> String {
        format!("{}.{}", self.block, self.place)
    }
}

impl Argument for Cursor {
    fn read(json: &str) -> Result<Self, &'static str> {
        let problem = "expected the `next` of the page before";
        let text: &str = serde_json::from_str(json).map_err(|_| problem)?;
        let (block, place) = text.split_once('.').ok_or(problem)?;
        Ok(Self {
            block: block.parse().map_err(|_| problem)?,
            place: place.parse().map_err(|_| problem)?,
        })
    }
}

#[derive(Clone, Debug, Serialize)]
struct Page {
    entries: Vec<Entry>,
    /// For the page after this one; null if there is none.
    next: Option<String>,
}

/// Something that the account took part in. A token is its address on L1, null for ETH; amounts are in its smallest unit.
#[derive(Clone, Debug, Serialize)]
struct Entry {
    kind: &'static str,
    block_number: u64,
    timestamp: u64,
    transaction_hash: B256,
    transaction_index: u64,
    /// Null for what came from L1.
    from: Option<Address>,
    /// For a withdrawal, who is paid on L1. Null for a lock.
    to: Option<Address>,
    token: Option<Address>,
    amount: U128,
    #[serde(skip_serializing_if = "Option::is_none")]
    memo: Option<Bytes>,
    /// The index under which a withdrawal is claimed.
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawal: Option<u32>,
    /// The index of the message of L1.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<u64>,
}

fn page(rpc: &Rpc, account: &Address, before: Option<Cursor>, max: usize) -> RpcResult<Page> {
    let newest = rpc.view.block_number();
    let before = before.unwrap_or(Cursor {
        block: newest,
        place: usize::MAX,
    });
    let mut entries: Vec<(Cursor, Entry)> = Vec::new();
    let (mut budget, mut next, mut failure) = (Budget::new(rpc.limits()), None, None);
    let range = 0..=before.block.min(newest);
    rpc.view
        .search(&Search::account(account), &range, true, |number| {
            if entries.len() > max {
                return ControlFlow::Break(());
            }
            // What is not searched now is for the next page.
            if budget.block().is_err() {
                next = Some(Cursor {
                    block: number,
                    place: usize::MAX,
                });
                return ControlFlow::Break(());
            }
            match of_block(&rpc.view, account, number) {
                Ok(found) => {
                    let older = |(at, _): &(Cursor, Entry)| {
                        at.block < before.block || at.place < before.place
                    };
                    entries.extend(found.into_iter().rev().filter(older));
                    ControlFlow::Continue(())
                }
                Err(error) => {
                    failure = Some(error);
                    ControlFlow::Break(())
                }
            }
        });
    if let Some(error) = failure {
        return Err(error);
    }
    if entries.len() > max {
        entries.truncate(max);
        next = entries.last().map(|(at, _)| *at);
    }
    Ok(Page {
        entries: entries.into_iter().map(|(_, entry)| entry).collect(),
        next: next.map(Cursor::encode),
    })
}

/// The entries of a block, in order.
fn of_block(view: &View, account: &Address, number: u64) -> RpcResult<Vec<(Cursor, Entry)>> {
    let mut found = Vec::new();
    let Some(block) = view.block(number).map_err(|reason| read_failed(&reason))? else {
        return Ok(found);
    };
    let mut place = 0;
    let visited = view.visit_effects(&block, |transaction, effect| {
        if effect.parties().contains(account) {
            let at = Cursor {
                block: number,
                place,
            };
            found.push((at, entry(&block, transaction, &effect)));
        }
        place += 1;
    });
    visited.map_err(|reason| read_failed(&reason))?;
    Ok(found)
}

fn entry(block: &Block, transaction: usize, effect: &Effect<'_>) -> Entry {
    let signed = block.transaction_hashes.get(transaction).copied();
    let of_token = |token: Address| (!token.is_zero()).then_some(token);
    let entry = Entry {
        kind: "transfer",
        block_number: block.header.number,
        timestamp: block.header.timestamp,
        transaction_hash: signed.or_else(|| block.system_hash()).unwrap_or_default(),
        transaction_index: transaction as u64,
        from: None,
        to: None,
        token: None,
        amount: U128::ZERO,
        memo: None,
        withdrawal: None,
        message: None,
    };
    match *effect {
        Effect::Transfer {
            from,
            to,
            token,
            amount,
            memo,
        } => Entry {
            from: Some(from),
            to: Some(to),
            token: of_token(token),
            amount: U128::from(amount),
            memo: (!memo.is_empty()).then(|| Bytes::copy_from_slice(memo)),
            ..entry
        },
        Effect::Payout {
            from,
            to,
            token,
            amount,
        } => Entry {
            kind: "payout",
            from: Some(from),
            to: Some(to),
            token: of_token(token),
            amount: U128::from(amount),
            ..entry
        },
        Effect::Withdrawal {
            index,
            account,
            recipient,
            token,
            amount,
        } => Entry {
            kind: "withdrawal",
            from: Some(account),
            to: Some(recipient),
            token: of_token(token),
            amount: U128::from(amount),
            withdrawal: Some(index),
            ..entry
        },
        Effect::Deposit {
            message,
            to,
            token,
            amount,
            ..
        } => Entry {
            kind: "deposit",
            to: Some(to),
            token: of_token(token),
            amount: U128::from(amount),
            message: Some(message),
            ..entry
        },
        Effect::ForcedWithdrawal {
            message,
            sender,
            recipient,
            token,
            taken,
            ..
        } => Entry {
            kind: "forced_withdrawal",
            from: Some(sender),
            to: Some(recipient),
            token: of_token(token),
            amount: U128::from(taken.map_or(0, |(_, amount)| amount)),
            withdrawal: taken.map(|(index, _)| index),
            message: Some(message),
            ..entry
        },
        Effect::Lock {
            message,
            sender,
            locked,
            ..
        } => Entry {
            kind: if locked { "lock" } else { "unlock" },
            from: Some(sender),
            message: Some(message),
            ..entry
        },
    }
}
