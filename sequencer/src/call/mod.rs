//! Calls that leave no trace, on revm, over the readers' ledger.
//!
//! There are no contracts on this chain. Calls find some all the same, because wallets expect them: at the address of each listed
//! token a facade with ERC-20's functions, Multicall3 at its usual address, and the predeploys ([`facades`]). The storage of the
//! facades is the ledger ([`database`]), so that what a call moves is moved in the EVM's own journal, and gone with it.
//!
//! **Invariant.** All that a call reads is of one block, and no call holds the ledger's lock while it runs.
//!
//! **Invariant.** A call ends: after so much gas, time, memory, and so many reads ([`CallLimits`]). Code that is not ours runs on threads
//! of its own, at a lower priority than everything else ([`pool`]), so that no transaction waits for it.

mod database;
mod deadline;
mod execute;
pub(crate) mod facades;
mod intent;
mod overrides;
mod pool;
mod predeploys;

use std::time::Duration;

use alloy_primitives::{Address, Bytes, U256};
use revm::context::result::{HaltReason, InvalidTransaction};

use crate::view::ReadError;

pub(crate) use database::{state_at, storage_at};
pub(crate) use intent::intent_of;
pub(crate) use overrides::{AccountOverride, BlockOverrides, StateOverrides};
pub(crate) use pool::Pool;

/// What a call may take.
#[derive(Clone, Copy, Debug)]
pub struct CallLimits {
    /// Gas that a call gets at most, and if it does not say.
    pub gas_max: u64,
    /// How long a call may run.
    pub time_max: Duration,
    /// Calls of code that is not the node's own that run at once, each on a thread of its own.
    pub at_once: usize,
    /// Calls that wait for one of these threads. More are answered "busy".
    pub waiting_max: usize,
    /// How long a call waits. After that it is answered "busy".
    pub wait_max: Duration,
    /// Bytes of memory that the contracts of a call have together.
    pub memory_bytes_max: u64,
    /// Bytes that a call returns, or reverts with.
    pub output_bytes_max: usize,
    /// Accounts and slots of the ledger that a call reads.
    pub reads_max: usize,
}

impl Default for CallLimits {
    fn default() -> Self {
        Self {
            gas_max: 50_000_000,
            time_max: Duration::from_millis(500),
            // A low priority alone leaves transactions waiting for milliseconds each time that they change threads.
            at_once: (std::thread::available_parallelism().map_or(1, usize::from) / 2).max(1),
            waiting_max: 1_024,
            wait_max: Duration::from_secs(1),
            memory_bytes_max: 32 << 20,
            output_bytes_max: 1 << 20,
            reads_max: 8_192,
        }
    }
}

/// What is to be called, on which state.
#[derive(Clone, Debug, Default)]
pub(crate) struct Call {
    pub(crate) from: Address,
    /// None to create a contract.
    pub(crate) to: Option<Address>,
    pub(crate) value: U256,
    pub(crate) data: Bytes,
    pub(crate) gas: Option<u64>,
    /// What contracts see as the price of gas. No fee is charged. Not zero: it is held against the base fee.
    pub(crate) gas_price: u128,
    /// The number of the block after which it runs; none: the newest.
    pub(crate) at: Option<u64>,
    pub(crate) state: StateOverrides,
    pub(crate) block: BlockOverrides,
}

/// Why a call has no outcome.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// It reverted, with that output.
    #[error("execution reverted")]
    Reverted(Bytes),
    /// It ran into something exceptional.
    #[error("{0}")]
    Halted(HaltReason),
    /// The sender has less ETH than it sends.
    #[error(
        "insufficient funds for gas * price + value: address {address} have {balance} want {value}"
    )]
    Funds {
        address: Address,
        balance: U256,
        value: U256,
    },
    /// It cannot begin.
    #[error("{0}")]
    Invalid(InvalidTransaction),
    /// The state after that block is not remembered any more.
    #[error(
        "historical state of block {0} is not available: this node holds the states after the newest blocks alone, ask for `latest`"
    )]
    Gone(u64),
    /// There is no block of that number yet.
    #[error("header not found")]
    UnknownBlock,
    /// It took too long.
    #[error("execution aborted (timeout = {} ms): ask for less in one call", .0.as_millis())]
    TimedOut(Duration),
    /// It read too much.
    #[error(
        "execution aborted: more than {0} accounts and balances were read, ask for less in one call"
    )]
    TooManyReads(usize),
    /// It returned too much.
    #[error(
        "execution aborted: {bytes} bytes were returned, at most {max} are: ask for less in one call"
    )]
    OutputTooLarge { bytes: usize, max: usize },
    /// Too many others run or wait.
    #[error("too many calls at once (busy, retry after {RETRY_AFTER_MS} ms)")]
    Busy,
    /// A block could not be read.
    #[error("a block could not be read")]
    Unread(#[from] ReadError),
    /// revm gave up.
    #[error("the EVM gave up: {0}")]
    Internal(String),
}

/// What a client is told to wait when too many calls run.
pub(crate) const RETRY_AFTER_MS: u64 = 250;
