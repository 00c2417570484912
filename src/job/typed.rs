//! What applying a plan needs from the environment.

use crate::endpoint::Address;

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
