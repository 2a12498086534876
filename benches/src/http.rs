//! One HTTP/1.1 keep-alive connection that sends requests assembled beforehand.
//!
//! The client shares its cores with the node it measures, so it does as little as it can: one write,
//! one or two reads and a head parse for each exchange, no header maps, no pooling.

use anyhow::{Context, Result, bail, ensure};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long a node may take to answer one request before the run is given up.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest response head that is accepted, in bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;
const HEADERS_MAX: usize = 32;
const FIRST_BUFFER_BYTES: usize = 64 * 1024;

/// A keep-alive connection with one exchange at a time.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    /// Kept between exchanges; only ever grows.
    buffer: Vec<u8>,
}

/// What the head of a response says about the rest.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    bytes: usize,
    status: u16,
    body_bytes: usize,
}

impl Connection {
    /// Connects to `host`, written `ADDRESS:PORT`.
    ///
    /// # Errors
    /// If nobody listens there.
    pub async fn open(host: &str) -> Result<Self> {
        let stream = TcpStream::connect(host)
            .await
            .with_context(|| format!("cannot connect to {host}; is the node running?"))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: vec![0; FIRST_BUFFER_BYTES],
        })
    }

    /// Sends a whole request and returns the body of its answer.
    ///
    /// # Errors
    /// If the connection breaks, no answer comes within [`ANSWER_TIMEOUT`], or the answer is not a
    /// 200 with a content length.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<&[u8]> {
        let exchange = async {
            self.stream.write_all(request).await?;
            self.read_response().await
        };
        let (from, to) = tokio::time::timeout(ANSWER_TIMEOUT, exchange)
            .await
            .with_context(|| format!("no answer within {} s", ANSWER_TIMEOUT.as_secs()))??;
        Ok(&self.buffer[from..to])
    }

    /// Reads one response; the place of its body in the buffer.
    async fn read_response(&mut self) -> Result<(usize, usize)> {
        let mut filled = self.read_more(0).await?;
        let head = loop {
            if let Some(head) = parse_head(&self.buffer[..filled])? {
                break head;
            }
            ensure!(
                filled < HEAD_BYTES_MAX,
                "response head exceeds {HEAD_BYTES_MAX} bytes"
            );
            filled = self.read_more(filled).await?;
        };
        let end = head.bytes + head.body_bytes;
        if self.buffer.len() < end {
            self.buffer.resize(end, 0);
        }
        while filled < end {
            filled = self.read_more(filled).await?;
        }
        ensure!(filled == end, "{} bytes follow the response", filled - end);
        if head.status != 200 {
            let body = String::from_utf8_lossy(&self.buffer[head.bytes..end]);
            bail!("HTTP status {}: {body}", head.status);
        }
        Ok((head.bytes, end))
    }

    async fn read_more(&mut self, filled: usize) -> Result<usize> {
        let count = self.stream.read(&mut self.buffer[filled..]).await?;
        ensure!(
            count > 0,
            "the node closed the connection before it answered"
        );
        Ok(filled + count)
    }
}

/// The head at the start of `bytes`, or `None` if it is not complete yet.
fn parse_head(bytes: &[u8]) -> Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head_bytes) = response.parse(bytes)? else {
        return Ok(None);
    };
    let length = response
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"))
        .context("the response has no content-length; only such servers are supported")?;
    Ok(Some(Head {
        bytes: head_bytes,
        status: response.code.unwrap_or(0),
        body_bytes: std::str::from_utf8(length.value)?.trim().parse()?,
    }))
}

/// A POST of JSON, ready to be written to a connection.
#[must_use]
pub fn post(host: &str, body: &str) -> Vec<u8> {
    format!(
        "POST / HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_parsed_only_when_complete() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{";
        for cut in 0..text.len() - 1 {
            assert_eq!(parse_head(&text[..cut]).unwrap(), None, "at {cut}");
        }
        let head = Head {
            bytes: text.len() - 1,
            status: 200,
            body_bytes: 12,
        };
        assert_eq!(parse_head(text).unwrap(), Some(head));
    }

    #[test]
    fn a_response_without_a_length_is_refused() {
        let text = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        assert!(
            parse_head(text)
                .unwrap_err()
                .to_string()
                .contains("content-length")
        );
    }
}
