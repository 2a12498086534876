//! What leaves custody: claims of withdrawals as they are sent to `Bridge`, and payments as the contracts log them.

use alloy_primitives::{Address, Bytes, U256};
use alloy_rpc_types_eth::Log;
use alloy_sol_types::{SolCall, SolError, SolInterface};
use spillway_bridge_contracts::Bridge::{self, BridgeErrors, BridgeEvents};
use spillway_bridge_contracts::Inbox::InboxEvents;
use spillway_bridge_contracts::Rollup::RollupErrors;
use spillway_protocol::batch::{BatchHeader, Submission};
use spillway_protocol::root::StatePreimage;
use spillway_protocol::withdrawal::Withdrawal;

use crate::encoding;
use crate::events::{ContractAddresses, ContractEvent, DecodeError};

/// Gas that `Bridge` gives a payment at most: `PAYOUT_GAS` of the contract.
pub const PAYOUT_GAS: u64 = 300_000;

/// What a log says about a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentEvent {
    /// A withdrawal was paid out of custody.
    Paid {
        /// Its index.
        index: u32,
        /// Who got it: its recipient, or who had advanced it.
        to: Address,
    },
    /// A withdrawal was advanced.
    Advanced(Advance),
    /// It could not be paid, and can be claimed again.
    Failed(u32),
    /// The deposit of that message, which L2 never consumed, was paid back.
    Refunded(u64),
}

/// An advance of a withdrawal, as `Bridge` logs it: anybody can make it log one of a withdrawal that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advance {
    /// The withdrawal's index.
    pub index: u32,
    /// What was advanced.
    pub withdrawal: Withdrawal,
    /// Who paid its recipient, and is paid by its claim.
    pub advancer: Address,
    /// What the advancer kept, in the token's smallest unit.
    pub fee: u128,
}

/// What a log says about a payment; none if it is about something else.
///
/// # Errors
/// [`DecodeError`]: never for the logs of a right deployment.
pub fn event(
    contracts: &ContractAddresses,
    log: &Log,
) -> Result<Option<PaymentEvent>, DecodeError> {
    Ok(match contracts.decode(log)? {
        ContractEvent::Bridge(BridgeEvents::WithdrawalPaid(paid)) => {
            let (index, to) = (paid.index, paid.recipient);
            Some(PaymentEvent::Paid { index, to })
        }
        ContractEvent::Bridge(BridgeEvents::WithdrawalAdvanced(advanced)) => {
            Some(PaymentEvent::Advanced(Advance {
                index: advanced.index,
                withdrawal: Withdrawal {
                    account: advanced.account,
                    recipient: advanced.recipient,
                    token: advanced.token,
                    amount: advanced.amount,
                },
                advancer: advanced.advancer,
                fee: advanced.fee,
            }))
        }
        ContractEvent::Bridge(BridgeEvents::WithdrawalFailed(failed)) => {
            Some(PaymentEvent::Failed(failed.index))
        }
        ContractEvent::Inbox(InboxEvents::DepositRefunded(refunded)) => {
            Some(PaymentEvent::Refunded(refunded.index))
        }
        _ => None,
    })
}

/// A claim of withdrawals under the state root of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The batch's number.
    pub batch: u64,
    /// Its header.
    pub header: &'a BatchHeader,
    /// What L1 added to it.
    pub submission: &'a Submission,
    /// The preimage of its state root.
    pub state: &'a StatePreimage,
    /// What is claimed, by strictly ascending index.
    pub withdrawals: &'a [(u32, Withdrawal)],
    /// The multiproof of their leaves.
    pub siblings: &'a [alloy_primitives::B256],
}

