//! From the queue to a nonce: one intent at a time and in order, so that nonces have no gaps and effects keep the
//! order in which they were asked for.

use std::time::Duration;

use super::intent::{Attempt, Intent, Purpose};
use super::{
    Action, Chain, EstimateError, Event, IntentId, Manager, Outcome, Price, Record, Settled,
    SignedTransaction, clear_obstacle, gap, set_obstacle, settle,
};
use crate::transactions::event::Obstacle;
use crate::transactions::request::GAS_LIMIT_MAX;

impl Manager {
    /// Gives the first in the queue a nonce and has it signed. As long as that is not on disk, the next one waits: a
    /// crash then leaves no hole behind.
    pub(super) fn assign(&mut self, now: Duration, chain: &Chain, actions: &mut Vec<Action>) {
        let in_flight = self.intents.iter().filter(|i| i.is_in_flight()).count();
        let next_nonce = self.next_nonce(chain);
        let unsigned = |intent: &&mut Intent| intent.nonce.is_some() && intent.attempts.is_empty();
        let intent = match self.intents.iter_mut().find(unsigned) {
            Some(intent) => intent,
            None if in_flight >= self.settings.in_flight_max => return,
            None => match self.intents.iter_mut().find(|intent| intent.is_queued()) {
                Some(intent) => intent,
                None => return,
            },
        };
        if intent.signing.is_some() || !intent.sign.is_ready(now) {
            return;
        }
        let kind = self.settings.kind;
        let price = match Price::first(&chain.market, &self.settings.caps, kind) {
            Ok(price) => price,
            Err(above) => {
                let needed = above.needed;
                return set_obstacle(intent, Obstacle::FeeCap { needed }, actions);
            }
        };
        clear_obstacle(intent, actions);
        let nonce = intent.nonce.unwrap_or(next_nonce);
        let draft = intent.draft(self.account, kind, nonce, price);
        let id = intent.id();
        if intent.gas.is_none() {
            if intent.estimate.is_ready(now) {
                intent.estimate.start();
                actions.push(Action::Estimate { id, draft });
            }
            return;
        }
        intent.nonce = Some(nonce);
        intent.signing = Some(draft.clone());
        intent.sign.start();
        actions.push(Action::Sign { id, draft });
    }

    fn next_nonce(&self, chain: &Chain) -> u64 {
        let own = self.intents.iter().filter(|intent| !intent.is_settled());
        let after_own = own
            .filter_map(|intent| intent.nonce)
            .max()
            .map(|nonce| nonce + 1);
        after_own.map_or(chain.nonce, |nonce| nonce.max(chain.nonce))
    }

    pub(super) fn on_estimated(
        &mut self,
        now: Duration,
        id: IntentId,
        result: Result<u64, EstimateError>,
        actions: &mut Vec<Action>,
    ) {
        let margin = self.settings.gas_margin_percent;
        let rng = &mut self.rng;
        let Some(intent) = self.intents.iter_mut().find(|i| i.id() == id) else {
            return;
        };
        intent.estimate.park();
        if intent.is_settled() {
            return;
        }
        match result {
            Ok(gas) if gas <= GAS_LIMIT_MAX => {
                let with_margin = gas.saturating_add(gas.saturating_mul(margin) / 100);
                intent.gas = Some(with_margin.min(GAS_LIMIT_MAX));
            }
            Ok(gas) => {
                let reason = format!("it takes {gas} gas and may have at most {GAS_LIMIT_MAX}");
                refuse(intent, reason, actions);
            }
            Err(EstimateError::Reverts(reason)) => refuse(intent, reason, actions),
            Err(EstimateError::Unavailable) => intent.estimate.failed(now, rng),
        }
    }

    pub(super) fn on_signed(
        &mut self,
        now: Duration,
        id: IntentId,
        result: Option<SignedTransaction>,
        actions: &mut Vec<Action>,
    ) {
        let chain = self.chain;
        let rng = &mut self.rng;
        let Some(intent) = self.intents.iter_mut().find(|i| i.id() == id) else {
            return;
        };
        let Some(draft) = intent.signing.take() else {
            return;
        };
        let is_first = intent.attempts.is_empty();
        let is_late = chain.is_some_and(|chain| chain.nonce > draft.nonce)
            || (intent.cancelling && draft.purpose == Purpose::Effect);
        let Some(signed) = result.filter(|_| !(is_first && is_late)) else {
            if is_first && (is_late || !gap::is_filler(id)) {
                // Nothing has left the house: back to the queue, where what has changed is taken into account.
                intent.nonce = None;
            }
            return intent.sign.failed(now, rng);
        };
        intent.sign.done(now);
        let attempt = Attempt {
            purpose: draft.purpose,
            price: draft.price,
            transaction: signed.hash,
            raw: signed.raw,
        };
        intent.attempts.push(attempt.clone());
        intent.underpriced = false;
        intent.taken = false;
        intent.waiting_since = chain.map_or(0, |chain| chain.block.number);
        intent.send.done(now);
        actions.push(Action::Persist {
            id,
            record: Record::Attempt {
                nonce: draft.nonce,
                attempt,
            },
        });
    }
}

/// Ends an intent that cannot be executed. Its nonce, if it had one, was not used.
fn refuse(intent: &mut Intent, reason: String, actions: &mut Vec<Action>) {
    let id = intent.id();
    actions.push(Action::Report(Event::Refused { id, reason }));
    let settled = Settled {
        outcome: Outcome::Refused,
        inclusion: None,
    };
    settle(intent, settled, actions);
}
