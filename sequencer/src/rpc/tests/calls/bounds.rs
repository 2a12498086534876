//! What a call may not do to the node.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::*;
use crate::call::{Call, Pool};

/// Where a call finds the code that it brings.
const CODE_AT: Address = Address::repeat_byte(0xc0);

/// `JUMPDEST PUSH0 JUMP`
const LOOP: &str = "0x5b5f56";

fn limits() -> CallLimits {
    CallLimits {
        gas_max: u64::MAX >> 8,
        time_max: Duration::from_millis(100),
        at_once: 2,
        waiting_max: 4,
        wait_max: Duration::from_millis(300),
        reads_max: 64,
        ..CallLimits::default()
    }
}

fn with_code(code: &str) -> Value {
    json!([{"to": CODE_AT}, "latest", {CODE_AT.to_string(): {"code": code}}])
}

/// Each ends with an error that says why, long before the test would give up; and then the node answers as before.
#[tokio::test]
async fn a_hostile_call_ends_soon_with_a_clear_error() {
    let unbounded = World::with(limits()).await;
    let small = World::with(CallLimits {
        gas_max: 50_000_000,
        output_bytes_max: 1_000,
        memory_bytes_max: 1 << 20,
        time_max: Duration::from_secs(60),
        reads_max: 64,
        ..CallLimits::default()
    })
    .await;
    for (name, world, code, words) in [
        (
            "a loop",
            &unbounded,
            LOOP,
            "execution aborted (timeout = 100 ms)",
        ),
        // Calls itself, and does so again when that is over: more calls than there are atoms.
        (
            "recursion",
            &unbounded,
            "0x5b5f5f5f5f5f305af1505f56",
            "execution aborted (timeout = 100 ms)",
        ),
        (
            "hashing a megabyte again and again",
            &unbounded,
            "0x5b620f42405f20505f56",
            "execution aborted (timeout = 100 ms)",
        ),
        ("gas", &small, LOOP, "out of gas"),
        (
            "memory",
            &small,
            "0x5f6220000052",
            "out of gas: more memory than a call may have",
        ),
        (
            "memory of all callers together",
            &small,
            "0x5f61ffff525f5f5f5f5f305af150620fffff5f5ff300",
            "",
        ),
        (
            "return data",
            &small,
            "0x6110005ff3",
            "4096 bytes were returned",
        ),
        (
            "revert data",
            &small,
            "0x6110005ffd",
            "4096 bytes were returned",
        ),
        // The balance of one account after the other.
        (
            "reads",
            &small,
            "0x5f5b60010180315060015600",
            "more than 64 accounts and balances were read",
        ),
        ("an invalid instruction", &small, "0xfe", "invalid opcode"),
        (
            "a jump into nothing",
            &small,
            "0x5f56",
            "invalid jump destination",
        ),
        ("no stack", &small, "0x50", "stack underflow"),
    ] {
        let began = Instant::now();
        if words.is_empty() {
            // Whatever it comes to: it ends.
            world.node.call("eth_call", with_code(code)).await;
        } else {
            let (code, message, data) = world.refusal("eth_call", with_code(code)).await;
            assert_eq!((code, data), (-32000, None), "{name}: {message}");
            assert!(message.contains(words), "{name}: {message}");
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{name}");
        assert_eq!(world.balance_of(account(RICH)).await, HELD, "{name}");
    }
}

/// A precompile cannot be interrupted: with the gas of a whole call, BLAKE2 would compute for seconds. It fails, and its caller goes on.
#[tokio::test]
async fn a_precompile_gets_a_part_of_the_gas() {
    let world = World::new().await;
    for (rounds, succeeds) in [("000003e8", "0x1"), ("02625a00", "0x0")] {
        // Rounds and the last flag to memory; STATICCALL; whether that succeeded.
        let code = format!("0x63{rounds}60e01b5f52600160d4535f5f60d55f60095afa5f5260205ff3");
        let found = world.ask("eth_call", with_code(&code)).await;
        let found: U256 = serde_json::from_value(found).unwrap();
        assert_eq!(format!("{found:#x}"), succeeds, "{rounds} rounds");
    }
}

/// More calls than may wait are answered at once, those that wait too long later; transactions go their way, and so do calls when it
/// is over.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_calls_at_once_are_answered_and_stop_no_transfer() {
    let world = World::with(limits()).await;
    let began = Instant::now();
    let attack = join_all((0..1_000).map(|_| world.node.call("eth_call", with_code(LOOP))));
    let transfers = async {
        for nonce in 0..50 {
            let raw = signed(RICH, nonce, account(LOCKED), 1, vec![]);
            world.ask("eth_sendRawTransaction", json!([raw])).await;
            // What a wallet reads of tokens waits for no foreign code.
            assert_eq!(world.balance_of(account(LOCKED)).await, HELD);
        }
    };
    let (answers, ()) = tokio::join!(attack, transfers);
    let (mut busy, mut timed_out) = (0, 0);
    for answer in answers {
        let error = &answer["error"];
        match error["code"].as_i64() {
            Some(-32005) => {
                assert_eq!(error["data"]["retry_after_ms"], 250);
                busy += 1;
            }
            Some(-32000) => timed_out += 1,
            _ => panic!("{answer}"),
        }
    }
    // Two at once, ten times a second.
    let may_run = 20 * (began.elapsed().as_secs() + 1);
    assert!(timed_out <= may_run, "{timed_out} ran, {busy} were busy");
    assert!(busy > 0, "more than can wait");
    assert!(timed_out >= 2, "{timed_out} ran");
    assert_eq!(world.balance_of(account(RICH)).await, HELD);
}

#[tokio::test]
async fn calls_that_run_end_with_the_server() {
    let world = World::new().await;
    let limits = CallLimits {
        time_max: Duration::from_secs(3_600),
        ..limits()
    };
    let pool = Pool::start(&world.sequencer.view(), limits, 1).unwrap();
    let call = Call {
        data: LOOP.parse().unwrap(),
        ..Call::default()
    };
    // Begun, and left alone: the pool's end does not wait for the hour.
    let begun = tokio::time::timeout(Duration::from_millis(50), pool.run(call)).await;
    assert!(begun.is_err());
    drop(pool);
    let World {
        node, sequencer, ..
    } = world;
    drop(node);
    sequencer.stop().unwrap();
}

/// Of the threads that are called `calls`, the one that has answered has a lower priority by then.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn calls_come_after_everything_else() {
    let world = World::new().await;
    world.ask("eth_call", json!([{"data": "0x00"}])).await;
    let niceness = |task: std::fs::DirEntry| {
        let name = std::fs::read_to_string(task.path().join("comm")).ok()?;
        let stat = std::fs::read_to_string(task.path().join("stat")).ok()?;
        // The 19th field; the name, the second, is in parentheses.
        let nice = stat.rsplit_once(") ")?.1.split(' ').nth(16)?.parse().ok()?;
        Some((name.trim().to_owned(), nice))
    };
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let tasks: Vec<(String, i32)> = tasks.filter_map(|task| niceness(task.ok()?)).collect();
    let (calls, others): (Vec<_>, Vec<_>) =
        tasks.into_iter().partition(|(name, _)| name == "calls");
    let others = others.iter().map(|(_, nice)| *nice).max().unwrap();
    // 19 is the lowest priority that there is.
    let lowered = (others + 10).min(19);
    assert!(
        lowered > others,
        "the tests themselves run at the lowest priority"
    );
    assert!(calls.iter().any(|(_, nice)| *nice == lowered), "{calls:?}");
}
