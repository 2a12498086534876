//! States of any size that are nowhere: a few accounts, and siblings that are any hashes. Whoever has the witness cannot tell.

use alloy_primitives::{Address, B256, keccak256};
use spillway_protocol::account::{Account, TokenBalance, TokenBalances};
use spillway_protocol::codec::{self, Scope};
use spillway_protocol::dispute::{Witness, pack_account};
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::operation::{Operation, Payee, Target};
use spillway_protocol::root::StatePreimage;
use spillway_protocol::state::Counters;
use spillway_protocol::token::{ETH, TokenId, TokenTable};
use spillway_protocol::tree::{Frontier, MultiproofError, multiproof_root};

pub(super) use spillway_protocol::chunk::Chunk;

/// Messages that were consumed before the chunk.
pub(super) const CONSUMED: u64 = 1_000;
const BASE_FEE: u64 = 1_000_000_000;
const RICH: u128 = 1 << 100;
/// More siblings than any witness needs.
const ENOUGH: usize = 4_096;

/// A chunk on a state that is nowhere, and the witness that it is there.
pub(super) struct Imagined {
    pub(super) chunk: Chunk,
    pub(super) witness: Witness,
}

/// What a state is imagined of.
struct Plan {
    accounts: u32,
    operations: Vec<Operation>,
    messages: Vec<InboxMessage>,
    /// Entries of each account's token list.
    entries: usize,
    withdraws: bool,
    /// Accounts that the operations create.
    created: u32,
}

/// Sixteen tokens fill four bits; with 255 any account can hold as many as there are.
pub(super) fn tokens() -> TokenTable {
    let mut tokens = TokenTable::default();
    for id in 1..=255 {
        tokens
            .list(Address::repeat_byte(id), 6)
            .expect("there is room");
    }
    tokens
}

impl Imagined {
    /// As many transfers as a chunk holds, among 91 accounts that are nowhere near each other, as the busiest of a million
    /// are.
    pub(super) fn typical(accounts: u32) -> Self {
        let width = if accounts == u32::MAX { 11 } else { 8 };
        let step = accounts / 93;
        let operations = (0..464 / width).map(|i| Operation::Transfer {
            from: (1 + 2 * i % 91) * step,
            to: (1 + (2 * i + 1) % 91) * step,
            token: ETH,
            amount: 25 * 10u128.pow(16),
        });
        Self::of(&Plan {
            accounts,
            operations: operations.collect(),
            messages: Vec::new(),
            entries: 6,
            withdraws: false,
            created: 0,
        })
    }

    /// 32 forced withdrawals of a token, and payouts of a token to as many as the rest of the chunk holds.
    pub(super) fn worst(accounts: u32) -> Self {
        let reference = if accounts == u32::MAX { 4 } else { 3 };
        let payees_left =
            (464 - 32 - (7 + reference) - (3 + reference) - 64 * (reference + 2)) / (reference + 2);
        let payees_left = payees_left.min(112 - 1 - 32 - 65 - 1);
        let step = accounts / 120;
        let place = |i: u32| (i + 1) * step;
        let messages = (0..32).map(|i| InboxMessage::ForcedWithdrawal {
            sender: address(place(i)),
            account: place(i),
            token: 1,
            amount: RICH,
            recipient: Address::repeat_byte(0xee),
        });
        let inbox = (0..32).map(|_| Operation::Inbox { target: None });
        let payouts = [(32, 64), (97, payees_left)]
            .map(|(from, count)| payout(place(from), (from + 1..=from + count).map(place)));
        Self::of(&Plan {
            accounts,
            operations: inbox.chain(payouts).collect(),
            messages: messages.collect(),
            // Each payment counts one, each list its entries: 512 in all.
            entries: (512 - 64 - payees_left as usize) / (32 + 65 + 1 + payees_left as usize),
            withdraws: true,
            created: 0,
        })
    }

    pub(super) fn most_transfers() -> Self {
        let operations = (0..154).map(|i| Operation::Transfer {
            from: 1 + i % 3,
            to: 1 + (i + 1) % 3,
            token: 1 + (i % 2) as TokenId,
            amount: 1_000,
        });
        Self::of(&Plan {
            accounts: 4,
            operations: operations.collect(),
            messages: Vec::new(),
            entries: 100,
            withdraws: false,
            created: 0,
        })
    }

    pub(super) fn most_blocks() -> Self {
        let block = Operation::Block {
            seconds: 1,
            base_fee: BASE_FEE,
        };
        Self::of(&Plan {
            accounts: u32::MAX,
            operations: vec![block; 464],
            messages: Vec::new(),
            entries: 0,
            withdraws: false,
            created: 0,
        })
    }

    /// Deposits of strangers, and payouts to strangers.
    pub(super) fn most_new(accounts: u32) -> Self {
        let strangers = (0..32u32).map(|i| InboxMessage::Deposit {
            to: address(accounts + i),
            token: 1,
            amount: RICH,
            lock: false,
        });
        let deposits = (0..32).map(|_| Operation::Inbox {
            target: Some(spillway_protocol::operation::DepositTarget::New),
        });
        let payees = (0..11).map(|i| Payee {
            target: Target::New(address(accounts + 32 + i)),
            amount: 1_000,
        });
        let payout = Operation::Payout {
            from: accounts / 2,
            token: 1,
            payees: payees.collect(),
        };
        Self::of(&Plan {
            accounts,
            operations: deposits.chain([payout]).collect(),
            messages: strangers.collect(),
            entries: 255,
            withdraws: false,
            created: 43,
        })
    }

