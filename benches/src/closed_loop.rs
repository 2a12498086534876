//! Closed loop: each connection sends its next request when the previous one is answered.
//!
//! This measures what the node can take. Its latencies are those under full load; for latencies at a
//! given load see [`crate::open_loop`].

use crate::drive::{Drive, Lane};
use crate::http::Connection;
use crate::request::Request;
use anyhow::Result;
use std::time::Instant;
use tokio::task::JoinSet;

/// Sends each lane over its own connection, all at once, until all are answered.
///
/// # Errors
/// If a connection fails; answers are not looked at here.
pub async fn drive(host: &str, lanes: Vec<Vec<Request>>) -> Result<Drive> {
    let mut connections = Vec::with_capacity(lanes.len());
    for _ in &lanes {
        connections.push(Connection::open(host).await?);
    }
    let mut tasks = JoinSet::new();
    let start = Instant::now();
    for (requests, connection) in lanes.into_iter().zip(connections) {
        tasks.spawn(send_in_turn(requests, connection));
    }
    Drive::gather(start, tasks).await
}

async fn send_in_turn(requests: Vec<Request>, mut connection: Connection) -> Result<Lane> {
    let mut lane = Lane::empty();
    for request in requests {
        let sent = Instant::now();
        let answer = connection.exchange(&request.bytes).await?;
        lane.record(request, sent, answer)?;
    }
    Ok(lane)
}
