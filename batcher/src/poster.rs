//! Which sealed batch to send next, and in which form: a state machine over what L1 shows.
//!
//! Batches stand on L1 in the order of their headers, each naming the one before it, so several can be under way at
//! once. Two accounts send them, one blobs and one ordinary transactions (clients keep the two apart); the order between accounts is
//! nobody's promise, so the form changes only when nothing is under way.
//!
//! It keeps a batch until L1 has finalised it: before that a reorg can take it back. It never concludes from what it
//! sent that a batch stands: only the head that L1 shows counts.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::B256;
use spillway_protocol::keccak::keccak256_parts;

use crate::batch::SealedBatch;
use crate::policy::{Forms, PostingConfig, PriceLevel};
use crate::price::{Fees, Form};

/// A batch to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// What to send.
    pub batch: Arc<SealedBatch>,
    /// How.
    pub form: Form,
    /// The name of this attempt: the same after a restart, another after an attempt that failed.
    pub id: B256,
}

/// L1's newest batch is none of ours: somebody else posted, or a dispute felled what we built on. Begin again from what
/// L1 has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "L1 has a batch with the header hash {0}, which is not one of this chain: begin again from L1's head"
)]
pub struct Diverged(pub B256);

#[derive(Clone, Debug)]
struct Queued {
    batch: Arc<SealedBatch>,
    header_hash: B256,
    /// How it was sent, while that may still succeed.
    sent: Option<Form>,
    /// Attempts that failed.
    failures: u64,
}

/// Decides about sealed batches until L1 has finalised them.
#[derive(Clone, Debug)]
pub struct Poster {
    config: PostingConfig,
    in_flight_max: usize,
    form: Form,
    /// The newest batch that L1 has finalised; zero before the first.
    base: B256,
    /// Those after it, in order.
    queue: VecDeque<Queued>,
    /// How many of them stand on L1's head.
    standing: usize,
}

impl Poster {
    /// Goes on after the batch with the header hash `base`, the newest that L1 has finalised. At most `in_flight_max` batches
    /// are under way at once.
    #[must_use]
    pub fn new(config: PostingConfig, in_flight_max: usize, form: Form, base: B256) -> Self {
        Self {
            config,
            in_flight_max,
            form,
            base,
            queue: VecDeque::new(),
            standing: 0,
        }
    }

    /// Takes the next sealed batch.
    ///
    /// # Errors
    /// [`Diverged`] when it does not continue the newest one.
    pub fn seal(&mut self, batch: SealedBatch) -> Result<(), Diverged> {
        let last = self.queue.back().map_or(self.base, |last| last.header_hash);
        if batch.header.parent != last {
            return Err(Diverged(batch.header.parent));
        }
        self.queue.push_back(Queued {
            header_hash: batch.header_hash(),
            batch: Arc::new(batch),
            sent: None,
            failures: 0,
        });
        Ok(())
    }

    /// Notes that a batch was handed over in an earlier run, and may still get there. Attempts of one batch come in their order.
    pub fn resume(&mut self, header_hash: B256, form: Form, failures: u64) {
        if let Some(index) = self
            .place(header_hash)
            .and_then(|place| place.checked_sub(1))
        {
            let queued = &mut self.queue[index];
            (queued.sent, queued.failures) = (Some(form), failures);
            self.form = form;
        }
    }

    /// Notes the newest batch that stands on L1's head (zero: none).
    ///
    /// # Errors
    /// [`Diverged`] when it is none of ours.
    pub fn l1_head(&mut self, header_hash: B256) -> Result<(), Diverged> {
        self.standing = self.place(header_hash).ok_or(Diverged(header_hash))?;
        Ok(())
    }

    /// Notes the newest batch in L1's finalised blocks, and forgets it and those before it. One that this chain forgot already is
    /// ignored.
    pub fn l1_final(&mut self, header_hash: B256) {
        if let Some(place) = self.place(header_hash) {
            self.queue.drain(..place);
            self.standing = self.standing.saturating_sub(place);
            self.base = header_hash;
        }
    }

