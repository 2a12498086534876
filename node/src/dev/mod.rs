//! `spillway dev`: a development chain on one machine, with funded test accounts.

pub(crate) mod accounts;
mod announcement;
mod funding;
mod screen;

use alloy_primitives::Address;
use anyhow::Result;
use spillway_sequencer::config::Config;
use spillway_sequencer::genesis::Genesis;
use spillway_sequencer::rpc::{RpcConfig, RpcServer};

use self::accounts::TestAccount;
use self::announcement::Announcement;
use self::screen::Screen;
use crate::cli::DevArgs;
use crate::directory::Directory;
use crate::service::{self, Service, Settings};
use crate::{logging, output, panics};

const SETTINGS: Settings = Settings {
    dir: "--dir",
    rpc: "--rpc",
};

/// Runs until Ctrl-C or SIGTERM.
pub(crate) fn run(args: &DevArgs) -> Result<()> {
    logging::install(&args.log)?;
    panics::install();
    let directory = Directory::open(&args.dir, SETTINGS.dir)?;
    // Whoever waits for the file must not read what a killed node left behind.
    announcement::withdraw(&directory)?;
    service::runtime()?.block_on(operate(directory, args))
}

async fn operate(directory: Directory, args: &DevArgs) -> Result<()> {
    let accounts = accounts::funded()?;
    let genesis = Genesis {
        chain_id: args.chain_id,
        fee_account: accounts::fee_account()?,
    };
    let config = Config::new(genesis, directory.path().to_path_buf());
    let mut service = Service::start(directory, config).await?;
    let mut server = None;
    let served = serve(&mut service, &mut server, args, &accounts).await;
    let withdrawn = announcement::withdraw(service.directory());
    let stopped = service.stop(server).await;
    // The first error is the cause; the others may follow from it.
    served.and(withdrawn).and(stopped)
}

/// Funds the accounts, opens the port (which the caller closes), says so, and serves.
async fn serve(
    service: &mut Service,
    server: &mut Option<RpcServer>,
    args: &DevArgs,
    accounts: &[TestAccount],
) -> Result<()> {
    let started_at = service.sequencer().view().block_number();
    let Some(funded) = fund(service, accounts).await? else {
        return Ok(());
    };
    let server = server.insert(service.listen(RpcConfig::new(args.rpc), SETTINGS).await?);
    let (http, ws) = service::urls(server.local_addr());
    Announcement::new(&http, &ws, args.chain_id).publish(service.directory())?;
    let screen = Screen {
        chain_id: args.chain_id,
        http: &http,
        ws: &ws,
        dir: service.directory().path(),
        started_at,
        fee_account: accounts::fee_account()?,
        accounts,
        public: !server.local_addr().ip().is_loopback(),
    };
    output::say(&screen.to_string())?;
    tracing::info!(%http, %ws, funded, "serving");
    service.serve().await;
    Ok(())
}

/// Delivers the deposits that the chain has not consumed, and waits until they are durable. Says how many there
/// were; `None` when the operator wants to stop first.
async fn fund(service: &mut Service, accounts: &[TestAccount]) -> Result<Option<usize>> {
    let addresses: Vec<Address> = accounts.iter().map(|account| account.address).collect();
    let sequencer = service.sequencer();
    let (view, submitter) = (sequencer.view(), sequencer.submitter());
    let events = funding::rest(&addresses, &view.tokens(), view.summary()?.inbox_count)?;
    let delivered = events.len();
    sequencer.deliver(events);
    let consumed = service::consumed(view, submitter, funding::messages(&addresses));
    service
        .unless_stopped(consumed)
        .await
        .transpose()
        .map(|done| done.map(|()| delivered))
}
