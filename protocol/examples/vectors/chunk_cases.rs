//! The chunks: what they hold, and whether they are valid.

use alloy_primitives::Address;
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::operation::{DepositTarget, Operation, Payee, Target};
use spillway_protocol::token::TokenId;

use crate::chunks::{BASE_FEE, CROWD, Case, GENESIS, LEDGER, Piece};
use crate::setting::{ALICE, BOB, CAROL, DAVE, ERIN, ETHER, GWEI};

pub(crate) fn all() -> Vec<Case> {
    [valid_cases(), inbox_cases(), limit_cases(), invalid_cases()]
        .into_iter()
        .flatten()
        .collect()
}

fn block(seconds: u32, base_fee: u64) -> Piece {
    Piece::Operation(Operation::Block { seconds, base_fee })
}

fn transfer(from: u32, to: u32, token: TokenId, amount: u128) -> Piece {
    Piece::Operation(Operation::Transfer {
        from,
        to,
        token,
        amount,
    })
}

fn transfer_new(from: u32, to: Address, amount: u128) -> Piece {
    Piece::Operation(Operation::TransferNew {
        from,
        to,
        token: 0,
        amount,
    })
}

fn withdraw(from: u32, token: TokenId, amount: u128, recipient: Option<Address>) -> Piece {
    Piece::Operation(Operation::Withdraw {
        from,
        token,
        amount,
        recipient,
    })
}

fn payout(from: u32, token: TokenId, payees: &[(Target, u128)]) -> Piece {
    let payees = payees
        .iter()
        .map(|(target, amount)| Payee {
            target: *target,
            amount: *amount,
        })
        .collect();
    Piece::Operation(Operation::Payout {
        from,
        token,
        payees,
    })
}

fn receive(target: Option<DepositTarget>) -> Piece {
    Piece::Operation(Operation::Inbox { target })
}

fn deposit(to: Address, token: TokenId, amount: u128, lock: bool) -> InboxMessage {
    InboxMessage::Deposit {
        to,
        token,
        amount,
        lock,
    }
}

fn force(sender: Address, account: u32, token: TokenId, amount: u128) -> InboxMessage {
    InboxMessage::ForcedWithdrawal {
        sender,
        account,
        token,
        amount,
        recipient: ERIN,
    }
}

fn case(
    name: &'static str,
    state: u32,
    pieces: Vec<Piece>,
    messages: Vec<InboxMessage>,
    error: &'static str,
) -> Case {
    Case {
        name,
        state,
        pieces,
        messages,
        error,
    }
}

fn valid_cases() -> Vec<Case> {
    let ledger = |name, pieces| case(name, LEDGER, pieces, vec![], "");
    let new = Target::New;
    vec![
        ledger("nothing", vec![]),
        ledger("a block", vec![block(1, BASE_FEE)]),
        ledger("a block, long form", vec![block(86_400, BASE_FEE + 1)]),
        ledger(
            "a transfer of ETH",
            vec![transfer(1, 2, 0, 25 * ETHER / 100)],
        ),
        ledger("a transfer of a token", vec![transfer(1, 2, 1, 12_500_000)]),
        ledger(
            "a transfer of all of a token",
            vec![transfer(1, 2, 8, ETHER)],
        ),
        ledger("a transfer of zero to itself", vec![transfer(1, 1, 0, 0)]),
        ledger(
            "the fee account pays",
            vec![transfer(2, 0, 0, ETHER / 10), transfer(0, 1, 0, 1)],
        ),
        ledger(
            "a new account",
            vec![transfer_new(1, DAVE, ETHER), transfer(5, 1, 0, 1)],
        ),
        ledger(
            "withdrawals",
            vec![
                withdraw(1, 0, ETHER, None),
                withdraw(1, 1, 250_000_001, Some(ERIN)),
            ],
        ),
        ledger(
            "a payout",
            vec![payout(
                1,
                1,
                &[
                    (new(DAVE), 5),
                    (Target::Index(5), 6),
                    (new(ERIN), 7),
                    (Target::Index(2), 0),
                ],
            )],
        ),
        ledger(
            "a full chunk, no end",
            vec![transfer(1, 2, 0, 5 * GWEI * 1_000); 116],
        ),
        case(
            "the first block",
            GENESIS,
            vec![
                block(1_700_000_000, BASE_FEE),
                receive(Some(DepositTarget::New)),
            ],
            vec![deposit(ALICE, 0, ETHER, false)],
            "",
        ),
    ]
}

