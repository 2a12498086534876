//! What who follows accounts is sent, against what the ledger says.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256, U128};
use jsonrpsee::core::server::Subscription;
use rand::Rng;
use serde_json::{Value, json};
use spillway_protocol::account::Account;

use super::node::Node;
use super::world::{TOKENS, World, account, seed};
use super::*;

async fn world(dir: &tempfile::TempDir) -> (World, Node) {
    let world = World::new(World::config(dir), seed()).await;
    let node = Node::over(world.sequencer.submitter(), world.sequencer.view());
    (world, node)
}

/// A client as `docs/rpc.md` tells to write one.
#[derive(Default)]
struct Client {
    accounts: BTreeMap<Address, Value>,
    number: u64,
    hash: B256,
    snapshots: usize,
    patches: usize,
}

impl Client {
    fn take(&mut self, message: &Value) {
        match message["type"].as_str() {
            Some("snapshot") => {
                assert!(message.get("previous").is_none(), "{message}");
                self.accounts.clear();
                self.snapshots += 1;
            }
            Some("patch") => {
                assert_eq!(message["previous"], self.number, "a message was missed");
                self.patches += 1;
            }
            _ => panic!("{message}"),
        }
        self.number = message["number"].as_u64().unwrap();
        self.hash = serde_json::from_value(message["block_hash"].clone()).unwrap();
        for holdings in message["accounts"].as_array().unwrap() {
            let address = serde_json::from_value(holdings["address"].clone()).unwrap();
            self.accounts.insert(address, holdings.clone());
        }
    }

    fn since(&self) -> Value {
        json!({"number": self.number, "block_hash": self.hash})
    }

    /// Reads until what the ledger says is what the client has. The stream must not end before.
    async fn catch_up(&mut self, stream: &mut Subscription, view: &View, followed: &[Address]) {
        loop {
            let want: BTreeMap<_, _> = followed
                .iter()
                .map(|address| (*address, holdings(view.account(address).as_ref(), *address)))
                .collect();
            if self.accounts == want {
                return;
            }
            self.take(&next(stream).await);
        }
    }
}

/// What there is in an account, in the words of a message.
fn holdings(account: Option<&Account>, address: Address) -> Value {
    let tokens: Vec<_> = (1..)
        .zip(TOKENS)
        .filter_map(|(id, token)| {
            let amount = account?.balance(id);
            (amount > 0).then(|| json!({"token": token, "amount": U128::from(amount)}))
        })
        .collect();
    json!({
        "address": address,
        "nonce": account.map_or(0, |account| account.nonce),
        "locked": account.is_some_and(|account| account.locked),
        "eth": U128::from(account.map_or(0, |account| account.eth)),
        "tokens": tokens,
    })
}

async fn next(stream: &mut Subscription) -> Value {
    stream.next::<Value>().await.unwrap().unwrap().0
}

fn what(accounts: &[Address], since: &Value) -> Value {
    json!(["accounts", {"accounts": accounts, "since": since}])
}

#[tokio::test]
async fn a_stream_begins_with_all_accounts_and_goes_on_with_those_that_change() {
    let dir = tempfile::tempdir().unwrap();
    let (mut world, node) = world(&dir).await;
    let view = world.sequencer.view();
    let followed = [account(1), account(2), account(7)];
    let mut stream = node.watch(what(&followed, &Value::Null), 16).await;
    let first = next(&mut stream).await;
    assert_eq!(first["type"], "snapshot");
    assert_eq!(first["number"], view.block_number());
    let want: Vec<_> = followed
        .iter()
        .map(|one| holdings(view.account(one).as_ref(), *one))
        .collect();
    assert_eq!(first["accounts"], json!(want));
    assert_eq!(first["accounts"][2]["eth"], "0x0", "nobody has paid it yet");

    let raw = world.transfer(3, account(4), Address::ZERO, 5, b"");
    world.send(vec![raw]).await;
    let raw = world.transfer(1, account(7), TOKENS[0], 5, b"");
    world.send(vec![raw]).await;
    let patch = next(&mut stream).await;
    assert_eq!(patch["type"], "patch");
    assert_eq!(patch["previous"], first["number"], "others do not count");
    let hash = view.block_hash(view.block_number()).unwrap();
    assert_eq!(patch["block_hash"], json!(hash));
    let want = [account(1), account(7)].map(|one| holdings(view.account(&one).as_ref(), one));
    assert_eq!(patch["accounts"], json!(want), "only those that changed");
    drop(stream);
    node.stop().await;
}

