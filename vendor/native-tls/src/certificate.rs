//! Certificates that are trusted, and the client's own, which there are none of.

use crate::{Error, Result};
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// A certificate of an authority.
#[derive(Clone, Debug)]
pub struct Certificate(pub(crate) CertificateDer<'static>);

impl Certificate {
    /// Reads the binary form.
    ///
    /// # Errors
    /// If it is none: `mysql` tries this first and PEM after it.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        let certificate = CertificateDer::from(der.to_vec());
        RootCertStore::empty().add(certificate.clone())?;
        Ok(Self(certificate))
    }

    /// Reads the first certificate of a PEM text.
    ///
    /// # Errors
    /// If it holds none.
    pub fn from_pem(pem: &[u8]) -> Result<Self> {
        let certificate = CertificateDer::from_pem_slice(pem)
            .map_err(|e| Error::other(format!("no certificate in PEM form: {e}")))?;
        Self::from_der(&certificate)
    }
}

/// A client certificate with its key. There is never one: see [`Identity::from_pkcs12`].
#[derive(Clone, Debug)]
pub enum Identity {}

impl Identity {
    /// Always fails: client certificates are not supported.
    ///
    /// # Errors
    /// Always.
    pub fn from_pkcs12(_der: &[u8], _password: &str) -> Result<Self> {
        Err(Error::other("client certificates are not supported"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CA: &[u8] = include_bytes!("../../../tests/tls/ca.crt");

    #[test]
    fn both_forms_are_told_apart() {
        assert!(Certificate::from_der(CA).is_err());
        let certificate = Certificate::from_pem(CA).unwrap();
        assert_eq!(Certificate::from_der(&certificate.0).unwrap().0, certificate.0);
        assert!(Certificate::from_pem(b"nothing").is_err());
    }

    #[test]
    fn a_client_certificate_is_refused_in_words() {
        let error = Identity::from_pkcs12(b"", "s3cret").unwrap_err();
        assert_eq!(error.to_string(), "client certificates are not supported");
    }
}
