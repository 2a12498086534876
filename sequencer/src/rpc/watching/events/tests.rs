//! Streams of events without a socket.

use http_body_util::BodyExt;
use jsonrpsee::server::{ServerHandle, stop_channel};
use tokio::time::Instant;

use super::*;
use crate::rpc::QueryConfig;
use crate::rpc::RpcConfig;
use crate::rpc::logs::query::Searches;
use crate::rpc::tests::world::{World, account, seed};

/// A chain whose accounts can be followed.
struct Served {
    world: World,
    watching: Watching,
    _server: ServerHandle,
}

impl Served {
    async fn new(dir: &tempfile::TempDir, watched_accounts_max: usize) -> Self {
        let world = World::new(World::config(dir), seed()).await;
        let queries = QueryConfig {
            watched_accounts_max,
            ..RpcConfig::new(([127, 0, 0, 1], 0).into()).queries
        };
        let (stop, server) = stop_channel();
        let view = world.sequencer.view();
        Self {
            watching: Watching::start(view, Searches::new(), &queries, stop),
            world,
            _server: server,
        }
    }

    async fn ask(&self, query: &str) -> HttpResponse {
        let events = Events::Open(Box::new(self.watching.clone()));
        events.answer(request(query)).await
    }

    async fn pay(&mut self, number: u8) {
        let to = account(number);
        let raw = self.world.transfer(3, to, Default::default(), 1, b"");
        self.world.send(vec![raw]).await;
    }
}

fn request(query: &str) -> HttpRequest<()> {
    let uri = format!("{PATH}?{query}");
    HttpRequest::builder().uri(uri).body(()).unwrap()
}

/// The bytes of the next event, which the connection holds as long as they are held here.
async fn next(response: &mut HttpResponse) -> Bytes {
    let frame = response.body_mut().frame().await;
    frame.unwrap().unwrap().into_data().unwrap()
}

fn text(bytes: &Bytes) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// All of a stream that ends.
async fn whole(response: HttpResponse) -> String {
    let body = response.into_body().collect().await.unwrap();
    text(&body.to_bytes()).to_owned()
}

#[tokio::test]
async fn a_stream_begins_with_a_snapshot_that_nobody_keeps() {
    let dir = tempfile::tempdir().unwrap();
    let served = Served::new(&dir, 10).await;
    let mut answer = served.ask(&format!("account={}", account(1))).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let headers = answer.headers();
    assert_eq!(headers[CONTENT_TYPE], "text/event-stream");
    assert_eq!(headers[CACHE_CONTROL], "no-store");
    assert_eq!(headers["x-accel-buffering"], "no");
    let view = served.world.sequencer.view();
    let number = view.block_number();
    let id = Position {
        number,
        hash: view.block_hash(number).unwrap().unwrap(),
    };
    let first = next(&mut answer).await;
    let begins = format!("retry: 1000\nid: {id}\nevent: snapshot\ndata: {{\"type\":\"snapshot\",");
    assert!(text(&first).starts_with(&begins), "{}", text(&first));
    assert!(text(&first).ends_with("}\n\n"));
}

#[tokio::test]
async fn nothing_is_made_before_the_last_event_is_with_the_socket() {
    let dir = tempfile::tempdir().unwrap();
    let mut served = Served::new(&dir, 10).await;
    let mut answer = served.ask(&format!("account={}", account(3))).await;
    let unsent = next(&mut answer).await;
    let mut early = Box::pin(next(&mut answer));
    for _ in 0..20 {
        served.pay(1).await;
        assert!(futures_util::poll!(&mut early).is_pending());
    }
    let before = served.world.sequencer.view().block_number();
    // Longer than a stream, or whoever marks for it, rests.
    let rested = Instant::now() + Duration::from_secs(1);
    while Instant::now() < rested {
        served.pay(1).await;
        assert!(futures_util::poll!(&mut early).is_pending());
    }
    drop(unsent);
    let patch = early.await;
    let (id, _) = text(&patch).split_once('-').unwrap();
    let number: u64 = id.strip_prefix("id: ").unwrap().parse().unwrap();
    assert!(number > before, "made when it could be sent");
}

#[tokio::test]
async fn silence_is_broken() {
    let dir = tempfile::tempdir().unwrap();
    let served = Served::new(&dir, 10).await;
    let mut answer = served.ask(&format!("account={}", account(1))).await;
    let first = next(&mut answer).await;
    tokio::time::pause();
    let asked = Instant::now();
    assert_eq!(text(&next(&mut answer).await), ":\n\n");
    assert!(asked.elapsed() >= SILENCE_MAX);
    drop(first);
    assert_eq!(text(&next(&mut answer).await), ":\n\n");
}

#[tokio::test]
async fn who_follows_too_much_is_told_when_to_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let served = Served::new(&dir, 1).await;
    let query = format!("account={}", account(1));
    let first = served.ask(&query).await;
    let second = served.ask(&query).await;
    assert_eq!(
        second.status(),
        StatusCode::OK,
        "else no browser comes back"
    );
    let expected = format!("retry: 5000\n: {}\n\n", error::TOO_MUCH_WATCHED);
    assert_eq!(whole(second).await, expected);
    drop(first);
    let mut third = served.ask(&query).await;
    assert!(text(&next(&mut third).await).contains("event: snapshot"));
}

#[tokio::test]
async fn while_the_chain_is_rolled_back_a_stream_ends_and_says_so() {
    let closed = || Events::Closed(RollingBack::new(7, Default::default()));
    let account = format!("account={}", account(1));
    let answer = closed().answer(request(&account)).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[CONTENT_TYPE], "text/event-stream");
    let said = whole(answer).await;
    let begins = "retry: 1000\n: the chain is being rolled back to block 7, ";
    assert!(said.starts_with(begins) && said.ends_with("\n\n"), "{said}");
    assert_eq!(said.matches('\n').count(), 3, "one comment");
    let wrong = closed().answer(request("account=7")).await;
    assert_eq!(wrong.status(), StatusCode::BAD_REQUEST);
}

#[test]
fn what_a_browser_has_seen_last_is_newer_than_what_the_page_says() {
    let position = |number| Position {
        number,
        hash: Default::default(),
    };
    let query = format!("account={}&since={}", account(1), position(1));
    let mut headers = HeaderMap::new();
    let since = |headers: &HeaderMap| of_request(Some(&query), headers).unwrap().since;
    assert_eq!(since(&headers), Some(position(1)));
    let last = position(2).to_string();
    headers.insert(LAST_EVENT_ID, last.parse().unwrap());
    assert_eq!(since(&headers), Some(position(2)));
}

#[test]
fn who_repeats_an_account_follows_it_once_and_hides_no_other() {
    let query = |repeated: usize| {
        let mut accounts = vec![format!("account={}", account(1)); repeated];
        accounts.push(format!("account={}", account(2)));
        of_request(Some(&accounts.join("&")), &HeaderMap::new())
    };
    let followed = query(ACCOUNTS_MAX - 1).unwrap().accounts;
    assert_eq!(followed, [account(1), account(2)]);
    let refusal = query(ACCOUNTS_MAX).unwrap_err();
    assert_eq!(refusal, "1 to 64 accounts can be followed");
}
