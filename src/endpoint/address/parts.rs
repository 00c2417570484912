//! A server's address cut into its parts, as written: nothing is decoded. It is read, shown and kept
//! from these, and never by looking for a password in the text.

/// What is written where in `scheme://user:password@host:port/path?parameters#table`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    pub scheme: &'a str,
    /// Empty if there is none.
    pub user: &'a str,
    pub password: Option<&'a str>,
    /// With the brackets of an IPv6 address.
    pub host: &'a str,
    pub port: Option<&'a str>,
    /// Behind the host's `/`.
    pub path: &'a str,
    /// Name and value of each parameter.
    pub query: Vec<(&'a str, Option<&'a str>)>,
    /// Empty if there is none.
    pub table: &'a str,
}

const LOGIN: &str =
    "write `@`, `/`, `?` and `#` in a password, and `@` in the name of a database, as %40, %2F, %3F and %23";
const SCHEME: &str = "write it as SCHEME://user@host/database";
const SETTING: &str = "parameters stand behind a `?`, and before the table's `#`";
const BOTH: &str = "it can be read in two ways: write `@`, `/`, `?` and `#` as %40, %2F, %3F and %23 in a password, and \
                    `@` as %40 behind the first `?` or `#`";

impl<'a> Parts<'a> {
    /// Cuts the text, or says why it can't be known what is what. `known` are parameters.
    pub(super) fn of(text: &'a str, known: fn(&str) -> bool) -> Result<Self, &'static str> {
        let (base, table) = text.split_once('#').unwrap_or((text, ""));
        let (scheme, written) = base.split_once("://").ok_or(SCHEME)?;
        // What stands before a later `://` is no scheme, and may be anything.
        if !scheme.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(SCHEME);
        }
        let (place, parameters) = written.split_once('?').unwrap_or((written, ""));
        let (authority, path) = place.split_once('/').unwrap_or((place, ""));
        if path.contains('@') || authority.matches('@').count() > 1 {
            return Err(LOGIN);
        }
        let (login, place) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = login.split_once(':').map_or((login, None), |(user, password)| (user, Some(password)));
        let (host, port) = host_and_port(place);
        if host.contains(['&', '=']) {
            return Err("no host has such a name");
        }
        if [user, path, table].into_iter().any(sets_a_password) {
            return Err(SETTING);
        }
        let query: Vec<_> = parameters
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').map_or((pair, None), |(name, value)| (name, Some(value))))
            .collect();
        // What looks like a port may be the begin of a password that has a `/`, `?` or `#` in it, and all up
        // to a later `@` the rest of it. It is not guessed: what follows would be shown.
        let login_may_go_on = authority.contains(':');
        let odd_parameters = parameters.contains('@') && !query.iter().all(|(name, _)| known(&super::decode(name)));
        let odd_table = table.rsplit_once('@').is_some_and(|(_, rest)| rest.contains(['/', '#']));
        if login_may_go_on && (odd_parameters || odd_table) {
            return Err(BOTH);
        }
        Ok(Self { scheme, user, password, host, port, path, query, table })
    }

    /// The address again, with this in place of its password, and with those of the parameters for which
    /// something is given.
    pub(super) fn render(&self, password: Option<&str>, parameter: impl Fn(&str, &str) -> Option<String>) -> String {
        let mut out = format!("{}://{}", self.scheme, self.user);
        if let Some(password) = password {
            out.push_str(&format!(":{password}"));
        }
        if !self.user.is_empty() || self.password.is_some() {
            out.push('@');
        }
        out.push_str(self.host);
        if let Some(port) = self.port {
            out.push_str(&format!(":{port}"));
        }
        out.push_str(&format!("/{}", self.path));
        let kept: Vec<String> =
            self.query.iter().filter_map(|(name, value)| parameter(name, value.unwrap_or_default())).collect();
        if !kept.is_empty() {
            out.push_str(&format!("?{}", kept.join("&")));
        }
        if !self.table.is_empty() {
            out.push_str(&format!("#{}", self.table));
        }
        out
    }
}

/// Whether a name has something like `password=` in it.
fn sets_a_password(name: &str) -> bool {
    let name = super::decode(name).to_ascii_lowercase();
    ["password=", "passwd=", "pwd="].iter().any(|setting| name.contains(setting))
}

fn host_and_port(text: &str) -> (&str, Option<&str>) {
    // The colons of an IPv6 address stand in brackets.
    let from = if text.starts_with('[') { text.find(']').map_or(0, |at| at + 1) } else { 0 };
    match text[from..].rfind(':').map(|at| at + from) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}
