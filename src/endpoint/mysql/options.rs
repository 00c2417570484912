//! From an address to the driver's options. They are set field by field and never through an URL,
//! which would have the password in it.

use crate::endpoint::{Secret, ServerAddress};
use mysql::{OptsBuilder, SslOpts};
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a server may take to accept a connection.
pub const CONNECT: Duration = Duration::from_secs(10);

/// When to encrypt, in PostgreSQL's words (MySQL's own are understood, too).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsMode {
    /// Never.
    Disable,
    /// If the server offers it.
    Prefer,
    /// Always, whoever the server is.
    Require,
    /// Always, and its certificate comes from an authority that we trust.
    VerifyCa,
    /// Always, and its certificate is for this host, too.
    VerifyFull,
}

/// What the parameters of an address say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// When to encrypt.
    pub mode: TlsMode,
    /// The certificates of authorities to trust.
    pub root: Option<PathBuf>,
}

impl Tls {
    /// Reads the parameters.
    ///
    /// # Errors
    /// In words, if one is not known or has a value that makes no sense.
    pub fn read(address: &ServerAddress) -> Result<Self, String> {
        let mut mode = None;
        let mut root = None;
        for (name, value) in &address.parameters {
            match name.to_ascii_lowercase().replace('_', "-").as_str() {
                "sslmode" | "ssl-mode" => mode = Some(parse_mode(value)?),
                "sslrootcert" | "ssl-ca" => root = Some(PathBuf::from(value)),
                _ => return Err(format!("unknown parameter `{name}`: sslmode and sslrootcert are known")),
            }
        }
        let near = is_loopback(&address.host) || address.host.starts_with('/');
        let default = match (&root, near) {
            // Who names an authority wants it asked.
            (Some(_), _) => TlsMode::VerifyCa,
            // Nobody is in between.
            (None, true) => TlsMode::Disable,
            (None, false) => TlsMode::Prefer,
        };
        Ok(Self { mode: mode.unwrap_or(default), root })
    }

    /// The driver's options for a first attempt; `None` for a plain connection.
    pub fn options(&self) -> Option<SslOpts> {
        let options = SslOpts::default().with_root_cert_path(self.root.clone());
        match self.mode {
            TlsMode::Disable => None,
            TlsMode::Prefer | TlsMode::Require => {
                Some(SslOpts::default().with_danger_accept_invalid_certs(true).with_danger_skip_domain_validation(true))
            }
            TlsMode::VerifyCa => Some(options.with_danger_skip_domain_validation(true)),
            TlsMode::VerifyFull => Some(options),
        }
    }
}

fn parse_mode(value: &str) -> Result<TlsMode, String> {
    match value.to_ascii_lowercase().replace('_', "-").as_str() {
        "disable" | "disabled" => Ok(TlsMode::Disable),
        "prefer" | "preferred" => Ok(TlsMode::Prefer),
        "require" | "required" => Ok(TlsMode::Require),
        "verify-ca" => Ok(TlsMode::VerifyCa),
        "verify-full" | "verify-identity" => Ok(TlsMode::VerifyFull),
        _ => Err(format!("unknown sslmode `{value}`: use disable, prefer, require, verify-ca or verify-full")),
    }
}

/// The driver's options, without encryption and without a session's statements.
///
/// # Errors
/// In words, if no user is known or a folder holds no socket.
pub fn options(address: &ServerAddress, variable: &dyn Fn(&str) -> Option<String>) -> Result<OptsBuilder, String> {
    let user = address
        .user
        .clone()
        .or_else(|| ["MYSQL_USER", "USER", "LOGNAME", "USERNAME"].into_iter().find_map(variable))
        .ok_or("no user is named: write mysql://user@host/database#table")?;
    let options = OptsBuilder::new()
        .user(Some(user))
        .pass(address.password.as_ref().map(Secret::expose))
        .db_name(Some(address.database.as_str()))
        .prefer_socket(false)
        .tcp_connect_timeout(Some(CONNECT))
        // As much as there can be: a row may be longer than the server takes in one piece itself.
        .max_allowed_packet(Some(1 << 30))
        // A server that vanished is noticed, however long a query may be silent.
        .tcp_keepalive_time_ms(Some(60_000));
    if address.host.starts_with('/') {
        return Ok(options.socket(Some(socket(Path::new(&address.host))?)));
    }
    let host = match address.host.parse::<Ipv6Addr>() {
        Ok(_) => format!("[{}]", address.host),
        Err(_) => address.host.clone(),
    };
    Ok(options.ip_or_hostname(Some(host)).tcp_port(address.port.unwrap_or(3306)))
}

/// The socket's file, also where its folder is given.
fn socket(path: &Path) -> Result<String, String> {
    if !path.is_dir() {
        return Ok(path.display().to_string());
    }
    ["mysqld.sock", "mysql.sock", "mariadb.sock"]
        .into_iter()
        .map(|name| path.join(name))
        .find(|file| file.exists())
        .map(|file| file.display().to_string())
        .ok_or_else(|| format!("the folder {} holds no mysqld.sock", path.display()))
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::Address;
    use mysql::Opts;

    fn address(text: &str) -> ServerAddress {
        match Address::parse(text, &|_| None) {
            Ok(Address::Mysql(server)) => server,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_field_reaches_the_driver() {
        let opts = Opts::from(options(&address("mysql://me:p%40ss@db.example/shop#t"), &|_| None).unwrap());
        assert_eq!((opts.get_ip_or_hostname().as_ref(), opts.get_tcp_port()), ("db.example", 3306));
        assert_eq!((opts.get_user(), opts.get_pass(), opts.get_db_name()), (Some("me"), Some("p@ss"), Some("shop")));
        let opts = Opts::from(options(&address("mysql://me@[::1]:3307/shop#t"), &|_| None).unwrap());
        assert_eq!((opts.get_ip_or_hostname().as_ref(), opts.get_tcp_port()), ("[::1]", 3307));
        let opts = Opts::from(options(&address("mysql://me@x/shop?socket=/no/such.sock#t"), &|_| None).unwrap());
        assert_eq!(opts.get_socket(), Some("/no/such.sock"));
        let user = |name: &str| (name == "USER").then(|| "os".to_owned());
        let opts = Opts::from(options(&address("mysql://x/shop#t"), &user).unwrap());
        assert_eq!(opts.get_user(), Some("os"));
        assert!(options(&address("mysql://x/shop#t"), &|_| None).is_err());
    }

    #[test]
    fn modes_in_both_dialects() {
        let mode = |text: &str| Tls::read(&address(&format!("mysql://{text}#t"))).map(|tls| tls.mode);
        assert_eq!(mode("u@db.example/d"), Ok(TlsMode::Prefer));
        assert_eq!(mode("u@127.0.0.1/d"), Ok(TlsMode::Disable));
        assert_eq!(mode("u@localhost/d?sslmode=require"), Ok(TlsMode::Require));
        assert_eq!(mode("u@h/d?ssl-mode=VERIFY_IDENTITY"), Ok(TlsMode::VerifyFull));
        assert_eq!(mode("u@h/d?ssl-ca=/ca.pem"), Ok(TlsMode::VerifyCa));
        assert!(mode("u@h/d?sslmode=maybe").is_err());
        assert!(mode("u@h/d?charset=latin1").unwrap_err().contains("`charset`"));
    }
}
