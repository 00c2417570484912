//! How addresses are shown, and how they are kept: from their parts, without passwords. Of a text that
//! can't be cut into parts, only what is certainly no secret.

use super::escape::{decode, expand, is_named};
use super::parts::Parts;
use super::{Address, CsvAddress};
use std::fmt;

/// What stands in place of a password.
const MASKED: &str = "***";

/// The parameters that say where a table is and how to get there. Those of no other name are shown.
const SHOWN: [&str; 11] = [
    "host",
    "socket",
    "port",
    "user",
    "dbname",
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-ca",
    "connect_timeout",
    "application_name",
];

/// Those that are needed to connect again, too.
const KEPT: [&str; 1] = ["options"];

/// Whether this is a parameter's name (decoded).
pub(super) fn is_parameter(name: &str) -> bool {
    name == "password" || KEPT.contains(&name) || is_shown(name)
}

fn is_shown(name: &str) -> bool {
    // MySQL's names are written with either.
    SHOWN.iter().any(|known| name.replace('_', "-").eq_ignore_ascii_case(&known.replace('_', "-")))
}

/// Schemes of tables anywhere. A text before a colon is shown if it is one of these.
const SCHEMES: [&str; 32] = [
    "postgres",
    "postgresql",
    "mysql",
    "mariadb",
    "sqlite",
    "sqlite3",
    "csv",
    "parquet",
    "s3",
    "gs",
    "az",
    "abfs",
    "http",
    "https",
    "ftp",
    "sftp",
    "file",
    "hdfs",
    "adbc",
    "app",
    "jdbc",
    "odbc",
    "mssql",
    "sqlserver",
    "oracle",
    "mongo",
    "mongodb",
    "redis",
    "duckdb",
    "snowflake",
    "bigquery",
    "clickhouse",
];

/// A server's address as it may be shown.
pub(super) fn shown(parts: &Parts<'_>) -> String {
    let password = parts.password.filter(|password| !password.is_empty()).map(|_| MASKED);
    parts.render(password, |name, value| match decode(name).as_str() {
        "password" => Some(format!("password={MASKED}")),
        decoded => is_shown(decoded).then(|| format!("{name}={value}")),
    })
}

/// A server's address that is not complete, or not understood. Only where the login ends for certain, the
/// rest is no part of a password.
pub(super) fn shown_in_part(text: &str) -> String {
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-%[]:".contains(&b));
    let number = |port: &str| port.bytes().all(|b| b.is_ascii_digit());
    match Parts::of(text, is_parameter) {
        Ok(parts)
            if plain(parts.host)
                && parts.port.is_none_or(number)
                && !parts.table.contains(['@', ':'])
                && !parts.user.contains('/')
                && parts.query.iter().all(|(name, value)| plain(name) && !value.unwrap_or_default().contains('@')) =>
        {
            shown(&parts)
        }
        _ => certain(text),
    }
}

/// Of any text: what is certainly no secret.
pub(super) fn certain(text: &str) -> String {
    if !text.contains([':', '@', '=', '%']) {
        return text.to_owned();
    }
    let scheme = text.split(':').next().unwrap_or_default();
    match SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known)) && scheme.len() < text.len() {
        true => format!("{scheme}:…"),
        false => "…".to_owned(),
    }
}

/// Whether what would be a path looks like a server's address, or like a client's settings.
pub(super) fn looks_like_a_login(text: &str) -> bool {
    let decoded = decode(text).to_ascii_lowercase();
    let is_path = decoded.starts_with(['/', '.']) || decoded.get(1..3).is_some_and(|at| at == ":\\" || at == ":/");
    let login = decoded.split_once(':').is_some_and(|(_, rest)| rest.contains('@'));
    let setting = ["password=", "passwd=", "pwd=", "secret="].iter().any(|name| decoded.contains(name));
    decoded.contains("://") || (login && !is_path) || setting
}

/// A text that is no address as it stands; `None` if it is nothing like one.
pub(super) fn in_the_wrong_place(text: &str) -> Option<String> {
    let certain = certain(text);
    let of_a_scheme = certain != text && certain != "…";
    (of_a_scheme || looks_like_a_login(text)).then(|| kept_parts(text).unwrap_or(certain))
}

/// Whether a text begins with a server's scheme.
pub(super) fn names_a_server(text: &str) -> bool {
    let scheme = text.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    matches!(scheme.as_deref(), Some("postgres" | "postgresql" | "mysql" | "mariadb"))
}

/// See [`Address::kept`].
pub(super) fn kept(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> String {
    // What stands in the environment may be all of an address but its table.
    let (base, table) = text.split_once('#').unwrap_or((text, ""));
    if is_named(base) && !table.contains(['@', '/', '?']) {
        return text.to_owned();
    }
    if let Some(kept) = kept_parts(text) {
        return kept;
    }
    match Address::parse(text, variable) {
        Ok(Address::Postgres(_) | Address::Mysql(_)) => {
            let full = expand(text, variable).ok().and_then(|full| kept_parts(&full));
            full.unwrap_or_else(|| certain(text))
        }
        // A file has no password.
        Ok(_) => text.to_owned(),
        Err(_) => certain(text),
    }
}

fn kept_parts(text: &str) -> Option<String> {
    if !names_a_server(text) {
        return None;
    }
    let parts = Parts::of(text, is_parameter).ok()?;
    // Without a database it is none, and what is where is anybody's guess.
    let named = !parts.path.is_empty() || parts.query.iter().any(|(name, _)| decode(name) == "dbname");
    if !named || parts.table.is_empty() {
        return None;
    }
    let password = parts.password.filter(|password| is_named(password));
    Some(parts.render(password, |name, value| match decode(name).as_str() {
        "password" => is_named(value).then(|| format!("{name}={value}")),
        _ if is_named(name) && value.is_empty() => Some(name.to_owned()),
        decoded => is_parameter(decoded).then(|| format!("{name}={value}")),
    }))
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
                    Some(byte) => write!(f, "csv:{}?delimiter={}", path.display(), super::delimiter_name(*byte)),
                }
            }
        }
    }
}
