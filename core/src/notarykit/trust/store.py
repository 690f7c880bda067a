"""Trust stores: named sets of root certificates, in notation's folders or in memory.

Trust store and trust policy specification, "Trust Store".
"""

import os
import stat
import warnings
from collections.abc import Iterable, Mapping
from typing import Protocol

from notarykit._internal import files
from notarykit._internal.ownership import warn_of_other_writers
from notarykit.errors import CertificateError, ConfigurationWarning, StorageError, TrustStoreError
from notarykit.keys.certificate import is_self_signed, load_certificate, subject_of
from notarykit.keys.extensions import is_ca_certificate
from notarykit.keys.pem import read_certificates
from notarykit.trust.policy import StoreReference, StoreType, check_store_name

# "Following certificate formats are supported - Files with extension .pem, .crt and .cer"
EXTENSIONS = (".pem", ".crt", ".cer")
LARGEST_FILE = 4 * 1024 * 1024


class TrustStore(Protocol):
    """Source of trusted certificates (trust store and trust policy specification, "Trust Store").

    A verification calls it once for each named store of the policy statement, so it may be slow, and in several threads
    at once where several artifacts are verified.
    """

    def certificates(self, store: StoreReference) -> frozenset[bytes]:
        """Returns the certificates of a named store, each in DER; whole certificates are compared, byte by byte.

        Args:
            store: Type (`ca`, `signingAuthority` or `tsa`) and name of the store.

        Returns:
            At least one certificate. Each is of a CA or self-signed; in a `tsa` store, both.

        Raises:
            TrustStoreError: There is no such store, it is empty, or it has a certificate that it must not have.
        """


class MemoryTrustStore:
    """Trust stores in memory.

    Args:
        stores: Contents of certificate files, in PEM or DER, by `type:name`, such as `ca:acme`.

    Raises:
        TrustStoreError: A name is malformed, or a certificate must not be in such a store.
    """

    def __init__(self, stores: Mapping[str, Iterable[bytes]]) -> None:
        self._stores: dict[StoreReference, frozenset[bytes]] = {}
        for text, contents in stores.items():
            kind, _, name = text.partition(":")
            try:
                reference = StoreReference(StoreType(kind), check_store_name(name))
            except ValueError:
                raise TrustStoreError(f"{text!r} is not of the form type:name", advice="such as ca:acme") from None
            ders = [der for content in contents for der in trusted_certificates(content, text, reference.type)]
            self._stores[reference] = frozenset(ders)

    def certificates(self, store: StoreReference) -> frozenset[bytes]:
        """Returns the certificates of a named store."""
        if not self._stores.get(store):
            raise TrustStoreError(f"trust store {store} has no certificates")
        return self._stores[store]


class _ReadOnce:
    """Trust stores as they are at the first access."""

    def __init__(self, store: TrustStore) -> None:
        self._store = store
        self._certificates: dict[StoreReference, frozenset[bytes]] = {}

    def certificates(self, store: StoreReference) -> frozenset[bytes]:
        """Returns the certificates of a named store; one that cannot be read is tried again the next time."""
        if store not in self._certificates:
            self._certificates[store] = self._store.certificates(store)
        return self._certificates[store]


def read_once(store: TrustStore) -> TrustStore:
    """Returns the trust stores as they are at the first access, so that all signatures are verified with the same ones.

    Otherwise a folder would be read, and its certificates checked, for each of a stranger's signatures.
    """
    return store if isinstance(store, _ReadOnce | TrustStoreSnapshot) else _ReadOnce(store)


class TrustStoreSnapshot:
    """Trust stores as they were at one moment, as data; a store that could not be read then cannot be read later."""

    def __init__(self, stores: Mapping[StoreReference, frozenset[bytes] | TrustStoreError]) -> None:
        self._stores = stores

    def certificates(self, store: StoreReference) -> frozenset[bytes]:
        """Returns the certificates of a named store."""
        certificates = self._stores[store]
        if isinstance(certificates, TrustStoreError):
            raise certificates.replace()
        return certificates


