//! Clients that stop in the middle of something do not keep a connection for good.
//!
//! hyper bounds the time for the head of a request. Here are the bounds on its body, and on a client that takes nothing of what it
//! is sent: an answer, events, or the messages of a WebSocket.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::StatusCode;
use hyper::body::{Body, Frame, SizeHint};
use jsonrpsee::core::http_helpers::Body as ResponseBody;
use jsonrpsee::server::HttpResponse;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_io_timeout::TimeoutStream;

use super::oversized::closing;

/// A socket that is of no more use, for reading either, once its client has taken nothing for too long.
///
/// A write that has failed may have been half of a message, and who reads on such a connection would wait for answers that never come.
#[derive(Debug)]
pub(super) struct Socket(Pin<Box<TimeoutStream<TcpStream>>>);

impl Socket {
    pub(super) fn new(socket: TcpStream, untaken_max: Duration) -> Self {
        let mut socket = TimeoutStream::new(socket);
        socket.set_write_timeout(Some(untaken_max));
        Self(Box::pin(socket))
    }

    fn after<T>(&self, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if let Poll::Ready(Err(error)) = &written
            && error.kind() == io::ErrorKind::TimedOut
        {
            // It fails if the client has gone by now, which is as well.
            let _ = SockRef::from(self.0.get_ref()).shutdown(Shutdown::Both);
        }
        written
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.0.as_mut().poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = self.0.as_mut().poll_write(context, bytes);
        self.after(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = self.0.as_mut().poll_write_vectored(context, parts);
        self.after(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.as_mut().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.as_mut().poll_shutdown(context)
    }
}

/// The body of a request, which fails unless it is there in time, whole.
#[derive(Debug)]
pub(super) struct Punctual<B> {
    body: B,
    due: Instant,
    /// Made when there is something to wait for.
    timer: Option<Pin<Box<Sleep>>>,
}

/// The rest of a body did not come in time.
#[derive(Debug, thiserror::Error)]
#[error("the rest of the body did not come in time")]
pub(super) struct Late;

impl<B> Punctual<B> {
    pub(super) fn new(body: B, time_max: Duration) -> Self {
        Self {
            body,
            due: Instant::now() + time_max,
            timer: None,
        }
    }
}

impl<B> Body for Punctual<B>
where
    B: Body + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = B::Data;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, Self::Error>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let due = this.due;
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
        ready!(timer.as_mut().poll(context));
        Poll::Ready(Some(Err(Late.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The answer to a request whose body broke off, as the last one of its connection.
pub(super) fn late() -> HttpResponse {
    let mut response = HttpResponse::new(ResponseBody::from(format!("{Late}\n")));
    *response.status_mut() = StatusCode::REQUEST_TIMEOUT;
    closing(response)
}
