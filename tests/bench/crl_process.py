"""A process that looks up two certificates of one CA in the cache of CRLs, and prints what that took."""

import json
import sys
import time
from base64 import b64decode
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from notarykit.keys.chain import check_chain
from notarykit.net.anonymous import anonymous_client
from notarykit.revocation.checker import RevocationChecker
from notarykit.revocation.fetcher import RevocationFetcher
from notarykit.revocation.file_cache import CrlCache


def _main(folder: str) -> None:
    ders = tuple(map(b64decode, json.loads((Path(folder) / "chain.json").read_text())))
    chains = [check_chain(ders), check_chain(_another(folder, ders))]
    checks = RevocationChecker(RevocationFetcher(anonymous_client(), CrlCache(folder)))
    seconds = []
    for chain in chains:
        start = time.perf_counter()
        checks.check(chain, datetime.now(UTC))
        seconds.append(time.perf_counter() - start)
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    print(json.dumps([*seconds, int(peak.split()[1]) / 1024]))


def _another(folder: str, ders: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """A chain whose leaf has another serial number, by the same CA."""
    leaf = x509.load_der_x509_certificate(ders[0])
    builder = x509.CertificateBuilder(
        leaf.issuer, leaf.subject, leaf.public_key(), x509.random_serial_number(), leaf.not_valid_before_utc,
        leaf.not_valid_after_utc,
    )  # fmt: skip
    for extension in leaf.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    key = load_pem_private_key((Path(folder) / "ca.pem").read_bytes(), None)
    return (builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER), *ders[1:])  # type: ignore[arg-type]


if __name__ == "__main__":
    _main(sys.argv[1])
