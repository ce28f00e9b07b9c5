//! TLS to an engine: its certificates as the docker command keeps them, `ca.pem`, `cert.pem` and `key.pem` in one
//! directory. The engine's certificate must be signed by that `ca.pem`; no other authority is believed.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
};

/// What it takes to speak TLS to one engine.
#[derive(Clone)]
pub(super) struct Config(Arc<ClientConfig>);

// A private key is in it.
impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("tls::Config(…)")
    }
}

/// Why the certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// A file is absent or no PEM of its kind.
    #[error("{}: cannot be used ({source}); expected ca.pem, cert.pem and key.pem in this directory", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: pem::Error,
    },
    /// They do not fit together.
    #[error("{}: {source}", folder.display())]
    Unfit {
        /// The directory.
        folder: PathBuf,
        /// Why.
        #[source]
        source: rustls::Error,
    },
}

impl Config {
    /// Reads the certificates of `folder`. Without `cert.pem` and `key.pem` the engine sees no client certificate.
    ///
    /// # Errors
    /// When a file is absent or unusable.
    pub(super) fn load(folder: &Path) -> Result<Self, Error> {
        let unfit = |source| Error::Unfit { folder: folder.into(), source };
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&folder.join("ca.pem"))? {
            roots.add(certificate).map_err(unfit)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(unfit)?
            .with_root_certificates(roots);
        let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
        let config = if certificate.exists() || key.exists() {
            let key = PrivateKeyDer::from_pem_file(&key).map_err(|source| Error::File { path: key, source })?;
            builder.with_client_auth_cert(certificates(&certificate)?, key).map_err(unfit)?
        } else {
            builder.with_no_client_auth()
        };
        Ok(Self(Arc::new(config)))
    }

    /// For a connector.
    pub(super) fn client(&self) -> Arc<ClientConfig> {
        self.0.clone()
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let failed = |source| Error::File { path: path.into(), source };
    let all = CertificateDer::pem_file_iter(path).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    if all.is_empty() { Err(failed(pem::Error::NoItemsFound)) } else { Ok(all) }
}
