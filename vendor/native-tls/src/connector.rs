//! Connecting as a client, under a policy.

use crate::verify::Verifier;
use crate::{Certificate, Error, HandshakeError, Identity, MidHandshakeTlsStream, Result, TlsStream};
use rustls::{ClientConfig, ClientConnection};
use rustls_pki_types::{CertificateDer, ServerName};
use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// A policy in the making; by default the certificate and the host name are both checked.
#[derive(Clone, Debug, Default)]
pub struct TlsConnectorBuilder {
    roots: Vec<CertificateDer<'static>>,
    accept_invalid_certs: bool,
    accept_invalid_hostnames: bool,
}

impl TlsConnectorBuilder {
    /// Trusts this authority (or this server's own certificate) beside the system's authorities.
    pub fn add_root_certificate(&mut self, certificate: Certificate) -> &mut Self {
        self.roots.push(certificate.0);
        self
    }

    /// Presents a client certificate. There is none: see [`Identity`].
    pub fn identity(&mut self, identity: Identity) -> &mut Self {
        match identity {}
    }

    /// Whether any certificate will do, for any name, so that only eavesdroppers are kept out.
    pub fn danger_accept_invalid_certs(&mut self, accept: bool) -> &mut Self {
        self.accept_invalid_certs = accept;
        self
    }

    /// Whether a trusted certificate of another host will do.
    pub fn danger_accept_invalid_hostnames(&mut self, accept: bool) -> &mut Self {
        self.accept_invalid_hostnames = accept;
        self
    }

    /// The finished policy.
    ///
    /// # Errors
    /// If a certificate is to be checked and there is no authority to trust.
    pub fn build(&self) -> Result<TlsConnector> {
        // Named, not the process-wide default: nothing else in the program can change it.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = if self.accept_invalid_certs {
            Verifier::anyone(Arc::clone(&provider))
        } else {
            Verifier::chain(Arc::clone(&provider), &self.roots, !self.accept_invalid_hostnames)?
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(TlsConnector {
            config: Arc::new(config),
            check_name: !self.accept_invalid_certs && !self.accept_invalid_hostnames,
        })
    }
}

/// Connects to servers under one policy.
#[derive(Clone, Debug)]
pub struct TlsConnector {
    config: Arc<ClientConfig>,
    check_name: bool,
}

impl TlsConnector {
    /// Begins a policy.
    pub fn builder() -> TlsConnectorBuilder {
        TlsConnectorBuilder::default()
    }

    /// Shakes hands with the server named `domain` (a host name or an IP address) over `stream`.
    ///
    /// # Errors
    /// If the policy refuses the server, or the stream fails.
    pub fn connect<S: Read + Write>(&self, domain: &str, stream: S) -> Result<TlsStream<S>, HandshakeError<S>> {
        let name = match ServerName::try_from(domain.to_owned()) {
            Ok(name) => name,
            // Nobody will compare it, and an address is not sent to the server.
            Err(_) if !self.check_name => ServerName::from(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            Err(_) => {
                return Err(Error::other(format!("`{domain}` is no host name that a certificate can have")).into());
            }
        };
        let connection = ClientConnection::new(Arc::clone(&self.config), name).map_err(Error::from)?;
        MidHandshakeTlsStream::new(connection, stream).handshake()
    }
}

#[cfg(test)]
mod tests;
