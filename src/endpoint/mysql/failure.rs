//! The driver's errors in words.

use crate::endpoint::{EndpointError, ServerAddress, WriteError, scrubbed};
use connectorx::sources::mysql::MySQLSourceError;
use mysql::{DriverError, Error};
use std::io::ErrorKind;

/// What the server or the driver says, without the driver's type names.
pub fn words(error: &Error) -> String {
    scrubbed(&said(error), None)
}

fn said(error: &Error) -> String {
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
    EndpointError::Connect { address: address.shown.clone(), why: address.scrubbed(&why.into()) }
}

/// A statement that writes failed: whether another session was in the way, the rows are not
/// accepted, or it would fail with any rows.
pub fn write(address: &ServerAddress, doing: &str, error: &Error) -> WriteError {
    let (address_shown, said) = (address.shown.clone(), words(error));
    let Error::MySqlError(server) = error else {
        return WriteError::Endpoint(if is_lost(error) { lost(address, said) } else { query(address, doing, said) });
    };
    match (server.code, server.state.get(..2).unwrap_or_default()) {
        // Stopped or thrown out: the connection is gone.
        (1053 | 1079 | 1152 | 1158..=1161 | 1184 | 1927 | 2006 | 2013 | 3169 | 4031, _) => {
            WriteError::Endpoint(lost(address, said))
        }
        // Lock wait timeout; NOWAIT.
        (1205 | 3572, _) => WriteError::Locked { address: address_shown, doing: doing.to_owned(), why: said },
        // Record changed since last read; deadlocks and other rollbacks.
        (1020 | 1213, _) | (_, "40") => {
            WriteError::Conflict { address: address_shown, doing: doing.to_owned(), why: said }
        }
        (code, state)
            if is_about_rows(code) || TRIGGERS.contains(&code) || ["21", "22", "23", "44", "45"].contains(&state) =>
        {
            refused(address, doing, said)
        }
        _ => WriteError::Endpoint(query(address, doing, said)),
    }
}

/// Rows are not accepted.
pub fn refused(address: &ServerAddress, doing: &str, why: impl Into<String>) -> WriteError {
    WriteError::Refused { address: address.shown.clone(), doing: doing.to_owned(), why: why.into() }
}

/// Errors about rows whose state does not say so: no default, truncated, incorrect value or string,
/// a check of MySQL or a view, no partition, a row or packet too large, a function's argument.
const ROWS: [u16; 24] = [
    1048, 1062, 1118, 1139, 1153, 1263, 1264, 1265, 1292, 1300, 1301, 1364, 1366, 1367, 1369, 1406, 1411, 1416, 1526,
    1557, 1690, 1748, 3819, 4025,
];
/// Errors of a trigger about the row that it was set off by: `SELECT … INTO` or a subquery that gives
/// several rows, a signal of its own with any state.
const TRIGGERS: [u16; 3] = [1172, 1242, 1644];

/// Whether an error or warning with this number is about values that are not accepted.
pub fn is_about_rows(code: u16) -> bool {
    ROWS.contains(&code)
}

fn is_lost(error: &Error) -> bool {
    match error {
        Error::IoError(_) | Error::CodecError(_) | Error::TlsError(_) => true,
        Error::DriverError(driver) => matches!(driver, DriverError::PacketOutOfSync | DriverError::ConnectTimeout),
        _ => false,
    }
}

fn lost(address: &ServerAddress, why: String) -> EndpointError {
    EndpointError::Lost { address: address.shown.clone(), rows: 0, why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::Address;
    use mysql::error::MySqlError;

    fn written(code: u16, state: &str) -> WriteError {
        let Ok(Address::Mysql(address)) = Address::parse("mysql://u@h/d#t", &|_| None) else { panic!("no address") };
        let server = MySqlError { state: state.to_owned(), message: "said".to_owned(), code };
        write(&address, "updating rows", &Error::MySqlError(server))
    }

    #[test]
    fn who_is_to_blame() {
        assert!(matches!(written(1213, "40001"), WriteError::Conflict { .. }));
        assert!(matches!(written(1205, "HY000"), WriteError::Locked { .. }));
        for (code, state) in
            [(1062, "23000"), (1406, "22001"), (1644, "45000"), (1644, "HY000"), (3819, "HY000"), (9999, "45000")]
        {
            assert!(matches!(written(code, state), WriteError::Refused { .. }), "{code}");
        }
        assert!(matches!(written(1927, "70100"), WriteError::Endpoint(EndpointError::Lost { .. })));
        assert!(matches!(written(1142, "42000"), WriteError::Endpoint(EndpointError::Query { .. })));
    }
}
