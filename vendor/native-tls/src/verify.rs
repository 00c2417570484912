//! Whom to believe: how a server's certificate is checked under each policy.

use crate::{Error, Result};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::sync::{Arc, OnceLock};

/// Checks a server's certificate. The signatures of the handshake are checked under every policy.
#[derive(Debug)]
pub(crate) struct Verifier {
    provider: Arc<CryptoProvider>,
    /// Checks the chain; `None` if any certificate will do.
    chain: Option<Arc<WebPkiServerVerifier>>,
    /// Certificates trusted by name, any of which a server may present itself.
    trusted: Vec<CertificateDer<'static>>,
    check_name: bool,
}

impl Verifier {
    /// Any certificate will do.
    pub(crate) fn anyone(provider: Arc<CryptoProvider>) -> Self {
        Self { provider, chain: None, trusted: Vec::new(), check_name: false }
    }

    /// The chain must end in one of the system's authorities or one of `extra`.
    pub(crate) fn chain(
        provider: Arc<CryptoProvider>,
        extra: &[CertificateDer<'static>],
        check_name: bool,
    ) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(system().iter().cloned());
        for certificate in extra {
            roots.add(certificate.clone())?;
        }
        if roots.is_empty() {
            return Err(Error::other("this machine has no trusted certificate authorities, and none is named"));
        }
        let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .map_err(|e| Error::other(e.to_string()))?;
        Ok(Self { provider, chain: Some(chain), trusted: extra.to_vec(), check_name })
    }

    /// A server often presents the very certificate that the person named: one that signs itself,
    /// as `openssl req -x509` makes it. webpki refuses it because it says that it is an authority,
    /// and says so after it has found the dates valid.
    fn is_named(&self, error: &rustls::Error, presented: &CertificateDer<'_>) -> bool {
        let rustls::Error::InvalidCertificate(CertificateError::Other(other)) = error else { return false };
        other.0.downcast_ref() == Some(&webpki::Error::CaUsedAsEndEntity) && self.trusted.iter().any(|c| c == presented)
    }
}

/// The system's authorities, read once.
fn system() -> &'static [CertificateDer<'static>] {
    static SYSTEM: OnceLock<Vec<CertificateDer<'static>>> = OnceLock::new();
    SYSTEM.get_or_init(|| rustls_native_certs::load_native_certs().certs)
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        match chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The name is looked at last: the chain is good.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.check_name => Ok(ServerCertVerified::assertion()),
            Err(error) if self.is_named(&error, end_entity) => {
                if self.check_name {
                    verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                }
                Ok(ServerCertVerified::assertion())
            }
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
