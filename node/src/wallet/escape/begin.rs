//! The switch to escape mode.

use alloy_primitives::{Bytes, U256};
use alloy_sol_types::{SolCall, SolInterface};
use anyhow::{Result, bail};
use spillway_bridge_contracts::Rollup::{self, RollupErrors};
use spillway_l1::encoding;

use super::{Escape, Step};
use crate::verify::finality::posted;
use crate::wallet::l1::Call;
use crate::wallet::reverts::Reverted;
use crate::wallet::times::{length, when};

/// Whether a way to begin is open.
#[derive(Debug, PartialEq, Eq)]
enum Way {
    Open(Bytes),
    /// From that second on.
    From(U256),
    NoMessageWaits,
    Refused(String),
}

impl Escape<'_> {
    /// Begins, unless somebody has.
    pub(super) async fn begin(&self) -> Result<Option<Step>> {
        let rollup = self.chains.deployment.rollup;
        let head = self.l1.read(rollup, Rollup::headCall {}).await?;
        if head._4 {
            return Ok(None);
        }
        let silent = self.way(Rollup::escapeCall {}.abi_encode().into()).await?;
        let stalled = match &silent {
            Way::Open(_) => Way::NoMessageWaits,
            _ => self.way(self.stalled(head._0).await?).await?,
        };
        let data = choose(
            silent,
            stalled,
            self.chains.deployment.parameters.escape_delay,
        )?;
        let what = "begin the escape: the rollup takes nothing more, for good".to_owned();
        let call = Call {
            what: what.clone(),
            to: rollup,
            value: 0,
            data,
        };
        match self.signing.send(&call).await {
            Ok(sent) => Ok(Some(Step { what, sent })),
            // Somebody else was first.
            Err(_) if self.l1.read(rollup, Rollup::headCall {}).await?._4 => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn way(&self, data: Bytes) -> Result<Way> {
        let rollup = self.chains.deployment.rollup;
        match self.l1.call(self.account, rollup, data.clone()).await {
            Ok(_) => Ok(Way::Open(data)),
            Err(error) => match error.downcast_ref::<Reverted>() {
                Some(reverted) => Ok(why(reverted)),
                None => Err(error),
            },
        }
    }

    /// The call for a rollup on which nothing becomes final. It shows the oldest batch that is not, if there is one.
    async fn stalled(&self, head: u64) -> Result<Bytes> {
        let deployment = &self.chains.deployment;
        let finality = Rollup::finalityCall {};
        let oldest = self.l1.read(deployment.rollup, finality).await?._0 + 1;
        let batch = if oldest > head {
            Rollup::Batch::default()
        } else {
            let (l1_head, _) = self.l1.head().await?;
            let range = (deployment.l1_block.number, l1_head);
            let found = posted(&self.l1.provider, &deployment.contracts(), oldest, range).await?;
            encoding::rollup_batch(&found.batch.header, &found.batch.submission)
        };
        let call = Rollup::escapeStalledCall {
            oldestPending: batch,
        };
        Ok(call.abi_encode().into())
    }
}

fn why(reverted: &Reverted) -> Way {
    match RollupErrors::abi_decode(&reverted.data) {
        Ok(RollupErrors::TooEarly(error)) => Way::From(error.until),
        Ok(RollupErrors::NoMessageWaits(_)) => Way::NoMessageWaits,
        _ => Way::Refused(reverted.to_string()),
    }
}

/// The call that begins, or when there will be one.
fn choose(silent: Way, stalled: Way, escape_delay: u64) -> Result<Bytes> {
    match (silent, stalled) {
        (Way::Open(data), _) | (_, Way::Open(data)) => Ok(data),
        (Way::From(a), Way::From(b)) if b < a => bail!(
            "the rollup cannot be ended yet: nothing may become final until {}. Run this again then",
            when(b)
        ),
        (Way::From(from), _) => bail!(
            "the rollup cannot be ended yet: a message has to wait until {}. Run this again then",
            when(from)
        ),
        (Way::NoMessageWaits, Way::From(from)) => bail!(
            "the rollup cannot be ended yet: no message waits to be consumed. Send one with `spillway wallet force-withdraw`; if the \
             sequencer does not consume it within {}, run this again. Without one it can be ended at {}, if nothing becomes final \
             until then",
            length(escape_delay),
            when(from)
        ),
        (_, Way::From(from)) => bail!(
            "the rollup cannot be ended yet: nothing may become final until {}. Run this again then",
            when(from)
        ),
        (Way::NoMessageWaits, Way::Refused(why)) => bail!(
            "the rollup cannot be ended yet: no message waits to be consumed, and {why}. Send a message with `spillway wallet \
             force-withdraw`; if the sequencer does not consume it within {}, run this again",
            length(escape_delay)
        ),
        (Way::Refused(why), Way::Refused(other)) => bail!(
            "the rollup cannot be ended: {why}; and {other}. Run this again; if it is refused again, check it with `spillway \
             deploy --verify --deployment FILE`"
        ),
        (Way::Refused(why), _) => bail!(
            "the rollup cannot be ended: {why}. Run this again; if it is refused again, check it with `spillway deploy --verify \
             --deployment FILE`"
        ),
        (Way::NoMessageWaits, Way::NoMessageWaits) => bail!(
            "the rollup cannot be ended: no message waits on L1. Send one with `spillway wallet force-withdraw`; if the sequencer \
             does not consume it within {}, run this again",
            length(escape_delay)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_way_that_opens_is_taken() {
        let data = || Bytes::from_static(&[1]);
        let from = |seconds: u64| Way::From(U256::from(seconds));
        let refused = || Way::Refused("because".to_owned());
        for (silent, stalled) in [
            (Way::Open(data()), Way::NoMessageWaits),
            (from(5), Way::Open(data())),
            (Way::NoMessageWaits, Way::Open(data())),
        ] {
            assert_eq!(choose(silent, stalled, 300).unwrap(), data());
        }
        for (silent, stalled, said) in [
            (from(60), from(5), "final until 1970-01-01T00:00:05Z"),
            (from(5), from(60), "wait until 1970-01-01T00:00:05Z"),
            (from(60), Way::NoMessageWaits, "until 1970-01-01T00:01:00Z"),
            (refused(), from(7), "until 1970-01-01T00:00:07Z"),
            (
                Way::NoMessageWaits,
                from(7),
                "within 5m, run this again. Without one it can be ended at 1970-01-01T00:00:07Z",
            ),
            (Way::NoMessageWaits, Way::NoMessageWaits, "within 5m"),
            (
                Way::NoMessageWaits,
                refused(),
                "and because. Send a message with `spillway wallet force-withdraw`",
            ),
            (
                refused(),
                Way::NoMessageWaits,
                "because. Run this again; if",
            ),
            (
                refused(),
                refused(),
                "because; and because. Run this again; if",
            ),
        ] {
            let error = choose(silent, stalled, 300).unwrap_err().to_string();
            assert!(error.contains(said), "{said}: {error}");
        }
    }
}
