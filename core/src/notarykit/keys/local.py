"""Signer for private keys in files or in memory."""

import os
import stat
import sys
import warnings

from notarykit.errors import CertificateError, ConfigurationWarning
from notarykit.keys.certificate import subject_of
from notarykit.keys.chain import Chain, build_chain, check_chain
from notarykit.keys.key_files import read_file
from notarykit.keys.pem import read_certificates
from notarykit.keys.private import Passphrase, PrivateKey, load_private_key
from notarykit.keys.signature import RawSignature, sign_raw
from notarykit.keys.spec import KeySpec


class LocalSigner:
    """Signer with a private key in this process, thread-safe; implements `notarykit.Signer`."""

    def __init__(self, key: PrivateKey, chain: Chain, name: str = "private key") -> None:
        """Takes a key and its chain.

        Raises:
            CertificateError: The chain's leaf is of another key.
        """
        if key.public_key() != chain.public_key:
            raise CertificateError(
                f"{name} does not match its certificate {subject_of(chain.leaf)!r}",
                rule="certificate_of_key",
                advice="give the certificate that was issued for this key",
            )
        self._key = key
        self._chain = chain

    @classmethod
    def from_files(cls, key_path: str, cert_path: str, passphrase: Passphrase | None = None) -> "LocalSigner":
        """Loads a key and its chain from files.

        Args:
            key_path: The private key in PEM: PKCS#1, PKCS#8 or SEC1, encrypted or not.
            cert_path: The certificates in PEM or DER up to the root, in any order.
            passphrase: Returns the passphrase of an encrypted key.

        Raises:
            SigningKeyError: A file cannot be read, or the passphrase is wrong or missing.
            CertificateError: The chain is incomplete, violates a requirement, or is of another key.
        """
        name = f"private key {key_path}"
        chain = read_file(cert_path, "certificate chain")
        return cls._from_contents(read_key_file(key_path), name, chain, cert_path, passphrase)

    @classmethod
    def from_pem(cls, key: bytes, certificates: bytes, passphrase: Passphrase | None = None) -> "LocalSigner":
        """Loads a key and its chain from memory; like `from_files`, with the contents of the files.

        Raises:
            SigningKeyError: The key cannot be read, or the passphrase is wrong or missing.
            CertificateError: The chain is incomplete, violates a requirement, or is of another key.
        """
        return cls._from_contents(key, "private key", certificates, "certificate chain", passphrase)

    @classmethod
    def _from_contents(
        cls, key_pem: bytes, name: str, chain: bytes, chain_name: str, passphrase: Passphrase | None
    ) -> "LocalSigner":
        key = load_private_key(key_pem, name, passphrase)
        ders = read_certificates(chain, chain_name)
        try:
            checked = check_chain(build_chain(key.public_key(), ders))
        except CertificateError as error:
            raise CertificateError(f"{chain_name}: {error.message}", rule=error.rule, advice=error.advice) from None
        return cls(key, checked, name)

    def key_spec(self) -> KeySpec:
        """Returns the key spec."""
        return self._chain.key_spec

    def sign(self, to_be_signed: bytes) -> RawSignature:
        """Signs bytes."""
        return RawSignature(sign_raw(self._key, self._chain.key_spec, to_be_signed), self._chain.ders)


def read_key_file(path: str) -> bytes:
    """Reads the file of a private key, and warns if other users can read it.

    Raises:
        SigningKeyError: It cannot be read.
    """
    content = read_file(path, "private key")
    if sys.platform != "win32" and stat.S_IMODE(os.stat(path).st_mode) & 0o077:
        warnings.warn(
            f"private key {path} can be read by others: run chmod 600 on it", ConfigurationWarning, stacklevel=2
        )
    return content
