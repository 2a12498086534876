//! What each operation does, and every reason for which it is refused: one line an event, the expected
//! outcome last.
//!
//! Accounts are `fee` (index 0), `alice`, `bob` and `carol`, funded by the setting; `dave`, `erin` and
//! so on are addresses without an account. Tokens are `eth`, and `usd` (number 1) and `eur` (2).
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::arithmetic_side_effects
)]

use spillway_protocol::Address;
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::operation::{DepositTarget, Operation, Payee, Target};
use spillway_protocol::state::State;
use spillway_protocol::transition::{Rejection, apply};

const FEE: &str = "fee";
/// Base fee of one wei: a transfer of ETH costs 21,000 wei.
const SETTING: &str = "
    block 10 1                      -> applied
    deposit alice new 1000000 eth   -> applied
    deposit bob new 100000 eth      -> applied
    deposit carol new 30000 eth     -> applied
    deposit alice idx 500 usd       -> applied
    deposit bob idx 7 eur           -> applied
";

struct World {
    state: State,
}

fn address(name: &str) -> Address {
    Address::repeat_byte(name.bytes().next().unwrap())
}

fn token(name: &str) -> u8 {
    match name {
        "eth" => 0,
        "usd" => 1,
        "eur" => 2,
        other => other.parse().unwrap(),
    }
}

fn outcome(rejection: Rejection) -> &'static str {
    match rejection {
        Rejection::NoBlock => "no_block",
        Rejection::BlockOverflow => "block_overflow",
        Rejection::UnknownAccount(_) => "unknown_account",
        Rejection::Locked => "locked",
        Rejection::NonceOverflow => "nonce_overflow",
        Rejection::TokenNotHeld(_) => "token_not_held",
        Rejection::InsufficientFunds { .. } => "insufficient_funds",
        Rejection::InsufficientFee { .. } => "insufficient_fee",
        Rejection::ZeroAmount => "zero_amount",
        Rejection::AccountExists => "account_exists",
        Rejection::TooManyAccounts => "too_many_accounts",
        Rejection::RecipientIsSender => "recipient_is_sender",
        Rejection::TooManyWithdrawals => "too_many_withdrawals",
        Rejection::PayeeCount => "payee_count",
        Rejection::NoMessage => "no_message",
        Rejection::WrongTarget => "wrong_target",
        Rejection::Overflow => "overflow",
    }
}

impl World {
    /// An account's index; `#9` stands for index 9, whether it exists or not.
    fn index(&self, name: &str) -> u32 {
        match name.strip_prefix('#') {
            Some(index) => index.parse().unwrap(),
            None => self
                .state
                .index_of(&address(name))
                .expect("the account exists"),
        }
    }

