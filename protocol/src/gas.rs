//! Gas: what each operation that a wallet signs costs.
//!
//! Gas here is a price list and not a meter. An operation costs a constant amount, whatever accounts
//! it touches, so that its fee is known before it runs and L1 computes the same one. Inbox operations
//! cost nothing: L1 has charged for them.

/// A transfer of ETH. Wallets hard-code this figure and do not ask, so a new recipient and a memo
/// cost the same.
pub const TRANSFER_ETH: u64 = 21_000;
/// A transfer of a token.
pub const TRANSFER_TOKEN: u64 = 30_000;
/// A withdrawal of ETH or of a token.
pub const WITHDRAW: u64 = 60_000;
/// A payout of ETH or of a token, before its recipients.
pub const PAYOUT_BASE: u64 = 21_000;
/// Each recipient of a payout.
pub const PAYOUT_PER_RECIPIENT: u64 = 12_000;

/// What gas depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A transfer of ETH, to a new account or not.
    TransferEth,
    /// A transfer of a token, to a new account or not.
    TransferToken,
    /// A withdrawal.
    Withdraw,
    /// A payout to that many recipients.
    Payout {
        /// 1 to [`crate::limits::PAYEES_MAX`]; more are priced, and refused elsewhere.
        recipients: usize,
    },
}

/// The gas of an operation. A payout to more recipients than could exist saturates.
#[must_use]
pub const fn gas(kind: Kind) -> u64 {
    match kind {
        Kind::TransferEth => TRANSFER_ETH,
        Kind::TransferToken => TRANSFER_TOKEN,
        Kind::Withdraw => WITHDRAW,
        Kind::Payout { recipients } => {
            PAYOUT_BASE.saturating_add(PAYOUT_PER_RECIPIENT.saturating_mul(recipients as u64))
        }
    }
}

/// The fee of an operation in wei: `gas(kind) * base_fee`, with the base fee in wei per gas.
///
/// A product of two u64 always fits.
#[must_use]
pub const fn fee(kind: Kind, base_fee: u64) -> u128 {
    (gas(kind) as u128).saturating_mul(base_fee as u128)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::PAYEES_MAX;

    #[test]
    fn prices() {
        for (kind, want) in [
            (Kind::TransferEth, 21_000),
            (Kind::TransferToken, 30_000),
            (Kind::Withdraw, 60_000),
            (Kind::Payout { recipients: 1 }, 33_000),
            (
                Kind::Payout {
                    recipients: PAYEES_MAX,
                },
                789_000,
            ),
            (
                Kind::Payout {
                    recipients: usize::MAX,
                },
                u64::MAX,
            ),
        ] {
            assert_eq!(gas(kind), want, "{kind:?}");
        }
    }

    #[test]
    fn the_largest_fee_fits() {
        assert_eq!(fee(Kind::TransferEth, 7), 147_000);
        let largest = fee(
            Kind::Payout {
                recipients: usize::MAX,
            },
            u64::MAX,
        );
        assert_eq!(largest, u128::from(u64::MAX) * u128::from(u64::MAX));
    }
}
