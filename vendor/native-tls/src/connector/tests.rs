//! Every policy against a real handshake with a server in this process.

use super::*;
use rustls::{ServerConfig, ServerConnection, Stream};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use std::net::{TcpListener, TcpStream};
use std::thread;

const CA: &[u8] = include_bytes!("../../../../tests/tls/ca.crt");
const OTHER_CA: &[u8] = include_bytes!("../../../../tests/tls/other-ca.crt");
const SERVER: &[u8] = include_bytes!("../../../../tests/tls/server.crt");
const SELF_SIGNED: &[u8] = include_bytes!("../../../../tests/tls/self-signed.crt");
const KEY: &[u8] = include_bytes!("../../../../tests/tls/server.key");

/// What a client of this policy reads from a server that presents `certificate` and echoes.
fn talk(certificate: &[u8], host: &str, policy: impl FnOnce(&mut TlsConnectorBuilder)) -> Result<String, String> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let chain = vec![CertificateDer::from_pem_slice(certificate).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
    let server = thread::spawn(move || {
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let (mut socket, _) = listener.accept().unwrap();
        let mut connection = ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = Stream::new(&mut connection, &mut socket);
        let mut heard = [0; 5];
        // Fails when the client refuses this server, which is the client's to report.
        let _ = stream.read_exact(&mut heard).and_then(|()| stream.write_all(&heard)).and_then(|()| stream.flush());
    });
    let mut builder = TlsConnector::builder();
    policy(&mut builder);
    let outcome = builder.build().map_err(|e| e.to_string()).and_then(|connector| {
        let socket = TcpStream::connect(address).unwrap();
        let mut stream = connector.connect(host, socket).map_err(|e| e.to_string())?;
        stream.write_all(b"hello").and_then(|()| stream.flush()).map_err(|e| e.to_string())?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).map_err(|e| e.to_string())?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    });
    server.join().unwrap();
    outcome
}

fn trusting(pem: &[u8]) -> impl FnOnce(&mut TlsConnectorBuilder) {
    let certificate = Certificate::from_pem(pem).unwrap();
    move |builder| {
        builder.add_root_certificate(certificate);
    }
}

const NOT_TRUSTED: &str = "the server's certificate is not signed by a trusted authority";
const OTHER_NAME: &str = "the server's certificate is for another host name";

#[test]
fn a_trusted_server_is_believed_by_name_and_by_address() {
    for host in ["localhost", "127.0.0.1", "::1"] {
        assert_eq!(talk(SERVER, host, trusting(CA)).as_deref(), Ok("hello"), "{host}");
    }
}

#[test]
fn a_server_that_nobody_vouches_for_is_refused() {
    assert_eq!(talk(SERVER, "localhost", trusting(OTHER_CA)), Err(NOT_TRUSTED.into()));
}

#[test]
fn another_hosts_certificate_is_refused_unless_names_do_not_count() {
    for host in ["db.example", "127.0.0.2"] {
        assert_eq!(talk(SERVER, host, trusting(CA)), Err(OTHER_NAME.into()), "{host}");
    }
    for host in ["db.example", "127.0.0.2", "no host name!"] {
        let lenient = |builder: &mut TlsConnectorBuilder| {
            trusting(CA)(builder);
            builder.danger_accept_invalid_hostnames(true);
        };
        assert_eq!(talk(SERVER, host, lenient).as_deref(), Ok("hello"), "{host}");
    }
    let chain_still_counts = |builder: &mut TlsConnectorBuilder| {
        trusting(OTHER_CA)(builder);
        builder.danger_accept_invalid_hostnames(true);
    };
    assert_eq!(talk(SERVER, "db.example", chain_still_counts), Err(NOT_TRUSTED.into()));
}

#[test]
fn any_certificate_will_do_where_that_was_asked_for() {
    for host in ["localhost", "db.example", "no host name!"] {
        let blind = |builder: &mut TlsConnectorBuilder| {
            builder.danger_accept_invalid_certs(true);
        };
        assert_eq!(talk(SERVER, host, blind).as_deref(), Ok("hello"), "{host}");
    }
}

#[test]
fn a_servers_own_certificate_can_be_the_trusted_one() {
    assert_eq!(talk(SELF_SIGNED, "localhost", trusting(SELF_SIGNED)).as_deref(), Ok("hello"));
    assert_eq!(talk(SELF_SIGNED, "db.example", trusting(SELF_SIGNED)), Err(OTHER_NAME.into()));
    assert!(talk(SELF_SIGNED, "localhost", trusting(CA)).is_err());
}

#[test]
fn a_name_that_must_be_checked_has_to_be_one() {
    let connector = TlsConnector::builder().add_root_certificate(Certificate::from_pem(CA).unwrap()).build().unwrap();
    let error = connector.connect("no host name!", std::io::Cursor::new(Vec::new())).unwrap_err();
    assert_eq!(error.to_string(), "`no host name!` is no host name that a certificate can have");
}
