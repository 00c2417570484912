//! Table addresses: where a table lives, as one string. Passwords are taken out of the string at
//! once; whatever prints an address prints it without.

use super::reading::Reading;
use super::secret::Secret;
use std::fmt;
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

impl Address {
    /// Reads an address. `variable` looks up `${NAME}` and the password variables.
    ///
    /// # Errors
    /// If it has none of the known forms.
    pub fn parse(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, AddressError> {
        let full = expand(text, variable)?;
        let scheme = full.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
        match scheme.as_deref() {
            Some("postgres" | "postgresql") => {
                let mut server = server(&full, "postgres")?;
                if server.host.is_empty() {
                    local_postgres(&mut server, variable);
                }
                socket_file(&mut server);
                match split_schema(&server.table) {
                    Some((schema, table)) => {
                        server.schema = Some(schema);
                        server.table = table;
                    }
                    None => server.table = unquote(&server.table, '"'),
                }
                server.password = server.password.or_else(|| variable("PGPASSWORD").map(Secret::new));
                Ok(Self::Postgres(server))
            }
            Some("mysql" | "mariadb") => {
                let mut server = server(&full, "mysql")?;
                if server.host.is_empty() {
                    server.host = "localhost".to_owned();
                }
                server.table = unquote(&server.table, '`');
                server.password = server.password.or_else(|| variable("MYSQL_PWD").map(Secret::new));
                Ok(Self::Mysql(server))
            }
            Some("sqlite") => {
                let rest = full[7..].strip_prefix("//").unwrap_or(&full[7..]);
                match rest.rsplit_once('#') {
                    Some((path, table)) if !path.is_empty() && !table.is_empty() => {
                        Ok(Self::Sqlite { path: path.into(), table: unquote(table, '"') })
                    }
                    _ => Err(AddressError::NoTable(full)),
                }
            }
            Some("csv") => csv(&full).map(Self::Csv),
            _ => Self::path(&full),
        }
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

    fn path(text: &str) -> Result<Self, AddressError> {
        let path = Path::new(text);
        let extension = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
        if path.is_dir() {
            let manifest = path.join("manifest.json").is_file();
            return Ok(if manifest { Self::Snapshot(path.into()) } else { Self::Parquet(path.into()) });
        }
        match extension.as_deref() {
            Some("csv" | "tsv") => Ok(Self::Csv(CsvAddress { path: path.into(), delimiter: None })),
            Some("parquet" | "pq") => Ok(Self::Parquet(path.into())),
            _ if text.contains(['*', '?']) => Ok(Self::Parquet(path.into())),
            // A folder that isn't there: say so when it is opened, unless it can't be meant.
            None if text.contains(['/', '\\']) && !text.contains("://") => Ok(Self::Snapshot(path.into())),
            _ => Err(AddressError::Unknown(mask(text))),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postgres(server) | Self::Mysql(server) => f.write_str(&server.shown),
            Self::Sqlite { path, table } => write!(f, "sqlite:{}#{table}", path.display()),
            Self::Parquet(path) | Self::Snapshot(path) => write!(f, "{}", path.display()),
            Self::Csv(CsvAddress { path, delimiter }) => {
                // Not every name is taken for a CSV file's.
                let plain =
                    path.extension().is_some_and(|end| ["csv", "tsv"].iter().any(|e| end.eq_ignore_ascii_case(e)));
                match delimiter {
                    None if plain => write!(f, "{}", path.display()),
                    None => write!(f, "csv:{}", path.display()),
                    Some(byte) => write!(f, "csv:{}?delimiter={}", path.display(), delimiter_name(*byte)),
                }
            }
        }
    }
}

/// `csv:PATH?delimiter=;`
fn csv(text: &str) -> Result<CsvAddress, AddressError> {
    let invalid = |why: String| AddressError::Invalid { shown: text.to_owned(), why };
    // A name may have a question mark in it.
    let (path, options) = match text[4..].rsplit_once('?') {
        Some((path, options)) if options.contains('=') => (path, options),
        _ => (&text[4..], ""),
    };
    if path.is_empty() {
        return Err(invalid("it names no file".to_owned()));
    }
    let mut out = CsvAddress { path: path.into(), delimiter: None };
    for option in options.split('&').filter(|option| !option.is_empty()) {
        match option.split_once('=') {
            Some(("delimiter", value)) => {
                let byte = delimiter(&decode(value));
                let why = || format!("`{value}` is no delimiter: write one character, as `;`, or `tab`");
                out.delimiter = Some(byte.ok_or_else(|| invalid(why()))?);
            }
            _ => {
                let name = option.split('=').next().unwrap_or(option);
                return Err(invalid(format!("`{name}` is no option of it: there is only `delimiter`")));
            }
        }
    }
    Ok(out)
}

fn delimiter(text: &str) -> Option<u8> {
    match text.as_bytes() {
        b"tab" | b"\\t" => Some(b'\t'),
        [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !b"\"\r\n".contains(byte) => Some(*byte),
        _ => None,
    }
}

/// A delimiter as it is written in an address.
pub fn delimiter_name(byte: u8) -> String {
    match byte {
        b'\t' => "tab".to_owned(),
        b'&' | b'%' | b'#' | b'?' | b' ' => format!("%{byte:02X}"),
        _ => char::from(byte).to_string(),
    }
}

fn server(text: &str, scheme: &'static str) -> Result<ServerAddress, AddressError> {
    let (base, table) = match text.split_once('#') {
        Some((base, table)) if !table.is_empty() => (base, decode(table)),
        _ => return Err(AddressError::NoTable(mask(text))),
    };
    // One `@` at most ends user and password; what follows would otherwise be taken for a host, and shown.
    if base.split('?').next().unwrap_or(base).matches('@').count() > 1 {
        let why = "write `@` and `/` in a password as %40 and %2F".to_owned();
        return Err(AddressError::Invalid { shown: mask(text), why });
    }
    let invalid = |why: &str| AddressError::Invalid { shown: mask(text), why: why.to_owned() };
    let written = base.split_once("://").ok_or_else(|| invalid("write it as SCHEME://user@host/database"))?.1;
    let (place, query) = written.split_once('?').unwrap_or((written, ""));
    let (authority, path) = place.split_once('/').unwrap_or((place, ""));
    if path.contains('@') {
        return Err(invalid("write `@` and `/` in a password, or in the name of a database, as %40 and %2F"));
    }
    let (login, place) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = login.split_once(':').map_or((login, None), |(user, password)| (user, Some(password)));
    let (host, port_text) = host_and_port(place);
    let mut host = decode(host);
    let mut user = (!user.is_empty()).then(|| decode(user));
    let mut password = password.filter(|password| !password.is_empty()).map(|password| Secret::new(decode(password)));
    let mut port_text = port_text.to_owned();
    let mut database = decode(path);
    let mut parameters = Vec::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "password" => password = Some(Secret::new(value.into_owned())),
            "host" | "socket" => host = value.into_owned(),
            "user" => user = Some(value.into_owned()),
            "port" => port_text = value.into_owned(),
            "dbname" => database = value.into_owned(),
            _ => parameters.push((name.into_owned(), value.into_owned())),
        }
    }
    if database.is_empty() {
        return Err(AddressError::NoDatabase(mask(text), scheme));
    }
    if !host.starts_with('/') && (host.contains(',') || port_text.contains(',')) {
        return Err(invalid("it names several hosts: name the one that has the table"));
    }
    if host.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '[' | '"'))
        && !host.starts_with('/')
    {
        return Err(invalid("no host has such a name"));
    }
    let port = match port_text.as_str() {
        "" => None,
        // In place of a port is what follows a password with a `/` in it, too: it is not shown.
        digits => Some(digits.parse().map_err(|_| invalid("the port is no number from 0 to 65535"))?),
    };
    let reading = Reading::default();
    Ok(ServerAddress {
        host,
        port,
        user,
        password,
        database,
        parameters,
        schema: None,
        table,
        shown: mask(text),
        reading,
    })
}

