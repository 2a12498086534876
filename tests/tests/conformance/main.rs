//! Replies of the real binary against two documents: the one that `rpc.discover` answers, and the public one of Ethereum's execution APIs
//! (`fixtures/execution-apis/`). Real traffic is made, every method is called, over HTTP and over WebSocket, and each
//! answer is validated. A method that is served and that nothing here calls fails the test, and so does a deviation that is not
//! needed any more.

mod bridge;
mod caller;
mod deviations;
mod meta_schema;
mod reads;
mod schemas;
mod subscriptions;
mod traffic;
mod transport;

use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use spillway_tests::accounts::funded;
use spillway_tests::{Anvil, Node, NodeOptions, Rpc};

use caller::Caller;
use deviations::Deviations;
use schemas::Schemas;
use transport::Transport;

/// The longest wait for something that takes blocks of L1, on a machine that has more to do.
const PATIENCE: Duration = Duration::from_secs(90);

/// Who sends over HTTP, and over WebSocket.
const HTTP_ACCOUNT: u32 = 3;
const SOCKET_ACCOUNT: u32 = 5;

/// Batches soon, without the seconds that proofs for blobs take, and final only when the test moves the time on.
const POSTING: [&str; 6] = [
    "--max-batch-age",
    "1s",
    "--post-as",
    "calldata",
    "--challenge-window",
    "10m",
];

/// Waits for a condition.
async fn patiently(what: &str, condition: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition().await {
        assert!(Instant::now() < deadline, "{what}: not in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// One of anvil's controls.
async fn control(anvil: &Anvil, method: &str, params: Value) {
    let rpc = anvil.rpc();
    rpc.call(method, params).await.expect("a control");
}

/// A node with a relayer on an L1 whose clock the test moves.
async fn node_on_anvil() -> (Anvil, Node) {
    let anvil = Anvil::start(&["--accounts", "25"]);
    let options = NodeOptions::default().l1_url(anvil.url());
    let node = Node::start(options.arguments(&POSTING));
    control(&anvil, "evm_setIntervalMining", json!([1])).await;
    (anvil, node)
}

async fn document(rpc: &Rpc) -> Value {
    let document = rpc.call("rpc.discover", json!([])).await;
    document.expect("a document")
}

#[tokio::test]
async fn replies_fit_the_public_schemas_and_the_node_s_own() {
    let (anvil, node) = node_on_anvil().await;
    let schemas = Rc::new(Schemas::of(document(&node.rpc()).await));
    let deviations = Rc::new(Deviations::default());
    let http = Transport::http(&node);
    let mut http = Caller::new(http, Rc::clone(&schemas), Rc::clone(&deviations));
    let socket = Transport::websocket(&node).await;
    let mut socket = Caller::new(socket, Rc::clone(&schemas), Rc::clone(&deviations));

    subscriptions::accounts(&mut socket, funded(SOCKET_ACCOUNT).address()).await;
    let subscribed = subscriptions::begin(&mut socket, &node).await;
    for (caller, account) in [(&mut http, HTTP_ACCOUNT), (&mut socket, SOCKET_ACCOUNT)] {
        let filters = reads::install_filters(caller, &node).await;
        let sent = traffic::send(caller, &node, account).await;
        reads::polls(caller, &filters).await;
        reads::about_node(caller).await;
        reads::accounts(caller, &node, account).await;
        reads::chain(caller, &sent).await;
        reads::logs(caller, &node).await;
        reads::this_chain(caller, account, &sent).await;
    }
    subscriptions::end(&mut socket, subscribed).await;
    bridge::everything(&mut http, &mut socket, &anvil, &node).await;

    let called = http.called().chain(socket.called());
    schemas.all_called(called);
    deviations.all_needed();
}
