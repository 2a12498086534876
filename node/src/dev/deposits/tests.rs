//! Which deposits are missing, and who pays for them.

use super::super::accounts::Accounts;
use super::*;

const INBOX: Address = Address::repeat_byte(2);
const BRIDGE: Address = Address::repeat_byte(3);
const TOKEN: Address = Address::repeat_byte(5);

fn accounts() -> Vec<Address> {
    let accounts = Accounts::derive().unwrap();
    accounts.funded.iter().map(|it| it.address).collect()
}

/// The deposit of ETH (false) or tokens (true) to an account.
fn deposit(to: Address, tokens: bool) -> InboxMessage {
    InboxMessage::Deposit {
        to,
        token: u8::from(tokens),
        amount: if tokens { TOKEN_EACH } else { ETH_EACH },
        lock: false,
    }
}

fn calls(deposits: &Deposits, can_pay: &[bool]) -> Vec<Call> {
    deposits.calls(INBOX, BRIDGE, TOKEN, can_pay)
}

fn of(calls: &[Call], from: Address) -> Vec<&Call> {
    calls.iter().filter(|call| call.from == from).collect()
}

#[test]
fn a_fresh_chain_gets_everything() {
    let accounts = accounts();
    let deposits = Deposits::new(accounts.clone());
    assert!(!deposits.are_complete());
    assert_eq!(deposits.messages(), 0);
    let calls = calls(&deposits, &[true; 20]);
    assert_eq!(calls.len(), 80);
    for account in accounts {
        let places: Vec<_> = of(&calls, account)
            .iter()
            .map(|call| (call.to, call.value))
            .collect();
        assert_eq!(
            places,
            [(TOKEN, 0), (TOKEN, 0), (INBOX, ETH_EACH), (INBOX, 0)]
        );
    }
}

#[test]
fn who_has_nothing_is_paid_for_by_one_of_the_first_ten() {
    let accounts = accounts();
    let can_pay: Vec<_> = (0..20).map(|i| i < 10).collect();
    let calls = calls(&Deposits::new(accounts.clone()), &can_pay);
    // One mint and one approval a payer, two deposits an account.
    assert_eq!(calls.len(), 10 * 2 + 40);
    for (payer, other) in accounts[..10].iter().zip(&accounts[10..]) {
        let mine = of(&calls, *payer);
        assert_eq!(mine.len(), 6);
        let approve = TestToken::approveCall {
            spender: BRIDGE,
            value: U256::from(2 * TOKEN_EACH),
        };
        assert_eq!(mine[1].input, approve.abi_encode());
        let eth = Inbox::depositEthCall {
            to: *other,
            lock_: false,
        };
        assert!(mine.iter().any(|call| call.input == eth.abi_encode()));
        assert_eq!(of(&calls, *other), [&calls[0]; 0]);
    }
}

/// Whatever part is there, exactly the rest is sent.
#[test]
fn an_interrupted_start_gets_exactly_the_rest() {
    let accounts = accounts();
    let all: Vec<_> = accounts
        .iter()
        .flat_map(|to| [deposit(*to, false), deposit(*to, true)])
        .collect();
    let mut deposits = Deposits::new(accounts);
    for (there, message) in (0..).zip(&all) {
        let calls = calls(&deposits, &[true; 20]);
        let to_inbox = calls.iter().filter(|call| call.to == INBOX).count();
        assert_eq!(to_inbox as u64, 40 - there);
        assert_eq!(deposits.messages(), there);
        assert!(!deposits.are_complete());
        deposits.note(there, message);
    }
    assert!(deposits.are_complete());
    assert_eq!(deposits.messages(), 40);
    assert_eq!(calls(&deposits, &[true; 20]), []);
}

#[test]
fn other_messages_are_not_taken_for_them() {
    let accounts = accounts();
    let mut deposits = Deposits::new(accounts.clone());
    let InboxMessage::Deposit {
        to, token, amount, ..
    } = deposit(accounts[0], false)
    else {
        unreachable!()
    };
    let (lock, other_lock) = (false, true);
    for message in [
        InboxMessage::Lock {
            sender: to,
            account: 1,
        },
        InboxMessage::Deposit {
            to,
            token,
            amount,
            lock: other_lock,
        },
        InboxMessage::Deposit {
            to,
            token,
            amount: amount + 1,
            lock,
        },
        InboxMessage::Deposit {
            to,
            token: 2,
            amount,
            lock,
        },
        deposit(Address::repeat_byte(7), false),
    ] {
        deposits.note(0, &message);
        assert_eq!(deposits.missing(&[true; 20]).len(), 20);
        assert_eq!(deposits.messages(), 0);
    }
    // The same again counts once, at its first place.
    deposits.note(3, &deposit(to, false));
    deposits.note(9, &deposit(to, false));
    assert_eq!(deposits.messages(), 4);
}
