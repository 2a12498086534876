//! Getting what is signed into the pools, and replacing what does not get into a block.

use std::time::Duration;

use super::intent::{Intent, Place, Purpose};
use super::{
    Action, Chain, Event, IntentId, Manager, Obstacle, Refusal, Settings, clear_obstacle,
    set_obstacle,
};

impl Manager {
    /// In order of nonces, since pools take them so.
    pub(super) fn replace_and_send(
        &mut self,
        now: Duration,
        chain: &Chain,
        actions: &mut Vec<Action>,
    ) {
        let (settings, account) = (&self.settings, self.account);
        for intent in &mut self.intents {
            let Some(nonce) = intent.nonce.filter(|nonce| *nonce >= chain.nonce) else {
                continue;
            };
            if !intent.is_in_flight() || intent.attempts.is_empty() {
                continue;
            }
            let idle = intent.signing.is_none() && !intent.send.is_running();
            if idle && wants_replacement(intent, nonce, chain, settings) {
                let last = intent.attempts.last().expect("not empty").price;
                match last.next(&chain.market, &settings.caps, settings.kind) {
                    Ok(price) if intent.sign.is_ready(now) => {
                        let draft = intent.draft(account, settings.kind, nonce, price);
                        intent.signing = Some(draft.clone());
                        intent.sign.start();
                        let id = intent.id();
                        actions.push(Action::Sign { id, draft });
                    }
                    Ok(_) => {}
                    Err(above) => {
                        let needed = above.needed;
                        set_obstacle(intent, Obstacle::FeeCap { needed }, actions);
                    }
                }
            } else if idle && matches!(intent.obstacle, Some(Obstacle::FeeCap { .. })) {
                clear_obstacle(intent, actions);
            }
            send(intent, now, settings, actions);
        }
    }

    pub(super) fn on_sent(
        &mut self,
        now: Duration,
        id: IntentId,
        result: Result<(), Refusal>,
        actions: &mut Vec<Action>,
    ) {
        let again = now + self.settings.resend_after;
        let rng = &mut self.rng;
        let Some(position) = self.intents.iter().position(|i| i.id() == id) else {
            return;
        };
        let intent = &mut self.intents[position];
        match result {
            Ok(()) | Err(Refusal::AlreadyKnown) => {
                intent.send.done(again);
                return on_taken(intent, actions);
            }
            // The chain is ahead of what was last seen of it; the next head brings the receipt, or a reorg.
            Err(Refusal::NonceTooLow) => return intent.send.done(again),
            Err(Refusal::ReplacementUnderpriced | Refusal::Underpriced) => {
                intent.underpriced = true;
            }
            Err(Refusal::InsufficientFunds) => set_obstacle(intent, Obstacle::Funds, actions),
            Err(Refusal::OtherKindPending) => set_obstacle(intent, Obstacle::OtherKind, actions),
            Err(Refusal::Invalid(message)) => {
                set_obstacle(intent, Obstacle::Invalid(message), actions);
            }
            Err(Refusal::NonceGap) => {
                for earlier in &mut self.intents[..position] {
                    earlier.send.expedite(now);
                }
            }
            Err(Refusal::PoolFull | Refusal::Unknown(_)) => {}
        }
        self.intents[position].send.failed(now, rng);
    }
}

fn wants_replacement(intent: &Intent, nonce: u64, chain: &Chain, settings: &Settings) -> bool {
    let Some(last) = intent.attempts.last() else {
        return false;
    };
    // Behind another one it cannot get in, whatever it pays, and neither while no node has it.
    let waited = chain.block.number.saturating_sub(intent.waiting_since);
    let is_stuck = intent.taken && nonce == chain.nonce && waited >= settings.stuck_after;
    intent.underpriced
        || is_stuck
        || (intent.cancelling && last.purpose == Purpose::Effect)
        || !last.price.is_includable(&chain.market, settings.kind)
}

fn send(intent: &mut Intent, now: Duration, settings: &Settings, actions: &mut Vec<Action>) {
    if intent.signing.is_some() || !intent.send.is_ready(now) {
        return;
    }
    let Some(attempt) = intent.attempts.last().cloned() else {
        return;
    };
    intent.send.start();
    actions.push(Action::Send {
        id: intent.id(),
        sidecar: intent.sidecar_of(attempt.purpose, settings.kind),
        attempt,
    });
}

fn on_taken(intent: &mut Intent, actions: &mut Vec<Action>) {
    let in_question = !matches!(intent.obstacle, Some(Obstacle::FeeCap { .. }));
    if in_question {
        clear_obstacle(intent, actions);
    }
    let (Some(last), Some(nonce)) = (intent.attempts.last(), intent.nonce) else {
        return;
    };
    if intent.taken || !matches!(intent.place, Place::Waiting) {
        return;
    }
    let id = intent.id();
    actions.push(Action::Report(if intent.attempts.len() == 1 {
        Event::Sent {
            id,
            nonce,
            transaction: last.transaction,
        }
    } else {
        Event::Replaced {
            id,
            transaction: last.transaction,
            price: last.price,
            cancellation: last.purpose == Purpose::Cancellation,
        }
    }));
    intent.taken = true;
}
