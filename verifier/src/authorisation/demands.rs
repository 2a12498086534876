//! The demands of one batch, from the first to the last answer.
//!
//! Every operation of a guarded account that is in no block held is demanded, in order, a few at a time: one that is answered
//! says nothing about the next. L1's own record of each says what is to be done, so it does not matter who has challenged it, or
//! what was sent before a crash.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::{B256, Bytes, U256};
use alloy_provider::Provider;
use alloy_rpc_types_eth::TransactionRequest;
use spillway_l1::beacon::BlobSource;
use spillway_l1::challenges::challenge_id;
use spillway_l1::encoding::disputes::{self, Recorded, Refusal};
use spillway_l1::transactions::{IntentId, SubmitError};
use spillway_protocol::block::BlockHeader;
use spillway_protocol::dispute::{OperationProof, OperationProofError, prove_operation};
use spillway_protocol::keccak::keccak256_parts;
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::{Instant, sleep};

use super::guard::GuardConfig;
use super::holdings::{Holdings, HoldingsError};
use crate::derivation::{BatchData, DerivationError, data, fetch_blobs};
use crate::disputes::{Call, CallError, Calls, Case, Openings, ProofError};
use crate::replay::{Signed, WrongKind, before_chunk, signed_by};

/// Demands of one batch that are open at a time.
const OPEN_MAX: usize = 4;

/// The base fee may double until a demand is in a block.
const BASE_FEE_FACTOR: u128 = 2;

/// After so long a demand that L1 does not know is sent once more.
const SENT_AGAIN: Duration = Duration::from_secs(600);

/// Gas that the account keeps the money for: two of the largest proofs. Bonds must not get in the way of those.
const RESERVED_GAS: u128 = 10_000_000;

/// The demands of one batch.
#[derive(Debug)]
pub(super) struct Demands {
    config: GuardConfig,
    calls: Calls,
    blobs: BlobSource,
    holdings: Arc<dyn Holdings>,
    case: Arc<Case>,
    /// What was handed over, by the operation's place: how often, and when.
    sent: BTreeMap<u64, (u64, Instant)>,
    /// Places that L1 refuses to have challenged.
    refused: Vec<u64>,
}

/// What the guarded accounts are said to have signed, and the headers of the batch's blocks.
type Said = (Vec<Signed>, Vec<BlockHeader>);

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
    #[error("AuthorisationDisputes does not answer as it should: is the deployment file right?")]
    Answer,
    #[error(
        "the account has {balance} wei, and a challenge takes {bond}, with something left for proofs: fund it"
    )]
    Funds { balance: U256, bond: U256 },
    #[error(transparent)]
    Task(#[from] JoinError),
}

/// What is left to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Something,
    /// All were answered, are held by now, or cannot be challenged.
    Nothing,
}

impl Demands {
    pub(super) fn new(
        config: GuardConfig,
        calls: Calls,
        blobs: BlobSource,
        holdings: Arc<dyn Holdings>,
        case: Case,
    ) -> Self {
        Self {
            config,
            calls,
            blobs,
            holdings,
            case: Arc::new(case),
            sent: BTreeMap::new(),
            refused: Vec::new(),
        }
    }

    /// Demands until everything is shown, or the batch is final or has fallen.
    pub(super) async fn run(mut self) {
        let mut said = None;
        loop {
            match self.step(&mut said).await {
                Ok(Left::Nothing) => return,
                Ok(Left::Something) => {}
                Err(setback) if self.is_over(&setback) => return,
                Err(_) => {}
            }
            sleep(self.config.retry_interval).await;
        }
    }

    /// Whether that ends it. Tells what does not.
    fn is_over(&self, setback: &Setback) -> bool {
        let batch = self.case.batch.number;
        match setback {
            Setback::Call(
                CallError::Refused(Refusal::NotPending(_) | Refusal::OtherBatch(_))
                | CallError::Submit(SubmitError::Stopped),
            ) => return true,
            Setback::Blobs(_) | Setback::Call(_) => {
                tracing::warn!(batch, reason = %setback, "a challenge waits");
            }
            _ => tracing::error!(
                batch,
                reason = %setback,
                "A BATCH CANNOT BE CHALLENGED by this program; it is tried again. Challenge it otherwise, before it is final"
            ),
        }
        false
    }

