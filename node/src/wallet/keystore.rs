//! Ethereum's keystores, version 3: a key encrypted with a password, in JSON.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use alloy_primitives::{Address, B256};
use alloy_signer_local::PrivateKeySigner;
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

/// Bytes that are read of a file: a keystore has some 500.
const FILE_BYTES_MAX: u64 = 1 << 16;

/// Memory that the key derivation may take, in bytes; geth's takes 256 MiB.
const KDF_MEMORY_MAX: u64 = 1 << 30;

/// Blocks of scrypt, and rounds of PBKDF2, that it may take: minutes at most.
const KDF_WORK_MAX: u64 = 1 << 25;

/// Bytes of the derived key, and of the cipher's counter.
const DERIVED_BYTES: u64 = 32;
const COUNTER_HEX_DIGITS: usize = 32;

/// What is looked at before the file is decrypted: files come from anywhere, and the numbers in them say how much work that is.
#[derive(Debug, Deserialize)]
struct Outline {
    version: u64,
    address: Option<String>,
    crypto: Crypto,
}

#[derive(Debug, Deserialize)]
struct Crypto {
    cipher: String,
    cipherparams: CipherParameters,
    kdfparams: KdfParameters,
}

#[derive(Debug, Deserialize)]
struct CipherParameters {
    iv: String,
}

/// Scrypt's and PBKDF2's.
#[derive(Debug, Deserialize)]
struct KdfParameters {
    dklen: u64,
    #[serde(default)]
    n: u64,
    #[serde(default)]
    r: u64,
    #[serde(default)]
    p: u64,
    #[serde(default)]
    c: u64,
}

/// A keystore that can be decrypted with reasonable work.
#[derive(Debug)]
pub(super) struct Keystore<'a> {
    path: &'a Path,
    address: Option<Address>,
}

impl<'a> Keystore<'a> {
    /// Looks at a file.
    pub(super) fn open(path: &'a Path) -> Result<Self> {
        let mut text = String::new();
        File::open(path)
            .and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut text))
            .with_context(|| format!("cannot read {}", path.display()))?;
        let outline: Outline = serde_json::from_str(&text)
            .with_context(|| format!("{} is no keystore", path.display()))?;
        outline
            .check()
            .with_context(|| format!("{} cannot be decrypted", path.display()))?;
        let written = outline.address.as_deref();
        let address = written.map(str::parse).transpose();
        Ok(Self {
            path,
            address: address.context("its address is none")?,
        })
    }

    /// Decrypts it. Takes about a second.
    pub(super) fn decrypt(&self, password: &str) -> Result<PrivateKeySigner> {
        let key = eth_keystore::decrypt_key(self.path, password).map_err(|error| match error {
            eth_keystore::KeystoreError::MacMismatch => anyhow::anyhow!(
                "the password is wrong: give the one that {} was made with",
                self.path.display()
            ),
            other => anyhow::Error::from(other),
        })?;
        let Ok(key) = B256::try_from(key.as_slice()) else {
            bail!("it holds no private key: {} bytes, not 32", key.len());
        };
        let Ok(signer) = PrivateKeySigner::from_bytes(&key) else {
            bail!("it holds no private key: the number is zero or too large for the curve");
        };
        if let Some(address) = self.address {
            ensure!(
                signer.address() == address,
                "it says that it is of {address}, and holds the key of {}",
                signer.address()
            );
        }
        Ok(signer)
    }
}

