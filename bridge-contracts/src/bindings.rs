//! What `sol!` makes of the artifacts. A struct that two contracts share is a type in each one's module.

// Generated: the documentation is in the Solidity interfaces, and the names are Solidity's.
#![allow(missing_docs, clippy::all)]

use alloy_sol_types::sol;

sol!(
    #[sol(all_derives)]
    Inbox,
    "artifacts/Inbox.json"
);
sol!(
    #[sol(all_derives)]
    Bridge,
    "artifacts/Bridge.json"
);
sol!(
    #[sol(all_derives)]
    Rollup,
    "artifacts/Rollup.json"
);
sol!(
    #[sol(all_derives)]
    TimelockController,
    "artifacts/TimelockController.json"
);
sol!(
    #[sol(all_derives)]
    TestToken,
    "artifacts/TestToken.json"
);
sol!(
    #[sol(all_derives)]
    AuthorisationDisputes,
    "artifacts/AuthorisationDisputes.json"
);
sol!(
    #[sol(all_derives)]
    TransitionDisputes,
    "artifacts/TransitionDisputes.json"
);
sol!(
    #[sol(all_derives)]
    BatchDisputes,
    "artifacts/BatchDisputes.json"
);
sol!(
    #[sol(all_derives)]
    EquivocationDisputes,
    "artifacts/EquivocationDisputes.json"
);
sol!(
    #[sol(all_derives)]
    PostedData,
    "artifacts/PostedData.json"
);
sol!(
    #[sol(all_derives)]
    TokenFacade,
    "artifacts/TokenFacade.json"
);
sol!(
    #[sol(all_derives)]
    Multicall3,
    "artifacts/Multicall3.json"
);
sol!(
    #[sol(all_derives)]
    IWithdraw,
    "artifacts/IWithdraw.json"
);
sol!(
    #[sol(all_derives)]
    IPayout,
    "artifacts/IPayout.json"
);
