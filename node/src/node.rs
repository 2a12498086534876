//! `spillway node`: the roles that a configuration file lists. So far there is one, the sequencer.

use anyhow::Result;
use spillway_sequencer::config::Config;

use crate::cli::NodeArgs;
use crate::config::{self, validated::NodeConfig};
use crate::directory::Directory;
use crate::service::{self, Service, Settings};
use crate::{logging, output, panics};

const SETTINGS: Settings = Settings {
    dir: "`dir` in the configuration",
    rpc: "`rpc.address` in the configuration",
};

/// Runs until Ctrl-C or SIGTERM.
pub(crate) fn run(args: &NodeArgs) -> Result<()> {
    let config = config::load(&args.config)?;
    logging::install(&args.log)?;
    panics::install();
    let directory = Directory::open(&config.sequencer.dir, SETTINGS.dir)?;
    service::runtime()?.block_on(operate(directory, config))
}

async fn operate(directory: Directory, config: NodeConfig) -> Result<()> {
    let sequencer = Config {
        dir: directory.path().to_path_buf(),
        ..config.sequencer
    };
    let mut service = Service::start(directory, sequencer).await?;
    let server = match service.listen(config.rpc, SETTINGS).await {
        Ok(server) => server,
        Err(error) => {
            service.stop(None).await?;
            return Err(error);
        }
    };
    let (http, ws) = service::urls(server.local_addr());
    let block = service.sequencer().view().block_number();
    tracing::info!(%http, %ws, block, "serving");
    output::say(&format!("serving {http} and {ws} from block {block}\n"))?;
    service.serve().await;
    service.stop(Some(server)).await
}
