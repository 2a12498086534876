//! Open loop: transfers are due at fixed times, whether or not earlier ones are answered.
//!
//! Latency counts from the time a transfer was due, not from when a connection was free for it:
//! a stall of the node then shows in every transfer that it delayed (no coordinated omission).

use crate::drive::{Drive, Lane};
use crate::http::Connection;
use crate::request::Request;
use anyhow::{Context, Result};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

/// A request and when it was due.
type Due = (Request, Instant);

/// Lets one request fall due every `1 / rate_per_s` seconds; whichever of the `connections` is free
/// takes the next.
///
/// # Errors
/// If a connection fails; answers are not looked at here.
pub async fn drive(
    host: &str,
    requests: Vec<Request>,
    rate_per_s: f64,
    connections: usize,
) -> Result<Drive> {
    let (due, queue) = mpsc::unbounded_channel();
    let queue = Arc::new(Mutex::new(queue));
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let connection = Connection::open(host).await?;
        tasks.spawn(send_when_due(Arc::clone(&queue), connection));
    }
    // Only the connections keep the queue: when all have failed, the pacing thread notices and ends.
    drop(queue);
    let start = Instant::now();
    let pacer = std::thread::spawn(move || pace(requests, rate_per_s, start, &due));
    let drive = Drive::gather(start, tasks).await?;
    pacer.join().ok().context("the pacing thread panicked")?;
    Ok(drive)
}

/// Hands out each request when it is due. On a thread of its own, because the runtime's timers have a
/// resolution of 1 ms, which is too coarse beside the latencies to be measured.
fn pace(requests: Vec<Request>, rate_per_s: f64, start: Instant, due: &mpsc::UnboundedSender<Due>) {
    for (index, request) in requests.into_iter().enumerate() {
        let at = start + Duration::from_secs_f64(index as f64 / rate_per_s);
        std::thread::sleep(at.saturating_duration_since(Instant::now()));
        if due.send((request, at)).is_err() {
            return;
        }
    }
}

async fn send_when_due(
    queue: Arc<Mutex<mpsc::UnboundedReceiver<Due>>>,
    mut connection: Connection,
) -> Result<Lane> {
    let mut lane = Lane::empty();
    loop {
        let next = queue.lock().await.recv().await;
        let Some((request, due)) = next else { break };
        let answer = connection.exchange(&request.bytes).await?;
        lane.record(request, due, answer)?;
    }
    Ok(lane)
}
