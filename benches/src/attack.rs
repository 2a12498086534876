//! Clients that ask for a lot while others send: the same dear request again and again, and thousands of subscriptions.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::http::{Connection, post};

/// Subscriptions that a node takes from one connection.
const SUBSCRIPTIONS_EACH: usize = 64;
/// The longest head of a handshake's answer, in bytes.
const HANDSHAKE_BYTES_MAX: usize = 4_096;

/// What is asked for.
#[derive(Debug, Clone)]
pub enum Attack {
    /// This body, again and again, by so many clients, each with one request under way.
    Requests {
        /// The clients.
        clients: usize,
        /// The body: a call or a batch.
        body: String,
    },
    /// Subscriptions, as many as there are parameters.
    Subscriptions {
        /// The method that subscribes.
        method: &'static str,
        /// The parameters of each.
        params: Vec<Value>,
    },
}

/// An attack under way; dropped, it ends.
#[derive(Debug)]
pub struct Running {
    tasks: JoinSet<()>,
    answers: Arc<AtomicU64>,
}

impl Attack {
    /// Begins it, and comes back when all clients are connected and subscribed.
    ///
    /// # Errors
    /// If the node refuses connections or subscriptions.
    pub async fn begin(&self, host: &str) -> Result<Running> {
        let mut running = Running {
            tasks: JoinSet::new(),
            answers: Arc::default(),
        };
        match self {
            Self::Requests { clients, body } => {
                let request: Arc<[u8]> = post(host, body).into();
                for _ in 0..*clients {
                    let connection = Connection::open(host).await?;
                    let (request, answers) = (Arc::clone(&request), Arc::clone(&running.answers));
                    running.tasks.spawn(ask(connection, request, answers));
                }
            }
            Self::Subscriptions { method, params } => {
                for params in params.chunks(SUBSCRIPTIONS_EACH) {
                    let mut socket = WebSocket::open(host).await?;
                    for params in params {
                        socket.subscribe(method, params).await?;
                    }
                    let answers = Arc::clone(&running.answers);
                    running.tasks.spawn(socket.drain(answers));
                }
            }
        }
        Ok(running)
    }
}

impl Running {
    /// Answers, refusals included, or bytes that subscribers were sent.
    #[must_use]
    pub fn answers(&self) -> u64 {
        self.answers.load(Ordering::Relaxed)
    }

    /// Clients that have not lost their connection.
    pub fn alive(&mut self) -> usize {
        while self.tasks.try_join_next().is_some() {}
        self.tasks.len()
    }
}

/// Asks until the node cannot be reached. That a call is refused is what limits are for.
async fn ask(mut connection: Connection, request: Arc<[u8]>, answers: Arc<AtomicU64>) {
    while connection.exchange(&request).await.is_ok() {
        answers.fetch_add(1, Ordering::Relaxed);
    }
}

/// A WebSocket that subscribes, and then reads as fast as it can without looking at what comes.
struct WebSocket {
    stream: TcpStream,
}

impl WebSocket {
    async fn open(host: &str) -> Result<Self> {
        let mut stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        // The key may be any; nobody checks the answer's.
        let request = format!(
            "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            ensure!(
                head.len() < HANDSHAKE_BYTES_MAX,
                "the handshake does not end"
            );
            head.push(stream.read_u8().await?);
        }
        let switched = head.starts_with(b"HTTP/1.1 101");
        ensure!(switched, "no WebSocket: {}", String::from_utf8_lossy(&head));
        Ok(Self { stream })
    }

    /// Subscribes, and waits for the answer. Notifications that come before it are passed over.
    async fn subscribe(&mut self, method: &str, params: &Value) -> Result<()> {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        self.send(request.to_string().as_bytes()).await?;
        loop {
            let message: Value = serde_json::from_slice(&self.receive().await?)?;
            if message.get("id").is_some() {
                ensure!(message["result"].is_string(), "not subscribed: {message}");
                return Ok(());
            }
        }
    }

    /// A text frame, masked with zeros.
    async fn send(&mut self, text: &[u8]) -> Result<()> {
        let len = u16::try_from(text.len()).context("a long request")?;
        let mut frame = vec![0x81, 0x80 | 126];
        frame.extend_from_slice(&len.to_be_bytes());
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(text);
        self.stream.write_all(&frame).await?;
        Ok(())
    }

    /// The next text frame; pings are passed over.
    async fn receive(&mut self) -> Result<Vec<u8>> {
        loop {
            let kind = self.stream.read_u8().await?;
            let len = match self.stream.read_u8().await? {
                126 => u64::from(self.stream.read_u16().await?),
                127 => self.stream.read_u64().await?,
                short => u64::from(short),
            };
            let mut payload = vec![0; usize::try_from(len)?];
            self.stream.read_exact(&mut payload).await?;
            if kind == 0x81 {
                return Ok(payload);
            }
        }
    }

    async fn drain(mut self, answers: Arc<AtomicU64>) {
        let mut buffer = vec![0; 64 * 1_024];
        while let Ok(read) = self.stream.read(&mut buffer).await {
            if read == 0 {
                return;
            }
            answers.fetch_add(read as u64, Ordering::Relaxed);
        }
    }
}
