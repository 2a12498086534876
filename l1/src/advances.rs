//! Advances of withdrawals as they are sent to `Bridge`, and why it refuses one.

use alloy_primitives::{Address, Bytes};
use alloy_sol_types::{SolCall, SolInterface};
use spillway_bridge_contracts::Bridge::{self, BridgeErrors};
use spillway_protocol::fast_withdrawal::FastWithdrawal;
use spillway_protocol::token::TokenId;
use spillway_protocol::withdrawal::Withdrawal;

use crate::encoding;

/// Gas of an advance that makes words and accounts which were not there: `bridge-contracts/snapshots/Gas.json`, "advance of a
/// token", and 25,000 for the recipient's first ETH or tokens.
pub const ADVANCE_GAS: u64 = 121_000;

/// The call that advances a withdrawal, with the account's signature of the consent.
#[must_use]
pub fn call(consent: &FastWithdrawal, signature: &Bytes) -> Bytes {
    let call = Bridge::advanceCall {
        withdrawal: encoding::withdrawal(consent.index, &consent.withdrawal),
        fee: consent.fee,
        deadline: consent.deadline,
        signature: signature.clone(),
    };
    call.abi_encode().into()
}

/// What a call advances, and the signature; none if it is another call.
#[must_use]
pub fn advanced_by(data: &[u8]) -> Option<(FastWithdrawal, Bytes)> {
    let call = Bridge::advanceCall::abi_decode_validate(data).ok()?;
    let Bridge::Withdrawal {
        index,
        account,
        recipient,
        token,
        amount,
    } = call.withdrawal;
    let consent = FastWithdrawal {
        index,
        withdrawal: Withdrawal {
            account,
            recipient,
            token,
            amount,
        },
        fee: call.fee,
        deadline: call.deadline,
    };
    Some((consent, call.signature))
}

/// Why L1 refuses an advance.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdvanceRefusal {
    /// The consent has expired.
    #[error("the consent has expired")]
    Expired,
    /// The account has not signed that.
    #[error("the signature is not by the withdrawal's account, or is of something else")]
    Signature,
    /// The withdrawal was claimed.
    #[error("it was claimed")]
    Claimed,
    /// Somebody else has advanced it.
    #[error("{0} has advanced it")]
    Advanced(Address),
    /// The recipient is the bridge, or who would pay.
    #[error("its recipient is the bridge or the pool: there is nothing to advance")]
    Recipient,
    /// Something else: the token or the recipient refuses, mostly.
    #[error("its recipient or its token refuses the payment: {0}")]
    Other(String),
}

/// What the data of a revert says about an advance.
#[must_use]
pub fn refusal(data: &[u8]) -> AdvanceRefusal {
    match BridgeErrors::abi_decode(data) {
        Ok(BridgeErrors::Expired(_)) => AdvanceRefusal::Expired,
        Ok(BridgeErrors::WrongSignature(_)) => AdvanceRefusal::Signature,
        Ok(BridgeErrors::AlreadyClaimed(_)) => AdvanceRefusal::Claimed,
        Ok(BridgeErrors::AlreadyAdvanced(by)) => AdvanceRefusal::Advanced(by.advancer),
        Ok(BridgeErrors::NothingToAdvance(_)) => AdvanceRefusal::Recipient,
        Ok(error) => AdvanceRefusal::Other(format!("{error:?}")),
        Err(_) => AdvanceRefusal::Other(Bytes::copy_from_slice(data).to_string()),
    }
}

/// The call to `Bridge` that asks for a token's address.
#[must_use]
pub fn ask_token_address(token: TokenId) -> Bytes {
    Bridge::tokenAddressCall { id: token }.abi_encode().into()
}

