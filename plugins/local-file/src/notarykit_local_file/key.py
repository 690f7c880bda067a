"""Key files: a private key in PEM or PKCS#12, with its chain."""

from collections.abc import Mapping
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from notarykit.errors import CertificateError, SigningKeyError
from notarykit.plugin import (
    KeySpec,
    LocalSigner,
    PrivateKey,
    build_chain,
    check_chain,
    checked_private_key,
    file_fingerprint,
    foreign_encoding,
    load_private_key,
    read_certificates,
    read_file,
    read_key_file,
    sign_raw,
    wrong_passphrase,
)
from notarykit_local_file.settings import PassphraseSource, certificate_files, passphrase_source

_PEM_MARK = b"-----BEGIN"


class FileKey(NamedTuple):
    """Private key of a file, with or without a certificate; see `notarykit.plugin.KeyVersion`.

    Attributes:
        name: The file's path.
        key: The key.
    """

    name: str
    key: PrivateKey

    @property
    def public_key(self) -> PublicKeyTypes:
        """Public key."""
        return self.key.public_key()

    def sign(self, message: bytes, spec: KeySpec) -> bytes:
        """Signs a message; ECDSA as r and s side by side."""
        return sign_raw(self.key, spec, message)


def fingerprint(path: str, config: Mapping[str, str]) -> tuple[object, ...]:
    """Returns a value that changes with a key file and the files of its certificates."""
    return file_fingerprint(path, *certificate_files(path, config))


def load_signer(path: str, config: Mapping[str, str], passphrase: PassphraseSource | None = None) -> LocalSigner:
    """Loads the signer of a key file.

    Args:
        path: The file with the private key.
        config: The plugin configuration.
        passphrase: The source of the passphrase, before those of the configuration.

    Raises:
        SigningKeyError: A file cannot be read, or there is no certificate.
        PassphraseError: The passphrase is wrong, or there is none.
        CertificateError: The chain is incomplete, breaks a rule, or is of another key.
    """
    key, certificates = load_key(path, config, passphrase)
    files = certificate_files(path, config)
    for file in files:
        certificates += read_certificates(read_file(file, "certificate chain"), file)
    if not certificates:
        raise SigningKeyError(
            f"no certificate of {path} was found",
            advice="name its file with the setting certificate_chain, or request one ('notarykit certificate request')",
        )
    try:
        chain = build_chain(key.public_key(), certificates)
    except CertificateError as error:
        where = (
            f"the certificates are of {' and '.join(files) or path}; the settings certificate_chain and ca_certs name"
        )
        raise CertificateError(error.message, rule=error.rule, advice=f"{error.advice} ({where} others)") from error
    return LocalSigner(key, check_chain(chain), f"private key {path}")


def load_key(
    path: str, config: Mapping[str, str], passphrase: PassphraseSource | None = None
) -> tuple[PrivateKey, list[bytes]]:
    """Loads the key of a key file and the certificates in the same file, in DER; arguments and errors as above."""
    name = f"private key {path}"
    content = read_key_file(path)
    source = passphrase or passphrase_source(path, config)
    if _PEM_MARK not in content:
        return _load_pkcs12(content, name, source)
    key = load_private_key(content, name, source)
    return key, list(read_certificates(content, path)) if b"CERTIFICATE-----" in content else []


def _load_pkcs12(content: bytes, name: str, passphrase: PassphraseSource) -> tuple[PrivateKey, list[bytes]]:
    """Loads the key and the certificates of a PKCS#12 file (RFC 7292)."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

    secret = b""
    try:
        try:
            store = load_pkcs12(content, None)
        except (ValueError, TypeError):
            if content[:1] != b"\x30":
                raise SigningKeyError(f"{name} is neither PEM nor PKCS#12", advice=foreign_encoding(content)) from None
            secret = passphrase()
            store = load_pkcs12(content, secret)
    except UnsupportedAlgorithm:
        raise SigningKeyError(f"{name} has an unsupported key or encryption") from None
    except (ValueError, TypeError):
        raise wrong_passphrase(name, secret, ", or it is no PKCS#12 file") from None
    if store.key is None:
        raise SigningKeyError(f"{name} contains no private key")
    entries = [store.cert, *store.additional_certs]
    ders = [entry.certificate.public_bytes(Encoding.DER) for entry in entries if entry is not None]
    return checked_private_key(store.key, name), ders
