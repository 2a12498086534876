//! How the roles of a node start their transaction managers.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use alloy_provider::DynProvider;
use alloy_signer_local::PrivateKeySigner;
use spillway_l1::transactions::{
    DriverSettings, Events, StartError, StoreError, TransactionManager,
};
use tokio::time::sleep;

/// The wait before an L1 that does not answer is tried again.
const RETRY: Duration = Duration::from_secs(2);

/// The wait for a folder of intents that is about to be released.
const RELEASED_SOON: Duration = Duration::from_millis(50);

/// Starts an account's manager as soon as L1 answers, for a role that is called that. Its task ends with the handle, and says itself
/// why it ends before.
pub(crate) async fn start(
    role: &str,
    settings: &DriverSettings,
    provider: &DynProvider,
    key: &PrivateKeySigner,
    folder: &Path,
) -> Result<(TransactionManager, Events), StartError> {
    loop {
        let (provider, signer) = (provider.clone(), Arc::new(key.clone()));
        match TransactionManager::start(settings.clone(), provider, signer, folder).await {
            Ok((manager, events, _task)) => return Ok((manager, events)),
            // The directory is this process's own: a manager from before is about to end.
            Err(StartError::Store(StoreError::InUse(_))) => sleep(RELEASED_SOON).await,
            Err(StartError::ChainId(error)) => {
                tracing::warn!(%error, "L1 does not answer; {role} begins when it does");
                sleep(RETRY).await;
            }
            Err(error) => return Err(error),
        }
    }
}
