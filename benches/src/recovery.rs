//! The yardstick: how fast all cores together recover signers with libsecp256k1.
//!
//! A sequencer that checks each signature by recovery cannot pass this rate, so throughput as a share
//! of it says how much everything else costs, on any machine.

use crate::accounts::Fleet;
use crate::workload::{Terms, draw, sign};
use alloy_consensus::{TxEnvelope, transaction::SignerRecoverable};
use alloy_eips::eip2718::Decodable2718;
use anyhow::{Context, Result, ensure};
use rayon::prelude::*;
use std::time::Instant;

const RECOVERIES: usize = 20_000;
const PASSES: usize = 3;

/// Signers recovered a second on all cores: the median of three passes over 20,000 transactions.
///
/// # Errors
/// If a recovery fails or gives another signer than the one that signed.
pub fn recoveries_per_s(seed: u64) -> Result<f64> {
    let fleet = Fleet::derive(seed, 16, 16)?;
    let plan = draw(seed, "recovery", RECOVERIES, &fleet);
    let terms = Terms {
        chain_id: 1,
        max_fee: 1,
    };
    let envelopes = sign(&plan, &fleet, &[0; 16], terms)?
        .iter()
        .map(|signed| TxEnvelope::decode_2718(&mut signed.raw.as_slice()))
        .collect::<Result<Vec<_>, _>>()
        .context("a transaction signed here does not decode")?;
    let mut rates = Vec::with_capacity(PASSES);
    for _ in 0..PASSES {
        let start = Instant::now();
        let signers = envelopes
            .par_iter()
            .map(SignerRecoverable::recover_signer)
            .collect::<Result<Vec<_>, _>>()?;
        rates.push(RECOVERIES as f64 / start.elapsed().as_secs_f64());
        for (planned, signer) in plan.iter().zip(signers) {
            ensure!(
                signer == fleet.senders[planned.sender].address(),
                "recovered a wrong signer"
            );
        }
    }
    rates.sort_by(f64::total_cmp);
    Ok(rates[PASSES / 2])
}