def snapshot(store: TrustStore, references: Iterable[StoreReference]) -> TrustStoreSnapshot:
    """Reads the named stores."""
    if isinstance(store, TrustStoreSnapshot):
        return store
    stores: dict[StoreReference, frozenset[bytes] | TrustStoreError] = {}
    for reference in references:
        try:
            stores[reference] = store.certificates(reference)
        except TrustStoreError as error:
            stores[reference] = error
    return TrustStoreSnapshot(stores)


class DirectoryTrustStore:
    """Trust stores in notation's folders, `x509/{type}/{name}/*.pem|*.crt|*.cer` below a root."""

    def __init__(self, root: str) -> None:
        self.root = root

    def path(self, store: StoreReference) -> str:
        """Returns the folder of a named store."""
        return os.path.join(self.root, "x509", store.type, store.name)

    def certificates(self, store: StoreReference) -> frozenset[bytes]:
        """Returns the certificates of a named store.

        Links are refused; folders inside are ignored with a warning, and so are files of other extensions.
        """
        folder = self.path(store)
        try:
            if not stat.S_ISDIR(os.lstat(folder).st_mode):
                raise TrustStoreError(f"trust store {store} is not a folder but a link or a file: {folder}")
            names = sorted(os.listdir(folder))
            x509 = os.path.join(self.root, "x509")
            warn_of_other_writers(self.root, x509, os.path.join(x509, store.type), folder)
        except FileNotFoundError:
            raise TrustStoreError(
                f"trust store {store} does not exist ({folder})",
                advice=f"add its root with 'notarykit certificate add --type {store.type} --store {store.name} FILE'",
            ) from None
        except OSError as error:
            raise TrustStoreError(f"trust store {store} cannot be read: {error.strerror}") from None
        ders = [der for name in names for der in self._file(os.path.join(folder, name), store)]
        if not ders:
            raise TrustStoreError(
                f"trust store {store} has no certificates ({folder})",
                advice=f"add one with 'notarykit certificate add --type {store.type} --store {store.name} FILE'",
            )
        return frozenset(ders)

    def _file(self, path: str, store: StoreReference) -> tuple[bytes, ...]:
        try:
            mode = os.lstat(path).st_mode
            if stat.S_ISDIR(mode):
                _warn(
                    f"trust store {store}: the folder {path} is ignored; certificates count in the store itself alone"
                )
                return ()
            if not stat.S_ISREG(mode):
                raise TrustStoreError(f"trust store {store}: {path} is a link or no regular file")
            if os.path.basename(path).startswith(files.TEMPORARY):
                return ()  # what is left of a writer that was cut off
            if not path.endswith(EXTENSIONS):
                _warn(f"trust store {store}: {path} is ignored; a certificate's file ends in {', '.join(EXTENSIONS)}")
                return ()
            warn_of_other_writers(path)
            return trusted_certificates(files.read(path, LARGEST_FILE), path, store.type)
        except (OSError, StorageError) as error:
            raise TrustStoreError(f"trust store {store}: {error}") from None


def _warn(message: str) -> None:
    warnings.warn(message, ConfigurationWarning, stacklevel=4)


def trusted_certificates(content: bytes, name: str, kind: StoreType) -> tuple[bytes, ...]:
    """Returns the certificates of a file, after checking that each may be in a trust store of the given type.

    Raises:
        TrustStoreError: There is none, one cannot be read, or one is neither of a CA nor self-signed; a timestamp
            authority's must be both.
    """
    try:
        ders = read_certificates(content, name)
        for der in ders:
            _check_trusted(der, name, kind)
    except CertificateError as error:
        raise TrustStoreError(error.message, advice=error.advice) from None
    return ders


def _check_trusted(der: bytes, name: str, kind: StoreType) -> None:
    certificate = load_certificate(der, f"{name}: certificate")
    self_signed = is_self_signed(certificate)
    ca = is_ca_certificate(certificate)
    subject = subject_of(certificate)
    if kind == StoreType.TSA and not (self_signed and ca):
        raise TrustStoreError(f"{name}: {subject!r} is not a root CA certificate, as a tsa store requires")
    if not (self_signed or ca):
        raise TrustStoreError(f"{name}: {subject!r} is neither a CA certificate nor self-signed")
