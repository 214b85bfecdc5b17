//! TLS for STARTTLS. The only user of `rustls` and `tokio_rustls` (their own `ring` provider, never the process's default,
//! which another crate may have set or forgotten).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Why a door cannot be opened; the words name the file.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// The certificate file cannot be read or is not PEM.
    #[error("the certificate file {path} cannot be read: {cause}")]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// The key file cannot be read or holds no private key.
    #[error("the private key file {path} cannot be read: {cause}")]
    PrivateKey {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// Certificate and key do not belong together, or are of a kind that is not known.
    #[error("the certificate {certificate} and the private key {private_key} cannot be used together: {cause}")]
    Pair {
        /// The certificate file.
        certificate: PathBuf,
        /// The key file.
        private_key: PathBuf,
        /// What is wrong.
        cause: String,
    },
}

/// Certificate and key, loaded.
#[derive(Clone)]
pub(super) struct Acceptor {
    tls: TlsAcceptor,
    /// What clients are shown.
    chain: Vec<CertificateDer<'static>>,
}

impl PartialEq for Acceptor {
    fn eq(&self, other: &Self) -> bool {
        self.chain == other.chain
    }
}

impl Acceptor {
    /// Loads a certificate chain and its key from PEM files.
    pub(super) fn load(certificate: &Path, private_key: &Path) -> Result<Self, DoorError> {
        let pair = |cause: rustls::Error| DoorError::Pair {
            certificate: certificate.to_owned(),
            private_key: private_key.to_owned(),
            cause: cause.to_string(),
        };
        let chain = chain(certificate)
            .map_err(|error| DoorError::Certificate { path: certificate.to_owned(), cause: in_words(&error) })?;
        let key = PrivateKeyDer::from_pem_file(private_key)
            .map_err(|error| DoorError::PrivateKey { path: private_key.to_owned(), cause: in_words(&error) })?;
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(pair)?
            .with_no_client_auth()
            .with_single_cert(chain.clone(), key)
            .map_err(pair)?;
        Ok(Self { tls: TlsAcceptor::from(Arc::new(config)), chain })
    }

    /// The handshake, which takes as long as the client lets it: the caller sets the time.
    pub(super) async fn accept(&self, stream: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        self.tls.accept(stream).await
    }
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, PemError> {
    let chain = CertificateDer::pem_file_iter(path)?.collect::<Result<Vec<_>, _>>()?;
    if chain.is_empty() { Err(PemError::NoItemsFound) } else { Ok(chain) }
}

fn in_words(error: &PemError) -> String {
    match error {
        PemError::Io(error) => error.to_string(),
        PemError::NoItemsFound => "it holds none in PEM form".to_owned(),
        error => error.to_string(),
    }
}
