"""Key files: a private key in PEM or PKCS#12, its chain, and its passphrase from where it is kept."""

import os
from collections.abc import Callable, Mapping
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from notarykit._internal.encodings import foreign_encoding
from notarykit._internal.secret_text import without_marks, wrong_passphrase
from notarykit.errors import PassphraseError, SigningKeyError
from notarykit.keys import files
from notarykit.keys.chain import build_chain, check_chain
from notarykit.keys.files import read_file
from notarykit.keys.local import LocalSigner, read_key_file
from notarykit.keys.pem import read_certificates
from notarykit.keys.private import PrivateKey, checked_private_key, load_private_key
from notarykit.keys.signature import sign
from notarykit.keys.spec import KeySpec

VARIABLE = "NOTARYKIT_KEY_PASSPHRASE"
_BESIDE = (".crt", ".cer", ".chain.pem", ".crt.pem", ".cert.pem")
_PEM_MARK = b"-----BEGIN"

Passphrase = Callable[[], bytes]


class FileKey(NamedTuple):
    """A private key out of a file, which may not have a certificate.

    Attributes:
        name: The file's path.
        key: The key.
    """

    name: str
    key: PrivateKey

    @property
    def public_key(self) -> PublicKeyTypes:
        """The public key."""
        return self.key.public_key()

    def sign(self, message: bytes, spec: KeySpec) -> bytes:
        """A signature over a message; ECDSA as r and s side by side."""
        return sign(self.key, spec, message)


def fingerprint(path: str, config: Mapping[str, str]) -> tuple[object, ...]:
    """What changes when a key file or a file that goes with it changes."""
    return files.fingerprint(path, _chain_path(path, config), config.get("ca_certs"))


def load(path: str, config: Mapping[str, str], passphrase: Passphrase | None = None) -> LocalSigner:
    """The signer of a key file.

    Args:
        path: The file with the private key.
        config: The plugin's configuration.
        passphrase: Where the passphrase comes from, before all other places.

    Raises:
        SigningKeyError: A file cannot be read, or there is no certificate.
        PassphraseError: The passphrase is wrong, or there is none.
        CertificateError: The chain is incomplete, breaks a rule, or is of another key.
    """
    key, certificates = load_key(path, config, passphrase)
    for each in (_chain_path(path, config), config.get("ca_certs")):
        if each:
            certificates += read_certificates(read_file(each, "certificate chain"), each)
    if not certificates:
        raise SigningKeyError(
            f"no certificate of {path} was found",
            advice="name its file with the setting certificate_chain, or ask for one ('notarykit certificate request')",
        )
    return LocalSigner(key, check_chain(build_chain(key.public_key(), certificates)), f"private key {path}")


def load_key(
    path: str, config: Mapping[str, str], passphrase: Passphrase | None = None
) -> tuple[PrivateKey, list[bytes]]:
    """The key of a key file and the certificates that are in the same file; as `load`, but for those elsewhere."""
    name = f"private key {path}"
    content = read_key_file(path)
    source = passphrase or _passphrase(path, config)
    if _PEM_MARK not in content:
        return _load_pkcs12(content, name, source)
    key = load_private_key(content, name, source)
    return key, list(read_certificates(content, path)) if b"CERTIFICATE-----" in content else []


def _chain_path(path: str, config: Mapping[str, str]) -> str | None:
    """The file with the chain: the one that is configured, else one beside the key that is there."""
    if "certificate_chain" in config:
        return config["certificate_chain"]
    stem = os.path.splitext(path)[0]
    candidates = [stem + ending for ending in (*_BESIDE, ".pem")]
    return next((each for each in candidates if each != path and os.path.isfile(each)), None)


def _load_pkcs12(content: bytes, name: str, passphrase: Passphrase) -> tuple[PrivateKey, list[bytes]]:
    """The key and the certificates of a PKCS#12 file (RFC 7292)."""
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
        raise SigningKeyError(f"{name} has a key or an encryption that is not supported") from None
    except (ValueError, TypeError):
        raise wrong_passphrase(name, secret, ", or it is no PKCS#12 file") from None
    if store.key is None:
        raise SigningKeyError(f"{name} has no private key in it")
    held = [store.cert, *store.additional_certs]
    ders = [each.certificate.public_bytes(Encoding.DER) for each in held if each is not None]
    return checked_private_key(store.key, name), ders


def _passphrase(path: str, config: Mapping[str, str]) -> Passphrase:
    """Where the passphrase comes from: it is read when it is needed and kept nowhere."""

    def get() -> bytes:
        if "passphrase_file" in config:
            return without_marks(read_file(config["passphrase_file"], "passphrase file"))
        variable = config.get("passphrase_env", VARIABLE)
        if variable in os.environ:
            return os.fsencode(os.environ[variable])
        if "passphrase_env" in config:
            raise PassphraseError(f"${variable} is not set, and the private key {path} is encrypted")
        from notarykit.plugin.service.terminal import ask_secret

        found = ask_secret(f"Passphrase of {path}: ")
        if found is None:
            raise PassphraseError(
                f"private key {path} is encrypted and there is no terminal to ask at", advice=f"set ${VARIABLE}"
            )
        return found

    return get
