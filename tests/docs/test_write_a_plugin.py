"""Example of the page on plugins: a request to a service with the toolkit."""

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature

from notarykit.errors import PluginAccessDeniedError, PluginError, PluginTimeoutError
from notarykit.plugin.time_limit import deadline
from tests.docs.test_documents import ROOT, blocks
from tests.servers.registry.http_server import Reply
from tests.unit.net.server import Answer, Server

_TOKEN = f"acme-{'0' * 32}"
_DIGEST = bytes(32)

Sign = Callable[[str, str, str, bytes], bytes]


@pytest.fixture(scope="module")
def sign() -> Sign:
    """Returns the function of the example, as the page has it."""
    page = (ROOT / "docs" / "write-a-plugin.md").read_text()
    (example,) = (block for block in blocks(page, "python") if "limit_body" in block)
    names: dict[str, Any] = {}
    exec(compile(example, "write-a-plugin.md", "exec"), names)
    return names["sign"]  # type: ignore[no-any-return]


def test_example_signs(sign: Sign) -> None:
    """The signature of the service is returned as r and s side by side."""
    der = ec.generate_private_key(ec.SECP256R1()).sign(_DIGEST, ec.ECDSA(Prehashed(hashes.SHA256())))
    with Server(Reply(200, (), der)) as server:
        raw = sign(server.url, "build", _TOKEN, _DIGEST)
    assert (int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")) == decode_dss_signature(der)
    assert server.seen[0].headers["Authorization"] == f"Bearer {_TOKEN}"


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (Reply(403, (), f"not with {_TOKEN}".encode()), PluginAccessDeniedError, "access to build denied: not with …"),
        (Reply(200, (), b"no signature"), PluginError, "response about build is malformed"),
        (Reply(200, (), bytes(5 << 20)), PluginError, "request about build failed"),
        (lambda connection: connection.cut(), PluginError, "request about build failed"),
    ],
    ids=["refusal", "malformed", "too large", "no response"],
)
def test_example_fails_with_an_error_of_the_protocol(
    sign: Sign, answer: Answer, error: type[PluginError], message: str
) -> None:
    """A refusal is quoted without the token, and any other failure is told without what caused it."""
    with Server(answer) as server, pytest.raises(error) as caught:
        sign(server.url, "build", _TOKEN, _DIGEST)
    assert (type(caught.value), caught.value.message) == (error, message)


def test_example_ends_with_the_call(sign: Sign) -> None:
    """A service that never answers is given up."""
    with Server(lambda connection: connection.part(b"")) as server, deadline(0.2), pytest.raises(PluginTimeoutError):
        sign(server.url, "build", _TOKEN, _DIGEST)