/// The host, without the brackets of an IPv6 address, and the port, which may be empty.
fn host_and_port(text: &str) -> (&str, &str) {
    if let Some((host, rest)) = text.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        return (host, rest.strip_prefix(':').unwrap_or(rest));
    }
    text.rsplit_once(':').unwrap_or((text, ""))
}

/// PostgreSQL's clients take a socket by its folder and its port.
fn socket_file(server: &mut ServerAddress) {
    let file = server
        .host
        .rsplit_once('/')
        .and_then(|(folder, name)| Some((folder.to_owned(), name.strip_prefix(".s.PGSQL.")?.parse().ok()?)));
    if let Some((folder, port)) = file {
        (server.host, server.port) = (folder, Some(port));
    }
}

/// The sockets' folders that PostgreSQL is built with.
pub(super) const SOCKET_FOLDERS: [&str; 3] = ["/var/run/postgresql", "/run/postgresql", "/tmp"];

/// The host and port where none is named, as PostgreSQL's own clients find them: by the environment, else
/// the socket in one of the usual folders, else by way of the network.
fn local_postgres(server: &mut ServerAddress, variable: &dyn Fn(&str) -> Option<String>) {
    let named = |name: &str| variable(name).filter(|value| !value.is_empty());
    server.port = server.port.or_else(|| named("PGPORT")?.parse().ok());
    let socket = format!(".s.PGSQL.{}", server.port.unwrap_or(5432));
    let folder = || SOCKET_FOLDERS.into_iter().find(|folder| Path::new(folder).join(&socket).exists());
    server.host = named("PGHOST").unwrap_or_else(|| folder().unwrap_or("localhost").to_owned());
}