#[tokio::test]
async fn deposits_withdrawals_payouts_locks_and_fees_are_changes() {
    let dir = tempfile::tempdir().unwrap();
    let (mut world, node) = world(&dir).await;
    let view = world.sequencer.view();
    let fee_account = view.genesis().fee_account;
    let followed = [account(1), account(2), fee_account];
    let mut stream = node.watch(what(&followed, &Value::Null), 16).await;
    let mut client = Client::default();
    client.catch_up(&mut stream, &view, &followed).await;
    world.deposit(1, 2, 77).await;
    client.catch_up(&mut stream, &view, &followed).await;
    world.force(1, 1, 1, 10, 10).await;
    client.catch_up(&mut stream, &view, &followed).await;
    let raw = world.withdraw(1, TOKENS[1], 7, account(9));
    world.send(vec![raw]).await;
    client.catch_up(&mut stream, &view, &followed).await;
    let raw = world.payout(3, Address::ZERO, &[account(2), account(4)]);
    world.send(vec![raw]).await;
    client.catch_up(&mut stream, &view, &followed).await;
    world.lock(2).await;
    client.catch_up(&mut stream, &view, &followed).await;
    assert_eq!(client.accounts[&account(2)]["locked"], true);
    assert_eq!((client.snapshots, client.patches), (1, 5));
}

/// Clients come and go at random; each time they come back, the patches must follow on what they have.
#[tokio::test]
async fn who_comes_back_catches_up() {
    let dir = tempfile::tempdir().unwrap();
    let (mut world, node) = world(&dir).await;
    let view = world.sequencer.view();
    let followed: Vec<_> = (1..8).map(account).collect();
    let mut client = Client::default();
    for visit in 0..12 {
        let since = if visit == 0 {
            Value::Null
        } else {
            client.since()
        };
        let mut stream = node.watch(what(&followed, &since), 16).await;
        client.take(&next(&mut stream).await);
        for _ in 0..world.random.random_range(0..4) {
            world.step().await;
        }
        client.catch_up(&mut stream, &view, &followed).await;
        drop(stream);
        for _ in 0..world.random.random_range(0..4) {
            world.step().await;
        }
    }
    assert_eq!(client.snapshots, 1);
}

/// While blocks come as fast as they can, each message is of one block, and of that block whole.
#[tokio::test]
async fn what_a_message_says_is_all_of_its_block() {
    let dir = tempfile::tempdir().unwrap();
    let (mut world, node) = world(&dir).await;
    let view = world.sequencer.view();
    let followed: Vec<_> = (1..8).map(account).collect();
    let mut stream = node.watch(what(&followed, &Value::Null), 16).await;
    let mut client = Client::default();
    let change = async {
        for _ in 0..300 {
            world.step().await;
        }
    };
    let read = async {
        loop {
            client.take(&next(&mut stream).await);
            let number = client.number;
            let want = view.with_ledger(|ledger| {
                let at = ledger.at(number).expect("a block that is remembered");
                let held = |address: &Address| {
                    (*address, holdings(at.account(address).as_ref(), *address))
                };
                followed.iter().map(held).collect::<BTreeMap<_, _>>()
            });
            assert_eq!(client.accounts, want, "after block {number}");
        }
    };
    tokio::select! {
        () = change => {}
        () = read => {}
    }
    assert!(client.patches > 1, "{} patches", client.patches);
}

/// What a client has missed is looked for in a bounded time, and if there is none it begins anew.
#[tokio::test]
async fn who_cannot_be_told_what_was_missed_begins_anew() {
    let dir = tempfile::tempdir().unwrap();
    let (mut world, node) = world(&dir).await;
    let followed = [account(1), account(2)];
    let mut client = Client::default();
    client.take(&next(&mut node.watch(what(&followed, &Value::Null), 16).await).await);
    let raw = world.transfer(1, account(2), Address::ZERO, 1, b"");
    world.send(vec![raw]).await;
    for (time_max, kind) in [
        (Duration::ZERO, "snapshot"),
        (Duration::from_secs(60), "patch"),
    ] {
        let mut config = RpcConfig::new(([127, 0, 0, 1], 0).into());
        config.queries.search_time_max = time_max;
        let node = Node::with(config, world.sequencer.submitter(), world.sequencer.view());
        let first = next(&mut node.watch(what(&followed, &client.since()), 16).await).await;
        assert_eq!(first["type"], kind);
    }
}

