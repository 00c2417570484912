//! Encryption: which certificates are accepted under which `sslmode`.

use super::parameters::{Parameters, SslMode};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::sync::Arc;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Encryption as the parameters want it. Errors name the certificate file.
pub(super) fn connector(parameters: &Parameters) -> Result<MakeRustlsConnect, String> {
    let provider = Arc::new(ring::default_provider());
    let verify_name = parameters.ssl == SslMode::VerifyFull;
    // As in PostgreSQL's clients, `require` with a certificate file at hand checks against it.
    let require_file = parameters.ssl == SslMode::Require && parameters.root_certificates.is_some();
    let trust = match parameters.ssl {
        SslMode::VerifyCa | SslMode::VerifyFull => Some(trusted(parameters)?),
        _ if require_file => Some(trusted(parameters)?),
        _ => None,
    };
    let verifier = Verifier { provider: Arc::clone(&provider), trust, verify_name };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// The authorities of `sslrootcert`, or the system's.
#[derive(Debug)]
struct Trust {
    roots: Arc<RootCertStore>,
    /// Certificates that are trusted as they are: a server that signed its own has no authority.
    own: Vec<CertificateDer<'static>>,
}

fn trusted(parameters: &Parameters) -> Result<Trust, String> {
    let mut roots = RootCertStore::empty();
    let mut own = Vec::new();
    match &parameters.root_certificates {
        Some(path) => {
            let wrong = |why: String| format!("sslrootcert {}: {why}", path.display());
            for certificate in CertificateDer::pem_file_iter(path).map_err(|e| wrong(e.to_string()))? {
                let certificate = certificate.map_err(|e| wrong(e.to_string()))?;
                let _ = roots.add(certificate.clone());
                own.push(certificate);
            }
            if own.is_empty() {
                return Err(wrong("no certificate in it".to_owned()));
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                return Err("the system has no trusted certificates: name some with sslrootcert=FILE".to_owned());
            }
        }
    }
    Ok(Trust { roots: Arc::new(roots), own })
}

/// Without `trust`, any certificate will do; the handshake must still be signed with it.
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    trust: Option<Trust>,
    verify_name: bool,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(trust) = &self.trust else { return Ok(ServerCertVerified::assertion()) };
        if trust.own.iter().any(|own| own == certificate) {
            if self.verify_name {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
            }
        } else if self.verify_name {
            let full =
                WebPkiServerVerifier::builder_with_provider(Arc::clone(&trust.roots), Arc::clone(&self.provider))
                    .build()
                    .map_err(|e| Error::General(e.to_string()))?;
            return full.verify_server_cert(certificate, intermediates, name, ocsp, now);
        } else {
            verify_server_cert_signed_by_trust_anchor(
                &ParsedCertificate::try_from(certificate)?,
                &trust.roots,
                intermediates,
                now,
                self.provider.signature_verification_algorithms.all,
            )?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
