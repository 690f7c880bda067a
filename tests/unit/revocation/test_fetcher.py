"""Where answers come from: what is sent, what is remembered, what is kept in files, and what is not waited for."""

import base64
import contextlib
import os
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from notarykit._internal.threads import start
from notarykit.net.trace import Exchange, Note, observed
from notarykit.revocation.bundle import Bundle
from notarykit.revocation.crl import Crl
from notarykit.revocation.fetcher import _SECONDS_KEPT, LARGEST_CRL, RevocationFetcher
from notarykit.revocation.file_cache import Cached, CrlCache
from notarykit.revocation.limits import CRL_SECONDS, OCSP_SECONDS, Deadline, Limits
from notarykit.revocation.ocsp import LARGEST_ANSWER, make_request
from notarykit.revocation.result import NoAnswerError, Status
from tests.servers.registry.http_server import Reply
from tests.support import asn1
from tests.support.ca import TestChain, make_chain
from tests.support.checking import sources
from tests.support.crls import NEXT_UPDATE, NOW, Entry, make_crl, revoked
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
from tests.unit.revocation.setting import CHAIN, REMOVED, soon

_SECOND, _DAY = timedelta(seconds=1), timedelta(days=1)
_LEAF, _ISSUER = CHAIN.certificates[:2]


def _answer(
    asking: RevocationFetcher, url: str, now: datetime = NOW, deadline: Deadline | None = None, chain: TestChain = CHAIN
) -> tuple[Status, bool]:
    leaf, issuer, _ = chain.certificates
    found, was_there = asking.answer(url, leaf, issuer, now, deadline or soon())
    return found.answer.status, was_there


def _bundle(
    asking: RevocationFetcher, url: str, now: datetime = NOW, deadline: Deadline | None = None
) -> tuple[Bundle, bool]:
    return asking.bundle(url, _ISSUER, now, deadline or soon())


def _fails(text: str, work: Callable[[], Any]) -> None:
    with pytest.raises(NoAnswerError, match=text):
        work()


# OCSP requests.


def test_a_request_goes_by_get(responder: Responder) -> None:
    """RFC 6960, appendix A.1: the base64 of the request, with percent signs, below the responder's address."""
    url = responder.ocsp("/a/ocsp", responding(CHAIN))
    assert _answer(sources(), url) == (Status.GOOD, False)
    (seen,) = responder.seen
    assert (seen.method, seen.body) == ("GET", b"")
    encoded = seen.target.removeprefix("/a/ocsp/")
    assert not set(encoded) & set("/+=")
    assert base64.b64decode(unquote(encoded)) == make_request(_LEAF, _ISSUER)
    assert len(encoded) < 255


def test_an_address_that_ends_with_a_slash(responder: Responder) -> None:
    """One slash is enough."""
    responder.ocsp("/a/", responding(CHAIN))
    assert _answer(sources(), responder.url("/a/")) == (Status.GOOD, False)
    assert not responder.seen[0].target.startswith("/a//")


