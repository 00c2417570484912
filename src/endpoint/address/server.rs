//! Addresses of tables on servers.

use super::escape::decode;
use super::parts::Parts;
use super::show::{is_parameter, shown, shown_in_part};
use super::{AddressError, ServerAddress};
use crate::endpoint::reading::Reading;
use crate::endpoint::secret::Secret;
use std::path::Path;

/// `postgres://user@host:port/database?parameters#schema.table`
pub(super) fn postgres(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<ServerAddress, AddressError> {
    let mut server = server(text, "postgres")?;
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
    Ok(server)
}

/// `mysql://user@host:port/database?parameters#table`
pub(super) fn mysql(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<ServerAddress, AddressError> {
    let mut server = server(text, "mysql")?;
    if server.host.is_empty() {
        server.host = "localhost".to_owned();
    }
    server.table = unquote(&server.table, '`');
    server.password = server.password.or_else(|| variable("MYSQL_PWD").map(Secret::new));
    Ok(server)
}

fn server(text: &str, scheme: &'static str) -> Result<ServerAddress, AddressError> {
    let invalid = |why: &str| AddressError::Invalid { shown: shown_in_part(text), why: why.to_owned() };
    let parts = Parts::of(text, is_parameter).map_err(invalid)?;
    if parts.table.is_empty() {
        return Err(AddressError::NoTable(shown_in_part(text)));
    }
    let mut host = decode(without_brackets(parts.host));
    let mut user = (!parts.user.is_empty()).then(|| decode(parts.user));
    let mut password = parts.password.filter(|password| !password.is_empty()).map(|text| Secret::new(decode(text)));
    let mut port_text = parts.port.unwrap_or_default().to_owned();
    let mut database = decode(parts.path);
    let mut parameters = Vec::new();
    for (name, value) in &parts.query {
        // As in forms, a `+` is a space.
        let [name, value] = [*name, value.unwrap_or_default()].map(|text| decode(&text.replace('+', " ")));
        // What is no name is part of something else.
        if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')) {
            return Err(invalid("a parameter's name has only letters, digits, `_` and `-` in it"));
        }
        match name.as_str() {
            "password" => password = Some(Secret::new(value)),
            "host" | "socket" => host = value,
            "user" => user = Some(value),
            "port" => port_text = value,
            "dbname" => database = value,
            _ => parameters.push((name, value)),
        }
    }
    if database.is_empty() {
        return Err(AddressError::NoDatabase(shown_in_part(text), scheme));
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
        digits => Some(digits.parse().map_err(|_| invalid("the port is no number from 0 to 65535"))?),
    };
    Ok(ServerAddress {
        host,
        port,
        user,
        password,
        database,
        parameters,
        schema: None,
        table: decode(parts.table),
        shown: shown(&parts),
        reading: Reading::default(),
    })
}

fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
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
pub(in crate::endpoint) const SOCKET_FOLDERS: [&str; 3] = ["/var/run/postgresql", "/run/postgresql", "/tmp"];

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

pub(super) fn unquote(name: &str, quote: char) -> String {
    match name.strip_prefix(quote).and_then(|n| n.strip_suffix(quote)) {
        Some(inner) if !inner.is_empty() => inner.replace(&format!("{quote}{quote}"), &quote.to_string()),
        _ => name.to_owned(),
    }
}
