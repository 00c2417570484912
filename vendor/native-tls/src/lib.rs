//! The part of `native-tls` that the `mysql` crate uses, over rustls.
//!
//! ConnectorX reaches MySQL through `r2d2_mysql` and `mysql`, which ask for `native-tls` with no
//! feature to turn it off, and on Linux that is OpenSSL with its headers and `pkg-config`. trueup
//! is to build with Rust and a C compiler alone, so `[patch.crates-io]` puts this crate in its
//! place: the same names, the same meaning, and rustls (with ring) underneath, which the
//! PostgreSQL side uses too, with a policy of its own.
//!
//! What differs from the original: TLS 1.2 is the oldest version; a client certificate
//! ([`Identity`]) is refused with an error; and there is no server side.

#![warn(missing_docs)]

mod certificate;
mod connector;
mod error;
mod stream;
mod verify;

pub use certificate::{Certificate, Identity};
pub use connector::{TlsConnector, TlsConnectorBuilder};
pub use error::{Error, HandshakeError, Result};
pub use stream::{MidHandshakeTlsStream, TlsStream};
