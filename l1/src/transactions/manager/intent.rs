//! What the manager knows about one intent.

use std::sync::{Arc, LazyLock};

use alloy_eips::eip4844::{Blob, Bytes48};
use alloy_eips::eip7594::CELLS_PER_EXT_BLOB;
use alloy_primitives::{Address, B256, Bytes, U256};

use super::task::Task;
use crate::transactions::event::{Obstacle, Receipt, Settled};
use crate::transactions::price::Price;
use crate::transactions::request::{IntentId, Kind, Request, Sidecar};

/// Gas of a transfer without data.
const EMPTY_GAS: u64 = 21_000;

/// What a transaction that was signed for an intent does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// What was asked for.
    Effect,
    /// Nothing: it uses the nonce up.
    Cancellation,
}

/// A signed transaction that was sent for an intent, or is about to be. All of an intent have one nonce, so that the
/// chain takes at most one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// What it does.
    pub purpose: Purpose,
    /// What it pays.
    pub price: Price,
    /// Its hash.
    pub transaction: B256,
    /// Its bytes (EIP-2718) without the sidecar, which the request has.
    pub raw: Bytes,
}

/// An intent as it is kept on disk.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredIntent {
    /// Intents get nonces in this order.
    pub sequence: u64,
    /// What is to happen.
    pub request: Request,
    /// The nonce, once something was signed.
    pub nonce: Option<u64>,
    /// What was signed, the oldest first.
    pub attempts: Vec<Attempt>,
    /// Whether the owner has withdrawn it.
    pub cancelling: bool,
    /// How it ended, if it did.
    pub settled: Option<Settled>,
}

/// A transaction to be signed.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// What it does.
    pub purpose: Purpose,
    /// The account's nonce.
    pub nonce: u64,
    /// What it pays.
    pub price: Price,
    /// Gas limit.
    pub gas_limit: u64,
    /// Who is called.
    pub to: Address,
    /// Wei.
    pub value: U256,
    /// Calldata.
    pub data: Bytes,
    /// Versioned hashes of the blobs, none for an ordinary transaction.
    pub versioned_hashes: Vec<B256>,
}

/// Where the chain has it.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Waiting,
    Included(Receipt),
    Settled(Settled),
}

#[derive(Clone, Debug)]
pub(super) struct Intent {
    pub(super) request: Request,
    pub(super) cancelling: bool,
    /// The owner has noted its end, which a deep fork has undone since.
    pub(super) forgotten: bool,
    pub(super) nonce: Option<u64>,
    pub(super) attempts: Vec<Attempt>,
    /// Gas limit, once known.
    pub(super) gas: Option<u64>,
    pub(super) place: Place,
    pub(super) obstacle: Option<Obstacle>,
    /// A node said that the last attempt pays too little.
    pub(super) underpriced: bool,
    /// Whether a node has taken the last attempt.
    pub(super) taken: bool,
    /// The head's number since which the last attempt could have been included.
    pub(super) waiting_since: u64,
    /// Its nonce is used and no receipt is found, while the chain was seen to grow block by block.
    pub(super) missing: Option<Absence>,
    /// The same, whatever forked meanwhile.
    pub(super) unseen: Option<Absence>,
    /// The owner was told so.
    pub(super) displaced: bool,
    pub(super) signing: Option<Draft>,
    /// The chain has changed in a way that may have dropped the block.
    pub(super) recheck: bool,
    /// What the manager knew of the chain when it last asked for receipts.
    pub(super) looked_at: Looked,
    pub(super) estimate: Task,
    pub(super) sign: Task,
    pub(super) send: Task,
    pub(super) look: Task,
}

/// For how long no receipt was found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Absence {
    /// The head's number at the first answer.
    since: u64,
    /// Answers, at most one a head.
    answers: u32,
}

impl Absence {
    /// Takes in one more answer.
    pub(super) fn note(absence: &mut Option<Self>, head: u64) -> Self {
        let noted = absence.get_or_insert(Self {
            since: head,
            answers: 0,
        });
        noted.answers = noted.answers.saturating_add(1);
        *noted
    }

