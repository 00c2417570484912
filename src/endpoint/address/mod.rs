//! Table addresses: where a table lives, as one string. A server's is cut into its parts ([`parts`]);
//! from these it is read ([`server`]) and shown ([`show`]), so that whatever prints an address prints it
//! without its password.

mod csv;
mod escape;
mod parts;
mod scrub;
mod server;
mod show;
#[cfg(test)]
mod tests;

pub use csv::delimiter_name;
pub(crate) use escape::decode;
pub use scrub::scrubbed;
pub(super) use server::SOCKET_FOLDERS;

use super::reading::Reading;
use super::secret::Secret;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Where a table lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A PostgreSQL server's table.
    Postgres(ServerAddress),
    /// A MySQL or MariaDB server's table.
    Mysql(ServerAddress),
    /// A table of an SQLite file.
    Sqlite {
        /// The database file.
        path: PathBuf,
        /// The table or view.
        table: String,
    },
    /// A Parquet file, a folder of Parquet parts, or a glob.
    Parquet(PathBuf),
    /// A CSV file.
    Csv(CsvAddress),
    /// A snapshot folder.
    Snapshot(PathBuf),
}

/// A CSV file and how it is written, as far as somebody said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvAddress {
    /// The file.
    pub path: PathBuf,
    /// What is between two fields; `None` to find out.
    pub delimiter: Option<u8>,
}

/// A table on a database server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddress {
    /// Host name, IP address, or (with a leading `/`) the folder or file of a Unix socket. Where the
    /// address names none, this machine: see `local_postgres`.
    pub host: String,
    /// The port; `None` for the system's own default.
    pub port: Option<u16>,
    /// The user; `None` for the system's own default.
    pub user: Option<String>,
    /// The password, from the address or the environment.
    pub password: Option<Secret>,
    /// The database.
    pub database: String,
    /// The parameters behind `?`, decoded, except the password.
    pub parameters: Vec<(String, String)>,
    /// The schema (PostgreSQL), if one is named.
    pub schema: Option<String>,
    /// The table or view.
    pub table: String,
    /// The address as it may be shown.
    pub shown: String,
    /// How it is read; no part of the address as typed.
    pub reading: Reading,
}

/// Why an address was not understood. Never quotes a password.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum AddressError {
    /// A database without a table.
    #[error("`{0}` names no table: add `#table` at its end")]
    NoTable(String),
    /// A server address without a database.
    #[error("`{0}` names no database: write it as {1}://user@host/database#table")]
    NoDatabase(String, &'static str),
    /// `${NAME}` is not set.
    #[error("the environment has no variable `{0}`, which the address uses")]
    NoVariable(String),
    /// None of the forms.
    #[error(
        "`{0}` is no table address: use postgres://…#table, mysql://…#table, sqlite:file#table, a .parquet or .csv file, or a snapshot folder"
    )]
    Unknown(String),
    /// Broken URL.
    #[error("`{shown}` is no valid address: {why}")]
    Invalid {
        /// Masked.
        shown: String,
        /// The parser's words.
        why: String,
    },
}

impl ServerAddress {
    /// A server's or driver's words about connecting, without the password.
    pub(super) fn scrubbed(&self, words: &str) -> String {
        let named = [Some(&self.host), self.user.as_ref(), Some(&self.database), Some(&self.table)];
        let shown = |password: &&Secret| named.iter().flatten().any(|name| *name == password.expose());
        scrubbed(words, self.password.as_ref().filter(|password| !shown(password)))
    }
}

