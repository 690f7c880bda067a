"""OCSP fetcher: requests, nonces, and its cache."""

import base64
import contextlib
import time
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import pytest

from notarykit.net.messages import Request, Response
from notarykit.net.response_reader import HeaderFields
from notarykit.revocation.limits import Deadline, Limits
from notarykit.revocation.ocsp import build_request
from notarykit.revocation.ocsp_fetcher import _SECONDS_KEPT, OcspFetcher
from notarykit.revocation.result import Status, UnknownStatusError
from tests.servers.registry.http_server import Reply
from tests.support.ca import make_chain
from tests.support.checking import sources
from tests.support.crls import NEXT_UPDATE, NOW
from tests.support.ocsp_answers import (
    REVOKED,
    TRY_LATER,
    UNKNOWN,
    Single,
    make_answer,
    make_delegate,
    make_refusal,
    nonce_of,
    responding,
)
from tests.support.responders import Responder
from tests.unit.revocation.fetching import fetch_status
from tests.unit.revocation.setting import CHAIN

_SECOND, _DAY = timedelta(seconds=1), timedelta(days=1)
_LEAF, _ISSUER = CHAIN.certificates[:2]


# OCSP requests.


def test_request_is_sent_by_get(responder: Responder) -> None:
    """RFC 6960, appendix A.1: the base64 of the request, percent-encoded, below the responder's URL."""
    url = responder.ocsp("/a/ocsp", responding(CHAIN))
    assert fetch_status(sources(), url) == (Status.GOOD, False)
    (seen,) = responder.seen
    assert (seen.method, seen.body) == ("GET", b"")
    encoded = seen.target.removeprefix("/a/ocsp/")
    assert not set(encoded) & set("/+=")
    assert base64.b64decode(unquote(encoded)) == build_request(_LEAF, _ISSUER)
    assert len(encoded) < 255


def test_trailing_slash_is_not_doubled(responder: Responder) -> None:
    """A URL that ends with a slash gets no second one."""
    responder.ocsp("/a/", responding(CHAIN))
    assert fetch_status(sources(), responder.url("/a/")) == (Status.GOOD, False)
    assert not responder.seen[0].target.startswith("/a//")


