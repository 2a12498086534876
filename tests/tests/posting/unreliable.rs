//! An L1 that fails in every way, half of the time, behind two URLs.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use alloy_primitives::U256;
use rand::Rng as _;
use spillway_devnet::{ChainConfig, Config, Devnet, FaultPlan};
use spillway_tests::accounts;

use super::dice;
use super::rollup::Rollup;

/// Operators' accounts included.
const FUNDED: u32 = 23;

/// Wei that each of them has.
const FUNDS: u128 = 10_000_000_000_000_000_000_000;

/// Blocks come so often while everything is set up, and then.
const AT_FIRST: Duration = Duration::from_millis(20);
const LATER: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_l1_that_fails_half_of_the_time_gets_everything() {
    let mut dice = dice();
    let funded = (0..FUNDED).map(|index| (accounts::funded(index).address(), U256::from(FUNDS)));
    let devnet = Devnet::start(Config {
        chain: ChainConfig {
            funded: funded.collect(),
            ..ChainConfig::default()
        },
        block_time: Some(AT_FIRST),
        ..Config::default()
    });
    let devnet = devnet.expect("an L1");
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let servers = [devnet.serve(anywhere).await, devnet.serve(anywhere).await];
    let servers = servers.map(|server| server.expect("a server"));
    let urls = servers
        .each_ref()
        .map(|server| format!("http://{}", server.local_addr()));

    let arguments = ["--post-as", "calldata"];
    let mut rollup = Rollup::start(Some(&urls.join(",")), &arguments, dice.random()).await;
    let controls = devnet.controls();
    controls.set_block_time(Some(LATER)).expect("a block time");
    let plan = FaultPlan {
        timeout_ms: 300,
        delay_ms_max: 100,
        ..FaultPlan::half(dice.random())
    };
    controls.set_faults(Some(plan)).expect("faults");
    for _ in 0..2 {
        rollup.send_each(10, 10).await;
        rollup.posted().await;
    }
    controls.set_faults(None).expect("no faults");
    rollup.agrees().await;
    for server in servers {
        server.stop().await;
    }
    devnet.stop().await;
}