fn inbox_cases() -> Vec<Case> {
    let index = |index| receive(Some(DepositTarget::Index(index)));
    let new = || receive(Some(DepositTarget::New));
    let none = || receive(None);
    let lock = |sender, account| InboxMessage::Lock { sender, account };
    let unlock = |sender, account| InboxMessage::Unlock { sender, account };
    let ledger = |name, pieces, messages, error| case(name, LEDGER, pieces, messages, error);
    vec![
        ledger(
            "deposits, one message left over",
            vec![index(1), new(), transfer(1, 5, 0, 1)],
            vec![
                deposit(ALICE, 1, 7, false),
                deposit(DAVE, 2, 9, false),
                lock(ALICE, 1),
            ],
            "",
        ),
        ledger(
            "a deposit that locks a new account",
            vec![new(), transfer(5, 1, 0, 1)],
            vec![deposit(DAVE, 0, ETHER, true)],
            "Invalid/Locked",
        ),
        ledger(
            "forced withdrawals: part, all there is, nothing, another's, no account, locked",
            vec![none(), none(), none(), none(), none(), none()],
            vec![
                force(ALICE, 1, 0, ETHER),
                force(BOB, 2, 2, 1_000),
                force(BOB, 2, 2, 1_000),
                force(BOB, 1, 0, ETHER),
                force(BOB, 99, 0, ETHER),
                force(CAROL, 3, 0, 1),
            ],
            "",
        ),
        ledger(
            "lock by another has no effect, unlock by the owner has",
            vec![
                none(),
                none(),
                none(),
                transfer(1, 2, 0, 1),
                transfer(3, 2, 0, 1),
            ],
            vec![lock(BOB, 1), lock(BOB, 77), unlock(CAROL, 3)],
            "",
        ),
        ledger(
            "a lock ends transfers",
            vec![none(), transfer(1, 2, 0, 1)],
            vec![lock(ALICE, 1)],
            "Invalid/Locked",
        ),
        ledger("no message", vec![none()], vec![], "Invalid/NoMessage"),
        ledger(
            "a deposit without a target",
            vec![none()],
            vec![deposit(ALICE, 0, 1, false)],
            "Invalid/WrongTarget",
        ),
        ledger(
            "a deposit to another's index",
            vec![index(2)],
            vec![deposit(ALICE, 0, 1, false)],
            "Invalid/WrongTarget",
        ),
        ledger(
            "a lock with a target",
            vec![index(1)],
            vec![lock(ALICE, 1)],
            "Invalid/WrongTarget",
        ),
        ledger(
            "a deposit of zero to a new account",
            vec![new()],
            vec![deposit(DAVE, 0, 0, false)],
            "Invalid/ZeroAmount",
        ),
        ledger(
            "a deposit that exceeds 128 bits",
            vec![index(1)],
            vec![deposit(ALICE, 0, u128::MAX, false)],
            "Invalid/Overflow",
        ),
        ledger(
            "a deposit to a second account of one address",
            vec![new()],
            vec![deposit(ALICE, 0, 1, false)],
            "Invalid/AccountExists",
        ),
    ]
}

fn limit_cases() -> Vec<Case> {
    let crowd = |name, pieces, messages, error| case(name, CROWD, pieces, messages, error);
    let join = |pieces: &[Piece], last: Piece| [pieces, &[last]].concat();
    // Two accounts each, and the fee account: 111. The next touches one more.
    let mut accounts: Vec<_> = (0..55)
        .map(|n| transfer(2 * n + 1, 2 * n + 2, 0, 1))
        .collect();
    accounts.push(transfer(111, 111, 0, 1));
    // 11 entries each: two lists of five, and a credit. The next has a list of five and a credit: 512.
    let mut entries: Vec<_> = (0..46)
        .map(|n| transfer(2 * n + 1, 2 * n + 2, 1, 0))
        .collect();
    entries.push(transfer(93, 93, 1, 0));
    let messages = |count| vec![deposit(Address::repeat_byte(2), 0, 1, false); count];
    let receive = || receive(Some(DepositTarget::Index(1)));
    vec![
        crowd("112 accounts", accounts.clone(), vec![], ""),
        crowd(
            "113 accounts",
            join(&accounts, transfer(1, 112, 0, 1)),
            vec![],
            "Limit/Accounts",
        ),
        crowd("512 token entries", entries.clone(), vec![], ""),
        crowd(
            "513 token entries: a credit of a list that was counted",
            join(&entries, transfer(1, 2, 1, 0)),
            vec![],
            "Limit/TokenEntries",
        ),
        crowd(
            "after 512 token entries, ETH",
            join(&entries, transfer(1, 2, 0, 1)),
            vec![],
            "",
        ),
        crowd("32 inbox operations", vec![receive(); 32], messages(33), ""),
        crowd(
            "33 inbox operations",
            vec![receive(); 33],
            messages(33),
            "Limit/InboxOperations",
        ),
    ]
}

