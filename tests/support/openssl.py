"""The `openssl` command as a second opinion on requests and certificates."""

import subprocess
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.requirements import program


def _run(*arguments: str | Path) -> str:
    done = subprocess.run([program("openssl"), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done
    return done.stdout + done.stderr


def accepts_request(folder: Path, request: x509.CertificateSigningRequest) -> bool:
    """Returns whether openssl verifies a request's signature."""
    path = folder / "asked.csr"
    path.write_bytes(request.public_bytes(Encoding.PEM))
    return "verify OK" in _run("req", "-in", path, "-noout", "-verify")  # with status 0 whatever it finds


def verify(folder: Path, *chain: x509.Certificate, strict: bool = True) -> None:
    """Has it verify a chain, leaf first, with the last as the root that is trusted.

    Args:
        folder: Where the files can be.
        chain: The certificates.
        strict: Whether all that RFC 5280 asks of CAs is asked.
    """
    leaf, between, root = (folder / name for name in ("leaf.pem", "between.pem", "root.pem"))
    leaf.write_bytes(chain[0].public_bytes(Encoding.PEM))
    between.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in chain[1:-1]))
    root.write_bytes(chain[-1].public_bytes(Encoding.PEM))
    flags = ["-x509_strict"] if strict else []
    if chain[1:-1]:
        flags += ["-untrusted", str(between)]
    out = _run("verify", "-check_ss_sig", *flags, "-CAfile", root, leaf)
    assert out == f"{leaf}: OK\n"
