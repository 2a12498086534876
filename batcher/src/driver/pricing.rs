//! L1's fees as the policy takes them.

use spillway_l1::fees;

use crate::policy::PriceLevel;
use crate::price::{Fees, Form, cheaper, wei_per_byte};

/// Prices now, and against those of late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Prices {
    pub(super) now: Fees,
    pub(super) level: PriceLevel,
    /// The cheaper form for full batches.
    pub(super) form: Form,
}

impl Prices {
    pub(super) fn of(fees: &fees::Fees) -> Self {
        let now = Fees {
            gas_price: fees.next_base_fee.saturating_add(fees.priority_fee),
            // A node that says nothing of blobs takes none.
            blob_gas_price: fees.next_blob_base_fee.unwrap_or(u128::MAX),
        };
        let average = Fees {
            gas_price: fees.base_fee_average.saturating_add(fees.priority_fee),
            blob_gas_price: fees.blob_base_fee_average.unwrap_or(u128::MAX),
        };
        Self {
            now,
            level: PriceLevel::of(least(&now), least(&average)),
            form: cheaper(&now),
        }
    }

    /// What a byte of operations costs.
    pub(super) fn wei_per_byte(&self) -> u128 {
        least(&self.now)
    }
}

fn least(fees: &Fees) -> u128 {
    wei_per_byte(cheaper(fees), fees)
}