    fn run(&mut self, line: &str) -> &'static str {
        let words: Vec<_> = line.split_whitespace().collect();
        let (operation, message) = self.parse(&words);
        match apply(&mut self.state, &operation, message.as_ref()) {
            Ok(()) => "applied",
            Err(rejection) => outcome(rejection),
        }
    }

    fn parse(&self, words: &[&str]) -> (Operation, Option<InboxMessage>) {
        let amount = |text: &str| match text {
            "max" => u128::MAX,
            text => text.parse().unwrap(),
        };
        match *words {
            ["block", seconds, base_fee] => {
                let (seconds, base_fee) = (seconds.parse().unwrap(), base_fee.parse().unwrap());
                (Operation::Block { seconds, base_fee }, None)
            }
            ["transfer", from, to, value, unit] => {
                let (from, to) = (self.index(from), self.index(to));
                let (token, amount) = (token(unit), amount(value));
                (
                    Operation::Transfer {
                        from,
                        to,
                        token,
                        amount,
                    },
                    None,
                )
            }
            ["transfer_new", from, to, value, unit] => {
                let (from, to) = (self.index(from), address(to));
                let (token, amount) = (token(unit), amount(value));
                (
                    Operation::TransferNew {
                        from,
                        to,
                        token,
                        amount,
                    },
                    None,
                )
            }
            ["withdraw", from, to, value, unit] => {
                let recipient = (to != "self").then(|| address(to));
                let (from, token, amount) = (self.index(from), token(unit), amount(value));
                (
                    Operation::Withdraw {
                        from,
                        token,
                        amount,
                        recipient,
                    },
                    None,
                )
            }
            ["payout", from, unit, ref payees @ ..] => {
                let payee = |text: &&str| {
                    let (to, value) = text.split_once('=').unwrap();
                    let target = match to.strip_prefix('+') {
                        Some(new) => Target::New(address(new)),
                        None => Target::Index(self.index(to)),
                    };
                    Payee {
                        target,
                        amount: amount(value),
                    }
                };
                let payees = payees.iter().map(payee).collect();
                (
                    Operation::Payout {
                        from: self.index(from),
                        token: token(unit),
                        payees,
                    },
                    None,
                )
            }
            ["deposit", to, target, value, unit, ref lock @ ..] => {
                let target = match target {
                    "new" => Some(DepositTarget::New),
                    "idx" => Some(DepositTarget::Index(self.index(to))),
                    "none" => None,
                    other => Some(DepositTarget::Index(self.index(other))),
                };
                let message = InboxMessage::Deposit {
                    to: address(to),
                    token: token(unit),
                    amount: amount(value),
                    lock: !lock.is_empty(),
                };
                (Operation::Inbox { target }, Some(message))
            }
            ["force", sender, account, value, unit, to] => {
                let message = InboxMessage::ForcedWithdrawal {
                    sender: address(sender),
                    account: self.index(account),
                    token: token(unit),
                    amount: amount(value),
                    recipient: address(to),
                };
                (Operation::Inbox { target: None }, Some(message))
            }
            ["lock", sender, account] => {
                let (sender, account) = (address(sender), self.index(account));
                (
                    Operation::Inbox { target: None },
                    Some(InboxMessage::Lock { sender, account }),
                )
            }
            ["unlock", sender, account] => {
                let (sender, account) = (address(sender), self.index(account));
                (
                    Operation::Inbox { target: None },
                    Some(InboxMessage::Unlock { sender, account }),
                )
            }
            ["inbox_target_for_lock", sender] => {
                let (sender, account) = (address(sender), self.index(sender));
                let target = Some(DepositTarget::Index(account));
                (
                    Operation::Inbox { target },
                    Some(InboxMessage::Lock { sender, account }),
                )
            }
            ["inbox_empty"] => (Operation::Inbox { target: None }, None),
            _ => panic!("no such event: {words:?}"),
        }
    }

    /// Checks a line that tells what an account holds: `alice = 5 eth, nonce 1`.
    fn check_holding(&self, line: &str) {
        let words: Vec<_> = line
            .split(|c: char| c.is_whitespace() || c == ',')
            .filter(|word| !word.is_empty())
            .collect();
        let [name, "=", rest @ ..] = &words[..] else {
            panic!("no such check: {line}")
        };
        let index = self.index(name);
        for pair in rest.chunks(2) {
            match *pair {
                ["nonce", value] => {
                    assert_eq!(self.state.nonce(index), value.parse().ok(), "{line}");
                }
                ["locked", value] => {
                    assert_eq!(self.state.locked(index), value.parse().ok(), "{line}");
                }
                [value, unit] => {
                    assert_eq!(
                        self.state.balance(index, token(unit)),
                        value.parse().unwrap(),
                        "{line}"
                    );
                }
                _ => panic!("no such check: {line}"),
            }
        }
    }
}

/// Runs the setting, then the table.
fn check(table: &str) {
    let mut world = World {
        state: State::genesis(address(FEE)),
    };
    for line in SETTING
        .lines()
        .chain(table.lines())
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        match line.split_once("->") {
            Some((event, expected)) => assert_eq!(world.run(event), expected.trim(), "{line}"),
            None => world.check_holding(line),
        }
        check_supply(&world.state);
    }
}

/// The supply of each token is the sum of its balances.
fn check_supply(state: &State) {
    for token in 0..=2 {
        let sum: u128 = (0..state.account_count())
            .map(|index| state.balance(index, token))
            .sum();
        assert_eq!(sum, state.supply(token));
    }
}

#[test]
fn nothing_happens_before_the_first_block() {
    let mut world = World {
        state: State::genesis(address(FEE)),
    };
    for line in [
        "transfer fee fee 0 eth",
        "deposit alice new 5 eth",
        "inbox_empty",
    ] {
        assert_eq!(world.run(line), "no_block");
    }
}

#[test]
fn blocks() {
    check(
        "
        block 0 1                        -> applied
        block 4294967295 1               -> applied
        block 0 18446744073709551615     -> applied
        transfer alice bob 0 eth         -> insufficient_funds
        ",
    );
}

#[test]
fn transfers_of_eth() {
    check(
        "
        transfer alice bob 5 eth         -> applied
        alice = 978995 eth, nonce 1
        bob = 100005 eth, nonce 0
        fee = 21000 eth
        transfer alice alice 978000 eth  -> insufficient_funds
        transfer alice alice 900000 eth  -> applied
        alice = 957995 eth, nonce 2
        transfer alice bob 0 eth         -> applied
        transfer carol bob 9001 eth      -> insufficient_funds
        transfer carol bob 9000 eth      -> applied
        carol = 0 eth, nonce 1
        transfer carol bob 0 eth         -> insufficient_funds
        transfer alice bob max eth       -> insufficient_funds
        transfer #9 bob 1 eth            -> unknown_account
        transfer alice #9 1 eth          -> unknown_account
        transfer alice #4 1 eth          -> unknown_account
        transfer fee alice 1 eth         -> applied
        fee = 83999 eth, nonce 1
        ",
    );
}

