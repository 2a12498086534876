//! Somebody between a follower and its sequencer, who changes what is said.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

/// What is done to an answer of `spillway_blocks`.
pub(super) type Change = fn(&mut Value);

/// A proxy. It ends with the process.
#[derive(Debug)]
pub(super) struct Proxy {
    url: String,
    change: Arc<Mutex<Option<Change>>>,
}

impl Proxy {
    /// Passes everything on to that address, `http://HOST:PORT`, as it is.
    pub(super) fn start(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let upstream = upstream.trim_start_matches("http://").to_owned();
        let change = Arc::new(Mutex::new(None));
        let changes = Arc::clone(&change);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let change = *changes.lock().expect("a change");
                // Whoever hangs up in the middle asks again.
                let _ = pass_on(client, &upstream, change);
            }
        });
        Self { url, change }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// From now on answers are changed so.
    pub(super) fn change(&self, change: Option<Change>) {
        *self.change.lock().expect("a change") = change;
    }
}

fn pass_on(mut client: TcpStream, upstream: &str, change: Option<Change>) -> std::io::Result<()> {
    let request = body_of(&mut client)?;
    let mut server = TcpStream::connect(upstream)?;
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {upstream}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        request.len()
    );
    server.write_all(head.as_bytes())?;
    server.write_all(&request)?;
    let mut answer = body_of(&mut server)?;
    if let Some(change) = change
        && let Ok(mut json) = serde_json::from_slice::<Value>(&answer)
    {
        change(&mut json["result"]);
        answer = json.to_string().into_bytes();
    }
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        answer.len()
    );
    client.write_all(head.as_bytes())?;
    client.write_all(&answer)
}

/// The body of a message that says how long it is.
fn body_of(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut part = [0; 65_536];
    loop {
        if let Some(head) = bytes.windows(4).position(|end| end == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
            let length = text
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length
                .and_then(|length| length.trim().parse().ok())
                .expect("a length");
            let start = head + 4;
            while bytes.len() < start + length {
                let count = stream.read(&mut part)?;
                if count == 0 {
                    return Err(std::io::ErrorKind::UnexpectedEof.into());
                }
                bytes.extend_from_slice(&part[..count]);
            }
            return Ok(bytes[start..start + length].to_vec());
        }
        let count = stream.read(&mut part)?;
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&part[..count]);
    }
}
