"""What every timestamp authority of the tests looks like from outside, and how the openssl command asks it."""

import ssl
import subprocess
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.support.requirements import program

QUERY_TYPE = "application/timestamp-query"
REPLY_TYPE = "application/timestamp-reply"
SECONDS_TO_ANSWER = 60.0


class Authority(NamedTuple):
    """A timestamp authority that runs.

    Attributes:
        url: Where queries are posted to.
        chain: Its certificates in DER, leaf first and root last.
    """

    url: str
    chain: tuple[bytes, ...]

    @property
    def root(self) -> bytes:
        """The certificate in DER that is to be trusted."""
        return self.chain[-1]


class Answer(NamedTuple):
    """What an authority answers.

    Attributes:
        status: The status of HTTP.
        content_type: The content type.
        body: The response.
    """

    status: int
    content_type: str | None
    body: bytes


def post(url: str, query: bytes, content_type: str = QUERY_TYPE) -> Answer:
    """Send a query, without the code that is tested."""
    request = urllib.request.Request(url, query, {"Content-Type": content_type})
    # A proxy of the environment is not for 127.0.0.1.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _AnyStatus())
    with opener.open(request, timeout=SECONDS_TO_ANSWER) as answer:
        return Answer(answer.status, answer.headers["Content-Type"], answer.read())


class _AnyStatus(urllib.request.HTTPErrorProcessor):
    """Leaves an answer that is an error to whoever asked."""

    def http_response(self, request: urllib.request.Request, response: object) -> object:
        return response


def make_query(folder: Path, message: bytes, *options: str) -> bytes:
    """A query for a message, as `openssl ts -query` makes it: with a nonce, unless the options say otherwise."""
    data, file = folder / "message", folder / "query.tsq"
    data.write_bytes(message)
    _openssl("ts", "-query", "-data", str(data), "-out", str(file), *options)
    return file.read_bytes()


def verify(folder: Path, response: bytes, query: bytes, chain: Sequence[bytes]) -> str | None:
    """Have `openssl ts -verify` judge a response to a query; return its complaint, or None where it has none.

    Args:
        folder: Where the files can be.
        response: The response.
        query: The query.
        chain: The authority's certificates in DER, of which the last is trusted and the others can be needed.
    """
    return _judge(folder, chain, response, "-queryfile", query)


def verify_token(folder: Path, token: bytes, message: bytes, chain: Sequence[bytes]) -> str | None:
    """Have `openssl ts -verify` judge a token for a message; return its complaint, or None where it has none.

    Args:
        folder: Where the files can be.
        token: The token.
        message: What was stamped.
        chain: The authority's certificates in DER, of which the last is trusted and the others can be needed.
    """
    return _judge(folder, chain, token, "-data", message, "-token_in")


def _judge(folder: Path, chain: Sequence[bytes], judged: bytes, about: str, content: bytes, *flags: str) -> str | None:
    files = [folder / "judged", folder / "about"]
    for file, data in zip(files, (judged, content), strict=True):
        file.write_bytes(data)
    trusted = certificate_flags(folder, chain)
    command = [program("openssl"), "ts", "-verify", "-in", str(files[0]), about, str(files[1]), *trusted, *flags]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    good = done.returncode == 0 and "Verification: OK" in done.stdout
    return None if good else done.stdout + done.stderr


def certificate_flags(folder: Path, chain: Sequence[bytes]) -> list[str]:
    """The openssl command's arguments to trust the last certificate of a chain and to know those between.

    Args:
        folder: Where the files can be.
        chain: The certificates in DER, leaf first.
    """
    root, others = folder / "root.pem", folder / "others.pem"
    root.write_bytes(_pem(chain[-1]))
    others.write_bytes(b"".join(map(_pem, chain[:-1])))
    return ["-CAfile", str(root), *(["-untrusted", str(others)] if chain[:-1] else [])]


def _pem(der: bytes) -> bytes:
    return ssl.DER_cert_to_PEM_cert(der).encode()


def _openssl(*arguments: str) -> None:
    done = subprocess.run([program("openssl"), *arguments], capture_output=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]} failed:\n{done.stderr}")
