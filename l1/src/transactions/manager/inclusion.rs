//! From the pools into the chain, out of it again when it forks, and to the end.

use std::time::Duration;

use super::intent::{Absence, Intent, Looked, Place, Purpose};
use super::{
    Action, Chain, Event, Head, IntentId, Manager, Outcome, Receipt, Settled, clear_obstacle,
    settle,
};

/// Blocks beyond the confirmations, and answers of nodes, after which a nonce that is used counts as used by somebody
/// else. Receipts may come late; a wrong verdict here would make the owner repeat what was done.
const MISSING_BLOCKS: u64 = 16;
const MISSING_ANSWERS: u32 = 8;

/// Blocks and answers after which the owner is told that this is likely. It may turn out wrong, so nothing ends by it: whoever
/// cannot do harm by going on need not wait until the verdict is certain, which takes a quarter of an hour.
const DISPLACED_BLOCKS: u64 = 3;
const DISPLACED_ANSWERS: u32 = 3;

impl Manager {
    pub(super) fn on_head(&mut self, now: Duration, head: &Head, actions: &mut Vec<Action>) {
        let before = self.chain;
        let grows = before
            .is_some_and(|before| head.block == before.block || head.parent == before.block.hash);
        if !grows {
            self.epoch += 1;
        }
        let market = head.market.or(before.map(|before| before.market));
        // Without fees nothing can be priced: as if the chain had not been seen.
        let Some(market) = market else { return };
        let chain = Chain {
            block: head.block,
            nonce: head.nonce,
            market,
        };
        self.chain = Some(chain);
        let is_new_block = before.is_none_or(|before| before.block != head.block);
        let nonce_moved = before.is_none_or(|before| before.nonce != head.nonce);
        for intent in &mut self.intents {
            if is_new_block {
                intent.look.expedite(now);
            }
            if nonce_moved && intent.nonce == Some(chain.nonce) {
                intent.waiting_since = chain.block.number;
            }
            if !grows {
                intent.recheck = true;
                // Whatever used the nonce may be in a block that is gone, or in a younger one. Blocks that were skipped
                // look the same, so that under load there may never be a verdict; what is unseen is still counted.
                intent.missing = None;
            }
            if intent.nonce.is_some_and(|nonce| nonce >= chain.nonce) {
                intent.clear_absence();
                drop_from_block(intent, now, &chain, actions);
            }
        }
    }

    /// Asks for the receipts of those whose nonce is used, of those whose block may be gone, and of those that are
    /// deep enough to be final.
    pub(super) fn look_up(&mut self, now: Duration, chain: &Chain, actions: &mut Vec<Action>) {
        let confirmations = self.settings.confirmations;
        for intent in &mut self.intents {
            let is_asked = match &intent.place {
                Place::Waiting => intent.nonce.is_some_and(|nonce| nonce < chain.nonce),
                Place::Included(receipt) => {
                    intent.recheck || is_deep(receipt, chain.block.number, confirmations)
                }
                Place::Settled(_) => false,
            };
            if !is_asked || intent.attempts.is_empty() || !intent.look.is_ready(now) {
                continue;
            }
            intent.look.start();
            intent.recheck = false;
            intent.looked_at = Looked {
                epoch: self.epoch,
                head: chain.block.number,
            };
            let newest_first = intent.attempts.iter().rev();
            actions.push(Action::LookUp {
                id: intent.id(),
                transactions: newest_first.map(|attempt| attempt.transaction).collect(),
            });
        }
    }

    pub(super) fn on_looked_up(
        &mut self,
        now: Duration,
        id: IntentId,
        result: Option<Option<Receipt>>,
        actions: &mut Vec<Action>,
    ) {
        let (epoch, confirmations) = (self.epoch, self.settings.confirmations);
        let Some(chain) = self.chain else { return };
        let rng = &mut self.rng;
        let Some(intent) = self.intents.iter_mut().find(|i| i.id() == id) else {
            return;
        };
        let Some(found) = result else {
            intent.recheck = true;
            return intent.look.failed(now, rng);
        };
        if intent.looked_at.epoch != epoch {
            // The chain has forked since: the answer may be about a block that is gone.
            intent.recheck = true;
            return intent.look.done(now);
        }
        intent.look.park();
        match found {
            Some(receipt) => on_receipt(intent, receipt, confirmations, actions),
            None => {
                drop_from_block(intent, now, &chain, actions);
                on_missing(intent, &chain, confirmations, actions);
            }
        }
    }
}

