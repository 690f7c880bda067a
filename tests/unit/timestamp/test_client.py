"""Asking timestamp authorities: what is asked, what is accepted, and what is done about what goes wrong."""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from asn1crypto import tsp  # type: ignore[import-untyped]

from notarykit.errors import NotarykitWarning, RevocationError, TimestampError
from notarykit.keys.chain import Chain, check_chain
from notarykit.net.client import HttpClient
from notarykit.net.destinations import Destinations
from notarykit.net.pool import ConnectionPool
from notarykit.revocation.checker import RevocationChecker
from notarykit.timestamp.client import TimestampAuthority, TimestampClient
from notarykit.timestamp.cms import LARGEST
from notarykit.timestamp.token import verify_token
from tests.servers.registry.http_server import Connection, Reply, Seen
from tests.support.ca import SPECS, TestChain, make_chain
from tests.support.responders import Responder
from tests.support.tokens import POLICY, Accuracy, EssCertificate, TokenChanges, make_response, make_token

SIGNATURE = b"a signature"
REPLY_TYPE = "application/timestamp-reply"
NOW = datetime.now(UTC).replace(microsecond=0)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
USUAL = TokenChanges()
TSA = make_chain("RSA-2048", purpose="timestamping")
OTHER = make_chain("EC-256", purpose="timestamping")
SIGNER = check_chain(make_chain().ders)

Wrap = Callable[[bytes], bytes]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpClient]:
    """A client that knows no proxy and may talk to everybody without TLS."""
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    client = HttpClient(
        ConnectionPool(pytest.fail), Destinations(plain=None), lambda _: pytest.fail("nothing is tried again")
    )
    yield client
    client.close()


def _answer(
    responder: Responder,
    path: str = "/tsa",
    chain: TestChain = TSA,
    changes: TokenChanges = USUAL,
    *,
    wrap: Wrap = make_response,
    content_type: str = REPLY_TYPE,
    status: int = 200,
) -> str:
    """Has a path answer as an authority does, and returns its address; what a query says is in the token."""

    def reply(seen: Seen, to: Connection) -> None:
        query = tsp.TimeStampReq.load(seen.body, strict=True)
        imprint = query["message_imprint"]
        asked: dict[str, Any] = {
            "imprint_hash": imprint["hash_algorithm"]["algorithm"].native,
            "imprint": imprint["hashed_message"].native,
            "nonce": query["nonce"].native,
            "gen_time": NOW,
        }
        given = {field: value for field, value in vars(changes).items() if value != getattr(USUAL, field)}
        if given.get("nonce") == 0:
            given["nonce"] = None
        token = make_token(b"", chain, replace(USUAL, **{**asked, **given}))
        to.reply(Reply(status, (("Content-Type", content_type),), wrap(token)))

    return responder.answering(path, reply)


def _stamper(client: HttpClient, *authorities: TimestampAuthority, **changes: Any) -> TimestampClient:
    checks: Any = RevocationChecker(None)
    if "check_revocation" in changes:
        checks = SimpleNamespace(check=changes.pop("check_revocation"))
    return TimestampClient(authorities, checks, client=client, **changes)


def _stamp(client: HttpClient, url: str, *, policy: str = "", signer: Chain = SIGNER, **changes: Any) -> bytes:
    root = changes.pop("root", TSA.ders[-1])
    stamper = _stamper(client, TimestampAuthority(url, root, policy), **changes)
    return stamper.stamp(SIGNATURE, signer, NOW)


def _why(client: HttpClient, url: str, **changes: Any) -> str:
    """Why there is no token."""
    with pytest.raises(TimestampError) as caught:
        _stamp(client, url, **changes)
    assert "\n" not in caught.value.one_line()
    assert caught.value.message.startswith("no timestamp: ")
    assert re.search("--timestamp-(url|root-cert)|wait a few seconds|ess_cert_id_alg = sha256", caught.value.advice)
    return caught.value.message


@pytest.mark.parametrize("spec", SPECS)
def test_the_hash_that_belongs_to_the_key_is_stamped(responder: Responder, client: HttpClient, spec: str) -> None:
    """The query has the signature's digest by the hash of the key's spec, a nonce, and asks for certificates."""
    signer = check_chain(make_chain(spec).ders)
    token = _stamp(client, _answer(responder), signer=signer)

    assert verify_token(token, SIGNATURE, TSA.ders[-1:]).hash_name == signer.key_spec.hash_name
    (seen,) = responder.seen
    assert (seen.method, seen.headers["Content-Type"]) == ("POST", "application/timestamp-query")
    query = tsp.TimeStampReq.load(seen.body, strict=True)
    short = signer.key_spec.hash_name.replace("-", "").lower()
    assert query["message_imprint"].native == {
        "hash_algorithm": {"algorithm": short, "parameters": None},
        "hashed_message": hashlib.new(short, SIGNATURE).digest(),
    }
    assert (query["version"].native, query["cert_req"].native, query["req_policy"].native) == ("v1", True, None)