    /// One account gets a token that it does not hold in every operation, below all that it holds.
    pub(super) fn longest_lists() -> Self {
        let operations = (0..92).map(|i| Operation::Transfer {
            from: 1,
            to: 2,
            token: 250 - i as TokenId,
            amount: 1_000,
        });
        let mut plan = Plan {
            accounts: 4,
            operations: operations.collect(),
            messages: Vec::new(),
            entries: 255,
            withdraws: false,
            created: 0,
        };
        // The receiver holds the first tokens only; its list grows by 92, within the limit of 512.
        plan.entries = 255;
        Self::with(
            &plan,
            |index, entries| if index == 2 { 512 - 255 - 92 } else { entries },
        )
    }

    fn of(plan: &Plan) -> Self {
        Self::with(plan, |_, entries| entries)
    }

    fn with(plan: &Plan, entries_of: impl Fn(u32, usize) -> usize) -> Self {
        let tokens = tokens();
        let chunk = encode(plan, &tokens);
        let touched = touched(plan);
        let accounts: Vec<_> = touched
            .iter()
            .map(|index| (*index, account(*index, entries_of(*index, plan.entries))))
            .collect();
        let after = plan.accounts.saturating_add(plan.created);
        let mut leaves: Vec<_> = accounts
            .iter()
            .map(|(index, account)| (*index, account.leaf()))
            .collect();
        leaves.extend((plan.accounts..after).map(|index| (index, B256::ZERO)));
        let siblings = siblings(after, &leaves);
        let mut packed = Vec::new();
        for (index, account) in &accounts {
            pack_account(&mut packed, *index, account, needs_tokens(plan, *index));
        }
        let peaks: Vec<_> = (0..31).map(|i| keccak256([i])).collect();
        let withdrawals = Frontier::from_peaks(u32::MAX >> 1, &peaks).expect("a peak for each bit");
        let witness = Witness {
            state: StatePreimage {
                accounts_root: multiproof_root(after, &leaves, &siblings)
                    .expect("as many as it needs"),
                withdrawals_root: withdrawals.root(),
                account_count: plan.accounts,
                counters: Counters {
                    withdrawal_count: u32::MAX >> 1,
                    inbox_count: CONSUMED,
                    authorised_count: 1 << 40,
                    block_number: 1 << 30,
                    timestamp: 1_800_000_000,
                    base_fee: BASE_FEE,
                },
            },
            accounts: packed,
            siblings,
            messages: plan.messages.iter().map(InboxMessage::encode).collect(),
            peaks: if plan.withdraws { peaks } else { Vec::new() },
            holder: None,
        };
        Self { chunk, witness }
    }
}

/// A payout of token 1.
fn payout(from: u32, to: impl Iterator<Item = u32>) -> Operation {
    Operation::Payout {
        from,
        token: 1,
        payees: to
            .map(|index| Payee {
                target: Target::Index(index),
                amount: 1_000,
            })
            .collect(),
    }
}

fn address(index: u32) -> Address {
    Address::from_word(keccak256(index.to_be_bytes()))
}

fn account(index: u32, entries: usize) -> Account {
    let entries = (1..=entries).map(|token| TokenBalance {
        token: token as TokenId,
        amount: RICH,
    });
    Account {
        address: address(index),
        nonce: u64::from(index) << 20,
        locked: false,
        eth: RICH,
        tokens: TokenBalances::from_entries(entries.collect()).expect("ascending"),
    }
}

fn encode(plan: &Plan, tokens: &TokenTable) -> Chunk {
    let mut scope = Scope {
        account_count: plan.accounts,
        base_fee: BASE_FEE,
        tokens,
    };
    let mut bytes = Vec::new();
    for operation in &plan.operations {
        codec::encode(operation, &scope, &mut bytes).expect("it can be said");
        if matches!(operation, Operation::Inbox { target: Some(_) }) {
            scope.account_count += 1;
        }
    }
    let mut chunk = [0; 496];
    assert!(bytes.len() <= 464, "{} bytes", bytes.len());
    chunk[32..32 + bytes.len()].copy_from_slice(&bytes);
    chunk
}

/// The accounts that are there before the chunk, ascending.
fn touched(plan: &Plan) -> Vec<u32> {
    let mut touched = vec![0];
    for operation in &plan.operations {
        match operation {
            Operation::Transfer { from, to, .. } => touched.extend([*from, *to]),
            Operation::Payout { from, payees, .. } => {
                touched.push(*from);
                touched.extend(payees.iter().filter_map(|payee| match payee.target {
                    Target::Index(index) => Some(index),
                    Target::New(_) => None,
                }));
            }
            _ => {}
        }
    }
    for message in &plan.messages {
        if let InboxMessage::ForcedWithdrawal { account, .. } = message {
            touched.push(*account);
        }
    }
    touched.sort_unstable();
    touched.dedup();
    touched
}

fn needs_tokens(plan: &Plan, index: u32) -> bool {
    let moves_tokens = plan.operations.iter().any(|operation| match operation {
        Operation::Transfer { token, .. } | Operation::Payout { token, .. } => *token != ETH,
        Operation::Inbox { .. } => true,
        _ => false,
    });
    moves_tokens && index != 0
}

/// As many as the indices call for.
fn siblings(count: u32, leaves: &[(u32, B256)]) -> Vec<B256> {
    let mut siblings: Vec<_> = (0..ENOUGH).map(|i| keccak256(i.to_be_bytes())).collect();
    if let Err(MultiproofError::SiblingsLeftOver { left }) =
        multiproof_root(count, leaves, &siblings)
    {
        siblings.truncate(ENOUGH - left);
    }
    siblings
}