    async fn step(&mut self, said: &mut Option<Said>) -> Result<Left, Setback> {
        let (signed, headers) = match said {
            Some(said) => said,
            None => said.insert(self.find().await?),
        };
        let unheld = self.unheld(signed, headers).await?;
        let (mut open, mut left) = (0, Left::Nothing);
        for signed in unheld {
            if open == OPEN_MAX {
                return Ok(Left::Something);
            }
            let is_open = match self.recorded(signed.place).await? {
                Recorded::Ended => false,
                Recorded::Open => true,
                Recorded::Never => self.demand(&signed).await?,
            };
            if is_open {
                (open, left) = (open + 1, Left::Something);
            }
        }
        Ok(left)
    }

    /// Executes the batch.
    async fn find(&self) -> Result<Said, Setback> {
        let blobs = fetch_blobs(&self.blobs, &self.case.batch).await?;
        let case = Arc::clone(&self.case);
        let accounts = self.config.accounts.clone();
        let find = move || {
            let data = data::of(&case.batch, &blobs);
            signed_by(&case.ledger, &case.claim(&data), &accounts)
        };
        Ok(spawn_blocking(find).await??)
    }

    /// What is in no block held: none with the hash that L1's data leads to.
    async fn unheld(
        &self,
        signed: &[Signed],
        headers: &[BlockHeader],
    ) -> Result<Vec<Signed>, Setback> {
        let Some((first, last)) = headers.first().zip(headers.last()) else {
            return Ok(Vec::new());
        };
        let (first, last) = (first.number, last.number);
        let last = last.min(*self.holdings.newest().borrow());
        let holdings = Arc::clone(&self.holdings);
        let read = move || match first <= last {
            true => holdings.blocks(first..=last),
            false => Ok(Vec::new()),
        };
        let held = spawn_blocking(read).await??;
        let is_held = |signed: &Signed| {
            let place = signed.block.checked_sub(first);
            let place = place.and_then(|place| usize::try_from(place).ok());
            let (held, derived) = (
                place.and_then(|place| held.get(place)),
                place.and_then(|place| headers.get(place)),
            );
            held.zip(derived)
                .is_some_and(|(held, derived)| held.hash == derived.hash())
        };
        let unheld = signed.iter().filter(|signed| !is_held(signed));
        let unheld = unheld.filter(|signed| !self.refused.contains(&signed.place));
        Ok(unheld.copied().collect())
    }

    /// The challenge's name. A batch holds fewer operations than bytes.
    fn challenge(&self, place: u64) -> B256 {
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        challenge_id(self.case.batch_hash(), place)
    }

    async fn recorded(&self, place: u64) -> Result<Recorded, Setback> {
        let asked = disputes::challenge_record(self.challenge(place));
        let answer = self.ask(asked).await?;
        disputes::record_of(&answer).ok_or(Setback::Answer)
    }

    /// Demands one, unless that is on its way. Answers whether it is.
    async fn demand(&mut self, signed: &Signed) -> Result<bool, Setback> {
        let before = self.sent.get(&signed.place).copied();
        if before.is_some_and(|(_, at)| at.elapsed() < SENT_AGAIN) {
            return Ok(true);
        }
        let times = before.map_or(0, |(times, _)| times + 1);
        let name = self.challenge(signed.place);
        let parts = [&b"challenge"[..], name.as_slice(), &times.to_be_bytes()];
        let id = IntentId(keccak256_parts(&parts));
        if !self.calls.is_known(id).await.map_err(CallError::from)? {
            match self.submit(id, signed).await {
                // Somebody was first, just now.
                Err(Setback::Call(CallError::Refused(Refusal::AlreadyChallenged))) => {}
                Err(Setback::Call(CallError::Refused(Refusal::Proof(reason)))) => {
                    let (batch, account) = (self.case.batch.number, signed.sender);
                    tracing::error!(batch, %account, reason, "L1 takes no challenge of an operation that nobody has shown");
                    self.refused.push(signed.place);
                    return Ok(false);
                }
                submitted => submitted?,
            }
        }
        self.sent.insert(signed.place, (times, Instant::now()));
        Ok(true)
    }

