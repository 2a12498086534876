//! Vectors of amounts, leaves, roots and messages.

use alloy_primitives::{Address, Bytes};
use spillway_protocol::account::{self, Account, TokenBalance, TokenBalances};
use spillway_protocol::amount;
use spillway_protocol::fast_withdrawal::FastWithdrawal;
use spillway_protocol::inbox::{InboxAccumulator, InboxMessage};
use spillway_protocol::root::{StatePreimage, StateTree};
use spillway_protocol::state::{Counters, State};
use spillway_protocol::tree::MerkleTree;
use spillway_protocol::withdrawal::Withdrawal;

use crate::schema;
use crate::setting::{ALICE, BOB, CAROL, ETHER, FEE, GWEI, account_row, counters_row, hash};

pub(crate) fn amounts() -> schema::Amounts {
    let base_exponents = (0..=amount::DECIMALS_MAX)
        .filter_map(|decimals| {
            let base_exponent = amount::base_exponent(decimals)?;
            Some(schema::BaseExponent {
                base_exponent,
                decimals,
            })
        })
        .collect();
    let values = [
        0,
        1,
        9,
        10,
        123,
        9_999,
        10_000,
        10_001,
        999_999_999_999,
        1_000_000_000_000,
        1_230_000_000_000,
        12_345_678_901_234_567,
        1u128 << 64,
        1_500_000_000_000_000_000,
        9_999 * ETHER,
        10_000 * ETHER,
        100_000_000 * ETHER,
        10u128.pow(38),
        3 * 10u128.pow(38),
        u128::MAX,
    ];
    let valid = [0, 3, 12, 32]
        .into_iter()
        .flat_map(|base_exponent| values.map(|amount| (base_exponent, amount)))
        .map(|(base_exponent, amount)| {
            let encoded = amount::encode(amount, base_exponent);
            let bytes = encoded.as_bytes();
            schema::Amount {
                amount,
                base_exponent,
                code: u16::from_be_bytes([bytes[0], bytes[1]]),
                encoded: Bytes::copy_from_slice(bytes),
            }
        })
        .collect();
    let invalid = [
        (12, "f889", "the code above the last"),
        (12, "ffff", "the largest code"),
        (12, "f61900", "a mantissa of zero"),
        (12, "f6190a", "a mantissa that is a multiple of ten"),
        (12, "f61a0001", "a mantissa with a leading zero byte"),
        (12, "f61a05", "a mantissa that is too short"),
        (12, "f6190505", "a mantissa that is too long"),
        (12, "000005", "a short code with a mantissa"),
        (12, "f61800", "zero with a mantissa"),
        (0, "f61905", "an amount that the short form can hold"),
        (12, "f6d905", "an amount that the short form can hold"),
        (12, "f87904", "4 * 10^38, beyond 128 bits"),
        (
            12,
            "f638ffffffffffffffffffffffffffffffff",
            "beyond 128 bits",
        ),
        (32, "f617", "9999 * 10^38, beyond 128 bits"),
    ]
    .map(|(base_exponent, encoded, why)| schema::InvalidAmount {
        base_exponent,
        encoded: hex::decode(encoded).unwrap().into(),
        why: why.into(),
    });
    schema::Amounts {
        base_exponents,
        invalid: invalid.into(),
        valid,
    }
}

pub(crate) fn account_leaves() -> schema::AccountLeaves {
    let token = |token, amount| TokenBalance { token, amount };
    let lists: [(Address, u64, bool, u128, Vec<TokenBalance>); 6] = [
        (FEE, 0, false, 0, vec![]),
        (ALICE, 7, false, 3 * ETHER / 2, vec![]),
        (BOB, 1, true, 0, vec![token(1, 250_000_000)]),
        (
            CAROL,
            0,
            false,
            1,
            vec![token(1, 1), token(2, ETHER), token(255, 3)],
        ),
        (Address::ZERO, 0, false, 0, vec![]),
        (
            Address::repeat_byte(0xff),
            u64::MAX,
            true,
            u128::MAX,
            vec![token(255, u128::MAX)],
        ),
    ];
    let rows = lists.map(|(address, nonce, locked, eth, entries)| {
        let account = Account {
            address,
            nonce,
            locked,
            eth,
            tokens: TokenBalances::from_entries(entries).expect("ascending, not zero"),
        };
        let tokens_hash = account.tokens.hash();
        let preimage = account::leaf_preimage(&address, nonce, locked, eth, &tokens_hash);
        schema::AccountLeaf {
            account: account_row(&account),
            leaf: account.leaf(),
            preimage: preimage.into(),
            tokens_hash,
        }
    });
    schema::AccountLeaves {
        accounts: rows.into(),
    }
}

