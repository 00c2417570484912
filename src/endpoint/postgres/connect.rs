//! A session: one connection. Those that read do one read-only transaction; those that write begin
//! and end their own.
//!
//! All settings are made with `SET LOCAL` inside that transaction, so that a connection pooler
//! in between does not hand them on to others.

use super::super::{EndpointError, ServerAddress};
use super::failure::{code, failed, words};
use super::parameters::{Parameters, SslMode};
use super::pgpass::{self, Login};
use super::pool;
use super::quote::{identifier, literal};
use super::tls;
use crate::table::nearest;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Error, NoTls, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

/// The schema where none is named.
pub(super) const DEFAULT_SCHEMA: &str = "public";

/// How long a goodbye or a cancel request may take.
const PARTING: Duration = Duration::from_secs(2);

/// A connection, driven by the thread that uses it.
pub(super) struct Session {
    client: Client,
    connection: JoinHandle<Result<(), Error>>,
    runtime: Runtime,
    tls: Option<MakeRustlsConnect>,
    address: ServerAddress,
    server: About,
}

/// What a server says of itself when it lets somebody in.
#[derive(Clone, Copy, Debug)]
pub(super) struct About {
    /// The first number of its version; 0 if it does not say.
    major: u32,
    /// Whether the database does not know in which encoding its text is.
    unencoded: bool,
}

impl About {
    fn new(parameter: impl Fn(&str) -> Option<String>) -> Self {
        let version = parameter("server_version").unwrap_or_default();
        let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
        Self {
            major: digits.parse().unwrap_or(0),
            unencoded: parameter("server_encoding").is_some_and(|name| name == "SQL_ASCII"),
        }
    }

    /// Whether the database does not know in which encoding its text is.
    pub(super) fn is_unencoded(self) -> bool {
        self.unencoded
    }

    /// The encoding to have text in. Nothing can be converted from an encoding that nobody knows: there,
    /// what is asked for as UTF-8 is an error wherever the bytes are none.
    pub(super) fn client_encoding(self) -> &'static str {
        if self.unencoded { "SQL_ASCII" } else { "UTF8" }
    }

    /// The limits that could end a transaction that reads.
    pub(super) fn limits(self) -> impl Iterator<Item = &'static str> {
        let of_17 = (self.major >= 17).then_some("transaction_timeout");
        ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"].into_iter().chain(of_17)
    }
}

impl Session {
    /// Connects and begins a transaction; in the given snapshot, if there is one. Otherwise the
    /// first query takes the snapshot, not this.
    pub(super) fn open(address: &ServerAddress, snapshot: Option<&str>) -> Result<Self, EndpointError> {
        let session = Self::idle(address)?;
        session.begin(address.schema.as_deref().unwrap_or(DEFAULT_SCHEMA), snapshot)?;
        Ok(session)
    }

    /// Connects, and begins nothing.
    pub(super) fn idle(address: &ServerAddress) -> Result<Self, EndpointError> {
        if let Some(session) = pool::take(address) {
            return Ok(Self { address: address.clone(), ..session });
        }
        let refused =
            |why: String| EndpointError::Connect { address: address.shown.clone(), why: address.scrubbed(&why) };
        let parameters = Parameters::read(&address.parameters).map_err(refused)?;
        Self::connect(address, &parameters, &address.database).map_err(|failure| {
            let missing = failure.no_database.then(|| nearest_database(address, &parameters)).flatten();
            refused(match missing {
                Some(name) => format!("{}; there is `{name}`", failure.why),
                None => failure.why,
            })
        })
    }