fn is_deep(receipt: &Receipt, head: u64, confirmations: u64) -> bool {
    receipt.block.number.saturating_add(confirmations) <= head
}

fn on_receipt(
    intent: &mut Intent,
    receipt: Receipt,
    confirmations: u64,
    actions: &mut Vec<Action>,
) {
    let Some(attempt) = intent
        .attempts
        .iter()
        .find(|attempt| attempt.transaction == receipt.transaction)
    else {
        return;
    };
    let purpose = attempt.purpose;
    intent.clear_absence();
    clear_obstacle(intent, actions);
    let id = intent.id();
    let known = match &intent.place {
        Place::Waiting => false,
        Place::Included(old) if old.block == receipt.block => true,
        Place::Included(old) => {
            let block = old.block;
            actions.push(Action::Report(Event::Dropped { id, block }));
            false
        }
        Place::Settled(_) => return,
    };
    if !known {
        actions.push(Action::Report(included(id, purpose, receipt.clone())));
    }
    if is_deep(&receipt, intent.looked_at.head, confirmations) {
        let outcome = match (purpose, receipt.succeeded) {
            (Purpose::Cancellation, _) => Outcome::Cancelled,
            (Purpose::Effect, true) => Outcome::Executed,
            (Purpose::Effect, false) => Outcome::Reverted,
        };
        let inclusion = Some((receipt.transaction, receipt.block));
        settle(intent, Settled { outcome, inclusion }, actions);
    } else {
        intent.place = Place::Included(receipt);
    }
}

fn included(id: IntentId, purpose: Purpose, receipt: Receipt) -> Event {
    match (purpose, receipt.succeeded) {
        (Purpose::Cancellation, _) => Event::Cancelled {
            id,
            receipt: Some(receipt),
        },
        (Purpose::Effect, true) => Event::Included { id, receipt },
        (Purpose::Effect, false) => Event::Reverted { id, receipt },
    }
}

/// The block that held it is gone: it waits again and is sent again. That happens to one that was final only if the
/// chain forks deeper than the confirmations, and even then it is not left out.
fn drop_from_block(intent: &mut Intent, now: Duration, chain: &Chain, actions: &mut Vec<Action>) {
    let block = match &intent.place {
        Place::Included(receipt) => receipt.block,
        Place::Settled(Settled {
            inclusion: Some((_, block)),
            ..
        }) => *block,
        _ => return,
    };
    intent.place = Place::Waiting;
    intent.recheck = false;
    intent.taken = false;
    intent.waiting_since = chain.block.number;
    intent.send.expedite(now);
    let id = intent.id();
    actions.push(Action::Report(Event::Dropped { id, block }));
}

/// Its nonce is used, and none of its transactions is known to the chain.
fn on_missing(intent: &mut Intent, chain: &Chain, confirmations: u64, actions: &mut Vec<Action>) {
    if intent.nonce.is_none_or(|nonce| nonce >= chain.nonce) {
        return;
    }
    let head = intent.looked_at.head;
    let unseen = Absence::note(&mut intent.unseen, head);
    if !intent.displaced && unseen.lasts(head, DISPLACED_BLOCKS, DISPLACED_ANSWERS) {
        intent.displaced = true;
        let id = intent.id();
        actions.push(Action::Report(Event::Displaced { id }));
    }
    let missing = Absence::note(&mut intent.missing, head);
    let blocks = confirmations.saturating_add(MISSING_BLOCKS);
    if missing.lasts(head, blocks, MISSING_ANSWERS) {
        let settled = Settled {
            outcome: Outcome::Usurped,
            inclusion: None,
        };
        settle(intent, settled, actions);
    }
}
