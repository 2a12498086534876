//! The logs of effects, as indexers and wallets know them: `docs/rpc.md`, "Logs".

use alloy_primitives::{Address, B256, Log, address, keccak256};
use alloy_sol_types::{SolEvent, sol};
use spillway_protocol::transaction::{PAYOUT_PREDEPLOY, WITHDRAW_PREDEPLOY};

use crate::effects::Effect;

/// Who sends the transaction that stands for a block's messages from L1. No one has its key.
pub const SYSTEM_ADDRESS: Address = address!("5350000000000000000000000000000000000000");
/// Whom that transaction calls, and who logs what the messages did.
pub const INBOX_ADDRESS: Address = address!("5350000000000000000000000000000000000003");
/// Who logs the memos of transfers.
pub const MEMO_ADDRESS: Address = address!("5350000000000000000000000000000000000004");

sol! {
    /// Of ERC-20, by the token's address on L1.
    event Transfer(address indexed from, address indexed to, uint256 value);

    /// By the withdraw predeploy.
    event Withdrawal(uint32 indexed index, address indexed account, address indexed recipient, address token, uint128 amount);

    /// By the payout predeploy, for each recipient.
    event Payout(address indexed account, address indexed recipient, address indexed token, uint128 amount);

    /// By the address of memos.
    event Memo(address indexed from, address indexed to, bytes32 indexed memoHash, address token, uint128 amount, bytes memo);

    /// By the address of the inbox.
    event Deposit(uint64 indexed message, address indexed to, address indexed token, uint128 amount, bool lock);
    event ForcedWithdrawal(uint64 indexed message, address indexed sender, address indexed recipient, uint32 account, address token, uint128 requested, uint128 amount);
    event Lock(uint64 indexed message, address indexed sender, uint32 account, bool locked, bool effective);
}

/// Shows the logs of an effect, in order.
pub fn of_effect(effect: &Effect<'_>, mut visit: impl FnMut(Log)) {
    match *effect {
        Effect::Transfer {
            from,
            to,
            token,
            amount,
            memo,
        } => {
            transfer(token, from, to, amount, &mut visit);
            if !memo.is_empty() {
                visit(log(
                    MEMO_ADDRESS,
                    &Memo {
                        from,
                        to,
                        memoHash: keccak256(memo),
                        token,
                        amount,
                        memo: memo.to_vec().into(),
                    },
                ));
            }
        }
        Effect::Payout {
            from,
            to,
            token,
            amount,
        } => {
            transfer(token, from, to, amount, &mut visit);
            visit(log(
                PAYOUT_PREDEPLOY,
                &Payout {
                    account: from,
                    recipient: to,
                    token,
                    amount,
                },
            ));
        }
        Effect::Withdrawal {
            index,
            account,
            recipient,
            token,
            amount,
        } => withdrawal(index, [account, recipient], token, amount, &mut visit),
        _ => of_message(effect, &mut visit),
    }
}

fn of_message(effect: &Effect<'_>, visit: &mut impl FnMut(Log)) {
    match *effect {
        Effect::Deposit {
            message,
            to,
            token,
            amount,
            lock,
        } => {
            transfer(token, Address::ZERO, to, amount, visit);
            visit(log(
                INBOX_ADDRESS,
                &Deposit {
                    message,
                    to,
                    token,
                    amount,
                    lock,
                },
            ));
        }
        Effect::ForcedWithdrawal {
            message,
            sender,
            account,
            recipient,
            token,
            requested,
            taken,
        } => {
            if let Some((index, amount)) = taken {
                withdrawal(index, [sender, recipient], token, amount, visit);
            }
            visit(log(
                INBOX_ADDRESS,
                &ForcedWithdrawal {
                    message,
                    sender,
                    recipient,
                    account,
                    token,
                    requested,
                    amount: taken.map_or(0, |(_, amount)| amount),
                },
            ));
        }
        Effect::Lock {
            message,
            sender,
            account,
            locked,
            effective,
        } => visit(log(
            INBOX_ADDRESS,
            &Lock {
                message,
                sender,
                account,
                locked,
                effective,
            },
        )),
        Effect::Transfer { .. } | Effect::Payout { .. } | Effect::Withdrawal { .. } => {}
    }
}

