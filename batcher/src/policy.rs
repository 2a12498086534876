//! When to seal the open batch, and when to send a sealed one: fill against age against price.
//!
//! A batch may wait while L1 is dear, and need not while it is cheap. How long is its *patience*, a share of
//! the greatest age that the operator allows: a quarter where L1 costs three quarters of its recent average or
//! less, all of it at one and a half times the average or more, and in between in proportion.

use std::time::Duration;

use spillway_protocol::limits::{BLOB_CHUNKS, CALLDATA_CHUNKS_MAX};

use crate::packer::FULL_CHUNKS;
use crate::price::Form;

/// What the operator decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostingConfig {
    /// The greatest age of a transaction or message when its batch is sent, L1 permitting.
    pub max_batch_age: Duration,
    /// Blobs to fill before a batch is sealed, 1 to 6. A batch never fills more than five, so that the next block always
    /// fits the sixth.
    pub target_blobs: usize,
    /// Without anything to post, an empty batch is posted after so long: L1 must see that the sequencer lives.
    pub heartbeat: Duration,
    /// Sealed batches that wait for a better price, at most.
    pub waiting_max: usize,
    /// By how many percent blobs or calldata must be cheaper than the other to change to them.
    pub change_margin_percent: u8,
    /// Which of the two to take.
    pub forms: Forms,
}

/// Blobs or calldata.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Forms {
    /// The cheaper at the moment of sending.
    #[default]
    Cheaper,
    /// Blobs, whatever they cost.
    Blobs,
    /// Calldata wherever a batch fits it, whatever it costs; blobs for blocks that do not fit.
    Calldata,
}

impl Default for PostingConfig {
    fn default() -> Self {
        Self {
            max_batch_age: Duration::from_secs(30 * 60),
            target_blobs: 5,
            heartbeat: Duration::from_secs(12 * 3600),
            waiting_max: 8,
            change_margin_percent: 10,
            forms: Forms::Cheaper,
        }
    }
}

/// L1's price now in percent of its recent average.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PriceLevel(pub u32);

impl PriceLevel {
    /// The average itself.
    pub const AVERAGE: Self = Self(100);

    /// The level of a price against an average; the average where there is none yet.
    #[must_use]
    pub fn of(now: u128, average: u128) -> Self {
        match now.saturating_mul(100).checked_div(average) {
            Some(percent) => Self(u32::try_from(percent).unwrap_or(u32::MAX)),
            None => Self::AVERAGE,
        }
    }
}

/// The open batch, as far as the decision goes.
#[derive(Clone, Copy, Debug)]
pub struct OpenBatch {
    /// Its chunks.
    pub chunks: usize,
    /// The most chunks that one of its recent blocks filled: the next may as well.
    pub block_chunks: usize,
    /// How long ago its first block was made; `None` without a block.
    pub age: Option<Duration>,
    /// How long ago its first block with transactions or messages was made; `None` without such a block.
    pub content_age: Option<Duration>,
}

/// Why a batch is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealReason {
    /// The blobs that it is to fill are full.
    Full,
    /// It has waited long enough for this price.
    Age,
    /// There was nothing for long; L1 must hear of the sequencer.
    Heartbeat,
}

impl PostingConfig {
    /// How long a batch may wait at that price.
    #[must_use]
    pub fn patience(&self, level: PriceLevel) -> Duration {
        let percent = level.0.saturating_sub(50).clamp(25, 100);
        self.max_batch_age * percent / 100
    }

    /// Whether to seal the open batch, which would be posted in that form.
    #[must_use]
    pub fn seal(&self, open: &OpenBatch, level: PriceLevel, form: Form) -> Option<SealReason> {
        let age = open.age?;
        let target = match form {
            Form::Blobs => self.target_blobs.saturating_mul(BLOB_CHUNKS),
            Form::Calldata => CALLDATA_CHUNKS_MAX,
        };
        let target = target.min(FULL_CHUNKS);
        if open.chunks.saturating_add(open.block_chunks) > target {
            Some(SealReason::Full)
        } else if open
            .content_age
            .is_some_and(|age| age >= self.patience(level))
        {
            Some(SealReason::Age)
        } else if age >= self.heartbeat {
            Some(SealReason::Heartbeat)
        } else {
            None
        }
    }

    /// The form in which full batches are posted, given the cheaper one.
    #[must_use]
    pub const fn form(&self, cheaper: Form) -> Form {
        match self.forms {
            Forms::Cheaper => cheaper,
            Forms::Blobs => Form::Blobs,
            Forms::Calldata => Form::Calldata,
        }
    }

