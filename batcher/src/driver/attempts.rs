//! What the transaction managers were asked for, in this run and in earlier ones.

use alloy_primitives::{Address, B256};
use spillway_l1::batches::submitted_header;
use spillway_l1::transactions::{IntentId, Request};
use spillway_protocol::batch::{BatchHeader, header_hash};

use crate::poster::attempt_id;
use crate::price::Form;

/// Attempts of one batch at most: far more than patience makes.
const ATTEMPTS_MAX: u64 = 10_000;

/// How an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Course {
    /// It may still get there.
    UnderWay,
    /// Its transaction did what it should, as deep in the chain as the manager looks.
    Ended,
    /// It will not get there, or if it does after all, then only where it fits.
    Failed,
}

/// An attempt to post a batch.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) id: B256,
    pub(super) header: BatchHeader,
    pub(super) header_hash: B256,
    pub(super) form: Form,
    /// Failed attempts before it.
    pub(super) failures: u64,
    pub(super) course: Course,
    /// The L1 block that holds its transaction, as far as the manager has said.
    pub(super) included_in: Option<u64>,
}

impl Attempt {
    /// The attempt that a request is; none if it is something else.
    pub(super) fn of(form: Form, request: &Request, rollup: Address) -> Option<Self> {
        if request.to != rollup {
            return None;
        }
        let header = submitted_header(&request.data)?;
        let (id, header_hash) = (request.id.0, header_hash(&header));
        let failures =
            (0..ATTEMPTS_MAX).find(|failures| attempt_id(&header_hash, *failures) == id)?;
        Some(Self {
            id,
            header,
            header_hash,
            form,
            failures,
            course: Course::UnderWay,
            included_in: None,
        })
    }
}

/// All of them that matter.
#[derive(Clone, Debug, Default)]
pub(super) struct Attempts(Vec<Attempt>);

impl Attempts {
    /// Notes an attempt, in the place of an earlier one of that name, which its manager had forgotten.
    pub(super) fn add(&mut self, attempt: Attempt) {
        self.forget(attempt.id);
        self.0.push(attempt);
    }

    /// The attempts to post that batch, in their order.
    pub(super) fn of_batch(&self, header_hash: B256) -> Vec<Attempt> {
        let of_batch = |attempt: &&Attempt| attempt.header_hash == header_hash;
        let mut attempts: Vec<_> = self.0.iter().filter(of_batch).cloned().collect();
        attempts.sort_unstable_by_key(|attempt| attempt.failures);
        attempts
    }

    pub(super) fn get(&self, id: IntentId) -> Option<&Attempt> {
        self.0.iter().find(|attempt| attempt.id == id.0)
    }

    pub(super) fn note(&mut self, id: IntentId, course: Course) {
        let attempt = self.0.iter_mut().find(|attempt| attempt.id == id.0);
        if let Some(attempt) = attempt {
            attempt.course = course;
        }
    }

    /// Notes the block of L1 that holds its transaction, or that none does any more.
    pub(super) fn place(&mut self, id: IntentId, l1_block: Option<u64>) {
        let attempt = self.0.iter_mut().find(|attempt| attempt.id == id.0);
        if let Some(attempt) = attempt {
            attempt.included_in = l1_block;
        }
    }

    pub(super) fn forget(&mut self, id: B256) {
        self.0.retain(|attempt| attempt.id != id);
    }

    pub(super) fn all(&self) -> &[Attempt] {
        &self.0
    }

    /// The attempts under way that continue a batch one after the other. Where two continue the same one, the first.
    pub(super) fn chain_from(&self, mut parent: B256) -> Vec<&Attempt> {
        let mut chain = Vec::new();
        let under_way = |attempt: &&Attempt| attempt.course == Course::UnderWay;
        while let Some(attempt) = self
            .0
            .iter()
            .filter(under_way)
            .find(|attempt| attempt.header.parent == parent)
        {
            parent = attempt.header_hash;
            chain.push(attempt);
            if chain.len() > self.0.len() {
                break;
            }
        }
        chain
    }
}