impl Outline {
    fn check(&self) -> Result<()> {
        ensure!(self.version == 3, "it has version {}, not 3", self.version);
        let Crypto {
            cipher,
            cipherparams,
            kdfparams,
        } = &self.crypto;
        ensure!(cipher == "aes-128-ctr", "its cipher is not aes-128-ctr");
        let iv = &cipherparams.iv;
        ensure!(
            iv.len() == COUNTER_HEX_DIGITS && iv.bytes().all(|b| b.is_ascii_hexdigit()),
            "its iv is not 16 bytes"
        );
        let KdfParameters { dklen, n, r, p, c } = *kdfparams;
        ensure!(dklen == DERIVED_BYTES, "its dklen is {dklen}, not 32");
        let memory = n.saturating_mul(r).saturating_mul(128);
        let work = n.saturating_mul(r).saturating_mul(p.max(1)).max(c);
        ensure!(
            memory <= KDF_MEMORY_MAX && work <= KDF_WORK_MAX,
            "its key derivation takes too much memory or time"
        );
        ensure!(c > 0 || n.is_power_of_two(), "its n is no power of two");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::{Value, json};
    use tempfile::TempDir;

    use super::*;

    const PASSWORD: &str = "testpassword";

    /// One key by both derivations: the first is the example of the format's definition, the second has geth's light parameters.
    fn examples() -> [Value; 2] {
        let keystore = |crypto: Value| json!({"crypto": crypto, "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6", "version": 3});
        [
            keystore(json!({
                "cipher": "aes-128-ctr",
                "cipherparams": {"iv": "6087dab2f9fdbbfaddc31a909735c1e6"},
                "ciphertext": "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
                "kdf": "pbkdf2",
                "kdfparams": {
                    "c": 262_144, "dklen": 32, "prf": "hmac-sha256",
                    "salt": "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"
                },
                "mac": "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"
            })),
            keystore(json!({
                "cipher": "aes-128-ctr",
                "cipherparams": {"iv": "83dbcc02d8ccb40e466191a123791e0e"},
                "ciphertext": "584f4eb2783472ec149b334c22d77ddbf118a0783ea24e66ca8a7883cd2b4bf5",
                "kdf": "scrypt",
                "kdfparams": {
                    "dklen": 32, "n": 4_096, "p": 6, "r": 8,
                    "salt": "ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19"
                },
                "mac": "860ad3ce9642f99d709abc696e25ede7cd35daf6a6041e975d14c53dae118886"
            })),
        ]
    }

    fn decrypt(keystore: &Value, password: &str) -> Result<PrivateKeySigner, String> {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("key.json");
        fs::write(&path, keystore.to_string()).unwrap();
        let opened = Keystore::open(&path).and_then(|found| found.decrypt(password));
        opened.map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn both_derivations_give_the_key() {
        let key = "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";
        for mut keystore in examples() {
            let signer = decrypt(&keystore, PASSWORD).unwrap();
            assert_eq!(signer.to_bytes().to_string(), format!("0x{key}"));
            let error = decrypt(&keystore, "testpasswort").unwrap_err();
            assert!(error.contains("password is wrong"), "{error}");
            keystore["address"] = json!(format!("{:x}", signer.address()));
            decrypt(&keystore, PASSWORD).unwrap();
            keystore["address"] = json!("00000000000000000000000000000000000000aa");
            let error = decrypt(&keystore, PASSWORD).unwrap_err();
            assert!(error.contains("holds the key of"), "{error}");
        }
    }

    #[test]
    fn a_hostile_file_is_refused_before_any_work() {
        let [pbkdf2, scrypt] = examples();
        for (example, place, value, named) in [
            (
                &scrypt,
                "/crypto/kdfparams/n",
                json!(1_u64 << 30),
                "too much",
            ),
            (&scrypt, "/crypto/kdfparams/r", json!(u64::MAX), "too much"),
            (
                &scrypt,
                "/crypto/kdfparams/p",
                json!(1_u64 << 40),
                "too much",
            ),
            (
                &scrypt,
                "/crypto/kdfparams/n",
                json!(262_143),
                "power of two",
            ),
            (&scrypt, "/crypto/kdfparams/dklen", json!(16), "dklen"),
            (&scrypt, "/crypto/cipherparams/iv", json!("6087"), "iv"),
            (&scrypt, "/crypto/cipher", json!("aes-256"), "cipher"),
            (&scrypt, "/version", json!(1), "version 1"),
            (&pbkdf2, "/crypto/kdfparams/c", json!(u32::MAX), "too much"),
            (&pbkdf2, "/crypto/kdfparams", json!([]), "no keystore"),
        ] {
            let mut keystore = example.clone();
            *keystore.pointer_mut(place).unwrap() = value;
            let error = decrypt(&keystore, PASSWORD).unwrap_err();
            assert!(error.contains(named), "{place}: {error}");
        }
    }
}
