//! The password file: `host:port:database:user:password` a line, `*` for any, `\` before a `:`
//! or `\` that is meant.

use super::super::Secret;
use super::super::address::SOCKET_FOLDERS;
use std::path::{Path, PathBuf};

/// Whose password is looked for.
pub(super) struct Login<'a> {
    pub host: &'a str,
    pub port: u16,
    pub database: &'a str,
    pub user: &'a str,
}

/// The password of `PGPASSFILE` or `~/.pgpass` for this login.
pub(super) fn password(login: &Login<'_>) -> Option<Secret> {
    let path = match std::env::var_os("PGPASSFILE") {
        Some(path) => PathBuf::from(path),
        None => PathBuf::from(std::env::var_os("HOME")?).join(".pgpass"),
    };
    if readable_by_others(&path) {
        tracing::warn!("{} is left aside: others may read it (chmod 600 it)", path.display());
        return None;
    }
    matching(&std::fs::read_to_string(path).ok()?, login)
}

/// As PostgreSQL's own clients: such a file is not used.
#[cfg(unix)]
fn readable_by_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn readable_by_others(_: &Path) -> bool {
    false
}

fn matching(file: &str, login: &Login<'_>) -> Option<Secret> {
    file.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let (fields, password) = fields(line.trim_end_matches('\r'))?;
        let [host, port, database, user] = fields;
        let is = |pattern: &str, value: &str| pattern == "*" || pattern == value;
        // The file calls them `localhost`.
        let local = SOCKET_FOLDERS.contains(&login.host) && host == "localhost";
        let found = (is(&host, login.host) || local)
            && is(&port, &login.port.to_string())
            && is(&database, login.database)
            && is(&user, login.user);
        found.then(|| Secret::new(password))
    })
}

/// The four fields before the password, and the password, which an unescaped `:` would end.
fn fields(line: &str) -> Option<([String; 4], String)> {
    let mut fields: [String; 4] = Default::default();
    let mut rest = line.chars();
    for field in &mut fields {
        loop {
            match rest.next()? {
                ':' => break,
                '\\' => field.push(rest.next()?),
                other => field.push(other),
            }
        }
    }
    let mut password = String::new();
    while let Some(next) = rest.next() {
        match next {
            '\\' => password.extend(rest.next()),
            ':' => break,
            other => password.push(other),
        }
    }
    Some((fields, password))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(file: &str, host: &str, port: u16, database: &str, user: &str) -> Option<String> {
        matching(file, &Login { host, port, database, user }).map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn the_first_line_that_fits_is_taken() {
        let file = "# h:1:d:u:no\n\nh:5432:shop:me:first\r\n*:*:*:me:any\n*:*:*:*:last\nbroken:line\n";
        assert_eq!(found(file, "h", 5432, "shop", "me").as_deref(), Some("first"));
        assert_eq!(found(file, "h", 5433, "shop", "me").as_deref(), Some("any"));
        assert_eq!(found(file, "x", 1, "y", "z").as_deref(), Some("last"));
        assert_eq!(found("h:5432:shop:me:x", "h", 5432, "shop", "you"), None);
    }

    #[test]
    fn escapes_are_undone() {
        let file = r"::1:*:*:*:wrong
\:\:1:5432:a\\b:me:p\:a\\ss";
        assert_eq!(found(file, "::1", 5432, r"a\b", "me").as_deref(), Some(r"p:a\ss"));
    }

    #[test]
    fn the_sockets_folder_is_localhost() {
        assert_eq!(found("localhost:*:*:*:x", "/var/run/postgresql", 5432, "d", "u").as_deref(), Some("x"));
        assert_eq!(found("localhost:*:*:*:x", "/srv/pg", 5432, "d", "u"), None);
        assert_eq!(found("/srv/pg:*:*:*:x", "/srv/pg", 5432, "d", "u").as_deref(), Some("x"));
    }
}
