//! An encrypted stream, and one that is still shaking hands.

use crate::{Error, HandshakeError};
use rustls::{ClientConnection, Stream};
use std::fmt;
use std::io::{self, Read, Write};

/// A stream whose handshake is done.
pub struct TlsStream<S> {
    /// Boxed, because errors carry the stream.
    connection: Box<ClientConnection>,
    socket: S,
}

impl<S> TlsStream<S> {
    /// The stream below.
    pub fn get_ref(&self) -> &S {
        &self.socket
    }

    /// The stream below.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.socket
    }
}

impl<S: fmt::Debug> fmt::Debug for TlsStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TlsStream").field(&self.socket).finish()
    }
}

impl<S: Read + Write> Read for TlsStream<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Stream::new(&mut *self.connection, &mut self.socket).read(buffer)
    }
}

impl<S: Read + Write> Write for TlsStream<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Stream::new(&mut *self.connection, &mut self.socket).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Stream::new(&mut *self.connection, &mut self.socket).flush()
    }
}

/// A stream whose handshake waits for a socket that does not block.
pub struct MidHandshakeTlsStream<S>(TlsStream<S>);

impl<S: fmt::Debug> fmt::Debug for MidHandshakeTlsStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MidHandshakeTlsStream").field(&self.0.socket).finish()
    }
}

impl<S: Read + Write> MidHandshakeTlsStream<S> {
    pub(crate) fn new(connection: ClientConnection, socket: S) -> Self {
        Self(TlsStream { connection: Box::new(connection), socket })
    }

    /// Goes on with the handshake.
    ///
    /// # Errors
    /// If it fails, or has to wait once more.
    pub fn handshake(self) -> Result<TlsStream<S>, HandshakeError<S>> {
        let mut stream = self.0;
        while stream.connection.is_handshaking() {
            match stream.connection.complete_io(&mut stream.socket) {
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    return Err(HandshakeError::WouldBlock(Self(stream)));
                }
                Err(e) => return Err(Error::from(e).into()),
            }
        }
        Ok(stream)
    }
}
