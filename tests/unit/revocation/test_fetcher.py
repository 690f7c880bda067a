"""Limits that hold for OCSP responses and CRLs alike."""

import time
from datetime import timedelta

import pytest

from notarykit._internal.threads import start
from notarykit.revocation.crl_fetcher import MAX_CRL_SIZE
from notarykit.revocation.limits import CRL_SECONDS, OCSP_SECONDS, Deadline, Limits
from notarykit.revocation.ocsp import MAX_RESPONSE_SIZE
from notarykit.revocation.result import Status, UnknownStatusError
from tests.servers.registry.http_server import Reply
from tests.support.checking import sources
from tests.support.crls import make_crl
from tests.support.ocsp_answers import (
    make_answer,
    responding,
)
from tests.support.responders import Responder
from tests.unit.revocation.fetching import fetch_bundle, fetch_status
from tests.unit.revocation.setting import CHAIN

_SECOND, _DAY = timedelta(seconds=1), timedelta(days=1)
_LEAF, _ISSUER = CHAIN.certificates[:2]


# Limits.


@pytest.mark.requirement("trust:http-crls")
@pytest.mark.parametrize("scheme", ["https", "ftp", "ldap", "file", "HTTPS"])
def test_only_http_urls_are_fetched(responder: Responder, scheme: str) -> None:
    """Trust store and trust policy specification: "support only HTTP CRL URLs"."""
    url = f"{scheme}://127.0.0.1:{responder.port}/crl"
    with pytest.raises(UnknownStatusError, match="only http URLs are fetched"):
        fetch_bundle(sources(), url)
    with pytest.raises(UnknownStatusError, match="only http URLs are fetched"):
        fetch_status(sources(), url)
    assert responder.seen == []
    responder.put("/crl", make_crl(CHAIN))
    assert fetch_bundle(sources(), responder.url("/crl").replace("http", "HTTP"))[0].delta is None


def test_redirect_is_followed(responder: Responder) -> None:
    """A redirect to the CRL or the response is followed."""
    responder.put("/crl", make_crl(CHAIN))
    assert fetch_bundle(sources(), responder.redirect("/moved", "/crl"))[0].base.number == 1
    responder.put("/answer", make_answer(CHAIN))
    assert fetch_status(sources(), responder.redirect("/old", "/answer")) == (Status.GOOD, False)


def test_redirect_loop_is_refused(responder: Responder) -> None:
    """A redirect loop ends."""
    url = responder.redirect_in_a_circle("/circle", 3)
    with pytest.raises(UnknownStatusError, match="redirects"):
        fetch_bundle(sources(), url)
    assert sum(responder.asked.values()) <= 11
    with pytest.raises(UnknownStatusError, match="redirects"):
        fetch_status(sources(), url)


@pytest.mark.parametrize("to", ["ftp://127.0.0.1/crl", "file:///etc/passwd", "nonsense://"])
def test_redirect_to_another_scheme_is_refused(responder: Responder, to: str) -> None:
    """A redirect to another scheme is not followed."""
    with pytest.raises(UnknownStatusError, match=r"."):
        fetch_bundle(sources(), responder.redirect("/moved", to))


@pytest.mark.parametrize("told", [False, True])
def test_size_is_limited(responder: Responder, told: bool) -> None:
    """Downloads beyond the limit of a response or a CRL are refused."""
    begun = time.monotonic()
    with pytest.raises(UnknownStatusError, match=f"{MAX_RESPONSE_SIZE}|exceed"):
        fetch_status(sources(), responder.pour("/ocsp", told=told))
    with pytest.raises(UnknownStatusError, match=f"{MAX_CRL_SIZE}|exceed"):
        fetch_bundle(sources(), responder.pour("/crl", told=told))
    assert time.monotonic() - begun < 3.0


@pytest.mark.requirement("trust:crl-threshold", "trust:ocsp-threshold")
def test_default_time_limits() -> None:
    """Trust store and trust policy specification: 2 seconds for OCSP, 5 for CRLs."""
    assert (OCSP_SECONDS, CRL_SECONDS) == (2.0, 5.0)
    assert Limits() == Limits(2.0, 5.0, with_nonce=False)