    fn connect(address: &ServerAddress, parameters: &Parameters, database: &str) -> Result<Self, Failure> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|e| Failure::new(e.to_string()))?;
        let config = config(address, parameters, database);
        // Nothing is encrypted on a Unix socket, whatever was asked for: as PostgreSQL's clients.
        let ssl = if address.host.starts_with('/') { SslMode::Disable } else { parameters.ssl };
        let connecting = async {
            match ssl {
                SslMode::Disable => plain(&config, &runtime).await,
                SslMode::Prefer => match encrypted(config.clone(), parameters, &runtime).await {
                    // The server can't encrypt, or its rules want this login plain.
                    Err(failure) if failure.try_plain => plain(&config, &runtime).await.map_err(|_| failure),
                    other => other,
                },
                _ => {
                    let mut config = config.clone();
                    config.ssl_mode(tokio_postgres::config::SslMode::Require);
                    encrypted(config, parameters, &runtime).await
                }
            }
        };
        let connected = runtime.block_on(async {
            match parameters.connect_timeout {
                Some(limit) => tokio::time::timeout(limit, connecting)
                    .await
                    .unwrap_or_else(|_| Err(Failure::new(format!("no answer within {} s", limit.as_secs())))),
                None => connecting.await,
            }
        });
        match connected {
            Ok(Connected { client, connection, tls, server }) => {
                let address = ServerAddress { database: database.to_owned(), ..address.clone() };
                Ok(Self { client, connection, runtime, tls, address, server })
            }
            Err(failure) => {
                // A name that is still being looked up would hold up an ordinary drop.
                runtime.shutdown_background();
                Err(failure)
            }
        }
    }

    /// Begins the transaction of a session that reads.
    pub(super) fn begin(&self, schema: &str, snapshot: Option<&str>) -> Result<(), EndpointError> {
        let adopt = snapshot.map(|id| format!("SET TRANSACTION SNAPSHOT {};", literal(id))).unwrap_or_default();
        let bounds = self.reads();
        // One way to print each value; names as the person's filter would use them in this schema.
        self.execute(
            "beginning a transaction",
            &format!(
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {adopt} {bounds}
                 SET LOCAL client_encoding = '{encoding}'; SET LOCAL DateStyle = 'ISO, YMD';
                 SET LOCAL IntervalStyle = 'postgres'; SET LOCAL TimeZone = 'UTC';
                 SET LOCAL extra_float_digits = 3; SET LOCAL bytea_output = 'hex';
                 SET LOCAL standard_conforming_strings = on; SET LOCAL xmlbinary = 'base64';
                 SET LOCAL search_path = pg_catalog, {}, public",
                identifier(schema),
                encoding = self.server.client_encoding(),
            ),
        )
    }

    /// What a transaction that only reads says of the bounds that are set for it.
    pub(super) fn reads(&self) -> String {
        let reading = self.address.reading;
        // Rows that a policy hides would seem to be missing: as pg_dump does, have that refused.
        let policies = if reading.visible_rows { "on" } else { "off" };
        let mut settings = format!("SET LOCAL row_security = {policies};");
        if !reading.respect_limits {
            // No end of the transaction while other connections do their part, or a table is long.
            settings.extend(self.server.limits().map(|name| format!(" SET LOCAL {name} = 0;")));
        }
        settings
    }

    /// Runs statements without a result.
    pub(super) fn execute(&self, doing: &str, sql: &str) -> Result<(), EndpointError> {
        self.runtime.block_on(self.client.batch_execute(sql)).map_err(|e| self.query_error(doing, &e))
    }

    /// Runs a query.
    pub(super) fn query(
        &self,
        doing: &str,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, EndpointError> {
        self.runtime.block_on(self.client.query(sql, values)).map_err(|e| self.query_error(doing, &e))
    }

    /// What the server says of itself.
    pub(super) fn server(&self) -> About {
        self.server
    }

    /// The driver's client, for futures to be [run](Self::run).
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Runs a future of this session's client to its end, on this thread.
    pub(super) fn run<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// A failed statement, in the server's words.
    pub(super) fn query_error(&self, doing: &str, error: &Error) -> EndpointError {
        failed(&self.address.shown, doing, error)
    }

    /// An error of our own.
    pub(super) fn error(&self, doing: &str, why: String) -> EndpointError {
        EndpointError::Query { address: self.address.shown.clone(), doing: doing.to_owned(), why }
    }

    /// Why the connection broke: what its own end says, where the statement only knows that it
    /// is closed.
    pub(super) fn why_lost(&mut self, error: &Error) -> String {
        if !error.is_closed() {
            return words(error);
        }
        let connection = &mut self.connection;
        match self.runtime.block_on(async { tokio::time::timeout(PARTING, connection).await }) {
            Ok(Ok(Err(cause))) => words(&cause),
            _ => words(error),
        }
    }

    /// Rolls back what is under way. Best effort, as the connection may be gone: the server does it
    /// then.
    pub(super) fn abandon(&self) {
        let rollback = self.client.batch_execute("ROLLBACK");
        let _ = self.runtime.block_on(async { tokio::time::timeout(PARTING, rollback).await });
    }

    /// Asks the server to stop what this session is doing, and leaves. Best effort: once the
    /// connection is gone the server stops at its next row anyway.
    pub(super) fn cancel(self) {
        let token = self.client.cancel_token();
        let tls = self.tls.clone();
        let _ = self.runtime.block_on(async {
            tokio::time::timeout(PARTING, async {
                match tls {
                    Some(tls) => token.cancel_query(tls).await,
                    None => token.cancel_query(NoTls).await,
                }
            })
            .await
        });
        self.runtime.shutdown_background();
    }

    /// Ends the transaction, and keeps the connection for whoever needs one next. Not for sessions with
    /// settings, or anything else, that outlast a transaction.
    pub(super) fn close(self) {
        let commit = async { tokio::time::timeout(PARTING, self.client.batch_execute("COMMIT")).await };
        let ended = matches!(self.runtime.block_on(commit), Ok(Ok(())));
        let address = self.address.clone();
        if let Some(session) = if ended { pool::put(&address, self) } else { Some(self) } {
            session.leave();
        }
    }

    /// Ends the connection properly.
    fn leave(self) {
        let Self { client, connection, runtime, .. } = self;
        runtime.block_on(async {
            let parting = async {
                drop(client);
                let _ = connection.await;
            };
            let _ = tokio::time::timeout(PARTING, parting).await;
        });
        runtime.shutdown_background();
    }
}

