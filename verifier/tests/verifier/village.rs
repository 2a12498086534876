//! An L2 with something of everything, so that every operation can be wrong.

use alloy_primitives::Address;
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::operation::{DepositTarget, Operation, Payee, Target};
use spillway_protocol::token::{ETH, TokenTable};

use super::chain::TOKEN_DECIMALS;
use super::contracts::TOKENS;
use super::forging::Ground;
use super::l1::{CAUTIOUS, DEPLOYER, L1, key};
use spillway_batcher::batch::SealedBatch;

pub(crate) const RICH: u32 = 1;
/// Cannot pay a fee, and holds some of token 1.
pub(crate) const POOR: u32 = 2;
/// Locked.
pub(crate) const LOCKED: u32 = 3;
/// The first of those who hold all tokens, and how many there are.
pub(crate) const HOLDERS: u32 = 4;
pub(crate) const HOLDERS_COUNT: u32 = 60;
/// Accounts in all.
pub(crate) const ACCOUNTS: u32 = 130;
/// What the poor have.
pub(crate) const PITTANCE: u128 = 1_000_000;

/// Messages that wait: a deposit for the rich, a lock of somebody else, then deposits for the rich.
const WAITING: usize = 40;
/// New recipients that a payout has room for in a chunk.
const PAYEES: u32 = 14;

pub(crate) const RICH_ADDRESS: Address = Address::repeat_byte(0xa1);
const POOR_ADDRESS: Address = Address::repeat_byte(0xa2);

const ETHER: u128 = 10_u128.pow(18);

fn settler(number: u32) -> Address {
    Address::left_padding_from(&(0x5e77_0000 + number).to_be_bytes())
}

fn deposit(to: Address, token: u8, amount: u128, lock: bool) -> InboxMessage {
    InboxMessage::Deposit {
        to,
        token,
        amount,
        lock,
    }
}

/// What founds the village, in order.
fn founding() -> Vec<InboxMessage> {
    let mut messages = vec![
        deposit(RICH_ADDRESS, ETH, 1_000 * ETHER, false),
        deposit(POOR_ADDRESS, ETH, PITTANCE, false),
        deposit(key(CAUTIOUS).address(), ETH, ETHER, true),
        deposit(POOR_ADDRESS, 1, 1_000, false),
    ];
    let tokens = (1..).take(TOKENS);
    messages.extend(tokens.map(|token| deposit(RICH_ADDRESS, token, ETHER, false)));
    messages
}

fn waiting() -> Vec<InboxMessage> {
    let deposit = deposit(RICH_ADDRESS, ETH, 5, false);
    let mut messages = vec![deposit; WAITING];
    messages[1] = InboxMessage::Lock {
        sender: key(DEPLOYER).address(),
        account: RICH,
    };
    messages
}

pub(crate) fn tokens(l1: &L1) -> TokenTable {
    let mut tokens = TokenTable::default();
    for token in &l1.deployment.tokens {
        tokens.list(*token, TOKEN_DECIMALS).unwrap();
    }
    tokens
}

/// Sends all messages, and answers the batch that founds the village, and L2 after it.
pub(crate) async fn found(l1: &L1) -> (SealedBatch, Ground) {
    let founding = founding();
    let consumed = founding.len();
    let messages = [founding, waiting()].concat();
    for message in &messages {
        send(l1, message).await;
    }
    let mut ground = Ground::genesis(tokens(l1), messages);
    let batch = ground.honest(&settlement(consumed));
    assert_eq!(ground.state.account_count(), ACCOUNTS);
    (batch, ground)
}

async fn send(l1: &L1, message: &InboxMessage) {
    match *message {
        InboxMessage::Deposit {
            to,
            token: ETH,
            amount,
            lock,
        } => {
            let from = if lock { CAUTIOUS } else { DEPLOYER };
            l1.deposit_from(from, to, amount, lock).await;
        }
        InboxMessage::Deposit {
            to, token, amount, ..
        } => l1.deposit_token(token, to, amount).await,
        InboxMessage::Lock { account, .. } => l1.lock(DEPLOYER, account).await,
        _ => unreachable!("no such message is sent"),
    }
}

/// The operations of the first block.
fn settlement(messages: usize) -> Vec<Operation> {
    let mut operations = vec![Operation::Block {
        seconds: 1,
        base_fee: 1_000,
    }];
    for message in 0..messages as u32 {
        let target = match message {
            0..3 => DepositTarget::New,
            3 => DepositTarget::Index(POOR),
            _ => DepositTarget::Index(RICH),
        };
        let target = Some(target);
        operations.push(Operation::Inbox { target });
    }
    let settlers: Vec<_> = (HOLDERS..ACCOUNTS).collect();
    for group in settlers.chunks(PAYEES as usize) {
        let target = |number: &u32| Target::New(settler(*number));
        operations.push(payout(ETH, ETHER, group.iter().map(target)));
    }
    let holders = HOLDERS..HOLDERS + HOLDERS_COUNT;
    for token in (1..).take(TOKENS) {
        operations.push(payout(token, 1_000, holders.clone().map(Target::Index)));
    }
    operations
}

/// A payout of the rich.
pub(crate) fn payout(token: u8, amount: u128, targets: impl Iterator<Item = Target>) -> Operation {
    Operation::Payout {
        from: RICH,
        token,
        payees: targets.map(|target| Payee { target, amount }).collect(),
    }
}
