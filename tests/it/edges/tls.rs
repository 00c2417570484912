//! Encryption: what each `sslmode` believes, and that the wire shows nothing.

use crate::support::{Place, Run};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use url::Url;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls");

/// Listens on an address that is not in the server's certificate, passes everything on to the
/// server, and remembers what the client said.
struct Tap {
    url: Url,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Tap {
    fn new(server: &Url, port: u16) -> Self {
        let target = (server.host_str().unwrap().to_owned(), server.port().unwrap_or(port));
        let listener = TcpListener::bind("127.0.0.2:0").unwrap();
        let mut url = server.clone();
        url.set_host(Some("127.0.0.2")).unwrap();
        url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let tape = Arc::clone(&heard);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect((target.0.as_str(), target.1)) else { return };
                let (answers, questions) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                let tape = Arc::clone(&tape);
                thread::spawn(move || pass_on(questions, server, Some(&tape)));
                thread::spawn(move || pass_on(answers, client, None));
            }
        });
        Self { url, heard }
    }

    fn heard(&self, word: &str) -> bool {
        String::from_utf8_lossy(&self.heard.lock().unwrap()).contains(word)
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, tape: Option<&Mutex<Vec<u8>>>) {
    let mut buffer = [0; 8192];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if let Some(tape) = tape {
            tape.lock().unwrap().extend_from_slice(&buffer[..read]);
        }
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
}

/// The URL with these parameters; `CA` is the folder of the test certificates.
fn with(url: &Url, query: &str) -> Url {
    let mut url = url.clone();
    url.set_query(Some(&query.replace("CA", FOLDER)));
    url
}

fn check(place: &Place, direct: &Url, tap: &Tap, address: &dyn Fn(&Url) -> String, secret_word: &str) {
    let audit = |url: &Url| -> Run {
        let address = address(url);
        place.dir.audit(&address, &address, &[])
    };
    for query in
        ["sslmode=require", "sslmode=verify-ca&sslrootcert=CA/ca.crt", "sslmode=verify-full&sslrootcert=CA/ca.crt"]
    {
        assert_eq!(audit(&with(direct, query)).json(0)["rows"]["equal"], 1, "{query}");
    }
    let mut by_name = with(direct, "sslmode=verify-full&sslrootcert=CA/ca.crt");
    by_name.set_host(Some("localhost")).unwrap();
    audit(&by_name).json(0);

    for query in ["sslmode=verify-ca&sslrootcert=CA/other-ca.crt", "sslmode=verify-full&sslrootcert=CA/other-ca.crt"] {
        audit(&with(direct, query)).fails_with(&["certificate"]);
    }
    // The system's authorities have not signed it either.
    audit(&with(direct, "sslmode=verify-full")).fails_with(&["certificate"]);
    audit(&with(direct, "sslmode=verify-ca&sslrootcert=CA/nowhere.crt")).fails_with(&["nowhere.crt"]);
    audit(&with(direct, "sslmode=sure")).fails_with(&["sure", "require"]);

    // By an address that is not in the certificate.
    for query in ["sslmode=require", "sslmode=verify-ca&sslrootcert=CA/ca.crt"] {
        audit(&with(&tap.url, query)).json(0);
    }
    audit(&with(&tap.url, "sslmode=verify-full&sslrootcert=CA/ca.crt")).fails_with(&["certificate"]);
    assert!(!tap.heard(secret_word), "the table's name crossed in the open");
    audit(&with(&tap.url, "sslmode=disable")).json(0);
    assert!(tap.heard(secret_word), "the tap hears nothing, so it proves nothing");
}

#[test]
fn postgres() {
    let mut place = Place::new();
    let server = place.postgres();
    server.execute("CREATE TABLE ledger (id int PRIMARY KEY); INSERT INTO ledger VALUES (1)");
    let (direct, schema) = (server.url.clone(), server.schema.clone());
    let tap = Tap::new(&direct, 5432);
    check(&place, &direct, &tap, &|url| format!("{url}#{schema}.ledger"), "ledger");
}

#[test]
fn mysql() {
    let mut place = Place::new();
    let server = place.mysql();
    server.execute("CREATE TABLE ledger (id int PRIMARY KEY)");
    server.execute("INSERT INTO ledger VALUES (1)");
    let direct = server.url.clone();
    let tap = Tap::new(&direct, 3306);
    check(&place, &direct, &tap, &|url| format!("{url}#ledger"), "ledger");
}
