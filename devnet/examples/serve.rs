//! Serves a devnet until it is interrupted: `cargo run -p spillway-devnet --example serve [ADDR [DIR]]`.
//! The first of the accounts that every Ethereum tool has for development is funded.

use std::error::Error;
use std::time::Duration;

use alloy_primitives::{U256, address};
use spillway_devnet::{ChainConfig, Config, Devnet};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let addr = arguments.next().unwrap_or_else(|| "127.0.0.1:8545".into());
    let account = address!("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
    let devnet = Devnet::start(Config {
        chain: ChainConfig {
            funded: vec![(account, U256::from(10).pow(U256::from(22)))],
            ..ChainConfig::default()
        },
        block_time: Some(Duration::from_secs(1)),
        dir: arguments.next().map(Into::into),
        controls: true,
        ..Config::default()
    })?;
    let server = devnet.serve(addr.parse()?).await?;
    println!("listening on {}", server.local_addr());
    tokio::signal::ctrl_c().await?;
    server.stop().await;
    devnet.stop().await;
    Ok(())
}
