"""A CA of `openssl ca` in a folder, whose answers and CRLs are made by the `openssl` command and served by our server.

`openssl ocsp` could be a server itself, but one that listens on every interface.
"""

import os
import subprocess
import threading
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.ca import TestChain, pem_of
from tests.support.ocsp_answers import INTERNAL_ERROR, Delegate, make_refusal
from tests.support.requirements import program
from tests.support.responders import Responder
from tests.support.revocable import crl_path, ocsp_path

_SETTINGS = """[ca]
default_ca = this
[this]
database = {folder}/index.txt
crlnumber = {folder}/crlnumber
certificate = {folder}/ca.pem
private_key = {folder}/ca.key
default_md = sha256
default_crl_days = 7
policy = anything
unique_subject = no
[anything]
commonName = optional
"""


class Signer(NamedTuple):
    """Who signs OCSP answers.

    Attributes:
        certificate: The certificate's PEM file.
        key: The private key's PEM file.
    """

    certificate: Path
    key: Path


class OpensslCA:
    """The CA in one place of a chain, which knows the certificates that it issued.

    Attributes:
        chain: The chain.
        place: The CA's place in it.
        folder: Where its files are.
        certificate: The PEM file of the certificate below it in the chain.
        ca_file: The PEM file of its own certificate.
    """

    def __init__(self, folder: Path, chain: TestChain, place: int = 1) -> None:
        """Make the CA's files in a folder of its own, with the certificate below it recorded as good."""
        self._program = program("openssl")
        self.chain, self.place, self.folder = chain, place, folder
        self.ca_file = self._written("ca.pem", chain.pems[place])
        self._issuer = Signer(self.ca_file, self._written("ca.key", pem_of(chain.keys[place])))
        self._signer = self._issuer
        self._options: tuple[str, ...] = ()
        self._lock = threading.Lock()
        self._number = 0
        self._written("ca.cnf", _SETTINGS.format(folder=folder).encode())
        self._written("crlnumber", b"01\n")
        self._written("index.txt", b"")
        self.certificate = self.record(chain, place - 1)

    def record(self, chain: TestChain, place: int = 0) -> Path:
        """Record a chain's certificate as issued and good; return its PEM file."""
        serial = chain.certificates[place].serial_number
        path = self._written(f"{serial:x}.pem", chain.pems[place])
        with self._lock:
            self._ca("-valid", path)
        return path

    def revoke(self, certificate: Path | None = None, reason: str | None = None, *, hold: str | None = None) -> None:
        """Revoke a certificate.

        Args:
            certificate: Its PEM file; without one, the certificate below the CA in the chain.
            reason: One of `unspecified`, `keyCompromise`, `CACompromise`, `affiliationChanged`, `superseded`,
                `cessationOfOperation`, `certificateHold` and `removeFromCRL`.
            hold: What to do with it while it is on hold: `holdInstructionNone`, `holdInstructionCallIssuer` or
                `holdInstructionReject`; openssl 3.0 has no other reason then.
        """
        given = ["-crl_reason", reason] if reason else ["-crl_hold", hold] if hold else []
        with self._lock:
            self._ca("-revoke", certificate or self.certificate, *given)

    def release(self, certificate: Path | None = None) -> None:
        """Record a certificate as good again, which openssl has no command for."""
        self._enter("V", certificate or self.certificate)

    def expire(self, certificate: Path | None = None) -> None:
        """Record a certificate as expired, as `openssl ca -updatedb` does when its time is over."""
        self._enter("E", certificate or self.certificate)

    def _enter(self, state: str, certificate: Path) -> None:
        """Change a certificate's state in the index; it is not revoked then."""
        serial = certificate.stem.upper()
        serial = serial.rjust(len(serial) + len(serial) % 2, "0")
        index = self.folder / "index.txt"
        with self._lock:
            lines = [line.split("\t") for line in index.read_text().splitlines()]
            same = [[state, line[1], "", *line[3:]] if line[3] == serial else line for line in lines]
            # The reader of an answer that is being made is to find the old file or the new one.
            self._written("index.new", "".join("\t".join(line) + "\n" for line in same).encode()).replace(index)

    def crl(self, days: int = 7) -> bytes:
        """A new CRL in DER."""
        path = self.folder / "new.crl"
        with self._lock:
            self._ca("-gencrl", "-crldays", str(days), "-out", path)
            return self._openssl("crl", "-in", path, "-outform", "DER")

    def sign_with(self, delegate: Delegate | None = None, *, by_key: bool = False, include: bool = True) -> None:
        """Choose who signs answers from now on.

        Args:
            delegate: The responder, or None for the CA itself.
            by_key: Whether answers name it by its key.
            include: Whether answers bring its certificate along.
        """
        self._options = (*(["-resp_key_id"] if by_key else []), *([] if include else ["-resp_no_certs"]))
        self._signer = self._issuer
        if delegate is not None:
            self._number += 1
            pem = delegate.certificate.public_bytes(Encoding.PEM)
            certificate = self._written(f"responder{self._number}.pem", pem)
            self._signer = Signer(certificate, self._written(f"responder{self._number}.key", pem_of(delegate.key)))

    def answer(self, request: bytes, method: str = "POST") -> bytes:
        """The answer of `openssl ocsp` to a request in DER."""
        with self._lock:
            asked, answered = self.folder / "request.der", self.folder / "answer.der"
            asked.write_bytes(request)
            answered.unlink(missing_ok=True)
            command: list[str | Path] = [
                self._program, "ocsp", "-index", self.folder / "index.txt", "-CA", self.ca_file, "-nmin", "10",
                "-rsigner", self._signer.certificate, "-rkey", self._signer.key, *self._options,
                "-reqin", asked, "-respout", answered,
            ]  # fmt: skip
            # Its status says something about the request only.
            subprocess.run(command, capture_output=True, check=False)
            return answered.read_bytes() if answered.exists() else make_refusal(INTERNAL_ERROR)

    def serve(self, responder: Responder, path: str = "") -> None:
        """Answer where the certificate of a `revocable_chain` leads to, with a new CRL each time.

        Args:
            responder: The server.
            path: The path, on that server, of the address that the chain was made with.
        """
        responder.ocsp(path + ocsp_path(self.place - 1), self.answer)
        responder.put(path + crl_path(self.place - 1), self.crl)

    def _written(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        return path

    def _ca(self, *arguments: str | Path) -> bytes:
        return self._openssl("ca", "-batch", "-config", self.folder / "ca.cnf", *arguments)

    def _openssl(self, *arguments: str | Path) -> bytes:
        done = subprocess.run([self._program, *arguments], capture_output=True, check=False, env=_environment())
        if done.returncode != 0:
            raise RuntimeError(f"openssl {arguments[0]} failed:\n{done.stderr.decode(errors='replace')}")
        return done.stdout


def _environment() -> dict[str, str]:
    # The settings of the machine are not for this CA.
    return {name: value for name, value in os.environ.items() if name != "OPENSSL_CONF"}