    /// Whether to send the oldest sealed batch, whose first block is so old, of `waiting` in all.
    #[must_use]
    pub fn send(&self, age: Duration, waiting: usize, level: PriceLevel) -> bool {
        level <= PriceLevel::AVERAGE || waiting > self.waiting_max || age >= self.patience(level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: PostingConfig = PostingConfig {
        max_batch_age: Duration::from_secs(100),
        target_blobs: 2,
        heartbeat: Duration::from_secs(1000),
        waiting_max: 3,
        change_margin_percent: 10,
        forms: Forms::Cheaper,
    };

    fn open(chunks: usize, age: u64) -> OpenBatch {
        OpenBatch {
            chunks,
            block_chunks: 4,
            age: Some(Duration::from_secs(age + 500)),
            content_age: Some(Duration::from_secs(age)),
        }
    }

    #[test]
    fn patience_follows_the_price() {
        for (percent, seconds) in [
            (0, 25),
            (75, 25),
            (76, 26),
            (100, 50),
            (149, 99),
            (150, 100),
            (u32::MAX, 100),
        ] {
            let patience = CONFIG.patience(PriceLevel(percent));
            assert_eq!(patience, Duration::from_secs(seconds), "at {percent} %");
        }
    }

    #[test]
    fn a_batch_is_sealed_when_full_or_old() {
        let average = PriceLevel::AVERAGE;
        assert_eq!(CONFIG.seal(&open(1, 49), average, Form::Blobs), None);
        assert_eq!(
            CONFIG.seal(&open(1, 50), average, Form::Blobs),
            Some(SealReason::Age)
        );
        assert_eq!(CONFIG.seal(&open(508, 0), average, Form::Blobs), None);
        assert_eq!(
            CONFIG.seal(&open(509, 0), average, Form::Blobs),
            Some(SealReason::Full)
        );
        let none = OpenBatch {
            age: None,
            content_age: None,
            ..open(0, 0)
        };
        assert_eq!(CONFIG.seal(&none, average, Form::Blobs), None);
    }

    #[test]
    fn a_batch_for_calldata_is_full_sooner() {
        let average = PriceLevel::AVERAGE;
        let seal = |chunks| CONFIG.seal(&open(chunks, 0), average, Form::Calldata);
        assert_eq!(seal(CALLDATA_CHUNKS_MAX - 4), None);
        assert_eq!(seal(CALLDATA_CHUNKS_MAX - 3), Some(SealReason::Full));
    }

    #[test]
    fn an_empty_batch_waits_for_the_heartbeat() {
        let empty = |age| OpenBatch {
            age: Some(Duration::from_secs(age)),
            content_age: None,
            ..open(1, 0)
        };
        assert_eq!(CONFIG.seal(&empty(999), PriceLevel(0), Form::Blobs), None);
        assert_eq!(
            CONFIG.seal(&empty(1000), PriceLevel(0), Form::Blobs),
            Some(SealReason::Heartbeat)
        );
    }

    #[test]
    fn no_target_makes_a_batch_that_cannot_be_posted() {
        let config = PostingConfig {
            target_blobs: usize::MAX,
            ..CONFIG
        };
        let full = open(FULL_CHUNKS - 3, 0);
        assert_eq!(
            config.seal(&full, PriceLevel::AVERAGE, Form::Blobs),
            Some(SealReason::Full)
        );
    }

    #[test]
    fn a_sealed_batch_waits_while_l1_is_dear_but_not_for_ever() {
        let seconds = Duration::from_secs;
        assert!(CONFIG.send(seconds(0), 1, PriceLevel(100)));
        assert!(!CONFIG.send(seconds(0), 1, PriceLevel(101)));
        assert!(!CONFIG.send(seconds(99), 3, PriceLevel(10_000)));
        assert!(CONFIG.send(seconds(100), 3, PriceLevel(10_000)));
        assert!(
            CONFIG.send(seconds(0), 4, PriceLevel(10_000)),
            "too many wait"
        );
    }

    #[test]
    fn levels() {
        assert_eq!(PriceLevel::of(150, 100), PriceLevel(150));
        assert_eq!(PriceLevel::of(5, 0), PriceLevel::AVERAGE);
        assert_eq!(PriceLevel::of(u128::MAX, 1), PriceLevel(u32::MAX));
    }
}