    /// Whether that was so for so many blocks, and so many answers said it.
    pub(super) fn lasts(&self, head: u64, blocks: u64, answers: u32) -> bool {
        head >= self.since.saturating_add(blocks) && self.answers >= answers
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Looked {
    pub(super) epoch: u64,
    pub(super) head: u64,
}

impl Intent {
    pub(super) fn new(request: Request) -> Self {
        Self::restore(StoredIntent {
            sequence: 0,
            request,
            nonce: None,
            attempts: Vec::new(),
            cancelling: false,
            settled: None,
        })
    }

    pub(super) fn restore(stored: StoredIntent) -> Self {
        Self {
            gas: stored.request.gas_limit,
            request: stored.request,
            cancelling: stored.cancelling,
            forgotten: false,
            nonce: stored.nonce,
            attempts: stored.attempts,
            place: stored.settled.map_or(Place::Waiting, Place::Settled),
            obstacle: None,
            underpriced: false,
            taken: false,
            waiting_since: 0,
            missing: None,
            unseen: None,
            displaced: false,
            signing: None,
            recheck: false,
            looked_at: Looked::default(),
            estimate: Task::default(),
            sign: Task::default(),
            send: Task::default(),
            look: Task::default(),
        }
    }

    pub(super) fn id(&self) -> IntentId {
        self.request.id
    }

    pub(super) fn is_settled(&self) -> bool {
        matches!(self.place, Place::Settled(_))
    }

    /// Waits for a nonce.
    pub(super) fn is_queued(&self) -> bool {
        self.nonce.is_none() && !self.is_settled()
    }

    /// Something was sent for it, or is about to be, it is in no block, and nobody else has taken its nonce.
    pub(super) fn is_in_flight(&self) -> bool {
        self.nonce.is_some() && matches!(self.place, Place::Waiting) && !self.displaced
    }

    /// Its nonce is free, or used by one of its own.
    pub(super) fn clear_absence(&mut self) {
        (self.missing, self.unseen, self.displaced) = (None, None, false);
    }

    pub(super) fn draft(&self, account: Address, kind: Kind, nonce: u64, price: Price) -> Draft {
        if self.cancelling {
            return Draft {
                purpose: Purpose::Cancellation,
                nonce,
                price,
                gas_limit: EMPTY_GAS,
                to: account,
                value: U256::ZERO,
                data: Bytes::new(),
                versioned_hashes: match kind {
                    Kind::Ordinary => Vec::new(),
                    Kind::Blob => EMPTY_SIDECAR.versioned_hashes().collect(),
                },
            };
        }
        Draft {
            purpose: Purpose::Effect,
            nonce,
            price,
            gas_limit: self.gas.unwrap_or(EMPTY_GAS),
            to: self.request.to,
            value: self.request.value,
            data: self.request.data.clone(),
            versioned_hashes: self
                .request
                .sidecar
                .iter()
                .flat_map(|sidecar| sidecar.versioned_hashes())
                .collect(),
        }
    }

    /// The blobs that go with an attempt.
    pub(super) fn sidecar_of(&self, purpose: Purpose, kind: Kind) -> Option<Arc<Sidecar>> {
        match (kind, purpose) {
            (Kind::Ordinary, _) => None,
            (Kind::Blob, Purpose::Effect) => self.request.sidecar.clone(),
            (Kind::Blob, Purpose::Cancellation) => Some(EMPTY_SIDECAR.clone()),
        }
    }
}

/// One blob of zeros: only a transaction with blobs can replace one. It is the zero polynomial, whose commitment and
/// proofs are the point at infinity, so that nothing has to be computed.
static EMPTY_SIDECAR: LazyLock<Arc<Sidecar>> = LazyLock::new(|| {
    let mut infinity = [0; 48];
    infinity[0] = 0xc0;
    let infinity = Bytes48::from(infinity);
    Arc::new(Sidecar::new(
        vec![Blob::ZERO],
        vec![infinity],
        vec![infinity; CELLS_PER_EXT_BLOB],
    ))
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_sidecar_is_what_kzg_computes() {
        let computed =
            Sidecar::try_from_blobs_with_settings(vec![Blob::ZERO], crate::kzg::settings())
                .expect("a blob of zeros");
        assert_eq!(*EMPTY_SIDECAR.as_ref(), computed);
    }
}
