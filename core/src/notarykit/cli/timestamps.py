"""Timestamp authorities by flags: URLs, and a file with the root certificate of each."""

from collections.abc import Sequence

from notarykit._internal import files
from notarykit.errors import CertificateError, NetworkError, StorageError, TrustStoreError, UsageError
from notarykit.net.urls import origin_of
from notarykit.revocation.checker import RevocationChecker
from notarykit.revocation.limits import Limits
from notarykit.timestamp.client import TimestampAuthority, TimestampClient
from notarykit.trust.policy import StoreType
from notarykit.trust.store import LARGEST_FILE, trusted_certificates


def timestamp_client(urls: Sequence[str], root_files: Sequence[str], limits: Limits) -> TimestampClient | None:
    """Returns a client for the authorities of the flags, or None without any.

    Args:
        urls: URLs of the authorities, in the order in which they are tried.
        root_files: File of each authority's root certificate, in the same order.
        limits: Limits of the revocation checks of their certificates.

    Raises:
        UsageError: The numbers of URLs and roots differ, a URL is malformed, or a file holds no root.
    """
    if len(urls) != len(root_files):
        raise UsageError(
            f"{len(urls)} --timestamp-url and {len(root_files)} --timestamp-root-cert",
            advice="use both, a root for each authority in the same order",
        )
    authorities = [TimestampAuthority(_url(url), _root(path)) for url, path in zip(urls, root_files, strict=True)]
    return TimestampClient(authorities, RevocationChecker.online(limits=limits)) if authorities else None


def _url(url: str) -> str:
    if not url:
        raise UsageError("--timestamp-url is set, but with an empty value")
    try:
        origin_of(url)
    except NetworkError as error:
        advice = "" if "://" in url else "put http:// or https:// in front of it"
        raise UsageError(f"--timestamp-url: {error.message}", advice=advice) from None
    return url


def _root(path: str) -> bytes:
    try:
        ders = trusted_certificates(files.read(path, LARGEST_FILE), path, StoreType.TSA)
    except FileNotFoundError:
        raise UsageError(f"--timestamp-root-cert: {path} does not exist") from None
    except (StorageError, TrustStoreError, CertificateError) as error:
        raise UsageError(f"--timestamp-root-cert: {error.message}", advice=error.advice) from None
    if len(ders) != 1:
        raise UsageError(
            f"--timestamp-root-cert: {path} contains {len(ders)} certificates instead of one root",
            advice="use the authority's self-signed root only",
        )
    return ders[0]