/// The answer to [`ask_token_address`].
#[must_use]
pub fn token_address(returned: &[u8]) -> Option<Address> {
    Bridge::tokenAddressCall::abi_decode_returns_validate(returned).ok()
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{B256, address};
    use alloy_sol_types::{SolError, SolStruct, eip712_domain, sol};
    use serde_json::Value;
    use spillway_protocol::fast_withdrawal::{DOMAIN_NAME, DOMAIN_VERSION};

    use super::*;

    sol! {
        /// The same once more, as alloy hashes it for wallets.
        struct TypedWithdrawal {
            uint32 index;
            address account;
            address recipient;
            uint8 token;
            uint128 amount;
            uint128 fee;
            uint64 deadline;
        }
    }

    fn consents() -> Vec<(u64, Address, FastWithdrawal, B256)> {
        let vectors = include_str!("../../protocol/vectors/fast_withdrawals.json");
        let vectors: Value = serde_json::from_str(vectors).unwrap();
        let rows = vectors["consents"].as_array().unwrap().iter();
        rows.map(|row| {
            let text = |key: &str| row[key].as_str().unwrap();
            let consent = FastWithdrawal {
                index: row["index"].as_u64().unwrap().try_into().unwrap(),
                withdrawal: Withdrawal {
                    account: text("account").parse().unwrap(),
                    recipient: text("recipient").parse().unwrap(),
                    token: row["token"].as_u64().unwrap().try_into().unwrap(),
                    amount: text("amount").parse().unwrap(),
                },
                fee: text("fee").parse().unwrap(),
                deadline: text("deadline").parse().unwrap(),
            };
            (
                text("l1_chain_id").parse().unwrap(),
                text("bridge").parse().unwrap(),
                consent,
                text("signing_hash").parse().unwrap(),
            )
        })
        .collect()
    }

    /// Wallets make the hash from the typed data: an implementation of its own comes to the golden ones.
    #[test]
    fn wallets_sign_the_golden_hashes() {
        let consents = consents();
        assert!(consents.len() >= 11);
        for (chain_id, bridge, consent, hash) in consents {
            let domain = eip712_domain! {
                name: DOMAIN_NAME,
                version: DOMAIN_VERSION,
                chain_id: chain_id,
                verifying_contract: bridge,
            };
            let Withdrawal {
                account,
                recipient,
                token,
                amount,
            } = consent.withdrawal;
            let typed = TypedWithdrawal {
                index: consent.index,
                account,
                recipient,
                token,
                amount,
                fee: consent.fee,
                deadline: consent.deadline,
            };
            let name = TypedWithdrawal::eip712_encode_type();
            let type_hash =
                alloy_primitives::keccak256(name.replace("TypedWithdrawal", "FastWithdrawal"));
            let message = alloy_primitives::keccak256(
                [type_hash.as_slice(), &typed.eip712_encode_data()].concat(),
            );
            let separator = domain.separator();
            let found = alloy_primitives::keccak256(
                [&[0x19, 0x01], separator.as_slice(), message.as_slice()].concat(),
            );
            assert_eq!(found, hash);
        }
    }

    #[test]
    fn what_a_call_advances_is_found_in_it() {
        let signature = Bytes::from_static(&[7; 65]);
        for (_, _, consent, _) in consents() {
            let data = call(&consent, &signature);
            assert_eq!(advanced_by(&data), Some((consent, signature.clone())));
            // The last word holds the last byte of the signature.
            assert_eq!(advanced_by(&data[..data.len() - 32]), None);
        }
        assert_eq!(advanced_by(&ask_token_address(1)), None);
    }

    #[test]
    fn refusals_are_told_apart() {
        let advancer = address!("0x00000000000000000000000000000000000000aa");
        let cases = [
            (
                Bridge::Expired { deadline: 1 }.abi_encode(),
                AdvanceRefusal::Expired,
            ),
            (
                Bridge::WrongSignature { account: advancer }.abi_encode(),
                AdvanceRefusal::Signature,
            ),
            (
                Bridge::AlreadyClaimed { index: 1 }.abi_encode(),
                AdvanceRefusal::Claimed,
            ),
            (
                Bridge::AlreadyAdvanced { index: 1, advancer }.abi_encode(),
                AdvanceRefusal::Advanced(advancer),
            ),
            (
                Bridge::NothingToAdvance {
                    recipient: advancer,
                }
                .abi_encode(),
                AdvanceRefusal::Recipient,
            ),
            (vec![1], AdvanceRefusal::Other("0x01".to_owned())),
        ];
        for (data, expected) in cases {
            assert_eq!(refusal(&data), expected);
        }
        let other = Bridge::UnknownToken { token: 9 }.abi_encode();
        assert!(matches!(
            refusal(&other),
            AdvanceRefusal::Other(words) if words.contains("UnknownToken")
        ));
    }
}
