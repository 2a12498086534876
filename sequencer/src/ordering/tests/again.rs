//! Void blocks made again: the same where nothing has changed, and in the same order where something has.

use super::*;

/// A block with the transactions that it was made of.
struct Made {
    block: Arc<Block>,
    transactions: Vec<Admitted>,
}

fn deposit(to: Address, amount: u128) -> InboxMessage {
    InboxMessage::Deposit {
        to,
        token: 0,
        amount,
        lock: false,
    }
}

/// Takes all that Bob has.
fn forced() -> InboxMessage {
    InboxMessage::ForcedWithdrawal {
        sender: BOB,
        account: 2,
        token: 0,
        amount: u128::MAX,
        recipient: BOB,
    }
}

/// Blocks that stand for minutes, with base fees that move, in which L1's messages lie between transactions.
fn made() -> Vec<Made> {
    let mut orderer = orderer();
    orderer.blocks.transactions_max = 100;
    let mut made = Vec::new();
    for round in 0..3u64 {
        let now = at(100_000 * (round + 1));
        orderer.set_backlog(Backlog {
            unposted_bytes: 0,
            wei_per_byte: 2_100 * u128::from(BASE_FEE + 5 * round),
        });
        let dave = Address::repeat_byte(0xd0 + round as u8);
        let mut transactions = vec![transfer(ALICE, 2 * round, BOB, 1_000, 0)];
        submit(&mut orderer, now, transactions[0].clone());
        orderer.consume(now, &deposit(dave, 5 * FUNDS)).unwrap();
        transactions.push(transfer(dave, 0, CAROL, FUNDS, 0));
        transactions.push(transfer(BOB, round, CAROL, 500, 0));
        for transaction in &transactions[1..] {
            submit(&mut orderer, now, transaction.clone());
        }
        orderer.consume(now, &forced()).unwrap();
        orderer.consume(now, &deposit(BOB, FUNDS)).unwrap();
        transactions.push(transfer(ALICE, 2 * round + 1, dave, 1, 0));
        submit(&mut orderer, now, transactions[3].clone());
        let sealed = orderer.seal(now).unwrap();
        assert_eq!(sealed.block.transaction_hashes.len(), 4);
        made.push(Made {
            block: sealed.block,
            transactions,
        });
    }
    let fees: HashSet<_> = made.iter().map(|it| it.block.header.base_fee).collect();
    assert_eq!(fees.len(), 3, "base fees move");
    made
}

/// Makes them again, without those that `keep` does not take. Answers the blocks and what was refused.
fn make_again(made: &[Made], keep: impl Fn(&Admitted) -> bool) -> (Vec<Arc<Block>>, Vec<String>) {
    let (mut orderer, mut blocks, mut refusals) = (orderer(), Vec::new(), Vec::new());
    for void in made {
        let kept = void.transactions.iter();
        let kept = kept.map(|it| Some(it.clone()).filter(&keep));
        let mut refuse = |_: &Admitted, error: OrderingError| refusals.push(error.to_string());
        let (header, body) = (&void.block.header, &void.block.body);
        let sealed = orderer.make_again(header, body, kept, &mut refuse).unwrap();
        orderer.durable(sealed.block.header.number);
        assert!(sealed.waiting.is_empty());
        blocks.push(sealed.block);
    }
    (blocks, refusals)
}

#[test]
fn the_same_blocks_come_out_whatever_the_time_is() {
    let made = made();
    let (again, refusals) = make_again(&made, |_| true);
    assert_eq!(refusals, [""; 0]);
    for (block, void) in again.iter().zip(&made) {
        assert_eq!(*block, void.block);
    }
}

#[test]
fn what_is_left_out_takes_nothing_but_its_sender_s_later_ones_along() {
    let made = made();
    let first_of_alice = made[0].transactions[0].hash;
    let (again, refusals) = make_again(&made, |it| it.hash != first_of_alice);
    assert_eq!(refusals.len(), 5, "{refusals:?}");
    assert!(
        refusals.iter().all(|it| it.starts_with("nonce too high")),
        "{refusals:?}"
    );
    for (block, void) in again.iter().zip(&made) {
        assert_eq!(block.transaction_hashes.len(), 2, "Dave's and Bob's");
        assert_eq!(block.body.messages, void.block.body.messages);
        let (new, old) = (&block.header, &void.block.header);
        let facts = |it: &BlockHeader| (it.number, it.timestamp, it.base_fee, it.inbox_count);
        assert_eq!(facts(new), facts(old));
        assert_ne!(new.hash(), old.hash());
    }
}

/// Bob's funds are taken by force after his payment in each block, not before.
#[test]
fn messages_keep_their_places_among_transactions() {
    let made = made();
    let (again, _) = make_again(&made, |it| it.signer() != ALICE);
    let of_bob = |block: &Arc<Block>| {
        let mut transactions = block.body.transactions.iter();
        transactions.any(|it| it.sender == BOB)
    };
    assert!(of_bob(&again[0]));
}

/// Operations that are none: everything is still taken in, what comes from L1 first.
#[test]
fn an_unreadable_order_loses_nothing() {
    let mut made = made();
    made.truncate(1);
    let mut block = (*made[0].block).clone();
    block.body.operations = vec![0xff; 40];
    made[0].block = Arc::new(block);
    let (again, refusals) = make_again(&made, |_| true);
    assert_eq!(again[0].body.messages.len(), 3);
    let (taken, refused) = (again[0].transaction_hashes.len(), refusals.len());
    assert_eq!(taken + refused, 4);
    assert!(taken >= 3, "{refusals:?}");
}
