//! Wallet libraries against the real binary. A test is one theme of one library on a node of its own; the scripts are in `clients/`.
//! A page with a wallet in a real browser is one of them: it is in `browser/`.

mod alloy;
mod alloy_calls;
mod cast;
mod events;

use spillway_tests::{Node, NodeOptions, clients};

/// One test for each theme of a script: `name => theme`.
macro_rules! themes {
    ($run:ident, $script:literal: $($test:ident => $theme:literal,)*) => {$(
        #[test]
        fn $test() {
            clients::$run(&Node::start(NodeOptions::default()), $script, $theme);
        }
    )*};
}

themes! { javascript, "viem.js":
    viem_connects => "connects",
    viem_sends_and_waits => "sends",
    viem_sends_sync => "sends_sync",
    viem_sends_in_parallel => "sends_in_parallel",
    viem_sends_reversed_nonces => "sends_reversed",
    viem_resends => "resends",
    viem_reads_blocks_and_transactions => "reads",
    viem_estimates_fees => "estimates",
    viem_subscribes => "subscribes",
    viem_reads_logs => "logs",
    viem_reads_deposits => "deposits",
    viem_batches => "batches",
    viem_errors_are_its_own => "errors",
    viem_limits_are_its_own_errors => "limits",
    viem_calls => "calls",
    viem_simulates => "simulates",
    viem_writes_contracts => "writes_contracts",
}

themes! { javascript, "ethers.js":
    ethers_connects => "connects",
    ethers_sends_and_waits => "sends",
    ethers_sends_in_parallel => "sends_in_parallel",
    ethers_sends_with_nonce_manager => "sends_with_nonce_manager",
    ethers_sends_reversed_nonces => "sends_reversed",
    ethers_resends => "resends",
    ethers_reads_blocks_and_transactions => "reads",
    ethers_estimates_fees => "estimates",
    ethers_subscribes => "subscribes",
    ethers_reads_logs => "logs",
    ethers_reads_deposits => "deposits",
    ethers_errors_are_its_own => "errors",
    ethers_sees_an_underpriced_replacement => "replacement",
    ethers_calls => "calls",
    ethers_writes_contracts => "writes_contracts",
}

themes! { python, "web3py.py":
    web3py_connects => "connects",
    web3py_sends_and_waits => "sends",
    web3py_sends_with_middleware => "sends_with_middleware",
    web3py_sends_in_parallel => "sends_in_parallel",
    web3py_sends_reversed_nonces => "sends_reversed",
    web3py_resends => "resends",
    web3py_reads_blocks_and_transactions => "reads",
    web3py_estimates_fees => "estimates",
    web3py_batches => "batches",
    web3py_subscribes => "subscribes",
    web3py_reads_logs => "logs",
    web3py_reads_deposits => "deposits",
    web3py_errors_are_its_own => "errors",
    web3py_calls => "calls",
    web3py_writes_contracts => "writes_contracts",
}

themes! { browser, "drive.js":
    browser_pays_and_is_paid => "pays",
    browser_refuses_a_wrong_network => "wrong_network",
    browser_shows_refusals => "refusals",
    browser_reconnects => "reconnects",
    browser_follows_events => "events",
    browser_signs => "signs",
    browser_serves_a_library => "library",
}
