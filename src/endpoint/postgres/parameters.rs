//! The parameters behind `?` in an address.

use std::path::PathBuf;
use std::time::Duration;

/// How the connection is encrypted, in PostgreSQL's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SslMode {
    /// Never.
    Disable,
    /// If the server can; nothing is verified.
    Prefer,
    /// Always; nothing is verified.
    Require,
    /// Always, with a certificate that a trusted authority signed.
    VerifyCa,
    /// The same, and the certificate is for this host.
    VerifyFull,
}

/// What an address says about the connection, or the defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parameters {
    pub ssl: SslMode,
    /// Authorities to trust instead of the system's.
    pub root_certificates: Option<PathBuf>,
    /// For the whole of connecting; `None` waits for ever.
    pub connect_timeout: Option<Duration>,
    pub application_name: String,
    /// Settings for the server, as in `-c work_mem=64MB`.
    pub options: Option<String>,
}

impl Parameters {
    /// Reads the parameters; refuses what it does not know, as a misspelt `sslmode` would
    /// otherwise lie about the connection.
    pub(super) fn read(pairs: &[(String, String)]) -> Result<Self, String> {
        let mut out = Self {
            ssl: SslMode::Prefer,
            root_certificates: None,
            connect_timeout: Some(Duration::from_secs(10)),
            application_name: "trueup".to_owned(),
            options: None,
        };
        let mut ssl = None;
        for (name, value) in pairs {
            match name.as_str() {
                "sslmode" => ssl = Some(ssl_mode(value)?),
                "sslrootcert" => out.root_certificates = Some(value.into()),
                "connect_timeout" => out.connect_timeout = timeout(value)?,
                "application_name" => out.application_name.clone_from(value),
                "options" => out.options = Some(value.clone()),
                _ => {
                    return Err(format!(
                        "unknown parameter `{name}` (known: sslmode, sslrootcert, connect_timeout, application_name, \
                         options, host, port, user, password)"
                    ));
                }
            }
        }
        // `sslrootcert=system` means the system's own authorities, and nothing less than a check.
        if out.root_certificates.as_ref().is_some_and(|path| path.as_os_str() == "system") {
            out.root_certificates = None;
            match ssl {
                None => ssl = Some(SslMode::VerifyFull),
                Some(SslMode::VerifyFull) => {}
                Some(_) => return Err("`sslrootcert=system` needs `sslmode=verify-full`".to_owned()),
            }
        }
        out.ssl = ssl.unwrap_or(out.ssl);
        Ok(out)
    }
}

fn ssl_mode(text: &str) -> Result<SslMode, String> {
    Ok(match text {
        "disable" => SslMode::Disable,
        // Plain first would only matter for a server that prefers to be asked so.
        "allow" | "prefer" => SslMode::Prefer,
        "require" => SslMode::Require,
        "verify-ca" => SslMode::VerifyCa,
        "verify-full" => SslMode::VerifyFull,
        _ => {
            return Err(format!("sslmode `{text}` is none of disable, allow, prefer, require, verify-ca, verify-full"));
        }
    })
}

/// Seconds; as in PostgreSQL's clients, 0 is no limit.
fn timeout(text: &str) -> Result<Option<Duration>, String> {
    match text.parse::<u32>() {
        Ok(0) => Ok(None),
        Ok(seconds) => Ok(Some(Duration::from_secs(seconds.into()))),
        Err(_) => Err(format!("connect_timeout `{text}` is no number of seconds")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Parameters, String> {
        let pairs: Vec<_> = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Parameters::read(&pairs)
    }

    #[test]
    fn defaults_are_those_of_the_servers_own_clients() {
        let it = read(&[]).unwrap();
        assert_eq!((it.ssl, it.application_name.as_str()), (SslMode::Prefer, "trueup"));
        assert_eq!(read(&[("connect_timeout", "0")]).unwrap().connect_timeout, None);
        assert_eq!(read(&[("sslrootcert", "system")]).unwrap().ssl, SslMode::VerifyFull);
    }

    #[test]
    fn what_is_unknown_is_refused() {
        assert!(read(&[("sslmod", "require")]).unwrap_err().contains("sslmod"));
        assert!(read(&[("sslmode", "required")]).unwrap_err().contains("required"));
        assert!(read(&[("connect_timeout", "soon")]).is_err());
        assert!(read(&[("sslrootcert", "system"), ("sslmode", "require")]).is_err());
    }
}
