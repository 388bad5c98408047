//! The key that signs OIDC tokens: RSA with 2048 bits and SHA-256 (RS256), as
//! GitHub's; not every cloud takes another one. It lies in a file that only its
//! owner reads.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::base64url;
use crate::storage::{StorageError, make_private_dir};

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The folder.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The file.
    #[error("the key of OIDC tokens, {}: {source}", path.display())]
    Io {
        /// The key's file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is no key.
    #[error("{} is not a key for OIDC tokens: remove it, and a new one is made", path.display())]
    NoKey {
        /// The key's file.
        path: PathBuf,
    },
    /// Others could have read it.
    #[error("{} can be read by others: remove it, and a new one is made", path.display())]
    Open {
        /// The key's file.
        path: PathBuf,
    },
    /// The library.
    #[error("{doing} failed")]
    Crypto {
        /// For example `signing`.
        doing: &'static str,
    },
}

/// The key pair.
pub(super) struct Key {
    pair: KeyPair,
    modulus: String,
    exponent: String,
    id: String,
}

impl Key {
    /// The key in `folder`, made if there is none.
    pub(super) fn read_or_make(folder: &Path) -> Result<Self, KeyError> {
        make_private_dir(folder)?;
        let path = folder.join("key");
        let io_error = |source| KeyError::Io { path: path.clone(), source };
        if !path.try_exists().map_err(io_error)? {
            make(folder, &path)?;
        }
        let mode = fs::metadata(&path).map_err(io_error)?.permissions();
        if std::os::unix::fs::PermissionsExt::mode(&mode) & 0o077 != 0 {
            return Err(KeyError::Open { path });
        }
        let bytes = Zeroizing::new(fs::read(&path).map_err(io_error)?);
        let pair = KeyPair::from_pkcs8(&bytes).map_err(|_| KeyError::NoKey { path })?;
        Ok(Self::of(pair))
    }

    fn of(pair: KeyPair) -> Self {
        let public = pair.public_key();
        let modulus = base64url::encode(public.modulus().big_endian_without_leading_zero());
        let exponent = base64url::encode(public.exponent().big_endian_without_leading_zero());
        // RFC 7638: the key's members in this order, without spaces.
        let members = format!(r#"{{"e":"{exponent}","kty":"RSA","n":"{modulus}"}}"#);
        let id = base64url::encode(digest::digest(&digest::SHA256, members.as_bytes()));
        Self { pair, modulus, exponent, id }
    }

    /// `kid`: the key's thumbprint.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// RFC 7518, section 6.3.
    pub(super) fn public(&self) -> Value {
        json!({
            "kty": "RSA", "alg": "RS256", "use": "sig", "kid": self.id,
            "n": self.modulus, "e": self.exponent,
        })
    }

    /// RFC 7518, section 3.3.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = SystemRandom::new();
        let signed = self.pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature);
        signed.map_err(|_| KeyError::Crypto { doing: "signing an OIDC token" })?;
        Ok(signature)
    }
}

/// Writes a new key, unless somebody else was quicker.
fn make(folder: &Path, path: &Path) -> Result<(), KeyError> {
    let crypto = |_| KeyError::Crypto { doing: "making a key for OIDC tokens" };
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(crypto)?;
    let bytes: Pkcs8V1Der<'_> = pair.as_der().map_err(crypto)?;
    let io_error = |source| KeyError::Io { path: path.to_owned(), source };
    // Mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(io_error)?;
    file.write_all(bytes.as_ref()).map_err(io_error)?;
    file.as_file().sync_all().map_err(io_error)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(io_error(error.error)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let first = Key::read_or_make(folder.path()).unwrap();
        let path = folder.path().join("key");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let second = Key::read_or_make(folder.path()).unwrap();
        assert_eq!(first.id(), second.id());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(Key::read_or_make(folder.path()), Err(KeyError::Open { .. })));
        fs::write(&path, "no key").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(Key::read_or_make(folder.path()), Err(KeyError::NoKey { .. })));
    }
}