#[test]
fn transfers_of_tokens() {
    check(
        "
        transfer alice bob 200 usd       -> applied
        alice = 300 usd, 970000 eth
        bob = 200 usd, 7 eur
        transfer alice bob 301 usd       -> insufficient_funds
        transfer alice bob 0 usd         -> applied
        transfer carol bob 0 usd         -> token_not_held
        transfer alice bob 1 eur         -> token_not_held
        transfer alice bob 1 77          -> token_not_held
        transfer alice bob 300 usd       -> applied
        alice = 0 usd, nonce 3
        transfer alice bob 0 usd         -> token_not_held
        deposit carol idx 10 usd         -> applied
        transfer carol bob 1 usd         -> applied
        carol = 0 eth, 9 usd
        transfer carol bob 1 usd         -> insufficient_fee
        transfer carol bob 10 usd        -> insufficient_funds
        ",
    );
}

#[test]
fn transfers_to_new_accounts() {
    check(
        "
        transfer_new alice dave 5 eth    -> applied
        dave = 5 eth, nonce 0
        transfer_new alice dave 5 eth    -> account_exists
        transfer_new alice erin 0 eth    -> zero_amount
        transfer_new alice erin 5 usd    -> applied
        erin = 0 eth, 5 usd
        transfer_new alice frank 5 eth   -> account_exists
        transfer_new alice gil 99999999 eth -> insufficient_funds
        transfer alice #4 1 eth          -> applied
        dave = 6 eth
        ",
    );
}

#[test]
fn withdrawals() {
    check(
        "
        withdraw alice self 400 usd      -> applied
        alice = 100 usd, 940000 eth, nonce 1
        withdraw alice bob 100 usd       -> applied
        withdraw alice alice 1 eth       -> recipient_is_sender
        withdraw alice self 0 eth        -> zero_amount
        withdraw alice self 820001 eth   -> insufficient_funds
        withdraw alice self 820000 eth   -> applied
        alice = 0 eth, 0 usd, nonce 3
        withdraw carol self 1 eth        -> insufficient_funds
        withdraw #9 self 1 eth           -> unknown_account
        ",
    );
}

#[test]
fn payouts() {
    check(
        "
        payout alice eth bob=1 carol=2               -> applied
        alice = 954997 eth, nonce 1
        bob = 100001 eth
        carol = 30002 eth
        payout alice eth +dave=5 +erin=6 #4=1 #5=0    -> applied
        dave = 6 eth
        erin = 6 eth
        payout alice eth +dave=5                     -> account_exists
        payout alice eth +gil=5 +gil=5               -> account_exists
        payout alice eth +gil=0                      -> zero_amount
        payout alice eth +gil=1 #6=1 #7=1            -> unknown_account
        payout alice eth #7=1 +gil=1                 -> unknown_account
        payout alice usd bob=500 carol=1             -> insufficient_funds
        payout alice usd bob=400 carol=100           -> applied
        payout alice usd bob=0                       -> token_not_held
        payout alice eth bob=max carol=1             -> insufficient_funds
        payout alice eth                             -> payee_count
        payout carol eth bob=1                       -> insufficient_funds
        ",
    );
}

#[test]
fn a_payout_has_64_recipients_at_most() {
    let payees = |count| vec!["bob=1"; count].join(" ");
    check(&format!("payout alice eth {} -> applied", payees(64)));
    check(&format!("payout alice eth {} -> payee_count", payees(65)));
}

#[test]
fn deposits() {
    check(
        "
        deposit alice idx 5 eth          -> applied
        alice = 1000005 eth
        deposit alice new 5 eth          -> account_exists
        deposit alice bob 5 eth          -> wrong_target
        deposit alice #9 5 eth           -> unknown_account
        deposit alice none 5 eth         -> wrong_target
        deposit dave new 0 eth           -> zero_amount
        deposit dave new 5 255           -> applied
        dave = 5 255, locked false
        deposit erin new 5 eth lock      -> applied
        erin = 5 eth, locked true
        deposit bob idx 1 eth lock       -> applied
        bob = 100001 eth, locked true
        deposit bob idx 1 eth            -> applied
        bob = 100002 eth, locked true
        deposit alice idx max eth        -> overflow
        deposit alice idx max usd        -> overflow
        alice = 1000005 eth, 500 usd
        inbox_empty                      -> no_message
        inbox_target_for_lock alice      -> wrong_target
        ",
    );
}

