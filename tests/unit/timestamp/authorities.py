"""Timestamp authorities on a local server, and clients of theirs."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from asn1crypto import tsp  # type: ignore[import-untyped]

from notarykit.errors import TimestampError
from notarykit.keys.chain import Chain, check_chain
from notarykit.net.client import HttpClient
from notarykit.revocation.checker import RevocationChecker
from notarykit.timestamp.client import TimestampAuthority, TimestampClient
from tests.servers.registry.http_server import Connection, Reply, Seen
from tests.support.ca import TestChain, make_chain
from tests.support.responders import Responder
from tests.support.timestamp_responses import make_response
from tests.support.token_changes import TokenChanges
from tests.support.tokens import make_token

SIGNATURE = b"a signature"
REPLY_TYPE = "application/timestamp-reply"
NOW = datetime.now(UTC).replace(microsecond=0)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
USUAL = TokenChanges()
TSA = make_chain("RSA-2048", purpose="timestamping")
OTHER = make_chain("EC-256", purpose="timestamping")
SIGNER = check_chain(make_chain().ders)
Wrap = Callable[[bytes], bytes]


def authority_url(
    responder: Responder,
    path: str = "/tsa",
    chain: TestChain = TSA,
    changes: TokenChanges = USUAL,
    *,
    wrap: Wrap = make_response,
    content_type: str = REPLY_TYPE,
    status: int = 200,
) -> str:
    """Serves an authority at a path, and returns its URL; the tokens answer the query, apart from the changes."""

    def reply(seen: Seen, to: Connection) -> None:
        query = tsp.TimeStampReq.load(seen.body, strict=True)
        imprint = query["message_imprint"]
        queried: dict[str, Any] = {
            "imprint_hash": imprint["hash_algorithm"]["algorithm"].native,
            "imprint": imprint["hashed_message"].native,
            "nonce": query["nonce"].native,
            "gen_time": NOW,
        }
        changed = {field: value for field, value in vars(changes).items() if value != getattr(USUAL, field)}
        if changed.get("nonce") == 0:
            changed["nonce"] = None
        token = make_token(b"", chain, replace(USUAL, **{**queried, **changed}))
        to.reply(Reply(status, (("Content-Type", content_type),), wrap(token)))

    return responder.answering(path, reply)


def make_client(client: HttpClient, *authorities: TimestampAuthority, **changes: Any) -> TimestampClient:
    """Makes a timestamp client of authorities."""
    checks: Any = RevocationChecker(None)
    if "check_revocation" in changes:
        checks = SimpleNamespace(check=changes.pop("check_revocation"))
    return TimestampClient(authorities, checks, client=client, **changes)


def stamp(client: HttpClient, url: str, *, policy: str = "", signer: Chain = SIGNER, **changes: Any) -> bytes:
    """Returns a token of the authority at a URL."""
    root = changes.pop("root", TSA.ders[-1])
    stamper = make_client(client, TimestampAuthority(url, root, policy), **changes)
    return stamper.stamp(SIGNATURE, signer, NOW)


def stamp_error(client: HttpClient, url: str, **changes: Any) -> str:
    """Checks that stamping fails with a message and advice, and returns the message."""
    with pytest.raises(TimestampError) as caught:
        stamp(client, url, **changes)
    assert "\n" not in caught.value.one_line()
    assert caught.value.message.startswith("no timestamp: ")
    assert re.search("--timestamp-(url|root-cert)|wait a few seconds|ess_cert_id_alg = sha256", caught.value.advice)
    return caught.value.message
