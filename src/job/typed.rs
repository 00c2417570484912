//! Addresses as they were typed, for files that are kept: without passwords.

use crate::endpoint::Address;

/// The address with `${NAME}` as it is, but without a password. A password that stands in the
/// environment (`${NAME}` only) stays named.
pub(super) fn without_password(text: &str) -> String {
    if let Ok(Address::Postgres(server) | Address::Mysql(server)) = Address::parse(text, &|_| None)
        && server.password.is_none()
    {
        return text.to_owned();
    }
    let mut out = text.to_owned();
    if let Some(start) = out.find("://").map(|at| at + 3) {
        // A password may itself hold any of `/?#`, so the last `@` ends it, as in [`Address`].
        if let Some(at) = out[start..].rfind('@').map(|i| i + start)
            && let Some(colon) = out[start..at].find(':').map(|i| i + start)
            && !is_named(&out[colon + 1..at])
        {
            out.replace_range(colon..at, "");
        }
    } else {
        return out;
    }
    let mut from = 0;
    while let Some(at) = out[from..].find("password=").map(|at| at + from) {
        let value = at + "password=".len();
        let end = out[value..].find(['&', '#']).map_or(out.len(), |i| i + value);
        if is_named(&out[value..end]) {
            from = end;
            continue;
        }
        // With its `&`, from one side or the other.
        let (first, last) = match (out[..at].ends_with('&'), out[end..].starts_with('&')) {
            (_, true) => (at, end + 1),
            (true, false) => (at - 1, end),
            (false, false) if out[..at].ends_with('?') => (at - 1, end),
            (false, false) => (at, end),
        };
        out.replace_range(first..last, "");
        from = first;
    }
    out
}

/// The environment's variables that applying a plan needs, where a password came with an address only:
/// those of the sides that are written. `typed` are the addresses as the plan keeps them.
pub(super) fn variables(addresses: [&Address; 2], typed: &[String; 2], written: [bool; 2]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for side in (0..2).filter(|side| written[*side]) {
        let (server, name) = match addresses[side] {
            Address::Postgres(server) => (server, "PGPASSWORD"),
            Address::Mysql(server) => (server, "MYSQL_PWD"),
            _ => continue,
        };
        let again = match Address::parse(&typed[side], &|name| std::env::var(name).ok()) {
            Ok(Address::Postgres(server) | Address::Mysql(server)) => server.password,
            _ => None,
        };
        if server.password.is_some() && again.is_none() && !out.iter().any(|there| there == name) {
            out.push(name.to_owned());
        }
    }
    out
}

/// Whether a text is nothing but names of environment variables.
fn is_named(text: &str) -> bool {
    let mut rest = text;
    while let Some(name) = rest.strip_prefix("${") {
        match name.split_once('}') {
            Some((_, tail)) => rest = tail,
            None => return false,
        }
    }
    !text.is_empty() && rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn passwords_go_and_names_stay() {
        let table = [
            ("postgres://me:s3cret@h/d#t", "postgres://me@h/d#t"),
            ("mysql://me:s3@c/r?e#t@h/d#t", "mysql://me@h/d#t"),
            ("postgres://me:${PW}@h/d#t", "postgres://me:${PW}@h/d#t"),
            ("postgres://me:x${PW}@h/d#t", "postgres://me@h/d#t"),
            ("postgres://${USER}@${HOST}/d#t", "postgres://${USER}@${HOST}/d#t"),
            ("postgres://h/d?password=s3cret#t", "postgres://h/d#t"),
            ("postgres://h/d?password=s3cret&sslmode=require#t", "postgres://h/d?sslmode=require#t"),
            ("postgres://h/d?sslmode=require&password=s3cret#t", "postgres://h/d?sslmode=require#t"),
            ("postgres://h/d?password=${PW}#t", "postgres://h/d?password=${PW}#t"),
            ("postgres://h:5432/d#t", "postgres://h:5432/d#t"),
            ("postgres://h:5432/d#t@x", "postgres://h:5432/d#t@x"),
            ("sqlite:a:b@c.db#t", "sqlite:a:b@c.db#t"),
            ("${WHERE}", "${WHERE}"),
            ("a@b:c.csv", "a@b:c.csv"),
        ];
        for (typed, kept) in table {
            assert_eq!(without_password(typed), kept, "{typed}");
        }
    }
}
