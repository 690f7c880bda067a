"""The `openssl` command as a client of responders and as a reader of CRLs."""

import os
import re
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from tests.support.ca import TestChain
from tests.support.requirements import program


class Client:
    """Asks about a chain's certificate, with the chain's root as what it trusts.

    Attributes:
        folder: A folder for its files.
    """

    def __init__(self, folder: Path, chain: TestChain, place: int = 0) -> None:
        """Write the chain's files."""
        self.folder = folder
        self._certificate, self._issuer = folder / "asked.pem", folder / "issuer.pem"
        self._between, self._root, self._crl = folder / "between.pem", folder / "root.pem", folder / "asked.crl"
        self._certificate.write_bytes(chain.pems[place])
        self._issuer.write_bytes(chain.pems[place + 1])
        self._between.write_bytes(b"".join(chain.pems[place + 1 :]))
        self._root.write_bytes(chain.pems[-1])

    def ask(self, url: str) -> str:
        """Queries a responder by POST: `good`, `revoked`, `unknown` or an error's text; a nonce must be right."""
        return _status(self._ocsp("-url", url))

    def ask_by_get(self, url: str) -> str:
        """Queries a responder by GET, without a nonce."""
        request = self.folder / "request.der"
        self._ocsp("-no_nonce", "-reqout", request)
        encoded = _run("base64", "-A", "-in", request).strip()
        target = f"{url}/{urllib.parse.quote(encoded, safe='')}"
        return self.read(fetched(target))

    def read(self, answer: bytes) -> str:
        """Reads a response, whose signature must be valid."""
        path = self.folder / "answer.der"
        path.write_bytes(answer)
        return _status(self._ocsp("-no_nonce", "-respin", path))

    def holds(self, crl: bytes) -> bool:
        """Returns whether a CRL's signature is the issuer's."""
        path = self.folder / "read.crl"
        path.write_bytes(crl)
        out = _run("crl", "-inform", "DER", "-in", path, "-noout", "-verify", "-no-CApath", "-CAfile", self._issuer)
        return "verify OK" in out

    def verify(self, crl: bytes) -> str:
        """Verifies the certificate with a CRL: `good`, `revoked` or an error's text."""
        path = self.folder / "read.crl"
        path.write_bytes(crl)
        _run("crl", "-inform", "DER", "-in", path, "-out", self._crl)
        between: list[str | Path] = ["-untrusted", self._between]
        out = _run("verify", "-crl_check", "-CRLfile", self._crl, "-CAfile", self._root, *between, self._certificate)
        if out.endswith(f"{self._certificate}: OK\n"):
            return "good"
        return "revoked" if "certificate revoked" in out else out

    def _ocsp(self, *arguments: str | Path) -> str:
        trusted: list[str | Path] = ["-CAfile", self._root, "-no-CApath", "-verify_other", self._between]
        return _run("ocsp", "-issuer", self._issuer, "-cert", self._certificate, *trusted, *arguments)


def fetched(url: str) -> bytes:
    """Fetches a URL without any proxy."""
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=30) as answer:
        content: bytes = answer.read()
    return content


def _status(out: str) -> str:
    found = re.search(r"asked\.pem: (good|revoked|unknown)$", out, re.MULTILINE)
    in_time = "Status times invalid" not in out
    return found[1] if found and in_time and "Response verify OK" in out else out


def _run(*arguments: str | Path) -> str:
    command = [program("openssl"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=_environment())
    return done.stdout + done.stderr


def _environment() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