def test_each_query_has_a_nonce_of_its_own(responder: Responder, client: HttpClient) -> None:
    """Nonces are large, positive, and never the same."""
    url = _answer(responder)
    for _ in range(20):
        _stamp(client, url)
    nonces = {tsp.TimeStampReq.load(seen.body)["nonce"].native for seen in responder.seen}
    assert len(nonces) == 20
    assert all(0 < nonce < 2**159 for nonce in nonces)
    assert max(nonces) > 2**128


def test_a_token_is_what_the_authority_wrote(responder: Responder, client: HttpClient) -> None:
    """The token comes back byte by byte, whichever of the two words it was granted with."""
    given: list[bytes] = []

    def kept(token: bytes) -> bytes:
        given.append(token)
        return make_response(token, len(given) - 1)

    url = _answer(responder, wrap=kept)
    assert [_stamp(client, url), _stamp(client, url)] == given


def test_parameters_of_the_content_type_do_not_matter(responder: Responder, client: HttpClient) -> None:
    """A content type may have parameters, and be written in any case."""
    assert _stamp(client, _answer(responder, content_type="Application/Timestamp-Reply; charset=utf-8"))


def test_a_policy_is_asked_for(responder: Responder, client: HttpClient) -> None:
    """Where a policy is wanted, the query says so and the token must have it; else any will do."""
    url = _answer(responder)
    assert _stamp(client, url, policy=POLICY)
    assert tsp.TimeStampReq.load(responder.seen[-1].body)["req_policy"].dotted == POLICY
    assert "the token has the policy" in _why(client, url, policy="1.2.3")
    assert _stamp(client, _answer(responder, changes=TokenChanges(policy="1.2.3")))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (TokenChanges(nonce=1), "not the answer to this request"),
        (TokenChanges(nonce=0), "not the answer to this request"),
        (TokenChanges(imprint=b"\1" * 32), "for another signature"),
        (
            TokenChanges(imprint_hash="sha512", imprint=hashlib.sha512(SIGNATURE).digest()),
            "not the answer to this request",
        ),
        (TokenChanges(corrupt_signature=True), "the signature does not hold"),
        (TokenChanges(certificates=None), "does not come with its signer's certificate"),
        (TokenChanges(ess_v2=None, ess_v1=(EssCertificate(),)), "signing-certificate-v2 is absent"),
        (TokenChanges(gen_time=NOW - 400 * DAY), "is not valid before"),
    ],
    ids=["nonce", "no nonce", "imprint", "hash", "signature", "certificates", "attribute", "time"],
)
def test_a_token_that_is_not_good(responder: Responder, client: HttpClient, changes: TokenChanges, text: str) -> None:
    """A token that no verifier would accept, or that answers another request, is not taken."""
    url = _answer(responder, changes=changes)
    message = _why(client, url)
    assert text in message
    assert url in message


def test_an_answer_of_before_is_not_taken(responder: Responder, client: HttpClient) -> None:
    """The same answer to another query is refused, good as it was."""
    kept: list[bytes] = []

    def first(token: bytes) -> bytes:
        kept.append(make_response(token))
        return kept[0]

    url = _answer(responder, wrap=first)
    assert _stamp(client, url)
    assert "not the answer to this request" in _why(client, url)


def test_an_authority_that_is_not_trusted(responder: Responder, client: HttpClient) -> None:
    """Under another root there is no token, whatever certificates come along."""
    url = _answer(responder, changes=TokenChanges(extra_certificates=OTHER.ders))
    assert "does not lead to a trusted root" in _why(client, url, root=OTHER.ders[-1])


@pytest.mark.parametrize(
    ("failures", "text"),
    [([], r"refuses (rejection)"), ([0, 15], "unrecognized or unsupported hash algorithm, policy not supported")],
)
def test_an_authority_that_refuses(responder: Responder, client: HttpClient, failures: list[int], text: str) -> None:
    """What the authority says of why it refuses is told."""
    url = _answer(responder, wrap=lambda _: make_response(None, 2, failures=failures))
    assert text in _why(client, url)


def _one_too_many(token: bytes) -> bytes:
    return make_response(token) + b"\0" * LARGEST