pub(crate) fn withdrawal_leaves() -> schema::WithdrawalLeaves {
    let withdrawals = [
        (ALICE, ALICE, 0, ETHER),
        (ALICE, BOB, 1, 250_000_000),
        (BOB, Address::ZERO, 255, 1),
        (CAROL, CAROL, 0, u128::MAX),
        (ALICE, ALICE, 0, ETHER),
    ]
    .map(|(account, recipient, token, amount)| Withdrawal {
        account,
        recipient,
        token,
        amount,
    });
    let mut tree = MerkleTree::new();
    let mut roots = vec![counted_root(&tree)];
    for (index, withdrawal) in (0..).zip(&withdrawals) {
        tree.push(withdrawal.leaf(index)).unwrap();
        roots.push(counted_root(&tree));
    }
    let withdrawals = (0..)
        .zip(&withdrawals)
        .map(|(index, withdrawal)| schema::WithdrawalLeaf {
            account: withdrawal.account,
            amount: withdrawal.amount,
            index,
            leaf: withdrawal.leaf(index),
            proof: tree.proof(index).unwrap().0.into(),
            recipient: withdrawal.recipient,
            token: withdrawal.token,
        })
        .collect();
    schema::WithdrawalLeaves { roots, withdrawals }
}

fn counted_root(tree: &MerkleTree) -> schema::CountedRoot {
    schema::CountedRoot {
        count: tree.len(),
        root: tree.root(),
    }
}

pub(crate) fn state_roots() -> schema::StateRoots {
    let genesis = [FEE, Address::ZERO].map(|fee_account| {
        let state = State::genesis(fee_account);
        let tree = StateTree::build(&state, std::iter::empty()).unwrap();
        schema::Genesis {
            fee_account,
            root: tree.root(&state),
        }
    });
    let counted = Counters {
        withdrawal_count: 3,
        inbox_count: 44,
        authorised_count: 555,
        block_number: 6_666,
        timestamp: 1_700_000_000,
        base_fee: GWEI as u64,
    };
    let full = Counters {
        withdrawal_count: u32::MAX,
        inbox_count: u64::MAX,
        authorised_count: u64::MAX,
        block_number: u64::MAX,
        timestamp: u64::MAX,
        base_fee: u64::MAX,
    };
    let rows = [(1, Counters::default()), (22, counted), (u32::MAX, full)].map(
        |(account_count, counters)| {
            let (accounts_root, withdrawals_root) = (hash("accounts"), hash("withdrawals"));
            let root = StatePreimage {
                accounts_root,
                withdrawals_root,
                account_count,
                counters,
            }
            .root();
            schema::StateRoot {
                account_count,
                accounts_root,
                counters: counters_row(&counters),
                root,
                withdrawals_root,
            }
        },
    );
    schema::StateRoots {
        genesis: genesis.into(),
        roots: rows.into(),
    }
}

pub(crate) fn inbox() -> schema::Inbox {
    let deposit = |to, token, amount, lock| InboxMessage::Deposit {
        to,
        token,
        amount,
        lock,
    };
    let messages = [
        deposit(ALICE, 0, ETHER, false),
        deposit(BOB, 1, 250_000_000, true),
        deposit(Address::repeat_byte(0xff), 255, u128::MAX, true),
        InboxMessage::ForcedWithdrawal {
            sender: ALICE,
            account: 1,
            token: 0,
            amount: ETHER / 2,
            recipient: CAROL,
        },
        InboxMessage::Lock {
            sender: ALICE,
            account: 1,
        },
        InboxMessage::Unlock {
            sender: ALICE,
            account: u32::MAX,
        },
    ];
    let mut accumulator = InboxAccumulator::ZERO;
    let rows = messages.map(|message| {
        accumulator = message.accumulate(&accumulator);
        message_row(&message, accumulator)
    });
    let deposit = messages[0].encode();
    let deposit = deposit.as_bytes();
    let lock = messages[4].encode();
    let lock = lock.as_bytes();
    let invalid = [
        (vec![], "no bytes"),
        (vec![4; 25], "a kind above the last"),
        (deposit[..38].to_vec(), "a deposit cut off"),
        ([deposit, &[0]].concat(), "a byte after a deposit"),
        ([&deposit[..38], &[2]].concat(), "a lock flag of 2"),
        (lock[..24].to_vec(), "a lock cut off"),
        ([lock, &[0]].concat(), "a byte after a lock"),
    ]
    .map(|(encoded, why)| schema::InvalidMessage {
        encoded: encoded.into(),
        why: why.into(),
    });
    schema::Inbox {
        invalid: invalid.into(),
        messages: rows.into(),
    }
}

