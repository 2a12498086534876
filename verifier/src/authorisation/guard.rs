//! Demands on L1 for what guarded accounts are said to have signed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use alloy_eips::eip4844::Blob;
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_provider::Provider;
use alloy_rpc_types_eth::TransactionRequest;
use spillway_l1::beacon::BlobSource;
use spillway_l1::challenges::challenge_id;
use spillway_l1::encoding::disputes;
use spillway_l1::transactions::{IntentId, SubmitError};
use spillway_protocol::dispute::{Demand, OperationProof, OperationProofError, prove_operation};
use spillway_protocol::keccak::keccak256_parts;
use tokio::task::{JoinError, JoinHandle, spawn_blocking};
use tokio::time::sleep;

use super::holdings::{Holdings, HoldingsError};
use super::safety::Waiting;
use crate::derivation::{BatchData, DerivationError, data, fetch_blobs};
use crate::disputes::{Call, CallError, Calls, Case, Openings, ProofError};
use crate::replay::{Signed, WrongKind, before_chunk, signed_by};

/// Demands of one batch, at most: one that is not answered fells it.
const DEMANDS_MAX: usize = 4;

/// The base fee may double until the demand is in a block.
const BASE_FEE_FACTOR: u128 = 2;

/// How a guard works.
#[derive(Clone, Debug)]
pub struct GuardConfig {
    /// `AuthorisationDisputes`.
    pub disputes: Address,
    /// The accounts.
    pub accounts: BTreeSet<Address>,
    /// How long a batch may be replayed and not be held, before the transactions of these accounts are demanded.
    pub patience: Duration,
    /// The wait before something that failed is tried again.
    pub retry_interval: Duration,
}

/// Guards accounts. See the [module](super).
#[derive(Debug)]
pub struct Guard {
    inner: Arc<Inner>,
    /// Batches of which everything is demanded.
    done: BTreeSet<B256>,
    task: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Inner {
    config: GuardConfig,
    calls: Calls,
    blobs: BlobSource,
    holdings: Arc<dyn Holdings>,
}

/// Why nothing is demanded yet.
#[derive(Debug, thiserror::Error)]
enum Setback {
    #[error(transparent)]
    Blobs(#[from] DerivationError),
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("what is held cannot be read: {0}")]
    Holdings(#[from] HoldingsError),
    #[error("the batch cannot be executed again: {0}")]
    Batch(#[from] WrongKind),
    #[error(transparent)]
    Opening(#[from] ProofError),
    #[error(transparent)]
    Operation(#[from] OperationProofError),
    #[error(
        "AuthorisationDisputes does not say what a challenge costs: is the deployment file right?"
    )]
    Bond,
    #[error(transparent)]
    Task(#[from] JoinError),
}

/// A demand that is to be made.
struct Ready {
    sender: Address,
    nonce: u64,
    place: u32,
    calldata: Bytes,
}

impl Guard {
    /// Demands from the account of `calls`. `blobs` and `holdings` must be those of the verifier.
    #[must_use]
    pub fn new(
        config: GuardConfig,
        calls: Calls,
        blobs: BlobSource,
        holdings: Arc<dyn Holdings>,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                config,
                calls,
                blobs,
                holdings,
            }),
            done: BTreeSet::new(),
            task: None,
        }
    }

    /// Whether what the guarded accounts did in the batch is to be demanded now.
    pub(crate) fn is_due(&self, waiting: &Waiting) -> bool {
        let is_idle = self.task.as_ref().is_none_or(JoinHandle::is_finished);
        is_idle
            && !self.inner.config.accounts.is_empty()
            && waiting.since.elapsed() >= self.inner.config.patience
            && !self.done.contains(&waiting.batch_hash())
    }

