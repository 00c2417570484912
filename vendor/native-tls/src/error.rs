//! What can go wrong, in words that a person can act on.

use crate::MidHandshakeTlsStream;
use rustls::CertificateError::{Expired, ExpiredContext, NotValidForName, NotValidForNameContext, UnknownIssuer};
use std::{error, fmt, io};

/// The outcome of what may fail, with an [`Error`] unless another is named.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failed TLS operation.
#[derive(Debug)]
pub struct Error(Kind);

#[derive(Debug)]
enum Kind {
    Tls(rustls::Error),
    Io(io::Error),
    Other(String),
}

impl Error {
    pub(crate) fn other(text: impl Into<String>) -> Self {
        Self(Kind::Other(text.into()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Tls(rustls::Error::InvalidCertificate(UnknownIssuer)) => {
                f.write_str("the server's certificate is not signed by a trusted authority")
            }
            Kind::Tls(rustls::Error::InvalidCertificate(Expired | ExpiredContext { .. })) => {
                f.write_str("the server's certificate has expired")
            }
            Kind::Tls(rustls::Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. })) => {
                f.write_str("the server's certificate is for another host name")
            }
            Kind::Tls(error) => error.fmt(f),
            Kind::Io(error) => error.fmt(f),
            Kind::Other(text) => f.write_str(text),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match &self.0 {
            Kind::Tls(error) => Some(error),
            Kind::Io(error) => Some(error),
            Kind::Other(_) => None,
        }
    }
}

impl From<rustls::Error> for Error {
    fn from(error: rustls::Error) -> Self {
        Self(Kind::Tls(error))
    }
}

impl From<io::Error> for Error {
    /// rustls hands its own errors on as I/O errors; they are taken out again.
    fn from(error: io::Error) -> Self {
        match error.downcast::<rustls::Error>() {
            Ok(tls) => Self(Kind::Tls(tls)),
            Err(io) => Self(Kind::Io(io)),
        }
    }
}

/// A handshake that failed, or that has to wait for a socket that does not block.
#[derive(Debug)]
pub enum HandshakeError<S> {
    /// It failed.
    Failure(Error),
    /// The socket has nothing yet; go on later.
    WouldBlock(MidHandshakeTlsStream<S>),
}

impl<S> fmt::Display for HandshakeError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failure(error) => error.fmt(f),
            Self::WouldBlock(_) => f.write_str("the handshake was interrupted"),
        }
    }
}

impl<S: fmt::Debug> error::Error for HandshakeError<S> {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Failure(error) => Some(error),
            Self::WouldBlock(_) => None,
        }
    }
}

impl<S> From<Error> for HandshakeError<S> {
    fn from(error: Error) -> Self {
        Self::Failure(error)
    }
}
