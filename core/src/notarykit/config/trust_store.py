"""Files of the trust stores: added and removed."""

import os
import stat

from notarykit._internal import files, locks
from notarykit._internal.paths import trust_store_root
from notarykit.errors import CertificateError, StorageError, TrustStoreError
from notarykit.keys import requirements
from notarykit.keys.certificate import load_certificate
from notarykit.keys.extensions import is_ca_certificate
from notarykit.trust.policy import StoreReference, StoreType
from notarykit.trust.store import EXTENSIONS, LARGEST_FILE, DirectoryTrustStore, trusted_certificates


def store_folder(store: StoreReference) -> str:
    """Returns the folder of a named trust store."""
    return DirectoryTrustStore(trust_store_root()).path(store)


def add_certificate(path: str, store: StoreReference) -> tuple[bytes, ...]:
    """Copies a file of certificates into a trust store and returns them, in DER.

    Raises:
        TrustStoreError: The file has content that is not permitted in such a store, or already exists there.
    """
    name = os.path.basename(path)
    if not name.endswith(EXTENSIONS):
        raise TrustStoreError(f"{path}: certificate files end in {', '.join(EXTENSIONS)}", advice="rename it")
    try:
        content = files.read(path, LARGEST_FILE)
    except FileNotFoundError:
        raise TrustStoreError(f"{path} does not exist") from None
    except StorageError as error:
        raise TrustStoreError(error.message) from None
    ders = trusted_certificates(content, path, store.type)
    for der in ders:
        _check_rules(der, path, store.type)
    folder = store_folder(store)
    target = os.path.join(folder, name)
    with locks.locked(folder):
        if os.path.lexists(target):
            raise TrustStoreError(f"{path}: certificate already exists in the Trust Store")
        files.write(target, content, 0o600)
    return ders


def _check_rules(der: bytes, path: str, kind: StoreType) -> None:
    """Refuses a certificate with which no signature can be verified, by the rules for the end of a chain."""
    certificate = load_certificate(der)
    authority = requirements.TIMESTAMPING_CA if kind == StoreType.TSA else requirements.CODE_SIGNING_CA
    checks = authority if is_ca_certificate(certificate) else requirements.CODE_SIGNING_LEAF
    try:
        requirements.enforce(checks, requirements.chain_member(certificate, f"{path}: certificate", 0))
    except CertificateError as error:
        raise TrustStoreError(
            f"{error.message}; no signature can be verified with it",
            advice=error.advice or f"see 'notarykit certificate lint {path}'",
        ) from None


def remove_file(path: str) -> bool:
    """Removes a file and returns True if it existed.

    Raises:
        StorageError: It cannot be removed, or is a folder.
    """
    try:
        if stat.S_ISDIR(os.lstat(path).st_mode):
            raise StorageError(f"{path} is a folder")
        os.unlink(path)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StorageError(f"{path} cannot be removed: {error.strerror}") from None
    return True