def test_long_request_is_sent_by_post(responder: Responder, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 6960, appendix A.1: by GET only where the encoded request is shorter than 255 bytes."""
    short = build_request(_LEAF, _ISSUER)
    made = iter((build_request(_LEAF, _ISSUER, b"n" * 120), short))
    monkeypatch.setattr("notarykit.revocation.ocsp.build_request", lambda *_: next(made))
    url = responder.ocsp("/ocsp", responding(CHAIN))
    assert fetch_status(sources(), url) == (Status.GOOD, False)
    assert fetch_status(sources(), url) == (Status.GOOD, False)
    long, other = responder.seen
    assert (long.method, long.target, long.headers["Content-Type"]) == ("POST", "/ocsp", "application/ocsp-request")
    assert other.method == "GET"


@pytest.mark.parametrize("status", [307, 308])
def test_redirected_post_keeps_the_request(responder: Responder, status: int) -> None:
    """A redirected POST keeps its method and body."""
    make = responding(CHAIN)

    def answer(seen: Any, to: Any) -> None:
        if seen.target == "/moved":
            to.reply(Reply(200, (), make(seen.body, "POST")))
        else:
            to.reply(Reply(status, (("Location", "/moved"),)) if seen.method == "POST" else Reply(405))

    responder.answering("/moved", answer)
    url = responder.answering("/ocsp", answer)
    assert fetch_status(sources(), url) == (Status.GOOD, False)
    assert [seen.method for seen in responder.seen] == ["GET", "POST", "POST"]
    assert responder.seen[2].body == build_request(_LEAF, _ISSUER)


@pytest.mark.parametrize("status", [400, 404, 405, 414, 500, 501])
def test_rejected_get_is_repeated_by_post(responder: Responder, status: int) -> None:
    """RFC 6960, appendix A.1: requests by POST are always possible."""
    make = responding(CHAIN)

    def answer(seen: Any, to: Any) -> None:
        to.reply(Reply(200, (), make(seen.body, "POST")) if seen.method == "POST" else Reply(status))

    url = responder.answering("/ocsp", answer)
    assert fetch_status(sources(), url) == (Status.GOOD, False)
    assert [seen.method for seen in responder.seen] == ["GET", "POST"]
    assert responder.seen[1].body == build_request(_LEAF, _ISSUER)


def test_failure_of_get_and_post_reports_the_first(responder: Responder) -> None:
    """The message has the response to the GET."""
    with pytest.raises(UnknownStatusError, match="it answers with status 503"):
        fetch_status(sources(), responder.fail("/ocsp", 503))
    assert [seen.method for seen in responder.seen] == ["GET", "POST"]


@pytest.mark.requirement("trust:ocsp-threshold")
def test_get_and_post_have_one_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Specification, "OCSP Download": a limit for each URL, whatever requests it takes."""
    clock, left = [time.monotonic()], list[tuple[str, float]]()

    def send(request: Request) -> Response:
        left.append((request.method, request.budget.seconds(60.0)))
        clock[0] += 1.5
        return Response(405, HeaderFields(), b"", "http://x")

    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    fetcher = OcspFetcher(SimpleNamespace(send=send), Limits(ocsp_seconds=2.0))  # type: ignore[arg-type]
    with pytest.raises(UnknownStatusError):
        fetcher.response("http://x", _LEAF, _ISSUER, NOW, Deadline(60.0))
    assert left == [("GET", 2.0), ("POST", 0.5)]


def test_rejected_response_is_not_retried_with_post(responder: Responder) -> None:
    """A response that is refused would be refused by POST as well."""
    url = responder.ocsp("/ocsp", lambda *_: make_refusal(TRY_LATER))
    with pytest.raises(UnknownStatusError, match="the responder answers try later"):
        fetch_status(sources(), url)
    assert [seen.method for seen in responder.seen] == ["GET"]


def test_nonce_is_sent_when_enabled(responder: Responder) -> None:
    """Each request has its own nonce if enabled, and none otherwise."""
    url = responder.ocsp("/ocsp", responding(CHAIN))
    requests = []
    for _ in range(2):
        assert fetch_status(sources(with_nonce=True), url) == (Status.GOOD, False)
        seen = responder.seen[-1]
        requests.append(
            base64.b64decode(unquote(seen.target.rpartition("/")[2])) if seen.method == "GET" else seen.body
        )
    one, other = map(nonce_of, requests)
    assert one is not None
    assert other is not None
    assert one != other
    assert len(one) >= 16
    assert nonce_of(build_request(_LEAF, _ISSUER)) is None


def test_missing_nonce_is_refused_when_enabled(responder: Responder) -> None:
    """With nonces enabled, an old response is refused."""
    url = responder.ocsp("/ocsp", lambda *_: make_answer(CHAIN))
    with pytest.raises(UnknownStatusError, match="does not repeat the nonce"):
        fetch_status(sources(with_nonce=True), url)
    assert fetch_status(sources(), url) == (Status.GOOD, False)


# What is remembered of OCSP.


def test_response_is_cached(responder: Responder) -> None:
    """A response is cached until its nextUpdate."""
    url, fetcher = responder.ocsp("/ocsp", responding(CHAIN)), sources()
    assert fetch_status(fetcher, url) == (Status.GOOD, False)
    assert fetch_status(fetcher, url) == (Status.GOOD, True)
    assert fetch_status(fetcher, url, NEXT_UPDATE) == (Status.GOOD, True)
    assert responder.asked == {"/ocsp": 1}
    responder.ocsp("/ocsp", responding(CHAIN, 0, Single(next_update=NEXT_UPDATE + _DAY)))
    assert fetch_status(fetcher, url, NEXT_UPDATE + _SECOND) == (Status.GOOD, False)
    assert responder.asked == {"/ocsp": 2}


def test_cached_response_is_refreshed_before_its_end(responder: Responder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cached response is fetched again after a while, and used on where that fails."""
    clock, fetcher = [time.monotonic()], sources()
    monkeypatch.setattr("notarykit.revocation.ocsp_fetcher.time.monotonic", lambda: clock[0])
    url = responder.ocsp("/ocsp", responding(CHAIN))
    assert [fetch_status(fetcher, url) for _ in range(2)] == [(Status.GOOD, False), (Status.GOOD, True)]
    clock[0] += _SECONDS_KEPT + 1
    responder.fail("/ocsp", 503)
    assert fetch_status(fetcher, url)[0] is Status.GOOD
    asked = responder.asked["/ocsp"]
    assert fetch_status(fetcher, url) == (Status.GOOD, True)
    assert responder.asked["/ocsp"] == asked
    with pytest.raises(UnknownStatusError, match="status 503"):
        fetch_status(fetcher, url, NEXT_UPDATE + _SECOND)
    clock[0] += 60
    responder.ocsp("/ocsp", responding(CHAIN, 0, REVOKED))
    assert fetch_status(fetcher, url) == (Status.REVOKED, False)


def test_response_with_nonce_is_not_cached(responder: Responder) -> None:
    """With nonces enabled, no response is taken from the cache."""
    url, fetcher = responder.ocsp("/ocsp", responding(CHAIN)), sources(with_nonce=True)
    assert [fetch_status(fetcher, url) for _ in range(2)] == [(Status.GOOD, False)] * 2
    assert responder.asked["/ocsp"] == 2


def test_unknown_status_is_not_cached(responder: Responder) -> None:
    """A responder may soon know a certificate that it does not know yet."""
    url, fetcher = responder.ocsp("/ocsp", responding(CHAIN, 0, UNKNOWN)), sources()
    assert fetch_status(fetcher, url) == (Status.UNKNOWN, False)
    responder.ocsp("/ocsp", responding(CHAIN))
    assert fetch_status(fetcher, url) == (Status.GOOD, False)


def test_responses_are_cached_by_responder_certificate_and_issuer(responder: Responder) -> None:
    """The cache key is the responder, the certificate and the issuer."""
    fetcher, other = sources(), make_chain()
    one, two = responder.ocsp("/one", responding(CHAIN)), responder.ocsp("/two", responding(CHAIN, 0, REVOKED))
    third = responder.ocsp("/three", responding(other, 0, REVOKED))
    assert [fetch_status(fetcher, url) for url in (one, two)] == [(Status.GOOD, False), (Status.REVOKED, False)]
    assert fetch_status(fetcher, third, chain=other) == (Status.REVOKED, False)
    with pytest.raises(UnknownStatusError, match=r"about another certificate|does not hold"):
        fetch_status(fetcher, third)


def test_cached_response_ends_with_its_delegate(responder: Responder) -> None:
    """A cached response is fetched again once its delegate's certificate has expired."""
    old, new = make_delegate(CHAIN, not_after=NOW + timedelta(hours=1)), make_delegate(CHAIN)
    url, fetcher = responder.ocsp("/ocsp", responding(CHAIN, delegate=old)), sources()
    assert fetch_status(fetcher, url) == (Status.GOOD, False)
    assert fetch_status(fetcher, url, NOW + timedelta(hours=1)) == (Status.GOOD, True)
    responder.ocsp("/ocsp", responding(CHAIN, delegate=new))
    assert fetch_status(fetcher, url, NOW + timedelta(hours=2)) == (Status.GOOD, False)


@pytest.mark.parametrize("single", [Single(this_update=NOW + _DAY), Single(next_update=NOW - _SECOND)])
def test_response_outside_its_validity_is_not_cached(responder: Responder, single: Single) -> None:
    """A response of the past or of the future is not cached."""
    url, fetcher = responder.ocsp("/ocsp", responding(CHAIN, 0, single)), sources()
    for _ in range(2):
        with contextlib.suppress(UnknownStatusError):
            fetch_status(fetcher, url)
    assert responder.asked["/ocsp"] == 2
