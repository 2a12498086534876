//! Refused input leaves nothing behind.

use spillway_tests::{Node, NodeOptions};

use crate::{requests, still_transfers, transactions};

/// Hostile requests between the two measurements.
const REQUESTS: usize = 10_000;

/// Growth that is allowed over them, in bytes: 800 a request. The blocks sealed meanwhile and the
/// allocator take one or two megabytes; what a request carries, if it were kept, would be far more.
const GROWTH_MAX: u64 = 8 * 1024 * 1024;

#[tokio::test]
async fn refused_requests_leave_no_memory_behind() {
    let node = Node::start(NodeOptions::default());
    let rpc = node.rpc();
    let cases = [requests::bodies(), requests::calls(), transactions::cases()];
    let bodies: Vec<_> = cases
        .into_iter()
        .flatten()
        .map(|case| case.body)
        .chain([requests::too_large()])
        .collect();
    let send = async |count: usize| {
        for body in bodies.iter().cycle().take(count) {
            rpc.post(body.clone())
                .await
                .expect("every request is answered");
        }
    };
    // What is allocated once and kept (pools, buffers, caches) is so after these rounds.
    send(REQUESTS / 5).await;
    let before = node.resident_bytes();
    send(REQUESTS).await;
    let grown = node.resident_bytes().saturating_sub(before);
    println!(
        "{REQUESTS} refused requests: {} kB before, {} kB more after",
        before / 1024,
        grown / 1024
    );
    assert!(
        grown <= GROWTH_MAX,
        "{REQUESTS} refused requests left {grown} bytes"
    );
    still_transfers(&rpc).await;
}
