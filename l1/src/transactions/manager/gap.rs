//! Holes in the account's nonces. The manager makes none, but a fork deeper than the confirmations can: what was
//! final and forgotten is then missing, and everything behind it would wait for ever. An empty transaction fills it.

use alloy_primitives::{B256, Bytes, U256};

use super::{Action, Chain, IntentId, Manager, Request};

const PREFIX: &[u8; 24] = b"spillway/gap in nonces/\0";

/// The name of what fills the hole at that nonce.
fn filler_id(nonce: u64) -> IntentId {
    let mut id = B256::ZERO;
    id[..24].copy_from_slice(PREFIX);
    id[24..].copy_from_slice(&nonce.to_be_bytes());
    IntentId(id)
}

pub(super) fn is_filler(id: IntentId) -> bool {
    id.0.starts_with(PREFIX)
}

impl Manager {
    /// Fills a hole that has been there for as long as a stuck transaction may be: nodes that lag behind show holes
    /// that are none.
    pub(super) fn fill_gap(&mut self, chain: &Chain, actions: &mut Vec<Action>) {
        let nonces = || {
            self.intents
                .iter()
                .filter(|i| !i.is_settled())
                .filter_map(|i| i.nonce)
        };
        let is_gap =
            nonces().all(|nonce| nonce != chain.nonce) && nonces().any(|nonce| nonce > chain.nonce);
        if !is_gap {
            self.gap_since = None;
            return;
        }
        let since = match self.gap_since {
            Some((nonce, since)) if nonce == chain.nonce => since,
            _ => {
                self.gap_since = Some((chain.nonce, chain.block.number));
                return;
            }
        };
        if chain.block.number < since.saturating_add(self.settings.stuck_after) {
            return;
        }
        let request = Request {
            id: filler_id(chain.nonce),
            to: self.account,
            value: U256::ZERO,
            data: Bytes::new(),
            gas_limit: None,
            sidecar: None,
        };
        let filler = self.add(request, actions);
        filler.cancelling = true;
        filler.gas = Some(0);
        filler.nonce = Some(chain.nonce);
    }
}
