"""Flags for signatures and revocation checks."""

from typing import TYPE_CHECKING

from notarykit.cli.options import Flag, Options
from notarykit.cli.references import MAX_SIGNATURES_FLAG
from notarykit.envelope.unverified import LARGEST_ENVELOPE
from notarykit.errors import UsageError

if TYPE_CHECKING:
    from notarykit.revocation.checker import RevocationChecker
    from notarykit.revocation.evidence import LocalEvidence
    from notarykit.revocation.limits import Limits

LIMIT_FLAGS = (
    Flag("crl-timeout", "time limit for each CRL download, in whole seconds", "duration", default=5),
    Flag("ocsp-nonce", "send a nonce to OCSP responders; many do not support it", "switch", default=False),
    Flag("ocsp-timeout", "time limit for each OCSP request, in whole seconds", "duration", default=2),
)
MAX_ENVELOPE_FLAG = Flag(
    "max-envelope-size", "maximum size of an envelope in MiB; those above 1 are evaluated last", "number", default=1
)
SIGNATURE_FLAGS = (MAX_SIGNATURES_FLAG, MAX_ENVELOPE_FLAG)
FILE_FLAGS = (
    Flag("evidence", "directory written by 'revocation fetch', consulted before the network; repeatable", "texts"),
    Flag("crl", "file with a CRL or delta CRL, consulted before the network; repeatable", "texts"),
    Flag("ocsp-response", "file with an OCSP response, consulted before the network; repeatable", "texts"),
)


def max_envelope_size(options: Options) -> int:
    """Returns the maximum size of an envelope in bytes.

    Raises:
        UsageError: It is zero or above the largest size that is supported.
    """
    size: int = options["max-envelope-size"] * 1024 * 1024
    if not 0 < size <= LARGEST_ENVELOPE:
        raise UsageError(f"--max-envelope-size must be 1 to {LARGEST_ENVELOPE // 1024 // 1024}")
    return size


def limits(options: Options) -> "Limits":
    """Returns the limits of requests to OCSP responders and CRL servers.

    Raises:
        UsageError: A time limit is zero.
    """
    for name in ("ocsp-timeout", "crl-timeout"):
        if not options[name]:
            raise UsageError(f"--{name} must be a second or more")
    from notarykit.revocation.limits import Limits

    return Limits(float(options["ocsp-timeout"]), float(options["crl-timeout"]), options["ocsp-nonce"])


def revocation_checker(options: Options) -> "RevocationChecker | None":
    """Returns the checker that the flags configure, or None for the default, which is then imported only when needed.

    Raises:
        UsageError: A file cannot be read or has other content.
    """
    if all(options[flag.name] == flag.default or options[flag.name] == [] for flag in (*LIMIT_FLAGS, *FILE_FLAGS)):
        return None
    from notarykit.revocation.checker import RevocationChecker

    return RevocationChecker.online(local_evidence(options), limits(options))


def local_evidence(options: Options) -> "LocalEvidence":
    """Returns the OCSP responses and CRLs in the files of the flags.

    Raises:
        UsageError: A file cannot be read or has other content.
    """
    from notarykit.revocation.evidence import LocalEvidence, evidence_files

    crls, responses = list(options["crl"]), list(options["ocsp-response"])
    for folder in options["evidence"]:
        crl_files, ocsp_files = evidence_files(folder)
        crls += crl_files
        responses += ocsp_files
    return LocalEvidence.from_files(crls, responses)
