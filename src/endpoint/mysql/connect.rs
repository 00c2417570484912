//! Reaching a server: one connection first, so that whatever is wrong is said at once, then as
//! many alike as an export wants.

use super::failure::{self, words};
use super::options::{CONNECT, Tls, TlsMode, options};
use super::session::{self, Purpose};
use crate::endpoint::{EndpointError, ServerAddress};
use crate::table::nearest;
use mysql::consts::CapabilityFlags;
use mysql::prelude::Queryable;
use mysql::{Conn, DriverError, Error, Opts, OptsBuilder};
use r2d2_mysql::MySqlConnectionManager;
use std::time::Duration;

/// How long the server may take for each step of the greeting.
const GREETING: Duration = Duration::from_secs(30);
/// `ER_BAD_DB_ERROR`.
const UNKNOWN_DATABASE: u16 = 1049;
/// `ER_ACCESS_DENIED_ERROR`.
const ACCESS_DENIED: u16 = 1045;

/// A connection in the form that ConnectorX takes.
pub type Pooled = r2d2::PooledConnection<MySqlConnectionManager>;

/// A server that let us in.
pub struct Server<'a> {
    /// The address it was reached by.
    pub address: &'a ServerAddress,
    /// The time limits that its sessions raise, in words.
    pub raised: Vec<String>,
    options: OptsBuilder,
}

impl<'a> Server<'a> {
    /// Connects once, finds out whether to encrypt, and what each session has to be told.
    ///
    /// # Errors
    /// In the server's words; for a database that isn't there with the name nearest to it.
    pub fn reach(address: &'a ServerAddress, purpose: Purpose) -> Result<Self, EndpointError> {
        let failed = |why: String| failure::connect(address, why);
        let tls = Tls::read(address).map_err(failed)?;
        let mut plain = options(address, &|name| std::env::var(name).ok()).map_err(failed)?;
        if purpose != Purpose::Read {
            // An update counts the rows that it found, also where they have the new values already.
            plain = plain.additional_capabilities(CapabilityFlags::CLIENT_FOUND_ROWS);
        }
        let (mut conn, options) = match greet(&plain, &tls) {
            Ok(reached) => reached,
            Err(error) => return Err(failed(explain(address, &plain, &tls, &error))),
        };
        let settings = session::settings(&mut conn, purpose, address.reading).map_err(|e| failed(words(&e)))?;
        Ok(Self { address, options: options.init(settings.statements), raised: settings.raised })
    }

    /// A connection of its own.
    ///
    /// # Errors
    /// In the server's words.
    pub fn connect(&self) -> Result<Conn, EndpointError> {
        Conn::new(self.options.clone()).map_err(|error| failure::connect(self.address, words(&error)))
    }

    /// Connections for ConnectorX, which takes them out of a pool only.
    ///
    /// # Errors
    /// In the server's words; if there are fewer than `count`, there are none.
    pub fn pool(&self, count: usize) -> Result<Vec<Pooled>, EndpointError> {
        let failed = |error: r2d2::Error| failure::connect(self.address, error.to_string());
        let pool = r2d2::Pool::builder()
            .max_size(u32::try_from(count).unwrap_or(1))
            // Connections are made when they are asked for, and never replaced or checked.
            .min_idle(Some(0))
            .test_on_check_out(false)
            .max_lifetime(None)
            .idle_timeout(None)
            .connection_timeout(CONNECT)
            .error_handler(Box::new(r2d2::NopErrorHandler))
            .build(MySqlConnectionManager::new(self.options.clone()))
            .map_err(failed)?;
        (0..count).map(|_| pool.get().map_err(failed)).collect()
    }
}

/// The first connection, and the options that made it.
fn greet(plain: &OptsBuilder, tls: &Tls) -> Result<(Conn, OptsBuilder), Error> {
    let with = |options: OptsBuilder| {
        // Only this one has a time limit: a query may well be silent for longer.
        let limited = options.clone().read_timeout(Some(GREETING)).write_timeout(Some(GREETING));
        Conn::new(limited).map(|conn| (conn, options))
    };
    let is_socket = Opts::from(plain.clone()).get_socket().is_some();
    let Some(encrypted) = tls.options().filter(|_| !is_socket) else { return with(plain.clone()) };
    match with(plain.clone().ssl_opts(Some(encrypted))) {
        // Whatever else went wrong would go wrong without encryption, too.
        Err(Error::TlsError(_) | Error::DriverError(DriverError::TlsNotSupported)) if tls.mode == TlsMode::Prefer => {
            with(plain.clone())
        }
        other => other,
    }
}

/// The server's words, with a suggestion where there is one.
fn explain(address: &ServerAddress, plain: &OptsBuilder, tls: &Tls, error: &Error) -> String {
    let why = words(error);
    match failure::code(error) {
        Some(UNKNOWN_DATABASE) => {}
        // Some users may only come in encrypted, and the server doesn't say so.
        Some(ACCESS_DENIED) if tls.mode == TlsMode::Disable && !address.host.starts_with('/') => {
            return format!("{why}; if only TLS is let in, add ?sslmode=require");
        }
        _ => return why,
    }
    // The suggestion is a courtesy: without the right to list databases there is none.
    let names: Vec<String> = greet(&plain.clone().db_name(None::<String>), tls)
        .and_then(|(mut conn, _)| conn.query("SHOW DATABASES"))
        .unwrap_or_default();
    match nearest(&address.database, &names) {
        Some(name) => format!("{why}; did you mean `{name}`?"),
        None => why,
    }
}