#[test]
fn forced_withdrawals_take_what_there_is_and_never_fail() {
    check(
        "
        force alice alice 300 usd bob    -> applied
        alice = 200 usd, 1000000 eth, nonce 0
        force alice alice 300 usd alice  -> applied
        alice = 0 usd
        force alice alice 300 usd alice  -> applied
        force bob alice 300 eth bob      -> applied
        alice = 1000000 eth
        force bob #9 300 eth bob         -> applied
        force alice alice max eth alice  -> applied
        alice = 0 eth
        ",
    );
}

#[test]
fn locks_stop_signed_operations_and_nothing_else() {
    check(
        "
        lock bob alice                   -> applied
        alice = 0 eur, locked false
        lock alice #9                    -> applied
        lock alice alice                 -> applied
        alice = 0 eur, locked true
        transfer alice bob 1 eth         -> locked
        transfer alice bob max eth       -> locked
        transfer_new alice dave 1 eth    -> locked
        withdraw alice self 1 eth        -> locked
        payout alice eth bob=1           -> locked
        transfer bob alice 1 eth         -> applied
        deposit alice idx 1 eth          -> applied
        force alice alice 1 eth alice    -> applied
        unlock bob alice                 -> applied
        transfer alice bob 1 eth         -> locked
        unlock alice alice               -> applied
        transfer alice bob 1 eth         -> applied
        ",
    );
}

mod edges {
    //! Counters at their ends, which no table reaches.
    use super::*;
    use spillway_protocol::account::Account;
    use spillway_protocol::state::Counters;

    fn state(nonce: u64, counters: Counters) -> State {
        let account = |name, nonce| Account {
            address: address(name),
            nonce,
            eth: 1_000_000,
            ..Account::default()
        };
        State::import(
            [account(FEE, 0), account("alice", nonce)].into_iter(),
            counters,
        )
        .unwrap()
    }

    fn counters() -> Counters {
        Counters {
            block_number: 1,
            ..Counters::default()
        }
    }

    #[test]
    fn counters_do_not_wrap() {
        let transfer = Operation::Transfer {
            from: 1,
            to: 0,
            token: 0,
            amount: 1,
        };
        let withdraw = Operation::Withdraw {
            from: 1,
            token: 0,
            amount: 1,
            recipient: None,
        };
        let inbox = Operation::Inbox { target: None };
        let block = Operation::Block {
            seconds: 1,
            base_fee: 0,
        };
        let cases = [
            (
                transfer.clone(),
                state(u64::MAX, counters()),
                Rejection::NonceOverflow,
            ),
            (
                transfer,
                state(
                    0,
                    Counters {
                        authorised_count: u64::MAX,
                        ..counters()
                    },
                ),
                Rejection::NonceOverflow,
            ),
            (
                withdraw,
                state(
                    0,
                    Counters {
                        withdrawal_count: u32::MAX,
                        ..counters()
                    },
                ),
                Rejection::TooManyWithdrawals,
            ),
            (
                inbox,
                state(
                    0,
                    Counters {
                        inbox_count: u64::MAX,
                        ..counters()
                    },
                ),
                Rejection::Overflow,
            ),
            (
                block.clone(),
                state(
                    0,
                    Counters {
                        block_number: u64::MAX,
                        ..counters()
                    },
                ),
                Rejection::BlockOverflow,
            ),
            (
                block,
                state(
                    0,
                    Counters {
                        timestamp: u64::MAX,
                        ..counters()
                    },
                ),
                Rejection::BlockOverflow,
            ),
        ];
        let message = InboxMessage::Lock {
            sender: address("alice"),
            account: 1,
        };
        for (operation, mut state, expected) in cases {
            let before = *state.counters();
            assert_eq!(apply(&mut state, &operation, Some(&message)), Err(expected));
            assert_eq!(*state.counters(), before);
        }
    }

    #[test]
    fn states_are_not_made_of_what_none_could_be() {
        use spillway_protocol::state::ImportError;
        let account = |name, eth| Account {
            address: address(name),
            eth,
            ..Account::default()
        };
        for (accounts, expected) in [
            (vec![], ImportError::NoFeeAccount),
            (
                vec![account("a", 1), account("a", 1)],
                ImportError::DuplicateAddress(address("a")),
            ),
            (
                vec![account("a", u128::MAX), account("b", 1)],
                ImportError::SupplyOverflow(0),
            ),
        ] {
            let made = State::import(accounts.into_iter(), counters());
            assert_eq!(made.err(), Some(expected));
        }
    }
}