impl Claim<'_> {
    /// The call.
    #[must_use]
    pub fn call(&self) -> Bytes {
        let withdrawals = self.withdrawals.iter();
        let call = Bridge::claimCall {
            number: self.batch,
            batch: encoding::bridge_batch(self.header, self.submission),
            state: encoding::state(self.state),
            withdrawals: withdrawals
                .map(|(index, withdrawal)| encoding::withdrawal(*index, withdrawal))
                .collect(),
            siblings: self.siblings.to_vec(),
        };
        call.abi_encode().into()
    }
}

/// The indices that a call claims, ascending; none if it is another call.
#[must_use]
pub fn claimed_by(data: &[u8]) -> Option<Vec<u32>> {
    let call = Bridge::claimCall::abi_decode_validate(data).ok()?;
    Some(call.withdrawals.iter().map(|w| w.index).collect())
}

/// How many withdrawals a claim paid, from what the call returned.
#[must_use]
pub fn paid(returned: &[u8]) -> Option<U256> {
    Bridge::claimCall::abi_decode_returns_validate(returned).ok()
}

/// The call that asks whether the withdrawal with that index was paid.
#[must_use]
pub fn ask_whether_paid(index: u32) -> Bytes {
    Bridge::claimedCall { index }.abi_encode().into()
}

/// The answer to [`ask_whether_paid`].
#[must_use]
pub fn was_paid(returned: &[u8]) -> Option<bool> {
    Bridge::claimedCall::abi_decode_returns_validate(returned).ok()
}

/// Why L1 refuses a claim.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimRefusal {
    /// Each of its withdrawals was paid before or could not be paid now.
    #[error("each was paid before or cannot be paid now")]
    NothingPaid,
    /// It ran out of gas for a payment.
    #[error("it has too little gas for all its payments: claim fewer at once")]
    TooLittleGas,
    /// The batch can be challenged still, or a challenge is open.
    #[error("the batch is not final yet: {0}")]
    NotFinal(String),
    /// Something else, in the contracts' words.
    #[error("the contracts refuse it: {0}")]
    Other(String),
}

