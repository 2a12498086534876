//! What L1's blocks say, told to the state machines.

use spillway_l1::arrivals::{Arrival, Said, SaidError, said};
use spillway_l1::events::{Block, ContractAddresses, Item};
use spillway_l1::payments::{self, PaymentEvent};
use spillway_protocol::inbox::InboxMessage;

use super::book::Pages;
use super::report::Report;
use super::session::Reason;
use crate::deposits::Deposit;
use crate::withdrawals::Payment;

/// Takes in a block or a roll-back. Answers what is worth telling.
pub(super) fn take(
    pages: &mut Pages,
    contracts: &ContractAddresses,
    item: Item,
) -> Result<Vec<Report>, Reason> {
    match item {
        Item::Block(block) => take_block(pages, contracts, &block),
        Item::Rollback { to } => {
            let to = to.map(|block| block.number);
            pages.withdrawals.roll_back(to)?;
            let lost = pages.deposits.roll_back(to);
            let lost = (lost > 0).then_some(Report::DepositsLost { count: lost });
            Ok(lost.into_iter().collect())
        }
    }
}

fn take_block(
    pages: &mut Pages,
    contracts: &ContractAddresses,
    block: &Block,
) -> Result<Vec<Report>, Reason> {
    let l1_block = block.header.block.number;
    pages.deposits.on_block(l1_block);
    pages.withdrawals.on_block(block.header.timestamp);
    let (mut paid, mut reports) = (Vec::new(), Vec::new());
    for log in &block.logs {
        let transaction = log.transaction_hash.unwrap_or_default();
        match said(contracts, log)? {
            Some(Said::Arrival(arrival)) => {
                if let Some(deposit) = deposit(&arrival) {
                    pages.deposits.on_deposit(Deposit {
                        l1_block,
                        transaction,
                        ..deposit
                    });
                }
                continue;
            }
            Some(Said::Batch(event)) => {
                pages.withdrawals.on_batch(l1_block, &event)?;
                continue;
            }
            None => {}
        }
        match payments::event(contracts, log).map_err(SaidError::from)? {
            Some(PaymentEvent::Paid { index, to }) => {
                let payment = Payment {
                    transaction,
                    l1_block,
                    to,
                };
                pages.withdrawals.on_paid(index, payment);
                paid.push(index);
            }
            Some(PaymentEvent::Advanced(advance)) => {
                let withdrawals = &mut pages.withdrawals;
                if withdrawals.on_advanced(&advance, transaction, l1_block) {
                    reports.push(Report::Advanced { advance, l1_block });
                }
            }
            Some(PaymentEvent::Failed(index)) => {
                let failure = pages.withdrawals.on_failed(index, transaction);
                reports.extend(failure.map(|failure| Report::PaymentFailed { index, failure }));
            }
            Some(PaymentEvent::Refunded(index)) => pages.deposits.on_refund(index, l1_block),
            None => {}
        }
    }
    if !paid.is_empty() {
        let indices = paid;
        reports.push(Report::Paid { indices, l1_block });
    }
    Ok(reports)
}

fn deposit(arrival: &Arrival) -> Option<Deposit> {
    let Arrival::Message { index, message, .. } = arrival else {
        return None;
    };
    let InboxMessage::Deposit {
        to, token, amount, ..
    } = *message
    else {
        return None;
    };
    Some(Deposit {
        index: *index,
        to,
        token,
        amount,
        l1_block: 0,
        transaction: Default::default(),
    })
}