    /// Demands, in the background.
    pub(crate) fn demand(&mut self, case: Case) {
        self.done.insert(case.batch_hash());
        let inner = Arc::clone(&self.inner);
        self.task = Some(tokio::spawn(async move { inner.demand_all(case).await }));
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Inner {
    async fn demand_all(self: Arc<Self>, case: Case) {
        let case = Arc::new(case);
        while let Err(setback) = self.try_all(&case).await {
            let batch = case.batch.number;
            match setback {
                Setback::Call(CallError::Refused(reason)) => {
                    return tracing::warn!(batch, %reason, "L1 takes no challenge of this batch");
                }
                Setback::Call(CallError::Submit(SubmitError::Stopped)) => return,
                Setback::Blobs(_) | Setback::Call(_) => {
                    tracing::warn!(batch, reason = %setback, "a challenge waits");
                }
                _ => tracing::error!(
                    batch,
                    reason = %setback,
                    "A BATCH CANNOT BE CHALLENGED by this program; it is tried again. Challenge it otherwise, before it is final"
                ),
            }
            sleep(self.config.retry_interval).await;
        }
    }

    async fn try_all(self: &Arc<Self>, case: &Arc<Case>) -> Result<(), Setback> {
        let blobs = fetch_blobs(&self.blobs, &case.batch).await?;
        let (inner, about) = (Arc::clone(self), Arc::clone(case));
        let ready = spawn_blocking(move || inner.prepare(&about, &blobs)).await??;
        for demand in ready {
            self.make(case, demand).await?;
        }
        Ok(())
    }

    async fn make(&self, case: &Case, demand: Ready) -> Result<(), Setback> {
        let challenge = challenge_id(case.batch_hash(), demand.place);
        let id = IntentId(keccak256_parts(&[b"challenge", challenge.as_slice()]));
        if self.calls.is_known(id).await.map_err(CallError::from)? {
            return Ok(());
        }
        let call = Call {
            to: self.config.disputes,
            calldata: demand.calldata,
            value: self.bond().await?,
        };
        tracing::error!(
            batch = case.batch.number,
            account = %demand.sender,
            nonce = demand.nonce,
            bond_wei = %call.value,
            "A GUARDED ACCOUNT IS SAID TO HAVE SIGNED what nobody has shown: the transaction is demanded on L1"
        );
        Ok(self.calls.submit(id, call).await?)
    }

    /// Wei that a challenge takes, with room for a base fee that rises.
    async fn bond(&self) -> Result<U256, Setback> {
        let floor = self.number(disputes::bond_floor()).await?;
        let answer_gas = self.number(disputes::answer_gas()).await?;
        let price = self.calls.l1().get_gas_price().await;
        let price = price.map_err(CallError::from)?;
        let base_fee = price.saturating_mul(BASE_FEE_FACTOR);
        Ok(disputes::bond_of(floor, answer_gas, base_fee))
    }

    async fn number(&self, calldata: Bytes) -> Result<U256, Setback> {
        let asked = TransactionRequest::default()
            .to(self.config.disputes)
            .input(calldata.into());
        let answer = self.calls.l1().call(asked).await.map_err(CallError::from)?;
        disputes::price_of(&answer).ok_or(Setback::Bond)
    }

    /// The calls that demand what is not held. Blocks the thread for seconds.
    fn prepare(&self, case: &Case, blobs: &[Box<Blob>]) -> Result<Vec<Ready>, Setback> {
        let data = data::of(&case.batch, blobs);
        let suspects = self.suspects(case, &data)?;
        let demands = suspects
            .iter()
            .map(|signed| open(case, &data, blobs, signed));
        demands.collect()
    }

    /// The first operation of each guarded account that is in no block held.
    fn suspects(&self, case: &Case, data: &BatchData) -> Result<Vec<Signed>, Setback> {
        let claim = case.claim(data);
        let (signed, headers) = signed_by(&case.ledger, &claim, &self.config.accounts)?;
        let first = case.ledger.head().number + 1;
        let newest = *self.holdings.newest().borrow();
        let last = case.batch.header.block_number.min(newest);
        let held = match first <= last {
            true => self.holdings.blocks(first..=last)?,
            false => Vec::new(),
        };
        let is_held = |signed: &Signed| {
            let place = usize::try_from(signed.block - first).unwrap_or(usize::MAX);
            let derived = headers.get(place).map(|header| header.hash());
            held.get(place).map(|block| block.hash) == derived
        };
        let mut accounts = BTreeSet::new();
        let unheld = signed.into_iter().filter(|signed| !is_held(signed));
        let first_of_each = unheld.filter(|signed| accounts.insert(signed.sender));
        Ok(first_of_each.take(DEMANDS_MAX).collect())
    }
}

fn open(
    case: &Case,
    data: &BatchData,
    blobs: &[Box<Blob>],
    signed: &Signed,
) -> Result<Ready, Setback> {
    let (proof, demand) = prove(case, data, signed)?;
    let openings = Openings {
        batch: &case.batch,
        blobs,
    };
    let before = signed.chunk.checked_sub(1);
    let before = before.map(|before| openings.root(before)).transpose()?;
    let opening = openings.chunk(signed.chunk)?;
    Ok(Ready {
        sender: demand.sender,
        nonce: demand.nonce,
        // A batch holds fewer operations than bytes.
        place: u32::try_from(demand.place).unwrap_or(u32::MAX),
        calldata: disputes::open(
            &case.accused(),
            signed.chunk,
            &opening,
            before.as_ref(),
            &proof,
        ),
    })
}

fn prove(
    case: &Case,
    data: &BatchData,
    signed: &Signed,
) -> Result<(OperationProof, Demand), Setback> {
    let claim = case.claim(data);
    let at_batch = case.ledger.tree().preimage(case.ledger.state());
    let (mut state, mut tree) = before_chunk(case.ledger.clone(), &claim, signed.chunk)?;
    let chunks = data
        .as_ref()
        .map_err(|malformed| WrongKind::from(*malformed))?;
    let chunk = chunks.get(signed.chunk);
    let chunk = chunk.ok_or(ProofError::NoChunk(signed.chunk))?;
    let messages = claim.messages_after(case.ledger.state().counters(), state.counters());
    Ok(prove_operation(
        &mut state,
        &mut tree,
        &at_batch,
        chunk,
        signed.operation,
        messages,
        &case.tokens,
    )?)
}