@pytest.mark.parametrize(
    ("how", "text"),
    [
        ({"content_type": "text/html"}, "not of the type application/timestamp-reply"),
        ({"content_type": "application/timestamp-query"}, "not of the type application/timestamp-reply"),
        ({"status": 500}, "status 500"),
        ({"status": 404}, "status 404"),
        ({"status": 201}, "status 201"),
        ({"wrap": _one_too_many}, "more than the limit of 131072"),
        ({"wrap": lambda token: make_response(token)[:-1]}, "malformed"),
        ({"wrap": lambda token: make_response(token, trailing=b"\0")}, "malformed"),
        ({"wrap": lambda token: token}, "malformed"),
        ({"wrap": lambda _: b""}, "malformed"),
        ({"wrap": lambda _: b"<html>sorry</html>"}, "malformed"),
        ({"wrap": lambda _: make_response(None)}, ""),
    ],
)
def test_an_answer_that_is_none(responder: Responder, client: HttpClient, how: dict[str, Any], text: str) -> None:
    """Whatever is wrong with the answer itself is told, and it is not asked for a second time."""
    assert text in _why(client, _answer(responder, **how))
    assert len(responder.seen) == 1


def test_an_answer_without_a_type(responder: Responder, client: HttpClient) -> None:
    """An answer without a content type is refused."""
    url = responder.put("/tsa", make_response(make_token(SIGNATURE, TSA)), None)
    assert "not of the type" in _why(client, url)


def test_an_answer_without_end(responder: Responder, client: HttpClient) -> None:
    """No more is read of an answer than the most that one may have, whether or not its length is told."""
    for told in (True, False):
        assert _why(client, responder.pour("/tsa", told=told, content_type=REPLY_TYPE))


@pytest.mark.parametrize("status", [307, 308])
def test_an_authority_that_has_moved(responder: Responder, client: HttpClient, status: int) -> None:
    """A query goes on as it is where the authority says so, and what comes back is judged as always."""
    _answer(responder, "/elsewhere")
    assert _stamp(client, responder.redirect("/tsa", "/elsewhere", status))
    assert [(seen.method, seen.target) for seen in responder.seen] == [("POST", "/tsa"), ("POST", "/elsewhere")]


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_loses_the_query(responder: Responder, client: HttpClient, status: int) -> None:
    """Where the query may be lost on the way, the message says where the authority leads."""
    _answer(responder, "/elsewhere")
    assert f"status {status} redirects to {responder.url('/elsewhere')}" in _why(
        client, responder.redirect("/tsa", "/elsewhere", status)
    )
    assert responder.asked["/elsewhere"] == 0


def test_an_authority_that_takes_its_time(responder: Responder, client: HttpClient) -> None:
    """An authority has so many seconds and no more, whether it says nothing or too little at a time."""
    assert _why(client, responder.hang("/tsa"), seconds=0.2)
    assert _why(client, responder.hang("/tsa", Reply(200, (("Content-Type", REPLY_TYPE),))), seconds=0.2)
    slow = responder.drip("/tsa", make_response(make_token(SIGNATURE, TSA)), content_type=REPLY_TYPE)
    assert _why(client, slow, seconds=0.2)


def test_an_authority_that_is_not_there(responder: Responder, client: HttpClient) -> None:
    """A connection that is refused or cut is told, and so is an address that is none."""
    assert "connection refused" in _why(client, responder.refusing_url("/tsa"))
    response = make_response(make_token(SIGNATURE, TSA))
    assert _why(client, responder.cut("/tsa", response, 100, content_type=REPLY_TYPE))
    assert _why(client, responder.cut("/tsa", response, 100, reset=True, content_type=REPLY_TYPE))
    assert "not a URL" in _why(client, "ftp://tsa.example.com/")


def test_what_is_secret_in_an_address_is_not_shown(responder: Responder, client: HttpClient) -> None:
    """A query in an authority's address does not get into a message, and does get to the authority."""
    url = _answer(responder, content_type="text/html")
    message = _why(client, f"{url}?key=secret")
    assert url in message
    assert "secret" not in message
    assert responder.seen[0].target == "/tsa?key=secret"


def test_an_authority_that_has_expired(responder: Responder, client: HttpClient) -> None:
    """A token of before is no token of now: an authority that is not valid today gives none, whatever time it says."""
    expired = make_chain(purpose="timestamping", not_before=NOW - 30 * DAY, not_after=NOW - DAY)
    url = _answer(responder, chain=expired, changes=TokenChanges(gen_time=NOW - 2 * DAY))
    assert "expired on" in _why(client, url, root=expired.ders[-1])
    early = make_chain(purpose="timestamping", not_before=NOW + DAY, not_after=NOW + 30 * DAY)
    url = _answer(responder, chain=early, changes=TokenChanges(gen_time=NOW + 2 * DAY))
    assert "is not valid before" in _why(client, url, root=early.ders[-1])