/// `schema.table`, either of them in double quotes where it contains a point.
fn split_schema(name: &str) -> Option<(String, String)> {
    let at = if name.starts_with('"') {
        // A doubled quote is part of the name; any other ends it.
        let mut quotes = name.char_indices().skip(1).filter(|(_, c)| *c == '"').map(|(at, _)| at).peekable();
        let end = loop {
            let at = quotes.next()?;
            if quotes.next_if_eq(&(at + 1)).is_none() {
                break at;
            }
        };
        name[end + 1..].starts_with('.').then_some(end + 1)
    } else {
        name.find('.')
    }?;
    let (schema, table) = (unquote(&name[..at], '"'), unquote(&name[at + 1..], '"'));
    (!schema.is_empty() && !table.is_empty()).then_some((schema, table))
}

fn unquote(name: &str, quote: char) -> String {
    match name.strip_prefix(quote).and_then(|n| n.strip_suffix(quote)) {
        Some(inner) if !inner.is_empty() => inner.replace(&format!("{quote}{quote}"), &quote.to_string()),
        _ => name.to_owned(),
    }
}

/// Decodes `%20` and the like; what is no escape stays as it is.
pub(crate) fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match escape.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

/// Replaces every `${NAME}`.
fn expand(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<String, AddressError> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, tail)) = after.split_once('}') else { break };
        out.push_str(before);
        out.push_str(&variable(name).ok_or_else(|| AddressError::NoVariable(name.to_owned()))?);
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

