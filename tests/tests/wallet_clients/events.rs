//! Server-Sent Events, as a browser's `EventSource` or `curl` would read them.

use alloy_primitives::Address;
use reqwest::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE, ORIGIN};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use spillway_tests::accounts::{Transfer, fresh, funded};
use spillway_tests::{Node, NodeOptions, PATIENCE};
use tempfile::TempDir;
use tokio::time::timeout;

/// A stream that is being read.
struct Events {
    response: Response,
    text: String,
}

/// An event of the stream.
#[derive(Debug)]
struct Event {
    kind: String,
    id: String,
    data: Value,
}

fn ask(node: &Node, query: &str) -> reqwest::RequestBuilder {
    let client = Client::builder().no_proxy().build().expect("a client");
    client.get(format!("{}/events?{query}", node.url()))
}

impl Events {
    async fn open(node: &Node, account: Address, last: Option<&str>) -> Self {
        let mut request =
            ask(node, &format!("account={account}")).header(ORIGIN, "http://wallet.example");
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        let headers = response.headers();
        assert_eq!(headers[CONTENT_TYPE], "text/event-stream");
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        Self {
            response,
            text: String::new(),
        }
    }

    /// The next event; none at the end of the stream. Comments are passed over.
    async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let event = Event::parse(block);
                self.text = rest.to_owned();
                if event.is_some() {
                    return event;
                }
            }
            let chunk = timeout(PATIENCE, self.response.chunk()).await;
            let chunk = chunk
                .expect("an event in time")
                .expect("no broken stream")?;
            self.text += std::str::from_utf8(&chunk).expect("UTF-8");
        }
    }
}

impl Event {
    fn parse(block: &str) -> Option<Self> {
        let field = |name: &str| {
            let mut lines = block.lines();
            lines.find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(": ")?.to_owned()))
        };
        Some(Self {
            kind: field("event")?,
            id: field("id").expect("an id"),
            data: serde_json::from_str(&field("data").expect("data")).expect("JSON"),
        })
    }

    fn eth(&self) -> &Value {
        &self.data["accounts"][0]["eth"]
    }
}

async fn pay(node: &Node, to: Address, nonce: u64) {
    let transfer = Transfer::to(to, 5, nonce).sign(&funded(0));
    node.rpc().send_raw(&transfer.raw).await.expect("a payment");
}

#[tokio::test]
async fn a_page_without_websocket_sees_payments_and_catches_up_after_a_crash() {
    let dir = TempDir::new().expect("a directory");
    let mut node = Node::start(NodeOptions::default().dir(dir.path()));
    let payee = fresh(1).address();
    let mut events = Events::open(&node, payee, None).await;
    let first = events.next().await.expect("an event");
    assert_eq!(
        (first.kind.as_str(), first.eth()),
        ("snapshot", &json!("0x0"))
    );
    pay(&node, payee, 0).await;
    let paid = events.next().await.expect("an event");
    assert_eq!((paid.kind.as_str(), paid.eth()), ("patch", &json!("0x5")));
    assert_eq!(paid.data["previous"], first.data["number"]);
    let (number, hash) = (&paid.data["number"], paid.data["block_hash"].as_str());
    assert_eq!(paid.id, format!("{number}-{}", hash.expect("a hash")));

    drop(events);
    pay(&node, payee, 1).await;
    node.kill();
    let node = Node::start(NodeOptions::default().dir(dir.path()));
    let mut events = Events::open(&node, payee, Some(&paid.id)).await;
    let missed = events.next().await.expect("an event");
    assert_eq!(
        (missed.kind.as_str(), missed.eth()),
        ("patch", &json!("0xa"))
    );
    assert_eq!(&missed.data["previous"], number);
    pay(&node, payee, 2).await;
    let paid = events.next().await.expect("an event");
    assert_eq!(paid.eth(), &json!("0xf"));
}

#[tokio::test]
async fn a_stream_ends_in_order_when_the_node_stops() {
    let mut node = Node::start(NodeOptions::default());
    let mut events = Events::open(&node, fresh(1).address(), None).await;
    assert_eq!(events.next().await.expect("an event").kind, "snapshot");
    let stopping = tokio::task::spawn_blocking(move || node.stop());
    assert!(events.next().await.is_none());
    assert!(stopping.await.expect("a status").success());
}

#[tokio::test]
async fn questions_that_are_none_are_told_so() {
    let node = Node::start(NodeOptions::default());
    let account = format!("account={}", fresh(1).address());
    let many: Vec<_> = (0..65)
        .map(|seed| format!("account={}", fresh(seed).address()))
        .collect();
    let long = format!("{account}&since={}", "0".repeat(10_000));
    for (query, problem) in [
        ("", "1 to 64 accounts can be followed"),
        (&many.join("&"), "1 to 64 accounts can be followed"),
        (
            "account=0x12",
            "`account` is no address: expected 20 bytes of hex",
        ),
        (
            &account[..account.len() - 1],
            "`account` is no address: expected 20 bytes of hex",
        ),
        ("account=%00", "`account` is no address: it begins with 0x"),
        (
            "address=1",
            "the query has `account`, once or more, and `since`",
        ),
        (
            &format!("{account}&since=12"),
            "`since`: expected the id of an event, `NUMBER-0xHASH`",
        ),
        (
            &long,
            "the query is longer than 8320 bytes: 1 to 64 accounts can be followed",
        ),
    ] {
        let answer = ask(&node, query).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(answer.text().await.expect("words").trim_end(), problem);
    }
    let broken = ask(&node, &account).header("Last-Event-ID", "\u{fc}");
    let answer = broken.send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    let elsewhere = Client::new()
        .get(node.url())
        .send()
        .await
        .expect("an answer");
    assert_eq!(elsewhere.status(), StatusCode::METHOD_NOT_ALLOWED);
}