@pytest.mark.parametrize("difference", [HOUR, -HOUR, 5 * DAY, -5 * DAY])
def test_clocks_that_differ_are_noticed(responder: Responder, client: HttpClient, difference: timedelta) -> None:
    """A token whose time is far from the present is good, and somebody should look at the clocks."""
    url = _answer(responder, changes=TokenChanges(gen_time=NOW + difference))
    with pytest.warns(NotarykitWarning, match="clock"):
        assert _stamp(client, url)


@pytest.mark.parametrize("difference", [timedelta(0), timedelta(minutes=4), -timedelta(minutes=4)])
def test_small_differences_are_not(responder: Responder, client: HttpClient, difference: timedelta) -> None:
    """Clocks may differ by minutes; the warning would fail this test."""
    assert _stamp(client, _answer(responder, changes=TokenChanges(gen_time=NOW + difference)))


@pytest.mark.parametrize(
    ("signer", "changes", "text"),
    [
        ({"not_after": NOW + HOUR}, TokenChanges(gen_time=NOW + 2 * HOUR), "expired on"),
        ({"not_before": NOW - HOUR}, TokenChanges(gen_time=NOW - 2 * HOUR), "is not valid before"),
        ({"not_after": NOW}, TokenChanges(accuracy=Accuracy(1)), "expired on"),
        ({"not_before": NOW}, TokenChanges(accuracy=Accuracy(1)), "is not valid before"),
    ],
)
def test_a_time_outside_the_signers_validity(
    responder: Responder, client: HttpClient, signer: dict[str, datetime], changes: TokenChanges, text: str
) -> None:
    """A timestamp that does not prove that the signer was valid is of no use, and is not taken."""
    chain = check_chain(make_chain(**signer).ders)  # type: ignore[arg-type]
    message = _why(client, _answer(responder, changes=changes), signer=chain)
    assert "a limit of the timestamp" in message
    assert text in message


def test_the_authoritys_revocation_is_checked(responder: Responder, client: HttpClient) -> None:
    """The whole chain is checked at the present time, once all else is good; what is revoked gives no timestamp."""
    asked: list[tuple[tuple[bytes, ...], datetime]] = []

    def noted(chain: Chain, now: datetime) -> None:
        asked.append((chain.ders, now))

    assert _stamp(client, _answer(responder), check_revocation=noted)
    assert asked == [(TSA.ders, NOW)]
    assert _why(client, _answer(responder, changes=TokenChanges(nonce=1)), check_revocation=noted)
    assert _why(client, _answer(responder, changes=TokenChanges(corrupt_signature=True)), check_revocation=noted)
    assert len(asked) == 1

    def refusing(*_: object) -> None:
        raise RevocationError("certificate is revoked")

    assert "certificate is revoked" in _why(client, _answer(responder), check_revocation=refusing)


def test_the_first_good_authority_is_taken(responder: Responder, client: HttpClient) -> None:
    """Authorities are asked in order until one gives a good token, each with a nonce and a root of its own."""
    failing = TimestampAuthority(responder.fail("/failing"), TSA.ders[-1])
    refusing = TimestampAuthority(responder.refusing_url("/refusing"), TSA.ders[-1])
    wrong = TimestampAuthority(_answer(responder, "/wrong", OTHER), TSA.ders[-1])
    good = TimestampAuthority(_answer(responder, "/good", OTHER), OTHER.ders[-1])
    never = TimestampAuthority(_answer(responder, "/never"), TSA.ders[-1])

    with pytest.warns(NotarykitWarning, match="another timestamp authority was used") as warned:
        token = _stamper(client, failing, refusing, wrong, good, never).stamp(SIGNATURE, SIGNER, NOW)

    assert len(warned) == 3
    assert verify_token(token, SIGNATURE, OTHER.ders[-1:]).time == NOW
    assert [seen.path for seen in responder.seen] == ["/failing", "/wrong", "/good"]
    assert len({seen.body for seen in responder.seen}) == 3


def test_why_each_authority_failed(responder: Responder, client: HttpClient) -> None:
    """Where none gives a good token, the message has each with its reason."""
    authorities = [
        TimestampAuthority(responder.fail("/one", 503), TSA.ders[-1]),
        TimestampAuthority(_answer(responder, "/two", content_type="text/plain"), TSA.ders[-1]),
        TimestampAuthority(_answer(responder, "/three"), OTHER.ders[-1]),
    ]
    with pytest.raises(TimestampError) as caught:
        _stamper(client, *authorities).stamp(SIGNATURE, SIGNER, NOW)
    first, second, third = caught.value.message.removeprefix("no timestamp: ").split("; ")
    assert first.startswith(responder.url("/one"))
    assert "503" in first
    assert second.startswith(responder.url("/two"))
    assert third.startswith(responder.url("/three"))
    assert "trusted root" in third