    async fn submit(&self, id: IntentId, signed: &Signed) -> Result<(), Setback> {
        let value = self.bond().await?;
        let blobs = fetch_blobs(&self.blobs, &self.case.batch).await?;
        let (case, about) = (Arc::clone(&self.case), *signed);
        let calldata = spawn_blocking(move || {
            let data = data::of(&case.batch, &blobs);
            let openings = Openings {
                batch: &case.batch,
                blobs: &blobs,
            };
            open(&case, &data, &openings, &about)
        });
        let call = Call {
            to: self.config.disputes,
            calldata: calldata.await??,
            value,
        };
        tracing::error!(
            batch = self.case.batch.number,
            account = %signed.sender,
            bond_wei = %value,
            "A GUARDED ACCOUNT IS SAID TO HAVE SIGNED what nobody has shown: the transaction is demanded on L1"
        );
        Ok(self.calls.submit(id, call).await?)
    }

    /// Wei that a challenge takes, with room for a base fee that rises; if the account can spare them for all that may be on
    /// their way.
    async fn bond(&self) -> Result<U256, Setback> {
        let floor = self.number(disputes::bond_floor()).await?;
        let answer_gas = self.number(disputes::answer_gas()).await?;
        let price = self.calls.l1().get_gas_price().await;
        let price = price.map_err(CallError::from)?;
        let price = price.saturating_mul(BASE_FEE_FACTOR);
        let bond = disputes::bond_of(floor, answer_gas, price);
        let account = self.calls.account();
        let balance = self.calls.l1().get_balance(account).await;
        let balance = balance.map_err(CallError::from)?;
        let reserve = U256::from(RESERVED_GAS).saturating_mul(U256::from(price));
        let needed = bond
            .saturating_mul(U256::from(OPEN_MAX))
            .saturating_add(reserve);
        if balance < needed {
            return Err(Setback::Funds { balance, bond });
        }
        Ok(bond)
    }

    async fn number(&self, calldata: Bytes) -> Result<U256, Setback> {
        let answer = self.ask(calldata).await?;
        disputes::price_of(&answer).ok_or(Setback::Answer)
    }

    async fn ask(&self, calldata: Bytes) -> Result<Bytes, Setback> {
        let asked = TransactionRequest::default()
            .to(self.config.disputes)
            .input(calldata.into());
        let answer = self.calls.l1().call(asked).await;
        Ok(answer.map_err(CallError::from)?)
    }
}

/// The call that demands an operation. Executes the batch up to it and opens blobs: for a second or so.
fn open(
    case: &Case,
    data: &BatchData,
    openings: &Openings<'_>,
    signed: &Signed,
) -> Result<Bytes, Setback> {
    let proof = prove(case, data, signed)?;
    let before = signed.chunk.checked_sub(1);
    let before = before.map(|before| openings.root(before)).transpose()?;
    let opening = openings.chunk(signed.chunk)?;
    let accused = case.accused();
    Ok(disputes::open(
        &accused,
        signed.chunk,
        &opening,
        before.as_ref(),
        &proof,
    ))
}

fn prove(case: &Case, data: &BatchData, signed: &Signed) -> Result<OperationProof, Setback> {
    let claim = case.claim(data);
    let at_batch = case.ledger.tree().preimage(case.ledger.state());
    let (mut state, mut tree) = before_chunk(case.ledger.clone(), &claim, signed.chunk)?;
    let chunks = data
        .as_ref()
        .map_err(|malformed| WrongKind::from(*malformed))?;
    let chunk = chunks.get(signed.chunk);
    let chunk = chunk.ok_or(ProofError::NoChunk(signed.chunk))?;
    let messages = claim.messages_after(case.ledger.state().counters(), state.counters());
    let (proof, _) = prove_operation(
        &mut state,
        &mut tree,
        &at_batch,
        chunk,
        signed.operation,
        messages,
        &case.tokens,
    )?;
    Ok(proof)
}
