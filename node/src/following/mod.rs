//! The blocks of a sequencer elsewhere: asked for, made here once more, and served.

mod feed;
mod replica;

use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::Address;
use spillway_sequencer::replica::{ImportError, ReceivedBlock};
use spillway_sequencer::signatures::SignedHeader;
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::sleep;

use self::feed::{Asked, Sequencer};
pub(crate) use self::replica::Following;
use crate::follower::Listed;
use crate::verifying::Findings;

/// The wait for new blocks, once there are no more.
const POLL: Duration = Duration::from_millis(200);

/// The wait before a sequencer that does not answer, or answers what cannot be taken, is asked again.
const RETRY: Duration = Duration::from_secs(2);

/// Characters of an error that another node can lengthen.
const REASON_CHARS_MAX: usize = 500;

/// Whose blocks are followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FollowingConfig {
    /// Its JSON-RPC, or that of another follower.
    pub(crate) url: String,
    /// Its address on L1, whose signature the blocks have.
    pub(crate) signer: Address,
}

/// Why blocks do not come in.
#[derive(Debug, thiserror::Error)]
enum Setback {
    #[error("{0:#}")]
    Asked(#[from] anyhow::Error),
    #[error("block {0} lists a token that L1 has not listed, or not as far as it was read")]
    Listing(u64),
    #[error(transparent)]
    Import(#[from] ImportError),
    #[error(transparent)]
    Task(#[from] JoinError),
}

/// Takes blocks in until it is dropped, or the disk fails. Two headers of one block go to `findings`; `listed` is
/// what L1 has listed.
pub(crate) async fn follow_blocks(
    following: Arc<Following>,
    config: FollowingConfig,
    listed: Listed,
    findings: Findings,
) {
    let sequencer = Arc::new(Sequencer::new(&config.url));
    let mut said = String::new();
    loop {
        let setback = match take_in(&following, &sequencer, &listed).await {
            Ok(taken) => {
                said.clear();
                if taken == 0 {
                    sleep(POLL).await;
                }
                continue;
            }
            Err(setback) => setback,
        };
        // What does not change is said once.
        let reason = shortened(&setback.to_string());
        if reason != said {
            say(&setback, &config);
            said = reason;
        }
        if let Setback::Import(error) = setback {
            if error.is_final() {
                return findings.failed();
            }
            if let ImportError::OtherChain { .. } = error
                && let Some(pair) = contradiction(&following, &sequencer, config.signer).await
            {
                findings.contradiction(pair);
            }
        }
        sleep(RETRY).await;
    }
}

/// Asks for the next blocks, and imports them. Answers how many.
async fn take_in(
    following: &Arc<Following>,
    sequencer: &Arc<Sequencer>,
    listed: &Listed,
) -> Result<usize, Setback> {
    let (next, asked) = (following.newest() + 1, Arc::clone(sequencer));
    // It waits for long without holding the replica, which so can be stopped.
    let blocks = spawn_blocking(move || asked.blocks(next, Asked::Many)).await??;
    following.set_followed(sequencer.newest());
    let taken = blocks.len();
    if taken == 0 {
        return Ok(0);
    }
    check_listings(&blocks, following.listed(), listed)?;
    let following = Arc::clone(following);
    spawn_blocking(move || following.import(blocks)).await??;
    Ok(taken)
}

/// Neither a block's hash nor its signature says which tokens were listed before it, so L1 must have listed the same.
fn check_listings(blocks: &[ReceivedBlock], known: usize, listed: &Listed) -> Result<(), Setback> {
    let told = blocks
        .iter()
        .flat_map(|block| block.listings().iter().map(|it| (block.number(), it)));
    for (place, (block, listing)) in (known..).zip(told) {
        if listed.token(place) != Some((listing.address, listing.decimals)) {
            return Err(Setback::Listing(block));
        }
    }
    Ok(())
}

/// Our newest header and the sequencer's of that number now, if it has signed both on one fork and they differ.
async fn contradiction(
    following: &Arc<Following>,
    sequencer: &Arc<Sequencer>,
    signer: Address,
) -> Option<(
    spillway_l1::encoding::disputes::SignedHeader,
    spillway_l1::encoding::disputes::SignedHeader,
)> {
    let (following, sequencer) = (Arc::clone(following), Arc::clone(sequencer));
    let work = move || {
        let ours = following.newest_signed_header()?;
        let number = ours.header.number;
        let theirs = sequencer.blocks(number, Asked::One).ok()?;
        let theirs = theirs.first()?.signed_header()?;
        let is_its = theirs.signed_by(following.chain_id()) == Some(signer);
        let is_other = (theirs.header.number, theirs.fork_id) == (number, ours.fork_id)
            && (theirs.header.hash(), theirs.tx_root) != (ours.header.hash(), ours.tx_root);
        (is_its && is_other).then(|| (for_l1(ours), for_l1(theirs)))
    };
    spawn_blocking(work).await.ok().flatten()
}

/// A signed header as L1 is shown it.
pub(crate) fn for_l1(signed: SignedHeader) -> spillway_l1::encoding::disputes::SignedHeader {
    spillway_l1::encoding::disputes::SignedHeader {
        header: signed.header,
        fork_id: signed.fork_id,
        transactions_root: signed.tx_root,
        signature: signed.signature,
    }
}

/// What somebody else has said, as far as it fits a line of the log.
fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(REASON_CHARS_MAX).collect();
    if short.len() < text.len() {
        short.push_str("...");
    }
    short
}

fn say(setback: &Setback, config: &FollowingConfig) {
    let url = &config.url;
    match setback {
        Setback::Asked(error) => {
            let reason = shortened(&format!("{error:#}"));
            tracing::warn!(%url, "{reason}; it is asked again");
        }
        Setback::Listing(_) => tracing::warn!(%url, "{setback}: it is waited for"),
        Setback::Import(error @ ImportError::Fork { .. }) => {
            tracing::info!(%url, "{error}: it is waited for");
        }
        Setback::Import(error) if error.is_final() => tracing::error!(
            %error,
            "NO BLOCK IS TAKEN ANY MORE: the disk has failed; reads go on"
        ),
        Setback::Import(error) => tracing::error!(
            %url,
            "THE SEQUENCER'S BLOCKS CANNOT BE TAKEN: {error}. It is asked again; until then reads are of the last block that was right"
        ),
        Setback::Task(error) => tracing::error!(%error, "a task has ended; it is begun again"),
    }
}