/// The address without its password: between the first `:` after `//` and the last `@` before the
/// table or parameters, and in a `password` parameter.
fn mask(text: &str) -> String {
    let mut out = text.to_owned();
    if let Some(start) = out.find("://").map(|at| at + 3) {
        // A password may itself hold any of `/?#`, so the last `@` ends it.
        if let Some(at) = out[start..].rfind('@').map(|i| i + start)
            && let Some(colon) = out[start..at].find(':').map(|i| i + start)
        {
            out.replace_range(colon + 1..at, "***");
        }
    }
    let mut from = 0;
    while let Some(at) = out[from..].find("password=").map(|at| from + at + "password=".len()) {
        let end = out[at..].find(['&', '#']).map_or(out.len(), |i| i + at);
        out.replace_range(at..end, "***");
        from = at;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Address, AddressError> {
        Address::parse(text, &|name| (name == "PW").then(|| "s3cret".to_owned()))
    }

    #[test]
    fn every_form_is_read() {
        let Ok(Address::Postgres(pg)) =
            parse("postgresql://me:p%40ss@db.example:5433/shop?sslmode=require#sales.orders")
        else {
            panic!()
        };
        assert_eq!((pg.host.as_str(), pg.port, pg.user.as_deref()), ("db.example", Some(5433), Some("me")));
        assert_eq!(pg.password.as_ref().map(Secret::expose), Some("p@ss"));
        assert_eq!((pg.schema.as_deref(), pg.table.as_str()), (Some("sales"), "orders"));
        assert_eq!(pg.parameters, [("sslmode".to_owned(), "require".to_owned())]);
        let Ok(Address::Mysql(my)) = parse("mysql://root@127.0.0.1/shop?socket=/tmp/my.sock#Order Items") else {
            panic!()
        };
        assert_eq!((my.host.as_str(), my.table.as_str()), ("/tmp/my.sock", "Order Items"));
        assert_eq!(parse("sqlite:a b.db#t").unwrap().to_string(), "sqlite:a b.db#t");
        assert!(matches!(parse("x/y.csv"), Ok(Address::Csv(_))));
        assert!(matches!(parse("parts/*.parquet"), Ok(Address::Parquet(_))));
        for (text, path, delimiter) in [
            ("csv:a b.txt", "a b.txt", None),
            ("csv:x.csv?delimiter=;", "x.csv", Some(b';')),
            ("csv:odd?name?delimiter=tab", "odd?name", Some(b'\t')),
            ("csv:x?delimiter=%26", "x", Some(b'&')),
        ] {
            let address = parse(text).unwrap();
            assert_eq!(address, Address::Csv(CsvAddress { path: path.into(), delimiter }));
            assert_eq!(address.to_string(), text);
        }
        for (text, why) in [("csv:x?null=N", "`null`"), ("csv:x?delimiter=ab", "`ab`"), ("csv:?delimiter=;", "no file")]
        {
            assert!(parse(text).unwrap_err().to_string().contains(why), "{text}");
        }
        assert!(matches!(parse("x/y"), Ok(Address::Snapshot(_))));
    }

    #[test]
    fn quoted_names_keep_their_points() {
        let Ok(Address::Postgres(pg)) = parse("postgres://h/d#\"a.b\".\"c.\"\"d\"") else { panic!() };
        assert_eq!((pg.schema.as_deref(), pg.table.as_str()), (Some("a.b"), "c.\"d"));
        let Ok(Address::Postgres(pg)) = parse("postgres://h/d#\"a \"\"s\"\".b\".t") else { panic!() };
        assert_eq!((pg.schema.as_deref(), pg.table.as_str()), (Some("a \"s\".b"), "t"));
    }

    #[test]
    fn sockets_are_written_as_libpq_writes_them() {
        let postgres = |text: &str| match parse(text) {
            Ok(Address::Postgres(server)) => (server.host, server.port, server.user, server.database, server.table),
            other => panic!("{text}: {other:?}"),
        };
        let folder = |user: Option<&str>, port| {
            ("/run/my pg".to_owned(), port, user.map(str::to_owned), "db".to_owned(), "t".to_owned())
        };
        assert_eq!(postgres("postgres://me@/db?host=/run/my%20pg&port=5433#t"), folder(Some("me"), Some(5433)));
        assert_eq!(postgres("postgresql:///db?host=/run/my+pg#t"), folder(None, None));
        assert_eq!(postgres("postgres://%2Frun%2Fmy%20pg/db#t"), folder(None, None));
        assert_eq!(postgres("postgres://me@%2Frun%2Fmy%20pg:5433/db#t"), folder(Some("me"), Some(5433)));
        assert_eq!(postgres("postgres:///db?host=/run/my%20pg/.s.PGSQL.5433#t"), folder(None, Some(5433)));
        assert_eq!(postgres("postgres:///?dbname=db&host=/run/my%20pg#t"), folder(None, None));
        assert_eq!(postgres("postgres://u@[::1]:5433/d#t").0, "::1");

        let environment = |name: &str| match name {
            "PGHOST" => Some("db.example".to_owned()),
            "PGPORT" => Some("6543".to_owned()),
            _ => None,
        };
        let Ok(Address::Postgres(server)) = Address::parse("postgres:///d#t", &environment) else { panic!() };
        assert_eq!((server.host.as_str(), server.port), ("db.example", Some(6543)));
        // A host that is named is not the environment's.
        let Ok(Address::Postgres(server)) = Address::parse("postgres://h/d#t", &environment) else { panic!() };
        assert_eq!((server.host.as_str(), server.port), ("h", None));
        let Ok(Address::Mysql(server)) = Address::parse("mysql://u@/d?socket=/s#t", &environment) else { panic!() };
        assert_eq!(server.host, "/s");
    }

    #[test]
    fn odd_addresses_are_refused_and_never_panic() {
        for text in [
            "postgres://#t",
            "postgres://@#t",
            "postgres://:@/#t",
            "postgres:#t",
            "postgres:db#t",
            "postgres://h:x/d#t",
            "postgres://h:99999/d#t",
            "postgres://a,b/d#t",
            "postgres://[::1/d#t",
            "postgres://h/#t",
            "postgres://h\u{0}/d#t",
            "postgres://é:ü@ö:x/d#t",
            "mysql://?socket=#t",
            "postgres://u@/d?port=no#t",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        for text in [
            "postgres://é/d%#t",
            "postgres://h/d?%=%#%",
            "postgres://u:%@h/d#\"",
            "postgres://h/d#.",
            "mysql://[]:/d#`",
        ] {
            let _ = parse(text);
        }
    }

    #[test]
    fn passwords_are_never_shown() {
        for text in [
            "postgres://u:${PW}@h/d#t",
            "mysql://u:s3cret@h/d#t",
            "postgres://u:s3cret/x@h/d#t",
            "postgres://h/d?password=s3cret#t",
            "postgres://me:s3cret@/d?host=/run&password=s3cret&x=1#t",
            "postgres://me:s3cret@%2Frun/d?password=other&password=s3cret#t",
            "postgres://me:s3cret@h:x/d#t",
            "postgres://u:s3cret@h/d",
            "postgres://u:s3cret@h#t",
            "mongo://u:s3cret@h/d#t",
        ] {
            let shown = match parse(text) {
                Ok(address) => format!("{address} {address:?}"),
                Err(error) => format!("{error} {error:?}"),
            };
            assert!(!shown.contains("s3cret"), "{shown}");
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        assert!(matches!(parse("postgres://h/d"), Err(AddressError::NoTable(_))));
        assert!(matches!(parse("postgres://h#t"), Err(AddressError::NoDatabase(..))));
        assert_eq!(parse("mysql://${NOPE}/d#t"), Err(AddressError::NoVariable("NOPE".into())));
        assert!(matches!(parse("orders"), Err(AddressError::Unknown(_))));
    }
}