struct Connected {
    client: Client,
    connection: JoinHandle<Result<(), Error>>,
    tls: Option<MakeRustlsConnect>,
    server: About,
}

async fn plain(config: &Config, runtime: &Runtime) -> Result<Connected, Failure> {
    let mut config = config.clone();
    config.ssl_mode(tokio_postgres::config::SslMode::Disable);
    let (client, connection) = config.connect(NoTls).await.map_err(Failure::from)?;
    let server = About::new(|name| connection.parameter(name).map(str::to_owned));
    Ok(Connected { client, connection: runtime.spawn(connection), tls: None, server })
}

async fn encrypted(config: Config, parameters: &Parameters, runtime: &Runtime) -> Result<Connected, Failure> {
    let tls = tls::connector(parameters).map_err(Failure::new)?;
    let (client, connection) = config.connect(tls.clone()).await.map_err(Failure::from)?;
    let server = About::new(|name| connection.parameter(name).map(str::to_owned));
    Ok(Connected { client, connection: runtime.spawn(connection), tls: Some(tls), server })
}

/// A connection that was not made.
struct Failure {
    why: String,
    no_database: bool,
    /// Whether an unencrypted attempt could end better.
    try_plain: bool,
}

impl Failure {
    fn new(why: String) -> Self {
        Self { why, no_database: false, try_plain: false }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = code(&error);
        let mut why = words(&error);
        if why.contains("invalid peer certificate") {
            why.push_str(" (sslrootcert=FILE names the certificates to trust)");
        }
        // 28000: no rule for an encrypted connection of this login. Without a code, the
        // handshake failed, unless there was nobody to shake hands with.
        let try_plain = match code {
            Some(code) => code == "28000",
            None => error.to_string().contains("TLS") || error.to_string().contains("communicating"),
        };
        Self { no_database: code == Some("3D000"), try_plain, why }
    }
}

fn config(address: &ServerAddress, parameters: &Parameters, database: &str) -> Config {
    let port = address.port.unwrap_or(5432);
    let user = address.user.clone().or_else(|| std::env::var("PGUSER").ok()).or_else(|| whoami::username().ok());
    let mut config = Config::new();
    config
        .host(&address.host)
        .port(port)
        .dbname(database)
        .application_name(&parameters.application_name)
        .ssl_mode(tokio_postgres::config::SslMode::Prefer)
        // A server whose machine died must not be waited for until tomorrow.
        .keepalives_idle(Duration::from_secs(60))
        .keepalives_interval(Duration::from_secs(10))
        .keepalives_retries(6);
    if let Some(options) = &parameters.options {
        config.options(options);
    }
    let user = user.unwrap_or_default();
    let login = Login { host: &address.host, port, database, user: &user };
    if let Some(password) = address.password.clone().or_else(|| pgpass::password(&login)) {
        config.password(password.expose());
    }
    if !user.is_empty() {
        config.user(&user);
    }
    config
}

/// The server's database most like the one that isn't there.
fn nearest_database(address: &ServerAddress, parameters: &Parameters) -> Option<String> {
    let session = Session::connect(address, parameters, "postgres").ok()?;
    let sql = "SELECT datname FROM pg_catalog.pg_database WHERE datallowconn AND NOT datistemplate ORDER BY 1";
    let rows = session.query("listing the databases", sql, &[]).ok()?;
    session.close();
    let names: Vec<String> = rows.iter().filter_map(|row| row.try_get(0).ok()).collect();
    nearest(&address.database, &names)
}
