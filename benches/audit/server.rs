//! A database server to measure on, from its address.

use std::process::Command;
use url::Url;

/// A server.
pub struct Server {
    variable: &'static str,
    url: Url,
}

impl Server {
    /// The server that this variable names; `None` if it is not set.
    pub fn from(variable: &'static str) -> Result<Option<Self>, String> {
        match std::env::var(variable) {
            Ok(text) if !text.is_empty() => {
                let url = Url::parse(&text).map_err(|e| format!("{variable}: {e}"))?;
                Ok(Some(Self { variable, url }))
            }
            _ => {
                println!("  left out: {variable} is not set; scripts/bench starts a server and sets it");
                Ok(None)
            }
        }
    }

    /// The address of a table there, for trueup; it takes the server's own from the environment,
    /// so that no password is on its command line.
    pub fn table(&self, name: &str) -> String {
        format!("${{{}}}#{name}", self.variable)
    }

    /// `psql`, connected.
    pub fn psql(&self) -> Command {
        let mut command = Command::new("psql");
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]);
        command.env("PGHOST", self.host()).env("PGUSER", decode(self.url.username()));
        command.env("PGPORT", self.url.port().unwrap_or(5432).to_string());
        command.env("PGPASSWORD", self.password()).env("PGDATABASE", self.database());
        command
    }

    /// `mariadb`, connected.
    pub fn mariadb(&self) -> Command {
        let mut command = Command::new("mariadb");
        command.args(["--no-defaults", "--quick", "--skip-column-names", "--default-character-set=utf8mb4"]);
        command.arg(format!("--host={}", self.host())).arg(format!("--port={}", self.url.port().unwrap_or(3306)));
        command.arg(format!("--user={}", decode(self.url.username()))).arg(format!("--database={}", self.database()));
        command.env("MYSQL_PWD", self.password());
        command
    }

    fn host(&self) -> String {
        decode(self.url.host_str().unwrap_or("127.0.0.1"))
    }

    fn password(&self) -> String {
        decode(self.url.password().unwrap_or_default())
    }

    fn database(&self) -> String {
        decode(self.url.path().trim_start_matches('/'))
    }
}

/// Undoes an address's `%20`.
fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let code = after.get(..2).and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        match (first, code) {
            (b'%', Some(code)) => {
                bytes.push(code);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