impl Address {
    /// Reads an address. `variable` looks up `${NAME}` and the password variables.
    ///
    /// # Errors
    /// If it has none of the known forms.
    pub fn parse(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, AddressError> {
        let full = escape::expand(text, variable)?;
        // What the environment says is nobody's to see: messages name what was typed.
        let unknown = || AddressError::Unknown(show::certain(text));
        let (scheme, rest) = full.split_once(':').unwrap_or(("", &full));
        match scheme.to_ascii_lowercase().as_str() {
            "postgres" | "postgresql" => server::postgres(&full, variable).map(Self::Postgres),
            "mysql" | "mariadb" => server::mysql(&full, variable).map(Self::Mysql),
            "sqlite" => Self::sqlite(rest, text),
            "csv" if show::looks_like_a_login(rest) => Err(unknown()),
            "csv" => csv::csv(rest).map(Self::Csv),
            _ if show::looks_like_a_login(&full) => Err(unknown()),
            _ => Self::path(&full).ok_or_else(unknown),
        }
    }

    /// An address for files that are kept and for messages that a person copies: `${NAME}` as it is, and
    /// without a password, unless that is only named.
    pub fn kept(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> String {
        show::kept(text, variable)
    }

    /// The variables of the environment that an address names.
    pub fn variables(text: &str) -> Vec<String> {
        escape::variables(text)
    }

    /// Of a text that may be an address with a password, in a place where none is expected: what is
    /// certainly no secret. `None` if all of it is.
    pub fn certain(text: &str) -> Option<String> {
        let shown = match Self::parse(text, &|_| None) {
            Ok(address) => address.to_string(),
            Err(_) => show::in_the_wrong_place(text)?,
        };
        (shown != text).then_some(shown)
    }

    fn sqlite(rest: &str, typed: &str) -> Result<Self, AddressError> {
        let login = rest.starts_with("//") && !rest.starts_with("///") && show::looks_like_a_login(&rest[2..]);
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let (path, table) = rest.rsplit_once('#').unwrap_or((rest, ""));
        let is_file = Path::new(path).is_file();
        let options = path.split_once('?').is_some_and(|(_, options)| options.contains('='));
        if (login || options) && !is_file {
            let why = "an SQLite file is named by its path alone, without a host or options".to_owned();
            return Err(AddressError::Invalid { shown: show::certain(typed), why });
        }
        if path.is_empty() || table.is_empty() {
            let shown = if rest.contains('@') { show::certain(typed) } else { format!("sqlite:{rest}") };
            return Err(AddressError::NoTable(shown));
        }
        Ok(Self::Sqlite { path: path.into(), table: server::unquote(table, '"') })
    }

    /// The same, with the path of a file that is not absolute taken to start from this folder.
    pub fn below(self, folder: &Path) -> Self {
        // Joining an absolute path gives that path.
        match self {
            Self::Sqlite { path, table } => Self::Sqlite { path: folder.join(path), table },
            Self::Csv(csv) => Self::Csv(CsvAddress { path: folder.join(csv.path), ..csv }),
            Self::Parquet(path) => Self::Parquet(folder.join(path)),
            Self::Snapshot(path) => Self::Snapshot(folder.join(path)),
            server => server,
        }
    }

    /// The same, to be read like this. Files have no bounds.
    pub fn read_as(self, reading: Reading) -> Self {
        match self {
            Self::Postgres(server) => Self::Postgres(ServerAddress { reading, ..server }),
            Self::Mysql(server) => Self::Mysql(ServerAddress { reading, ..server }),
            file => file,
        }
    }

    fn path(text: &str) -> Option<Self> {
        let path = Path::new(text);
        let extension = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
        if path.is_dir() {
            let manifest = path.join("manifest.json").is_file();
            return Some(if manifest { Self::Snapshot(path.into()) } else { Self::Parquet(path.into()) });
        }
        match extension.as_deref() {
            Some("csv" | "tsv") => Some(Self::Csv(CsvAddress { path: path.into(), delimiter: None })),
            Some("parquet" | "pq") => Some(Self::Parquet(path.into())),
            _ if text.contains(['*', '?']) => Some(Self::Parquet(path.into())),
            // A folder that isn't there: say so when it is opened, unless it can't be meant.
            None if text.contains(['/', '\\']) => Some(Self::Snapshot(path.into())),
            _ => None,
        }
    }
}