/// How many logs an effect has, without making them.
#[must_use]
pub fn count(effect: &Effect<'_>) -> u64 {
    let of_token = |token: &Address| u64::from(!token.is_zero());
    match effect {
        Effect::Transfer { token, memo, .. } => of_token(token) + u64::from(!memo.is_empty()),
        Effect::Payout { token, .. }
        | Effect::Withdrawal { token, .. }
        | Effect::Deposit { token, .. } => of_token(token) + 1,
        Effect::ForcedWithdrawal { token, taken, .. } => {
            1 + taken.map_or(0, |_| of_token(token) + 1)
        }
        Effect::Lock { .. } => 1,
    }
}

/// The movement of a token; that of ETH has no log.
fn transfer(token: Address, from: Address, to: Address, amount: u128, visit: &mut impl FnMut(Log)) {
    if !token.is_zero() {
        let value = alloy_primitives::U256::from(amount);
        visit(log(token, &Transfer { from, to, value }));
    }
}

fn withdrawal(
    index: u32,
    [account, recipient]: [Address; 2],
    token: Address,
    amount: u128,
    visit: &mut impl FnMut(Log),
) {
    transfer(token, account, Address::ZERO, amount, visit);
    visit(log(
        WITHDRAW_PREDEPLOY,
        &Withdrawal {
            index,
            account,
            recipient,
            token,
            amount,
        },
    ));
}

fn log(address: Address, event: &impl SolEvent) -> Log {
    Log {
        address,
        data: event.encode_log_data(),
    }
}

/// The hash of the transaction that stands for a block's messages from L1: `H("spillway/messages" || block hash)`.
#[must_use]
pub fn system_hash(block_hash: &B256) -> B256 {
    spillway_protocol::keccak::keccak256_parts(&[b"spillway/messages", block_hash.as_slice()])
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Address = Address::repeat_byte(0xa);
    const B: Address = Address::repeat_byte(0xb);
    const TOKEN: Address = Address::repeat_byte(0x70);

    fn all() -> Vec<(Effect<'static>, Vec<(Address, B256)>)> {
        let transfer = (TOKEN, Transfer::SIGNATURE_HASH);
        let of = |token, memo| Effect::Transfer {
            from: A,
            to: B,
            token,
            amount: 5,
            memo,
        };
        let memo = (MEMO_ADDRESS, Memo::SIGNATURE_HASH);
        let withdrawal = (WITHDRAW_PREDEPLOY, Withdrawal::SIGNATURE_HASH);
        let forced = |token, taken| Effect::ForcedWithdrawal {
            message: 3,
            sender: A,
            account: 1,
            recipient: B,
            token,
            requested: 9,
            taken,
        };
        let forced_log = (INBOX_ADDRESS, ForcedWithdrawal::SIGNATURE_HASH);
        let lock = Effect::Lock {
            message: 4,
            sender: A,
            account: 1,
            locked: true,
            effective: false,
        };
        vec![
            (of(Address::ZERO, b""), vec![]),
            (of(Address::ZERO, b"hi"), vec![memo]),
            (of(TOKEN, b""), vec![transfer]),
            (of(TOKEN, b"hi"), vec![transfer, memo]),
            (forced(TOKEN, None), vec![forced_log]),
            (
                forced(TOKEN, Some((2, 5))),
                vec![transfer, withdrawal, forced_log],
            ),
            (
                forced(Address::ZERO, Some((2, 5))),
                vec![withdrawal, forced_log],
            ),
            (lock, vec![(INBOX_ADDRESS, Lock::SIGNATURE_HASH)]),
        ]
    }

    #[test]
    fn each_effect_has_its_logs_and_they_are_counted_right() {
        for (effect, want) in all() {
            let mut logs = Vec::new();
            of_effect(&effect, |log| logs.push(log));
            let found: Vec<_> = logs
                .iter()
                .map(|log| (log.address, log.topics()[0]))
                .collect();
            assert_eq!(found, want, "{effect:?}");
            assert_eq!(count(&effect), want.len() as u64, "{effect:?}");
        }
    }

    #[test]
    fn a_memo_is_found_by_its_hash() {
        let effect = Effect::Transfer {
            from: A,
            to: B,
            token: Address::ZERO,
            amount: 5,
            memo: b"invoice 7",
        };
        let mut logs = Vec::new();
        of_effect(&effect, |log| logs.push(log));
        assert_eq!(logs[0].topics()[3], keccak256(b"invoice 7"));
        let decoded = Memo::decode_log(&logs[0]).unwrap();
        assert_eq!(decoded.memo.as_ref(), b"invoice 7");
    }
}
