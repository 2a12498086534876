//! What goes over the bridge to L1 and back: `spillway_deposits`, `spillway_withdrawals` and the proofs of both ledgers.
//!
//! The sequencer does not read L1 for this. Who does, the node's relayer, answers by the trait [`Bridge`].

mod answers;

use std::fmt::Debug;
use std::sync::Arc;

use alloy_primitives::{Address, Bytes, U256};
use jsonrpsee::core::{JsonRawValue, RegisterMethodError, RpcResult};
use jsonrpsee::types::ErrorObjectOwned;
use serde::Deserialize;

use super::arguments::{Argument, Arguments, Count};
use super::error;
use super::openrpc::{Failure, Registrar, array, describe, nullable};

pub use answers::{
    AccountProof, Advance, AdvanceStage, BatchHeaderAnswer, BatchRef, Deposit, DepositStage,
    FailedPayment, FailureKind, FastWithdrawalQuote, FastWithdrawalTaken, Payment, ProvenAccount,
    StateAnswer, TokenAmount, Withdrawal, WithdrawalLeaf, WithdrawalProof, WithdrawalStage,
};

/// Deposits or withdrawals in one answer, at most.
pub const ANSWERS_MAX: usize = 1_024;

/// Whose deposits or withdrawals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selector {
    /// Those from or to an account, the newest first.
    Account(Address),
    /// The one with that place in the inbox, or that index.
    Index(u64),
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum BridgeError {
    /// It cannot be told yet, or not at the moment.
    #[error("{0}")]
    NotNow(String),
    /// What was asked for is not there, or cannot be done.
    #[error("{0}")]
    Refused(String),
    /// A failure of the node's own.
    #[error(transparent)]
    Internal(#[from] Box<dyn std::error::Error + Send + Sync>),
}

/// Who knows what is on its way between L1 and L2. Calls may block the thread.
pub trait Bridge: Debug + Send + Sync + 'static {
    /// Deposits, the newest first, at most so many.
    ///
    /// # Errors
    /// [`BridgeError`].
    fn deposits(&self, of: Selector, max: usize) -> Result<Vec<Deposit>, BridgeError>;

    /// Withdrawals, the newest first, at most so many.
    ///
    /// # Errors
    /// [`BridgeError`].
    fn withdrawals(&self, of: Selector, max: usize) -> Result<Vec<Withdrawal>, BridgeError>;

    /// What L1 needs to pay a withdrawal.
    ///
    /// # Errors
    /// [`BridgeError`].
    fn withdrawal_proof(&self, index: u32) -> Result<WithdrawalProof, BridgeError>;

    /// What the pool asks for paying so much of a token before it can be claimed.
    ///
    /// # Errors
    /// [`BridgeError`]; refused when there is no offer.
    fn quote(&self, token: u8, amount: u128) -> Result<FastWithdrawalQuote, BridgeError>;

    /// Takes an order to pay a withdrawal before it can be claimed. It is on disk then.
    ///
    /// # Errors
    /// [`BridgeError`]; nothing of it is kept then.
    fn order(&self, order: FastWithdrawalOrder) -> Result<(), BridgeError>;

    /// An account under the newest root that L1 pays against; none if it is not there.
    ///
    /// # Errors
    /// [`BridgeError`].
    fn account_proof(&self, address: &Address) -> Result<Option<AccountProof>, BridgeError>;
}

/// The owner's consent to an advance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FastWithdrawalOrder {
    /// The withdrawal's index.
    pub index: u32,
    /// What the pool may keep, in the token's smallest unit.
    pub fee: u128,
    /// Until when, in L1's seconds.
    pub deadline: u64,
    /// The account's signature of all of it: docs/protocol.md, "Fast withdrawals".
    pub signature: Bytes,
}

const WHOLE_ORDER: &str = "expected an object with `index`, `fee`, `deadline` and `signature`";

#[derive(Deserialize)]
struct OrderObject<'a> {
    #[serde(borrow)]
    index: Option<&'a JsonRawValue>,
    #[serde(borrow)]
    fee: Option<&'a JsonRawValue>,
    #[serde(borrow)]
    deadline: Option<&'a JsonRawValue>,
    #[serde(borrow)]
    signature: Option<&'a JsonRawValue>,
}

impl Argument for FastWithdrawalOrder {
    fn read(json: &str) -> Result<Self, &'static str> {
        let object: OrderObject<'_> = serde_json::from_str(json).map_err(|_| WHOLE_ORDER)?;
        let Count(index) = Count::read(member(object.index)?)?;
        let Count(deadline) = Count::read(member(object.deadline)?)?;
        Ok(Self {
            index: u32::try_from(index).map_err(|_| "there is no such index")?,
            fee: amount(U256::read(member(object.fee)?)?)?,
            deadline,
            signature: Bytes::read(member(object.signature)?)?,
        })
    }
}

fn member(member: Option<&JsonRawValue>) -> Result<&str, &'static str> {
    member.map(JsonRawValue::get).ok_or(WHOLE_ORDER)
}

/// No token has more.
fn amount(amount: U256) -> Result<u128, &'static str> {
    u128::try_from(amount).map_err(|_| "an amount is larger than 128 bits")
}

impl Argument for Selector {
    fn read(json: &str) -> Result<Self, &'static str> {
        // "0x" and 40 digits, in quotes.
        const ADDRESS_CHARS: usize = 44;
        if json.len() == ADDRESS_CHARS {
            return Address::read(json).map(Self::Account);
        }
        let index = Count::read(json);
        index
            .map(|Count(index)| Self::Index(index))
            .map_err(|_| "expected an address or an index")
    }
}