def test_a_long_request_goes_by_post(responder: Responder, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 6960, appendix A.1: by GET only where the request is shorter than 255 bytes, encoded."""
    short = make_request(_LEAF, _ISSUER)
    made = iter((make_request(_LEAF, _ISSUER, b"n" * 120), short))
    monkeypatch.setattr("notarykit.revocation.ocsp.make_request", lambda *_: next(made))
    url = responder.ocsp("/ocsp", responding(CHAIN))
    assert _answer(sources(), url) == (Status.GOOD, False)
    assert _answer(sources(), url) == (Status.GOOD, False)
    long, other = responder.seen
    assert (long.method, long.target, long.headers["Content-Type"]) == ("POST", "/ocsp", "application/ocsp-request")
    assert other.method == "GET"


@pytest.mark.parametrize("status", [307, 308])
def test_a_responder_that_knows_post_alone_and_has_moved(responder: Responder, status: int) -> None:
    """The request goes on as it is."""
    make = responding(CHAIN)

    def answer(seen: Any, to: Any) -> None:
        if seen.target == "/moved":
            to.reply(Reply(200, (), make(seen.body, "POST")))
        else:
            to.reply(Reply(status, (("Location", "/moved"),)) if seen.method == "POST" else Reply(405))

    responder.answering("/moved", answer)
    url = responder.answering("/ocsp", answer)
    assert _answer(sources(), url) == (Status.GOOD, False)
    assert [seen.method for seen in responder.seen] == ["GET", "POST", "POST"]
    assert responder.seen[2].body == make_request(_LEAF, _ISSUER)


@pytest.mark.parametrize("status", [400, 404, 405, 414, 500, 501])
def test_a_responder_that_knows_post_alone(responder: Responder, status: int) -> None:
    """RFC 6960, appendix A.1: requests by POST are always possible."""
    make = responding(CHAIN)

    def answer(seen: Any, to: Any) -> None:
        to.reply(Reply(200, (), make(seen.body, "POST")) if seen.method == "POST" else Reply(status))

    url = responder.answering("/ocsp", answer)
    assert _answer(sources(), url) == (Status.GOOD, False)
    assert [seen.method for seen in responder.seen] == ["GET", "POST"]
    assert responder.seen[1].body == make_request(_LEAF, _ISSUER)


def test_a_responder_that_answers_neither(responder: Responder) -> None:
    """What it answers to the first is said."""
    _fails("it answers with status 503", lambda: _answer(sources(), responder.fail("/ocsp", 503)))
    assert [seen.method for seen in responder.seen] == ["GET", "POST"]


def test_what_the_responder_says_is_no_reason_to_ask_again(responder: Responder) -> None:
    """An answer that is not accepted would be none by POST either."""
    url = responder.ocsp("/ocsp", lambda *_: make_refusal(TRY_LATER))
    _fails("the responder answers try later", lambda: _answer(sources(), url))
    assert [seen.method for seen in responder.seen] == ["GET"]


def test_nonces(responder: Responder) -> None:
    """Each request has its own where that is wanted, and none where it is not."""
    url = responder.ocsp("/ocsp", responding(CHAIN))
    requests = []
    for _ in range(2):
        assert _answer(sources(with_nonce=True), url) == (Status.GOOD, False)
        seen = responder.seen[-1]
        requests.append(
            base64.b64decode(unquote(seen.target.rpartition("/")[2])) if seen.method == "GET" else seen.body
        )
    one, other = map(nonce_of, requests)
    assert one is not None
    assert other is not None
    assert one != other
    assert len(one) >= 16
    assert nonce_of(make_request(_LEAF, _ISSUER)) is None


def test_a_nonce_that_does_not_come_back(responder: Responder) -> None:
    """Where it is wanted, an old answer does not count; otherwise it does."""
    url = responder.ocsp("/ocsp", lambda *_: make_answer(CHAIN))
    _fails("does not repeat the nonce", lambda: _answer(sources(with_nonce=True), url))
    assert _answer(sources(), url) == (Status.GOOD, False)


# What is remembered of OCSP.


def test_an_answer_is_remembered(responder: Responder) -> None:
    """The next time nobody is asked, until its time is over."""
    url, asking = responder.ocsp("/ocsp", responding(CHAIN)), sources()
    assert _answer(asking, url) == (Status.GOOD, False)
    assert _answer(asking, url) == (Status.GOOD, True)
    assert _answer(asking, url, NEXT_UPDATE) == (Status.GOOD, True)
    assert responder.asked == {"/ocsp": 1}
    responder.ocsp("/ocsp", responding(CHAIN, 0, Single(next_update=NEXT_UPDATE + _DAY)))
    assert _answer(asking, url, NEXT_UPDATE + _SECOND) == (Status.GOOD, False)
    assert responder.asked == {"/ocsp": 2}


def test_an_answer_is_not_remembered_for_as_long_as_it_says(
    responder: Responder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while the responder is asked again; where it has no answer then, the old one is good for as long."""
    clock, asking = [time.monotonic()], sources()
    monkeypatch.setattr("notarykit.revocation.fetcher.time.monotonic", lambda: clock[0])
    url = responder.ocsp("/ocsp", responding(CHAIN))
    assert [_answer(asking, url) for _ in range(2)] == [(Status.GOOD, False), (Status.GOOD, True)]
    clock[0] += _SECONDS_KEPT + 1
    responder.fail("/ocsp", 503)
    assert _answer(asking, url)[0] is Status.GOOD
    asked = responder.asked["/ocsp"]
    assert _answer(asking, url) == (Status.GOOD, True)
    assert responder.asked["/ocsp"] == asked
    _fails("status 503", lambda: _answer(asking, url, NEXT_UPDATE + _SECOND))
    clock[0] += 60
    responder.ocsp("/ocsp", responding(CHAIN, 0, REVOKED))
    assert _answer(asking, url) == (Status.REVOKED, False)


def test_an_answer_of_this_moment_is_asked_for_each_time(responder: Responder) -> None:
    """Whoever asks with a nonce does not want what was said to another."""
    url, asking = responder.ocsp("/ocsp", responding(CHAIN)), sources(with_nonce=True)
    assert [_answer(asking, url) for _ in range(2)] == [(Status.GOOD, False)] * 2
    assert responder.asked["/ocsp"] == 2


def test_what_is_unknown_is_asked_again(responder: Responder) -> None:
    """A responder that does not know a certificate yet may know it in a moment."""
    url, asking = responder.ocsp("/ocsp", responding(CHAIN, 0, UNKNOWN)), sources()
    assert _answer(asking, url) == (Status.UNKNOWN, False)
    responder.ocsp("/ocsp", responding(CHAIN))
    assert _answer(asking, url) == (Status.GOOD, False)


def test_answers_are_remembered_apart(responder: Responder) -> None:
    """By responder, certificate and issuer."""
    asking, other = sources(), make_chain()
    one, two = responder.ocsp("/one", responding(CHAIN)), responder.ocsp("/two", responding(CHAIN, 0, REVOKED))
    third = responder.ocsp("/three", responding(other, 0, REVOKED))
    assert [_answer(asking, url) for url in (one, two)] == [(Status.GOOD, False), (Status.REVOKED, False)]
    assert _answer(asking, third, chain=other) == (Status.REVOKED, False)
    _fails("about another certificate|does not hold", lambda: _answer(asking, third))


def test_the_delegates_time_is_over_first(responder: Responder) -> None:
    """An answer that its signer's certificate does not carry any more is asked for again."""
    old, new = make_delegate(CHAIN, not_after=NOW + timedelta(hours=1)), make_delegate(CHAIN)
    url, asking = responder.ocsp("/ocsp", responding(CHAIN, delegate=old)), sources()
    assert _answer(asking, url) == (Status.GOOD, False)
    assert _answer(asking, url, NOW + timedelta(hours=1)) == (Status.GOOD, True)
    responder.ocsp("/ocsp", responding(CHAIN, delegate=new))
    assert _answer(asking, url, NOW + timedelta(hours=2)) == (Status.GOOD, False)


@pytest.mark.parametrize("single", [Single(this_update=NOW + _DAY), Single(next_update=NOW - _SECOND)])
def test_an_answer_that_does_not_count_now_is_not_remembered(responder: Responder, single: Single) -> None:
    """One of the past or of the future does not keep the responder from being asked again."""
    url, asking = responder.ocsp("/ocsp", responding(CHAIN, 0, single)), sources()
    for _ in range(2):
        with contextlib.suppress(NoAnswerError):
            _answer(asking, url)
    assert responder.asked["/ocsp"] == 2


# CRLs and their cache.


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """The cache's folder, which is not there yet."""
    return str(tmp_path / "crl")


def test_a_crl_is_fetched_once(responder: Responder, folder: str) -> None:
    """Neither the same process nor another one fetches it again while its time lasts."""
    url, asking = responder.put("/crl", make_crl(CHAIN)), sources(folder)
    bundle, was_there = _bundle(asking, url)
    assert (CrlCache(folder).read(url), was_there) == (Cached(bundle.base.der, None), False)
    assert _bundle(asking, url)[1]
    assert _bundle(asking, url, NEXT_UPDATE)[1]
    assert _bundle(sources(folder), url)[0].base.der == bundle.base.der
    assert responder.asked == {"/crl": 1}


def test_what_is_known_already_is_shown(responder: Responder, folder: str) -> None:
    """Whoever watches sees what was asked, and what did not have to be: from the cache, or from this process."""
    crl, ocsp = responder.put("/crl", make_crl(CHAIN)), responder.ocsp("/ocsp", responding(CHAIN))
    seen: list[Exchange | Note] = []
    with observed(seen.append):
        asking = sources(folder)
        for _ in range(2):
            _bundle(asking, crl)
            _answer(asking, ocsp)
        _bundle(sources(folder), crl)
    exchanged, notes = seen[:2], seen[2:]
    assert [each.status for each in exchanged if isinstance(each, Exchange)] == [200, 200]
    assert notes == [
        Note(f"CRL {crl}: known to this process"),
        Note(f"OCSP answer of {ocsp}: known to this process"),
        Note(f"CRL {crl}: in the cache"),
    ]


def test_small_crls_do_not_pile_up(responder: Responder, monkeypatch: pytest.MonkeyPatch) -> None:
    """However small they are, so many are kept and no more; the one of longest ago is fetched again."""
    monkeypatch.setattr("notarykit.revocation.fetcher._LARGEST_MEMORY", 64 * 1024)
    asking = sources()
    urls = [responder.put(f"/crl/{place}", make_crl(CHAIN)) for place in range(8)]
    assert [_bundle(asking, url)[1] for url in urls] == [False] * 8
    assert _bundle(asking, urls[-1])[1] is True
    assert _bundle(asking, urls[0])[1] is False


def test_without_a_folder_the_process_remembers(responder: Responder) -> None:
    """Other sources ask again."""
    url, asking = responder.put("/crl", make_crl(CHAIN)), sources()
    assert [_bundle(asking, url)[1] for _ in range(2)] == [False, True]
    assert _bundle(sources(), url)[1] is False
    assert responder.asked == {"/crl": 2}


def test_a_crl_is_fetched_again_when_its_time_is_over(responder: Responder, folder: str) -> None:
    """By the same process and by another; the file has the new one then."""
    old, new = make_crl(CHAIN), make_crl(CHAIN, number=2, next_update=NEXT_UPDATE + _DAY)
    url, asking = responder.put("/crl", old), sources(folder)
    _bundle(asking, url)
    responder.put("/crl", new)
    later = NEXT_UPDATE + _SECOND
    assert _bundle(sources(folder), url, later)[0].base.der == new
    assert _bundle(asking, url, later)[0].base.der == new
    assert CrlCache(folder).read(url) == Cached(new, None)
    assert responder.asked == {"/crl": 2}  # the second found the file of the first


def test_an_older_file_is_left_aside(responder: Responder, folder: str) -> None:
    """What the process knows may be newer than what somebody has put into the file."""
    newer = make_crl(CHAIN, number=2, next_publish=asn1.generalized_time(NOW + _DAY))
    older = make_crl(CHAIN, this_update=NOW - 10 * _DAY, next_update=NOW - _DAY)
    url, asking = responder.put("/crl", newer), sources(folder)
    _bundle(asking, url)
    CrlCache(folder).write(url, Cached(older, None))
    responder.fail("/crl", 503)
    assert _bundle(asking, url, NOW + 2 * _DAY)[0].base.der == newer


def test_next_publish_is_looked_at_first(responder: Responder, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past it a new one is fetched; where there is none, the old one is good for a while."""
    old = make_crl(CHAIN, next_publish=asn1.generalized_time(NOW + _DAY))
    new = make_crl(CHAIN, 1, [revoked(CHAIN)], number=2)
    url = responder.put("/crl", old)
    for asking in (first := sources(folder), sources(folder)):
        assert _bundle(asking, url, NOW + _DAY)[0].base.der == old
    later, clock = NOW + _DAY + _SECOND, [time.monotonic()]
    monkeypatch.setattr("notarykit.revocation.fetcher.time.monotonic", lambda: clock[0])
    responder.fail("/crl", 503)
    responder.forget()
    for _ in range(3):
        assert _bundle(first, url, later)[0].base.der == old
    assert responder.asked["/crl"] == 1
    responder.put("/crl", b"rubbish")
    clock[0] += 11
    assert _bundle(first, url, later)[0].base.der == old
    responder.put("/crl", new)
    clock[0] += 11
    assert _bundle(first, url, later)[0].base.der == new
    assert CrlCache(folder).read(url) == Cached(new, None)


def test_an_old_crl_is_not_good_for_ever(responder: Responder, folder: str) -> None:
    """Past nextUpdate it is no answer where no newer one can be had."""
    url = responder.put("/crl", make_crl(CHAIN))
    _bundle(asking := sources(folder), url)
    responder.fail("/crl", 503)
    for each in (asking, sources(folder)):
        _fails("status 503", lambda each=each: _bundle(each, url, NEXT_UPDATE + _SECOND))  # type: ignore[misc]


_SIGNED = make_crl(CHAIN)


@pytest.mark.parametrize(
    "cached",
    [
        Cached(b"rubbish", None),
        Cached(make_crl(CHAIN, corrupted=True), None),
        Cached(make_crl(CHAIN, 2), None),
        Cached(make_crl(CHAIN, signed_by=CHAIN.leaf_key), None),
        Cached(make_crl(CHAIN, next_update=NOW - _SECOND), None),
        Cached(make_crl(CHAIN, next_update=None), None),
        Cached(_SIGNED, b"rubbish"),
        Cached(_SIGNED, make_crl(CHAIN, number=2, base=1, corrupted=True)),
        Cached(_SIGNED, make_crl(CHAIN, number=2, base=1, next_update=NOW - _SECOND)),
        Cached(_SIGNED, make_crl(CHAIN, number=9, base=8)),
        Cached(make_crl(CHAIN, freshest=["http://delta"]), None),
    ],
    ids=[
        "rubbish", "forged", "another's", "another key's", "expired", "endless", "rubbish as the delta",
        "forged delta", "expired delta", "delta to another", "without its delta",
    ],
)  # fmt: skip
def test_what_is_cached_and_is_not_good(responder: Responder, folder: str, cached: Cached) -> None:
    """A file is no authority: it is as good as none, and is replaced."""
    good = make_crl(CHAIN, 1, [revoked(CHAIN)])
    url = responder.put("/crl", good)
    CrlCache(folder).write(url, cached)
    assert _bundle(sources(folder), url)[0].base.der == good
    assert responder.asked == {"/crl": 1}
    assert CrlCache(folder).read(url) == Cached(good, None)


def test_a_file_for_another_url(responder: Responder, folder: str) -> None:
    """What is cached for one address is not that of another."""
    one, other = responder.put("/one", make_crl(CHAIN)), responder.put("/other", make_crl(CHAIN, number=2))
    CrlCache(folder).write(one, Cached(_SIGNED, None))
    assert _bundle(sources(folder), other)[0].base.number == 2
    assert responder.asked == {"/other": 1}


@pytest.mark.parametrize(
    "crl",
    [
        b"rubbish",
        make_crl(CHAIN, corrupted=True),
        make_crl(CHAIN, 2),
        make_crl(CHAIN, next_update=None),
    ],
)
def test_nothing_is_cached_that_is_not_good(responder: Responder, folder: str, crl: bytes) -> None:
    """What is refused goes into no file, and its failure is remembered briefly."""
    url, asking = responder.put("/crl", crl), sources(folder)
    for _ in range(2):
        _fails(".", lambda: _bundle(asking, url))
    assert not os.path.exists(folder)
    assert responder.asked == {"/crl": 1}


def test_an_expired_crl_is_not_cached(responder: Responder, folder: str) -> None:
    """It may say that a certificate is revoked, and is fetched again the next time."""
    crl = make_crl(CHAIN, 1, [revoked(CHAIN)], next_update=NOW - _SECOND)
    url, asking = responder.put("/crl", crl), sources(folder)
    assert [_bundle(asking, url)[0].base.der for _ in range(2)] == [crl] * 2
    assert not os.path.exists(folder)
    assert responder.asked == {"/crl": 2}


def test_a_cache_that_cannot_be_written(responder: Responder, tmp_path: Path) -> None:
    """It is gone on without."""
    (tmp_path / "file").write_bytes(b"mine")
    url, asking = responder.put("/crl", make_crl(CHAIN)), sources(str(tmp_path / "file"))
    assert [_bundle(asking, url)[1] for _ in range(2)] == [False, True]
    assert _bundle(sources(str(tmp_path / "file" / "below")), url)[1] is False


def test_many_threads_fetch_a_crl_once(responder: Responder, folder: str) -> None:
    """All get the same."""
    url, asking = responder.put("/crl", make_crl(CHAIN)), sources(folder)
    works = [start(lambda: _bundle(asking, url)[0]) for _ in range(20)]
    first, *others = [work.result(10.0) for work in works]
    assert all(each is first for each in others)
    assert responder.asked == {"/crl": 1}


# Deltas.


def _base(responder: Responder, **knobs: Any) -> bytes:
    return make_crl(CHAIN, 1, **{"number": 5, "freshest": [responder.url("/delta")], **knobs})


def _delta(*entries: Entry, number: int = 6, **knobs: Any) -> bytes:
    return make_crl(CHAIN, 1, entries, **{"number": number, "base": 5, **knobs})


def test_a_base_and_its_delta_are_fetched(responder: Responder, folder: str) -> None:
    """Both are in the file, and neither is fetched again."""
    base, delta = _base(responder), _delta(revoked(CHAIN))
    url = responder.put("/crl", base)
    responder.put("/delta", delta)
    for asking in (sources(folder), sources(folder)):
        bundle = _bundle(asking, url)[0]
        assert bundle.delta is not None
        assert (bundle.base.der, bundle.delta.der) == (base, delta)
    assert CrlCache(folder).read(url) == Cached(base, delta)
    assert responder.asked == {"/crl": 1, "/delta": 1}


def test_only_the_delta_is_old(responder: Responder, folder: str) -> None:
    """The base, which is good for longer, is not fetched again."""
    base, old, new = _base(responder), _delta(next_update=NOW + _DAY), _delta(revoked(CHAIN), number=7)
    url = responder.put("/crl", base)
    responder.put("/delta", old)
    first = sources(folder)
    _bundle(first, url)
    responder.put("/delta", new)
    later = NOW + _DAY + _SECOND
    for asking in (first, sources(folder)):
        bundle = _bundle(asking, url, later)[0]
        assert bundle.delta is not None
        assert (bundle.base.der, bundle.delta.der) == (base, new)
    assert responder.asked == {"/crl": 1, "/delta": 2}
    assert CrlCache(folder).read(url) == Cached(base, new)


def test_the_new_delta_is_to_a_new_base(responder: Responder, folder: str) -> None:
    """Then the base is fetched as well."""
    url = responder.put("/crl", _base(responder))
    responder.put("/delta", _delta(next_update=NOW + _DAY))
    _bundle(sources(folder), url)
    base, delta = _base(responder, number=8), _delta(number=9, base=8)
    responder.put("/crl", base)
    responder.put("/delta", delta)
    bundle = _bundle(sources(folder), url, NOW + _DAY + _SECOND)[0]
    assert bundle.delta is not None
    assert (bundle.base.der, bundle.delta.der) == (base, delta)


def test_a_delta_that_cannot_be_had(responder: Responder, folder: str) -> None:
    """Specification, "Revocation Checking with Delta CRLs": revocation unavailable; and nothing is cached."""
    url = responder.put("/crl", _base(responder))
    _fails("its delta CRL .*/delta: it answers with status 404", lambda: _bundle(sources(folder), url))
    responder.put("/delta", _delta(corrupted=True))
    _fails("its delta CRL .*: .*the signature does not hold", lambda: _bundle(sources(folder), url))
    responder.put("/delta", make_crl(CHAIN, number=6))
    _fails("its delta CRL .*: the delta CRL or its base has no number", lambda: _bundle(sources(folder), url))
    assert not os.path.exists(folder)


def test_a_delta_at_several_places(responder: Responder, folder: str) -> None:
    """RFC 5280, section 5.2.6: what one place does not have, another may."""
    url = responder.put(
        "/crl", _base(responder, freshest=["ldap://delta", responder.url("/no"), responder.url("/delta")])
    )
    responder.put("/delta", _delta(Entry(1, reason=REMOVED)))
    assert _bundle(sources(folder), url)[0].delta is not None
    assert responder.asked == {"/crl": 1, "/no": 1, "/delta": 1}


# Limits.


@pytest.mark.parametrize("scheme", ["https", "ftp", "ldap", "file", "HTTPS"])
def test_http_alone_is_asked(responder: Responder, scheme: str) -> None:
    """Trust store and trust policy specification: "support only HTTP CRL URLs"."""
    url = f"{scheme}://127.0.0.1:{responder.port}/crl"
    _fails("only http is asked", lambda: _bundle(sources(), url))
    _fails("only http is asked", lambda: _answer(sources(), url))
    assert responder.seen == []
    responder.put("/crl", make_crl(CHAIN))
    assert _bundle(sources(), responder.url("/crl").replace("http", "HTTP"))[0].delta is None


def test_a_redirect_is_followed(responder: Responder) -> None:
    """To where the CRL or the answer is."""
    responder.put("/crl", make_crl(CHAIN))
    assert _bundle(sources(), responder.redirect("/moved", "/crl"))[0].base.number == 1
    responder.put("/answer", make_answer(CHAIN))
    assert _answer(sources(), responder.redirect("/old", "/answer")) == (Status.GOOD, False)


def test_a_redirect_in_a_circle(responder: Responder) -> None:
    """It has an end."""
    url = responder.redirect_in_a_circle("/circle", 3)
    _fails("redirects", lambda: _bundle(sources(), url))
    assert sum(responder.asked.values()) <= 11
    _fails("redirects", lambda: _answer(sources(), url))


@pytest.mark.parametrize("to", ["ftp://127.0.0.1/crl", "file:///etc/passwd", "nonsense://"])
def test_a_redirect_to_something_else(responder: Responder, to: str) -> None:
    """No other scheme is followed."""
    _fails(".", lambda: _bundle(sources(), responder.redirect("/moved", to)))


@pytest.mark.parametrize("told", [False, True])
def test_too_much(responder: Responder, told: bool) -> None:
    """What is longer than an answer or a CRL may be is not read on."""
    begun = time.monotonic()
    _fails(f"{LARGEST_ANSWER}|larger than", lambda: _answer(sources(), responder.pour("/ocsp", told=told)))
    _fails(f"{LARGEST_CRL}|larger than", lambda: _bundle(sources(), responder.pour("/crl", told=told)))
    assert time.monotonic() - begun < 3.0


def test_how_long_is_waited() -> None:
    """Trust store and trust policy specification: 2 seconds for OCSP, 5 for CRLs."""
    assert (OCSP_SECONDS, CRL_SECONDS) == (2.0, 5.0)
    assert Limits() == Limits(2.0, 5.0, with_nonce=False)


@pytest.mark.parametrize("fault", ["hang", "head", "drip"])
def test_slow_servers(responder: Responder, fault: str) -> None:
    """Each request has its time, in whatever pieces the answer comes."""

    def slow(path: str) -> str:
        if fault == "drip":
            return responder.drip(path, b"x" * 10_000, 0.01)
        return responder.hang(path, Reply(200, (("Content-Length", "5"),)) if fault == "head" else None)

    begun = time.monotonic()
    _fails("no answer", lambda: _answer(sources(ocsp_seconds=0.1), slow("/ocsp")))
    _fails("no answer", lambda: _bundle(sources(crl_seconds=0.1), slow("/crl")))
    assert time.monotonic() - begun < 2.0


def test_the_deadline_is_for_all(responder: Responder) -> None:
    """What is left of it is the longest that a request may take; when none is left, nothing is asked."""
    begun = time.monotonic()
    _fails("no answer", lambda: _answer(sources(), responder.hang("/ocsp"), deadline=Deadline(0.1)))
    _fails("no answer", lambda: _bundle(sources(), responder.hang("/crl"), deadline=Deadline(0.1)))
    assert time.monotonic() - begun < 2.0
    responder.forget()
    responder.put("/crl", make_crl(CHAIN))
    _fails(
        "no time was left|no answer in time", lambda: _bundle(sources(), responder.url("/crl"), deadline=Deadline(0.0))
    )
    assert responder.seen == []


def test_a_waiting_thread_has_its_own_deadline(responder: Responder) -> None:
    """While one thread waits for a slow responder, another gives up when its own time is over."""
    url, asking = responder.hang("/crl"), sources(crl_seconds=20.0)
    work = start(lambda: _bundle(asking, url))
    responder.wait_until_asked("/crl")
    _fails("no answer in time", lambda: _bundle(asking, url, deadline=Deadline(0.05)))
    assert not work.done()
    responder.stopping.set()
    with pytest.raises(NoAnswerError):
        work.result(10.0)


def test_a_short_deadline_is_its_owners(responder: Responder) -> None:
    """Who had no time left does not keep others, who have, from asking."""
    url, asking = responder.put("/crl", make_crl(CHAIN)), sources()
    release = responder.hang("/slow")
    _fails("no answer", lambda: _bundle(asking, release, deadline=Deadline(0.05)))
    responder.put("/slow", make_crl(CHAIN))
    assert _bundle(asking, release)[0].base.number == 1
    assert _bundle(asking, url)[0].base.number == 1


def test_a_short_deadline_for_a_delta_is_its_owners(responder: Responder) -> None:
    """The same holds where the base came in time."""
    asking, url = sources(), responder.put("/crl", _base(responder))
    responder.hang("/delta")
    _fails("no answer", lambda: _bundle(asking, url, deadline=Deadline(0.2)))
    responder.put("/delta", _delta())
    assert _bundle(asking, url)[0].delta is not None


def _refuse(_: Crl) -> None:
    raise NoAnswerError("it is about others")


def test_a_crl_that_is_about_others_is_not_kept(responder: Responder, folder: str) -> None:
    """One that was sent in the place of another goes into no file."""
    url = responder.put("/crl", make_crl(CHAIN))
    _fails("about others", lambda: sources(folder).bundle(url, _ISSUER, NOW, soon(), _refuse))
    assert not os.path.exists(folder)


def test_a_crl_that_does_not_fit_one_certificate_may_fit_another(responder: Responder) -> None:
    """That it is not about one of them is no failure of the other."""
    url, asking = responder.put("/crl", make_crl(CHAIN)), sources()
    _fails("about others", lambda: asking.bundle(url, _ISSUER, NOW, soon(), _refuse))
    assert _bundle(asking, url)[0].base.number == 1
    _fails("about others", lambda: asking.bundle(url, _ISSUER, NOW, soon(), _refuse))
    assert _bundle(asking, url)[0].base.number == 1


def test_a_cached_crl_that_is_about_others(responder: Responder, folder: str) -> None:
    """It is as good as none, and the right one is fetched in its place."""
    wrong, right = make_crl(CHAIN), make_crl(CHAIN, number=2)
    url = responder.put("/crl", right)
    CrlCache(folder).write(url, Cached(wrong, None))

    def fits(base: Crl) -> None:
        if base.number == 1:
            raise NoAnswerError("it is about others")

    assert sources(folder).bundle(url, _ISSUER, NOW, soon(), fits)[0].base.der == right
    assert CrlCache(folder).read(url) == Cached(right, None)


def test_servers_that_break_off(responder: Responder) -> None:
    """Half a CRL is none, and neither is a connection that is refused."""
    crl = make_crl(CHAIN)
    for reset in (False, True):
        _fails(".", lambda reset=reset: _bundle(sources(), responder.cut("/cut", crl, 50, reset=reset)))  # type: ignore[misc]
    _fails(".", lambda: _bundle(sources(), responder.refusing_url("/crl")))
    _fails(".", lambda: _bundle(sources(), "http://nowhere.invalid/crl"))


def test_a_crl_that_says_what_it_is_otherwise(responder: Responder) -> None:
    """Its media type is no concern: whatever it is called, it is signed."""
    for media_type in (None, "text/html", "application/octet-stream"):
        assert _bundle(sources(), responder.put("/crl", make_crl(CHAIN), media_type))[0].base.number == 1
        responder.ocsp("/ocsp", responding(CHAIN), media_type or "")
        assert _answer(sources(), responder.url("/ocsp")) == (Status.GOOD, False)


@pytest.mark.parametrize("status", [201, 204, 206, 304, 404, 410, 500])
def test_no_other_status_has_a_crl(responder: Responder, status: int) -> None:
    """Trust store and trust policy specification: a 200 response."""
    _fails(
        f"it answers with status {status}",
        lambda: _bundle(sources(), responder.put("/crl", make_crl(CHAIN), status=status)),
    )
    assert responder.asked == {"/crl": 1}