    /// Notes that an attempt ended without its batch on L1. It is made again when nothing else is under way. Answers whether
    /// it was the newest attempt of a batch that does not stand.
    pub fn failed(&mut self, id: B256) -> bool {
        let standing = self.standing;
        let mut queue = self.queue.iter_mut().enumerate();
        let Some((index, queued)) = queue.find(|(_, queued)| queued.id() == id) else {
            return false;
        };
        queued.sent = None;
        queued.failures += 1;
        index >= standing
    }

    /// Notes that an attempt was not made after all.
    pub fn unsent(&mut self, id: B256) {
        if let Some(queued) = self.queue.iter_mut().find(|queued| queued.id() == id) {
            queued.sent = None;
        }
    }

    /// The next batch to send now, if any; it counts as sent from then on. `age_of` says how old a batch's first block is.
    pub fn next(
        &mut self,
        fees: &Fees,
        level: PriceLevel,
        age_of: impl Fn(&SealedBatch) -> Duration,
    ) -> Option<Post> {
        let open = self.queue.range(self.standing..);
        let in_flight = open
            .clone()
            .take_while(|queued| queued.sent.is_some())
            .count();
        // One that failed has others behind it, which fail as well: they all end first.
        let stragglers = open.skip(in_flight).any(|queued| queued.sent.is_some());
        let waiting = self.queue.len() - self.standing - in_flight;
        let queued = self.queue.get(self.standing + in_flight)?;
        if stragglers || in_flight >= self.in_flight_max {
            return None;
        }
        if !self.config.send(age_of(&queued.batch), waiting, level) {
            return None;
        }
        let form = self.choose(&queued.batch, fees);
        // After a reorg both forms may be under way again, whatever was chosen last.
        let mut under_way = self.queue.range(self.standing..).take(in_flight);
        if under_way.any(|queued| queued.sent != Some(form)) {
            return None;
        }
        self.form = form;
        let queued = self.queue.get_mut(self.standing + in_flight)?;
        queued.sent = Some(form);
        Some(Post {
            batch: Arc::clone(&queued.batch),
            form,
            id: queued.id(),
        })
    }

    fn choose(&self, batch: &SealedBatch, fees: &Fees) -> Form {
        match self.config.forms {
            Forms::Cheaper => {
                let margin = self.config.change_margin_percent;
                self.form.choose(batch, fees, margin)
            }
            Forms::Calldata if batch.fits_calldata() => Form::Calldata,
            Forms::Blobs | Forms::Calldata => Form::Blobs,
        }
    }

    /// Batches that do not stand on L1's head.
    #[must_use]
    pub fn unposted(&self) -> usize {
        self.queue.len() - self.standing
    }

    /// Bytes of operations in them.
    #[must_use]
    pub fn unposted_bytes(&self) -> usize {
        let unposted = self.queue.range(self.standing..);
        unposted.map(|queued| queued.batch.operation_bytes).sum()
    }

    /// Chunks in them.
    #[must_use]
    pub fn unposted_chunks(&self) -> usize {
        let unposted = self.queue.range(self.standing..);
        unposted.map(|queued| queued.batch.chunks.len()).sum()
    }

    /// Whether that batch, which it knows, stands on L1's head.
    #[must_use]
    pub fn stands(&self, header_hash: B256) -> bool {
        self.place(header_hash)
            .is_some_and(|place| place <= self.standing)
    }

    /// Whether that batch is one of those after the newest final one.
    #[must_use]
    pub fn knows(&self, header_hash: B256) -> bool {
        self.place(header_hash).is_some_and(|place| place > 0)
    }

    /// Failed attempts of the batch that is due, for an alarm.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.queue
            .get(self.standing)
            .map_or(0, |queued| queued.failures)
    }

    /// Batches up to and with that one, counted from the base.
    fn place(&self, header_hash: B256) -> Option<usize> {
        if header_hash == self.base {
            return Some(0);
        }
        let index = self
            .queue
            .iter()
            .position(|queued| queued.header_hash == header_hash)?;
        Some(index + 1)
    }
}

impl Queued {
    fn id(&self) -> B256 {
        attempt_id(&self.header_hash, self.failures)
    }
}

/// The name of the attempt to post a batch after so many failed ones.
#[must_use]
pub fn attempt_id(header_hash: &B256, failures: u64) -> B256 {
    keccak256_parts(&[b"batch", header_hash.as_slice(), &failures.to_be_bytes()])
}