/// What the data of a revert says about a claim.
#[must_use]
pub fn refusal(data: &[u8]) -> ClaimRefusal {
    match data.first_chunk::<4>() {
        Some(&Bridge::NothingPaid::SELECTOR) => return ClaimRefusal::NothingPaid,
        Some(&Bridge::TooLittleGas::SELECTOR) => return ClaimRefusal::TooLittleGas,
        _ => {}
    }
    match RollupErrors::abi_decode(data) {
        Ok(
            error @ (RollupErrors::WindowOpen(_)
            | RollupErrors::ChallengePending(_)
            | RollupErrors::NotFinal(_)),
        ) => ClaimRefusal::NotFinal(format!("{error:?}")),
        Ok(error) => ClaimRefusal::Other(format!("{error:?}")),
        Err(_) => ClaimRefusal::Other(BridgeErrors::abi_decode(data).map_or_else(
            |_| Bytes::copy_from_slice(data).to_string(),
            |error| format!("{error:?}"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{B256, LogData};
    use alloy_sol_types::SolEvent;
    use spillway_bridge_contracts::{Inbox, Rollup};
    use spillway_protocol::state::Counters;

    use super::*;

    fn withdrawal(amount: u128) -> Withdrawal {
        Withdrawal {
            account: Address::repeat_byte(1),
            recipient: Address::repeat_byte(2),
            token: 3,
            amount,
        }
    }

    #[test]
    fn what_a_call_claims_is_found_in_it() {
        let header = BatchHeader {
            parent: B256::repeat_byte(1),
            state_root: B256::repeat_byte(2),
            auth_root: B256::repeat_byte(3),
            auth_count: 4,
            inbox_count: 5,
            inbox_accumulator: [6; 24].into(),
            chunk_count: 7,
            block_number: 8,
            block_hash: B256::repeat_byte(9),
            timestamp: 10,
        };
        let submission = Submission {
            data_commitment: B256::repeat_byte(11),
            posted_at: 12,
            id: 13,
            poster: Address::repeat_byte(14),
        };
        let state = StatePreimage {
            accounts_root: B256::repeat_byte(15),
            withdrawals_root: B256::repeat_byte(16),
            account_count: 17,
            counters: Counters::default(),
        };
        let claim = Claim {
            batch: 18,
            header: &header,
            submission: &submission,
            state: &state,
            withdrawals: &[(3, withdrawal(4)), (9, withdrawal(5))],
            siblings: &[B256::repeat_byte(19)],
        };
        let data = claim.call();
        assert_eq!(claimed_by(&data), Some(vec![3, 9]));
        let call = Bridge::claimCall::abi_decode_validate(&data).unwrap();
        assert_eq!((call.number, call.siblings.len()), (18, 1));
        assert_eq!(call.withdrawals[1].amount, 5);
        for other in [&[][..], &data[..20], &ask_whether_paid(1)] {
            assert_eq!(claimed_by(other), None);
        }
    }

    #[test]
    fn payments_are_told_apart() {
        let contracts = ContractAddresses {
            inbox: Address::repeat_byte(0xa),
            bridge: Address::repeat_byte(0xb),
            rollup: Address::repeat_byte(0xc),
        };
        let said = |address, data: LogData| {
            let inner = alloy_primitives::Log { address, data };
            let log = Log {
                inner,
                ..Log::default()
            };
            event(&contracts, &log).unwrap()
        };
        let (recipient, account) = (Address::repeat_byte(2), Address::repeat_byte(1));
        let (token, amount) = (0, 1);
        let paid = Bridge::WithdrawalPaid {
            index: 5,
            recipient,
            account,
            token,
            amount,
        };
        let paid = said(contracts.bridge, paid.encode_log_data());
        let to = recipient;
        assert_eq!(paid, Some(PaymentEvent::Paid { index: 5, to }));
        let advanced = Bridge::WithdrawalAdvanced {
            index: 8,
            advancer: Address::repeat_byte(3),
            account,
            recipient,
            token: 3,
            amount: 4,
            fee: 9,
        };
        let advanced = said(contracts.bridge, advanced.encode_log_data());
        let expected = Advance {
            index: 8,
            withdrawal: withdrawal(4),
            advancer: Address::repeat_byte(3),
            fee: 9,
        };
        assert_eq!(advanced, Some(PaymentEvent::Advanced(expected)));
        let failed = Bridge::WithdrawalFailed {
            index: 6,
            recipient,
            token,
            amount,
        };
        let failed = said(contracts.bridge, failed.encode_log_data());
        assert_eq!(failed, Some(PaymentEvent::Failed(6)));
        let refunded = Inbox::DepositRefunded {
            index: 7,
            to: account,
            token,
            amount,
        };
        let refunded = said(contracts.inbox, refunded.encode_log_data());
        assert_eq!(refunded, Some(PaymentEvent::Refunded(7)));
        let closed = Inbox::Closed { count: 1 };
        assert_eq!(said(contracts.inbox, closed.encode_log_data()), None);
    }

    #[test]
    fn refusals_are_told_apart() {
        let nothing = Bridge::NothingPaid {}.abi_encode();
        assert_eq!(refusal(&nothing), ClaimRefusal::NothingPaid);
        let gas = Bridge::TooLittleGas {
            left: U256::from(1),
        }
        .abi_encode();
        assert_eq!(refusal(&gas), ClaimRefusal::TooLittleGas);
        let open = Rollup::WindowOpen {
            until: U256::from(7),
        };
        assert!(matches!(
            refusal(&open.abi_encode()),
            ClaimRefusal::NotFinal(words) if words.contains('7')
        ));
        let proof = Bridge::WrongProof { root: B256::ZERO };
        assert!(matches!(
            refusal(&proof.abi_encode()),
            ClaimRefusal::Other(words) if words.contains("WrongProof")
        ));
        assert_eq!(refusal(&[1]), ClaimRefusal::Other("0x01".to_owned()));
    }
}