fn invalid_cases() -> Vec<Case> {
    let ledger = |name, pieces, error| case(name, LEDGER, pieces, vec![], error);
    let first = |name, piece, error| case(name, GENESIS, vec![piece], vec![], error);
    let new = Target::New;
    let bytes = Piece::Bytes;
    vec![
        first(
            "a transfer before the first block",
            transfer(0, 0, 0, 0),
            "Invalid/NoBlock",
        ),
        first(
            "a message before the first block",
            receive(None),
            "Invalid/NoBlock",
        ),
        ledger(
            "a byte after the end",
            vec![block(1, BASE_FEE), bytes("000001")],
            "Padding",
        ),
        ledger(
            "an unknown first byte",
            vec![bytes("01")],
            "Undecodable/UnknownTag",
        ),
        ledger(
            "a block in the long form that the short one would do for",
            vec![bytes("1f0000000100000000000003e8")],
            "Undecodable/NotCanonical",
        ),
        ledger(
            "an operation that straddles the chunk's end",
            [
                vec![transfer(1, 2, 0, 5 * GWEI * 1_000); 115],
                vec![bytes("10108007")],
            ]
            .concat(),
            "Undecodable/Truncated",
        ),
        ledger(
            "a block in the long form that the chunk's end cuts off",
            [
                vec![transfer(1, 2, 0, 5 * GWEI * 1_000); 115],
                vec![bytes("101f0000")],
            ]
            .concat(),
            "Undecodable/Truncated",
        ),
        ledger(
            "a locked sender",
            vec![transfer(3, 1, 0, 1)],
            "Invalid/Locked",
        ),
        ledger(
            "a token that is not held",
            vec![transfer(2, 1, 1, 0)],
            "Invalid/TokenNotHeld",
        ),
        ledger(
            "amount and fee are more than the balance",
            vec![transfer(2, 1, 0, ETHER)],
            "Invalid/InsufficientFunds",
        ),
        ledger(
            "more of a token than is held",
            vec![transfer(2, 1, 2, 8)],
            "Invalid/InsufficientFunds",
        ),
        ledger(
            "a fee that cannot be paid",
            vec![transfer(4, 1, 1, 5)],
            "Invalid/InsufficientFee",
        ),
        ledger(
            "a new account with zero",
            vec![transfer_new(1, DAVE, 0)],
            "Invalid/ZeroAmount",
        ),
        ledger(
            "a new account for an address that has one",
            vec![transfer_new(1, BOB, 1)],
            "Invalid/AccountExists",
        ),
        ledger(
            "a withdrawal of zero",
            vec![withdraw(1, 0, 0, None)],
            "Invalid/ZeroAmount",
        ),
        ledger(
            "a withdrawal that spells out its own account",
            vec![withdraw(1, 0, 1, Some(ALICE))],
            "Invalid/RecipientIsSender",
        ),
        ledger(
            "a payout that creates one account twice",
            vec![payout(1, 0, &[(new(DAVE), 1), (new(DAVE), 1)])],
            "Invalid/AccountExists",
        ),
        ledger(
            "a payout whose second recipient is new with zero: nothing of it happens",
            vec![payout(1, 0, &[(Target::Index(2), 1), (new(DAVE), 0)])],
            "Invalid/ZeroAmount",
        ),
        ledger(
            "a payout of more than 128 bits",
            vec![payout(
                1,
                0,
                &[(Target::Index(2), u128::MAX), (Target::Index(2), 1)],
            )],
            "Invalid/InsufficientFunds",
        ),
        ledger(
            "the second operation is invalid",
            vec![transfer(1, 2, 0, 1), transfer(4, 2, 0, 100)],
            "Invalid/InsufficientFunds",
        ),
    ]
}
