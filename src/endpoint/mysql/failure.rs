//! The driver's errors in words.

use crate::endpoint::{EndpointError, ServerAddress};
use connectorx::sources::mysql::MySQLSourceError;
use mysql::{DriverError, Error};
use std::io::ErrorKind;

/// What the server or the driver says, without the driver's type names.
pub fn words(error: &Error) -> String {
    match error {
        Error::MySqlError(server) => format!("{} (error {})", server.message, server.code),
        Error::DriverError(DriverError::CouldNotConnect(Some((to, why, _)))) => format!("{why} at {to}"),
        Error::DriverError(DriverError::ConnectTimeout) => "no answer in time".to_owned(),
        Error::DriverError(DriverError::TlsNotSupported) => "the server does not offer TLS".to_owned(),
        Error::DriverError(driver) => driver.to_string(),
        Error::IoError(io) => match io.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => "no answer in time".to_owned(),
            ErrorKind::BrokenPipe
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::UnexpectedEof => format!("the server closed the connection ({io})"),
            _ => io.to_string(),
        },
        Error::CodecError(codec) => format!("the connection broke: {codec}"),
        Error::TlsError(tls) => format!("TLS: {tls}"),
        // Holds a value, or is about URLs, which are not used.
        _ => "the server's answer was not understood".to_owned(),
    }
}

/// The same of an error that came through ConnectorX.
pub fn source_words(error: &MySQLSourceError) -> String {
    match error {
        MySQLSourceError::MySQLError(error) => words(error),
        other => other.to_string(),
    }
}

/// The number of the server's error, if it is one.
pub fn code(error: &Error) -> Option<u16> {
    match error {
        Error::MySqlError(server) => Some(server.code),
        _ => None,
    }
}

/// A statement failed.
pub fn query(address: &ServerAddress, doing: &str, why: impl Into<String>) -> EndpointError {
    EndpointError::Query { address: address.shown.clone(), doing: doing.to_owned(), why: why.into() }
}

/// The server did not let us in.
pub fn connect(address: &ServerAddress, why: impl Into<String>) -> EndpointError {
    EndpointError::Connect { address: address.shown.clone(), why: why.into() }
}