/// Registers the methods.
pub(super) fn register(
    module: &mut Registrar,
    bridge: &Arc<dyn Bridge>,
) -> Result<(), RegisterMethodError> {
    let answering = Arc::clone(bridge);
    module.blocking_method(
        describe(
            "spillway_deposits",
            "Deposits for an account, the newest first, or the one with a place in \
             L1's inbox.",
        )
        .details("At most 1,024. One that was credited long ago is forgotten.")
        .required("address or index", "AddressOrIndex")
        .optional("number of answers", "CountArgument")
        .fails(&[Failure::Refused])
        .result("deposits", array("Deposit")),
        move |params, _, _| {
            let (of, max) = selection(&mut Arguments::of(&params)?)?;
            answer(answering.deposits(of, max))
        },
    )?;
    let answering = Arc::clone(bridge);
    module.blocking_method(
        describe(
            "spillway_withdrawals",
            "Withdrawals from or to an account, the newest first, or the one with an \
             index.",
        )
        .details("At most 1,024.")
        .required("address or index", "AddressOrIndex")
        .optional("number of answers", "CountArgument")
        .fails(&[Failure::Refused])
        .result("withdrawals", array("Withdrawal")),
        move |params, _, _| {
            let (of, max) = selection(&mut Arguments::of(&params)?)?;
            answer(answering.withdrawals(of, max))
        },
    )?;
    let answering = Arc::clone(bridge);
    module.blocking_method(
        describe(
            "spillway_withdrawalProof",
            "What L1 needs to pay a withdrawal: send `data` to `to`.",
        )
        .details(
            "Refused while no batch that has it can be claimed against, and once it \
             is paid.",
        )
        .required("withdrawal's index", "CountArgument")
        .fails(&[Failure::Refused])
        .result("proof", "WithdrawalProof"),
        move |params, _, _| {
            let Count(index) = Arguments::of(&params)?.required("withdrawal's index")?;
            let index = u32::try_from(index).map_err(|_| no_such_withdrawal())?;
            answer(answering.withdrawal_proof(index))
        },
    )?;
    let answering = Arc::clone(bridge);
    module.blocking_method(
        describe(
            "spillway_accountProof",
            "An account under the root of the newest batch that can be claimed \
             against.",
        )
        .details("Null if it was not there then.")
        .required("address", "Address")
        .fails(&[Failure::Refused])
        .result("proof", nullable("AccountProof")),
        move |params, _, _| {
            let address: Address = Arguments::of(&params)?.required("address")?;
            answer(answering.account_proof(&address))
        },
    )?;
    register_fast(module, bridge)
}

/// What a pool does before L1 pays.
fn register_fast(
    module: &mut Registrar,
    bridge: &Arc<dyn Bridge>,
) -> Result<(), RegisterMethodError> {
    let answering = Arc::clone(bridge);
    module.blocking_method(
        describe(
            "spillway_fastWithdrawalQuote",
            "What the pool keeps for paying a withdrawal early.",
        )
        .details("Honoured for ten minutes.")
        .required("token's id", "CountArgument")
        .required("amount", "Quantity")
        .fails(&[Failure::Refused])
        .result("quote", "FastWithdrawalQuote"),
        move |params, _, _| {
            let mut arguments = Arguments::of(&params)?;
            let Count(token) = arguments.required("token's id")?;
            let token = u8::try_from(token)
                .map_err(|_| error::invalid_params("a token's id is 0 to 255".to_owned()))?;
            let wanted = amount(arguments.required("amount")?)
                .map_err(|problem| error::invalid_params(problem.to_owned()))?;
            answer(answering.quote(token, wanted))
        },
    )?;
    let answering = Arc::clone(bridge);
    module.blocking_method(
        describe(
            "spillway_fastWithdraw",
            "Orders the early payment of a withdrawal.",
        )
        .details(
            "The answer means that the order is on disk; spillway_withdrawals shows \
             what becomes of it.",
        )
        .required("order", "FastWithdrawalOrder")
        .fails(&[Failure::Refused])
        .result("taken", "FastWithdrawalTaken"),
        move |params, _, _| {
            let order = Arguments::of(&params)?.required("order")?;
            answer(answering.order(order)).map(|()| FastWithdrawalTaken {
                status: AdvanceStage::Accepted,
            })
        },
    )?;
    Ok(())
}

fn selection(arguments: &mut Arguments<'_>) -> RpcResult<(Selector, usize)> {
    let of = arguments.required("address or index")?;
    let max: Option<Count> = arguments.optional("number of answers")?;
    let max = max.map_or(ANSWERS_MAX, |Count(max)| {
        usize::try_from(max).unwrap_or(usize::MAX)
    });
    Ok((of, max.min(ANSWERS_MAX)))
}

fn no_such_withdrawal() -> ErrorObjectOwned {
    error::refused("there is no withdrawal with that index")
}

fn answer<T>(told: Result<T, BridgeError>) -> RpcResult<T> {
    told.map_err(|reason| match reason {
        BridgeError::NotNow(reason) => error::not_now(reason),
        BridgeError::Refused(reason) => error::refused(&reason),
        BridgeError::Internal(reason) => error::internal("answering for the bridge", &*reason),
    })
}

#[cfg(test)]
mod tests;
