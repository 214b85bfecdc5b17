//! The stream under a connection to the relay: TCP with a limit on what a reply may take.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The most that is read between two writes, in octets: enough for a long reply and for the certificates of a TLS handshake. The crate
/// checks its own limit of 100,000 only at the end of each line, so that a line without an end would be kept in memory as far as it
/// goes, and reads a reply again from its start with each line, so that many lines cost seconds.
const MOST_READ: usize = 48 * 1024;
/// The first octet of a TLS record that begins a handshake (RFC 8446 section 5.1).
const HANDSHAKE: u8 = 0x16;

/// A TCP connection with limits.
#[derive(Debug)]
pub(super) struct Wire {
    tcp: TcpStream,
    /// What may still be read before the next write.
    allowance: usize,
    /// Reads give one octet at a time until TLS begins: what a stranger put behind the plain reply to STARTTLS can then not lie in a
    /// buffer and be taken for a protected reply later. It meets the TLS handshake instead, and ends it.
    careful: bool,
}

impl Wire {
    /// A wire; `careful` when it is to change to TLS by STARTTLS.
    pub(super) fn new(tcp: TcpStream, careful: bool) -> Self {
        Self { tcp, allowance: MOST_READ, careful }
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.allowance == 0 {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "a reply that is too long")));
        }
        let before = buffer.filled().len();
        let read = if self.careful && buffer.remaining() > 1 {
            let mut octet = [0; 1];
            let mut one = ReadBuf::new(&mut octet);
            let read = Pin::new(&mut self.tcp).poll_read(context, &mut one);
            buffer.put_slice(one.filled());
            read
        } else {
            Pin::new(&mut self.tcp).poll_read(context, buffer)
        };
        let count = buffer.filled().len() - before;
        self.allowance = self.allowance.saturating_sub(count);
        read
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        // Nor does TLS begin any more once a mail has.
        if octets.first() == Some(&HANDSHAKE) || octets.starts_with(b"MAIL ") {
            self.careful = false;
        }
        self.allowance = MOST_READ;
        Pin::new(&mut self.tcp).poll_write(context, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.peer_addr()
    }
}

/// A stand-in that greets and answers EHLO. The crate makes a connection only over a stream that does both at once; for a port that
/// speaks TLS from the first octet, the connection is made over this one and the real stream put in its place before anything is said.
#[derive(Debug)]
pub(super) struct Prelude {
    script: &'static [u8],
    peer: SocketAddr,
}

impl Prelude {
    /// A stand-in for this peer.
    pub(super) fn new(peer: SocketAddr) -> Self {
        Self { script: b"220 prelude\r\n250 prelude\r\n", peer }
    }
}

impl AsyncRead for Prelude {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let (now, later) = self.script.split_at(self.script.len().min(buffer.remaining()));
        buffer.put_slice(now);
        self.script = later;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Prelude {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncTokioStream for Prelude {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}
