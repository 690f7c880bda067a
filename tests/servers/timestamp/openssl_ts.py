"""A timestamp authority that is `openssl ts -reply`, behind a server for HTTP."""

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.servers.registry.http_server import Connection, RecordingServer, Reply, Seen
from tests.servers.timestamp.authority import QUERY_TYPE, REPLY_TYPE
from tests.support.ca import TestChain, make_chain
from tests.support.requirements import program

POLICY = "1.2.3.4.1"
SECONDS_TO_ANSWER = 60.0


@dataclass(frozen=True)
class Settings:
    """What the configuration of `openssl ts` says.

    Attributes:
        accuracy: The accuracy in OpenSSL's notation, or nothing for none.
        ordering: Whether tokens can be ordered by their times.
        tsa_name: Whether the authority's name is in the token.
        ess_cert_id_chain: Whether the signing certificate attribute lists the whole chain.
        ess_cert_id_alg: The hash of that attribute; with `sha1` it is the older attribute.
        signer_digest: What it signs with.
        digests: The hashes of messages that it accepts.
        policy: The policy where none is asked for.
        other_policies: Further policies that can be asked for.
        clock_precision_digits: How many digits of fractions of seconds the time has.
    """

    accuracy: str = "secs:1, millisecs:500, microsecs:100"
    ordering: bool = False
    tsa_name: bool = False
    ess_cert_id_chain: bool = False
    ess_cert_id_alg: str = "sha256"
    signer_digest: str = "sha256"
    digests: tuple[str, ...] = ("sha1", "sha256", "sha384", "sha512")
    policy: str = POLICY
    other_policies: tuple[str, ...] = ("1.2.3.4.5",)
    clock_precision_digits: int = 0


class OpensslAuthority(RecordingServer):
    """The server; it stands by itself, and `seen` has what it was asked.

    Attributes:
        chain: Its certificates in DER, leaf first and root last.
    """

    def __init__(self, folder: str, chain: TestChain, settings: Settings) -> None:
        """Write what the openssl command needs to a folder, which must be there and its own."""
        self._program = program("openssl")  # before there is a socket that nobody would close
        super().__init__()
        self.chain = chain.ders
        self._folder = Path(folder)
        self._write("leaf.pem", chain.pems[0])
        self._write("others.pem", b"".join(chain.pems[1:]))
        self._write("key.pem", chain.key_pem)
        self._write("serial", b"01\n")
        self._write("openssl.cnf", _configuration(self._folder, settings).encode())

    @property
    def root(self) -> bytes:
        """The certificate in DER that is to be trusted."""
        return self.chain[-1]

    def answer(self, seen: Seen, connection: Connection) -> None:
        """Answer a query that was posted to any path."""
        if seen.method != "POST":
            connection.reply(Reply(405))
        elif seen.headers["Content-Type"] != QUERY_TYPE:
            connection.reply(Reply(415))
        else:
            connection.reply(Reply(200, (("Content-Type", REPLY_TYPE),), self.stamp(seen.body)))

    def stamp(self, query: bytes) -> bytes:
        """Answer a query without HTTP."""
        # One at a time: the file with the serial number is read and written.
        with self.lock:
            self._write("query.tsq", query)
            reply = self._folder / "reply.tsr"
            reply.unlink(missing_ok=True)
            done = subprocess.run(
                [self._program, "ts", "-reply", "-config", str(self._folder / "openssl.cnf"),
                 "-queryfile", str(self._folder / "query.tsq"), "-out", str(reply)],
                capture_output=True, encoding="utf-8", timeout=SECONDS_TO_ANSWER, check=False,
            )  # fmt: skip
            # A refusal is a response too, for which it complains as well.
            if not reply.exists():
                raise RuntimeError(f"openssl ts -reply failed:\n{done.stderr}")
            return reply.read_bytes()

    def _write(self, name: str, content: bytes) -> None:
        (self._folder / name).write_bytes(content)


@contextlib.contextmanager
def running(chain: TestChain | None = None, settings: Settings = Settings()) -> Iterator[OpensslAuthority]:
    """Run an authority until the context is left.

    Args:
        chain: Its chain and key; a new one with RSA keys, if none is given.
        settings: What its configuration says.
    """
    chain = chain or make_chain("RSA-2048", purpose="timestamping")
    with tempfile.TemporaryDirectory() as folder, OpensslAuthority(folder, chain, settings) as authority:
        yield authority


def _configuration(folder: Path, settings: Settings) -> str:
    values = {
        "serial": folder / "serial",
        "crypto_device": "builtin",
        "signer_cert": folder / "leaf.pem",
        "certs": folder / "others.pem",
        "signer_key": folder / "key.pem",
        "signer_digest": settings.signer_digest,
        "default_policy": settings.policy,
        "other_policies": ", ".join(settings.other_policies),
        "digests": ", ".join(settings.digests),
        "accuracy": settings.accuracy,
        "clock_precision_digits": settings.clock_precision_digits,
        "ordering": _yes(settings.ordering),
        "tsa_name": _yes(settings.tsa_name),
        "ess_cert_id_chain": _yes(settings.ess_cert_id_chain),
        "ess_cert_id_alg": settings.ess_cert_id_alg,
    }
    lines = [f"{name} = {value}\n" for name, value in values.items() if value != ""]
    return f"[tsa]\ndefault_tsa = ours\n\n[ours]\n{''.join(lines)}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
