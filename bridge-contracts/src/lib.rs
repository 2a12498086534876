//! The L1 contracts as Rust sees them: calls, events and errors ([`Rollup`] and the others), the code that is
//! deployed, and what code on chain must be ([`Artifact`]). And what calls find on L2: [`TokenFacade`], [`Multicall3`], and the
//! interfaces of the predeploys ([`IWithdraw`], [`IPayout`]).
//!
//! All of it comes from `artifacts/`, which `cargo xtask artifacts` makes from the Solidity sources. There is no
//! provider here: whoever talks to L1 encodes calls and decodes answers with [`alloy_sol_types`].

mod artifact;
mod bindings;

pub use artifact::{
    AUTHORISATION_DISPUTES, Artifact, BATCH_DISPUTES, BRIDGE, EQUIVOCATION_DISPUTES, INBOX,
    Immutables, POSTED_DATA, ROLLUP, TEST_TOKEN, TIMELOCK, TRANSITION_DISPUTES, UnexpectedCode,
};
pub use bindings::{
    AuthorisationDisputes, BatchDisputes, Bridge, EquivocationDisputes, IAuthorisationDisputes,
    IMulticall3, IPayout, IRollup, IWithdraw, Inbox, Multicall3, PostedData, Rollup, TestToken,
    TimelockController, TokenFacade, TransitionDisputes,
};