fn message_row(message: &InboxMessage, accumulator: InboxAccumulator) -> schema::Message {
    let mut row = schema::Message {
        account: 0,
        accumulator,
        amount: 0,
        encoded: Bytes::copy_from_slice(message.encode().as_bytes()),
        kind: String::new(),
        lock: false,
        recipient: Address::ZERO,
        sender: Address::ZERO,
        to: Address::ZERO,
        token: 0,
    };
    let kind;
    match *message {
        InboxMessage::Deposit {
            to,
            token,
            amount,
            lock,
        } => {
            kind = "deposit";
            (row.to, row.token, row.amount, row.lock) = (to, token, amount, lock);
        }
        InboxMessage::ForcedWithdrawal {
            sender,
            account,
            token,
            amount,
            recipient,
        } => {
            kind = "forced_withdrawal";
            (row.sender, row.account, row.token) = (sender, account, token);
            (row.amount, row.recipient) = (amount, recipient);
        }
        InboxMessage::Lock { sender, account } => {
            kind = "lock";
            (row.sender, row.account) = (sender, account);
        }
        InboxMessage::Unlock { sender, account } => {
            kind = "unlock";
            (row.sender, row.account) = (sender, account);
        }
    }
    row.kind = kind.into();
    row
}

/// The plainest one, then one field of it or of the place changed, and the largest values.
pub(crate) fn fast_withdrawals() -> schema::FastWithdrawals {
    let bridge = Address::repeat_byte(0xb1);
    let withdrawal = Withdrawal {
        account: ALICE,
        recipient: BOB,
        token: 0,
        amount: ETHER,
    };
    let plain = FastWithdrawal {
        index: 7,
        withdrawal,
        fee: ETHER / 1_000,
        deadline: 1_700_003_600,
    };
    let of = |withdrawal| FastWithdrawal {
        withdrawal,
        ..plain
    };
    let largest = FastWithdrawal {
        index: u32::MAX,
        withdrawal: Withdrawal {
            token: u8::MAX,
            amount: u128::MAX,
            ..withdrawal
        },
        fee: u128::MAX,
        deadline: u64::MAX,
    };
    let consents = [
        (1, bridge, plain),
        (31_337, bridge, plain),
        (1, Address::repeat_byte(0xb2), plain),
        (1, bridge, FastWithdrawal { index: 8, ..plain }),
        (
            1,
            bridge,
            of(Withdrawal {
                account: CAROL,
                ..withdrawal
            }),
        ),
        (
            1,
            bridge,
            of(Withdrawal {
                recipient: CAROL,
                ..withdrawal
            }),
        ),
        (
            1,
            bridge,
            of(Withdrawal {
                token: 1,
                ..withdrawal
            }),
        ),
        (
            1,
            bridge,
            of(Withdrawal {
                amount: ETHER + 1,
                ..withdrawal
            }),
        ),
        (1, bridge, FastWithdrawal { fee: 0, ..plain }),
        (
            1,
            bridge,
            FastWithdrawal {
                deadline: 1_700_003_601,
                ..plain
            },
        ),
        (u64::MAX, bridge, largest),
    ];
    let consents = consents.map(|(l1_chain_id, bridge, consent)| schema::FastWithdrawal {
        account: consent.withdrawal.account,
        amount: consent.withdrawal.amount,
        bridge,
        deadline: consent.deadline,
        fee: consent.fee,
        index: consent.index,
        l1_chain_id,
        recipient: consent.withdrawal.recipient,
        signing_hash: consent.signing_hash(l1_chain_id, &bridge),
        token: consent.withdrawal.token,
    });
    schema::FastWithdrawals {
        consents: consents.into(),
    }
}