#[tokio::test]
async fn what_was_not_missed_is_not_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let (mut world, node) = world(&dir).await;
    let view = world.sequencer.view();
    let followed = [account(1), account(2), account(3)];
    let mut client = Client::default();
    client.take(&next(&mut node.watch(what(&followed, &Value::Null), 16).await).await);
    let same = next(&mut node.watch(what(&followed, &client.since()), 16).await).await;
    assert_eq!(same["type"], "patch");
    assert_eq!(same["accounts"], json!([]));
    let raw = world.transfer(1, account(4), Address::ZERO, 5, b"");
    world.send(vec![raw]).await;
    // Until the block is indexed, all may have changed.
    loop {
        let patch = next(&mut node.watch(what(&followed, &client.since()), 16).await).await;
        let accounts = patch["accounts"].as_array().unwrap();
        assert_eq!(
            accounts[0],
            holdings(view.account(&account(1)).as_ref(), account(1))
        );
        if accounts.len() == 1 {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_place_of_another_chain_or_of_none_begins_anew() {
    let dir = tempfile::tempdir().unwrap();
    let (world, node) = world(&dir).await;
    let view = world.sequencer.view();
    let newest = view.block_number();
    let hash = view.block_hash(newest).unwrap().unwrap();
    for (number, hash) in [
        (newest, B256::ZERO),
        (newest - 1, hash),
        (newest + 1, hash),
        (u64::MAX, hash),
    ] {
        let since = json!({"number": number, "block_hash": hash});
        let first = next(&mut node.watch(what(&[account(1)], &since), 16).await).await;
        assert_eq!(first["type"], "snapshot", "{since}");
    }
}

/// A client that does not read is owed no more than what its accounts are in the end.
#[tokio::test]
async fn who_reads_slowly_gets_fewer_patches() {
    let dir = tempfile::tempdir().unwrap();
    let (mut world, node) = world(&dir).await;
    let view = world.sequencer.view();
    let followed = [account(1), account(2)];
    let mut stream = node.watch(what(&followed, &Value::Null), 256).await;
    // For as long as a client that reads would be sent ten.
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(1) {
        let raw = world.transfer(1, account(2), Address::ZERO, 1, b"");
        world.send(vec![raw]).await;
    }
    let mut client = Client::default();
    client.catch_up(&mut stream, &view, &followed).await;
    assert!(client.patches <= 2, "{} patches", client.patches);
}

#[tokio::test]
async fn what_is_asked_for_is_bounded_and_wrong_questions_are_answered() {
    let dir = tempfile::tempdir().unwrap();
    let (world, _) = world(&dir).await;
    let mut config = RpcConfig::new(([127, 0, 0, 1], 0).into());
    config.queries.watched_accounts_max = 70;
    let node = Node::with(config, world.sequencer.submitter(), world.sequencer.view());
    let many: Vec<_> = (1..=65).map(account).collect();
    for (params, problem) in [
        (json!([]), "missing value for required argument 0 (kind)"),
        (json!(["logs"]), "no such subscription: accounts is served"),
        (
            json!(["accounts"]),
            "missing value for required argument 1 (what to follow)",
        ),
        (json!(["accounts", {}]), "`accounts` is missing: addresses"),
        (what(&[], &Value::Null), "1 to 64 accounts can be followed"),
        (
            what(&many, &Value::Null),
            "1 to 64 accounts can be followed",
        ),
        (
            json!(["accounts", {"accounts": ["0x1"]}]),
            "invalid `accounts`: expected 20 bytes of hex",
        ),
        (
            what(&many[..1], &json!({"number": 1})),
            "invalid `since`: expected an object with `number` and `block_hash`",
        ),
    ] {
        assert_eq!(node.refusal("spillway_subscribe", params).await, problem);
    }
    let often = [account(1); 65];
    let refusal = node.refusal("spillway_subscribe", what(&often, &Value::Null));
    assert_eq!(refusal.await, "1 to 64 accounts can be followed");
    let twice = [account(1), account(1)];
    let mut one = node.watch(what(&twice, &Value::Null), 16).await;
    assert_eq!(
        next(&mut one).await["accounts"].as_array().unwrap().len(),
        1
    );
    let stream = node.watch(what(&many[..64], &Value::Null), 16).await;
    let refusal = node
        .call("spillway_subscribe", what(&many[..6], &Value::Null))
        .await;
    assert_eq!(refusal["error"]["code"], error::BUSY_CODE);
    drop(stream);
    // Its task notices by and by.
    while node
        .call("spillway_subscribe", what(&many[..6], &Value::Null))
        .await
        .get("error")
        .is_some()
    {
        tokio::task::yield_now().await;
    }
}