@pytest.mark.requirement("trust:crl-threshold", "trust:ocsp-threshold")
@pytest.mark.parametrize("fault", ["hang", "head", "drip"])
def test_slow_server_times_out(responder: Responder, fault: str) -> None:
    """Each request has one time limit, in whatever pieces the response arrives."""

    def slow(path: str) -> str:
        if fault == "drip":
            return responder.drip(path, b"x" * 10_000, 0.01)
        return responder.hang(path, Reply(200, (("Content-Length", "5"),)) if fault == "head" else None)

    begun = time.monotonic()
    with pytest.raises(UnknownStatusError, match=r"no answer|no response|timed out"):
        fetch_status(sources(ocsp_seconds=0.1), slow("/ocsp"))
    with pytest.raises(UnknownStatusError, match=r"no answer|no response|timed out"):
        fetch_bundle(sources(crl_seconds=0.1), slow("/crl"))
    assert time.monotonic() - begun < 2.0


def test_deadline_shortens_requests(responder: Responder) -> None:
    """The remaining time limits each request, and no request is made without any."""
    begun = time.monotonic()
    with pytest.raises(UnknownStatusError, match=r"no answer|no response|timed out"):
        fetch_status(sources(), responder.hang("/ocsp"), deadline=Deadline(0.1))
    with pytest.raises(UnknownStatusError, match=r"no answer|no response|timed out"):
        fetch_bundle(sources(), responder.hang("/crl"), deadline=Deadline(0.1))
    assert time.monotonic() - begun < 2.0
    responder.forget()
    responder.put("/crl", make_crl(CHAIN))
    with pytest.raises(UnknownStatusError, match=r"no time was left|no answer in time|timed out"):
        fetch_bundle(sources(), responder.url("/crl"), deadline=Deadline(0.0))
    assert responder.seen == []


def test_waiting_thread_has_its_own_deadline(responder: Responder) -> None:
    """A thread that waits for another's slow request gives up at its own deadline."""
    url, fetcher = responder.hang("/crl"), sources(crl_seconds=20.0)
    work = start(lambda: fetch_bundle(fetcher, url))
    responder.wait_until_asked("/crl")
    with pytest.raises(UnknownStatusError, match=r"no answer in time|timed out"):
        fetch_bundle(fetcher, url, deadline=Deadline(0.05))
    assert not work.done()
    responder.stopping.set()
    with pytest.raises(UnknownStatusError):
        work.result(10.0)


def test_deadline_of_one_caller_does_not_fail_others(responder: Responder) -> None:
    """A caller without time left fails alone."""
    url, fetcher = responder.put("/crl", make_crl(CHAIN)), sources()
    release = responder.hang("/slow")
    with pytest.raises(UnknownStatusError, match=r"no answer|no response|timed out"):
        fetch_bundle(fetcher, release, deadline=Deadline(0.05))
    responder.put("/slow", make_crl(CHAIN))
    assert fetch_bundle(fetcher, release)[0].base.number == 1
    assert fetch_bundle(fetcher, url)[0].base.number == 1


def test_broken_connection_is_unknown(responder: Responder) -> None:
    """A truncated download and a refused connection are failures."""
    crl = make_crl(CHAIN)
    for reset in (False, True):
        with pytest.raises(UnknownStatusError):
            fetch_bundle(sources(), responder.cut("/cut", crl, 50, reset=reset))
    with pytest.raises(UnknownStatusError, match=r"."):
        fetch_bundle(sources(), responder.refusing_url("/crl"))
    with pytest.raises(UnknownStatusError, match=r"."):
        fetch_bundle(sources(), "http://nowhere.invalid/crl")


def test_media_type_of_a_crl_is_ignored(responder: Responder) -> None:
    """The media type of a CRL is ignored, since the CRL is signed."""
    for media_type in (None, "text/html", "application/octet-stream"):
        assert fetch_bundle(sources(), responder.put("/crl", make_crl(CHAIN), media_type))[0].base.number == 1
        responder.ocsp("/ocsp", responding(CHAIN), media_type or "")
        assert fetch_status(sources(), responder.url("/ocsp")) == (Status.GOOD, False)


@pytest.mark.parametrize("status", [201, 204, 206, 304, 404, 410, 500])
def test_only_status_200_has_a_crl(responder: Responder, status: int) -> None:
    """Trust store and trust policy specification: a 200 response."""
    url = responder.put("/crl", make_crl(CHAIN), status=status)
    with pytest.raises(UnknownStatusError, match=f"it answers with status {status}"):
        fetch_bundle(sources(), url)
    assert responder.asked == {"/crl": 1}
