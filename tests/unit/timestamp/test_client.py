"""Timestamp client: queries, tokens that it accepts, and several authorities."""

import hashlib
from datetime import datetime, timedelta

import pytest
from asn1crypto import tsp  # type: ignore[import-untyped]

from notarykit.errors import NotarykitWarning, RevocationError, TimestampError
from notarykit.keys.chain import Chain, check_chain
from notarykit.net.client import HttpClient
from notarykit.timestamp.client import TimestampAuthority
from notarykit.timestamp.token import verify_token
from tests.support.ca import SPECS, Changes, make_chain
from tests.support.responders import Responder
from tests.support.timestamp_responses import make_response
from tests.support.token_changes import POLICY, Accuracy, EssCertificate, TokenChanges
from tests.unit.timestamp.authorities import (
    DAY,
    HOUR,
    NOW,
    OTHER,
    SIGNATURE,
    SIGNER,
    TSA,
    authority_url,
    make_client,
    stamp,
    stamp_error,
)


@pytest.mark.requirement(
    "plugin:certificate-request",
    "workflow:timestamp-certificate-request",
    "workflow:timestamp-hash",
)
@pytest.mark.parametrize("spec", SPECS)
def test_query_has_the_hash_of_the_key_spec(responder: Responder, client: HttpClient, spec: str) -> None:
    """The query has the signature's digest by the hash of the key spec, a nonce, and certReq."""
    signer = check_chain(make_chain(spec).ders)
    token = stamp(client, authority_url(responder), signer=signer)

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


def test_each_query_has_its_own_nonce(responder: Responder, client: HttpClient) -> None:
    """Nonces are large, positive, and never repeated."""
    url = authority_url(responder)
    for _ in range(20):
        stamp(client, url)
    nonces = {tsp.TimeStampReq.load(seen.body)["nonce"].native for seen in responder.seen}
    assert len(nonces) == 20
    assert all(0 < nonce < 2**159 for nonce in nonces)
    assert max(nonces) > 2**128


def test_token_is_returned_unchanged(responder: Responder, client: HttpClient) -> None:
    """The token is returned byte for byte, for either granted status."""
    tokens: list[bytes] = []

    def kept(token: bytes) -> bytes:
        tokens.append(token)
        return make_response(token, len(tokens) - 1)

    url = authority_url(responder, wrap=kept)
    assert [stamp(client, url), stamp(client, url)] == tokens


def test_content_type_parameters_are_ignored(responder: Responder, client: HttpClient) -> None:
    """A content type may have parameters, and letters of any case."""
    assert stamp(client, authority_url(responder, content_type="Application/Timestamp-Reply; charset=utf-8"))


def test_required_policy_is_requested_and_checked(responder: Responder, client: HttpClient) -> None:
    """A required policy is in the query and must be in the token; otherwise any is accepted."""
    url = authority_url(responder)
    assert stamp(client, url, policy=POLICY)
    assert tsp.TimeStampReq.load(responder.seen[-1].body)["req_policy"].dotted == POLICY
    assert "the token has the policy" in stamp_error(client, url, policy="1.2.3")
    assert stamp(client, authority_url(responder, changes=TokenChanges(policy="1.2.3")))


@pytest.mark.requirement("signature:certificates-are-checked-twice", "workflow:timestamp-requirements")
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
def test_bad_token_is_refused(responder: Responder, client: HttpClient, changes: TokenChanges, text: str) -> None:
    """A token that no verifier would accept, or that answers another request, is refused."""
    url = authority_url(responder, changes=changes)
    message = stamp_error(client, url)
    assert text in message
    assert url in message


def test_replayed_response_is_refused(responder: Responder, client: HttpClient) -> None:
    """A good response to an earlier query is refused."""
    kept: list[bytes] = []

    def first(token: bytes) -> bytes:
        kept.append(make_response(token))
        return kept[0]

    url = authority_url(responder, wrap=first)
    assert stamp(client, url)
    assert "not the answer to this request" in stamp_error(client, url)


@pytest.mark.requirement("workflow:timestamp-requirements")
def test_untrusted_authority_is_refused(responder: Responder, client: HttpClient) -> None:
    """A token under another root is refused, whatever certificates it includes."""
    url = authority_url(responder, changes=TokenChanges(extra_certificates=OTHER.ders))
    assert "does not lead to a trusted root" in stamp_error(client, url, root=OTHER.ders[-1])


@pytest.mark.parametrize(
    ("failures", "text"),
    [([], r"refuses (rejection)"), ([0, 15], "unrecognized or unsupported hash algorithm, policy not supported")],
)
def test_refusal_is_reported(responder: Responder, client: HttpClient, failures: list[int], text: str) -> None:
    """The message has the authority's reasons."""
    url = authority_url(responder, wrap=lambda _: make_response(None, 2, failures=failures))
    assert text in stamp_error(client, url)


def test_authority_must_be_valid_now(responder: Responder, client: HttpClient) -> None:
    """A token by an authority that is not valid now is refused, whatever its time."""
    expired = make_chain(purpose="timestamping", not_before=NOW - 30 * DAY, not_after=NOW - DAY)
    url = authority_url(responder, chain=expired, changes=TokenChanges(gen_time=NOW - 2 * DAY))
    assert "expired on" in stamp_error(client, url, root=expired.ders[-1])
    early = make_chain(purpose="timestamping", not_before=NOW + DAY, not_after=NOW + 30 * DAY)
    url = authority_url(responder, chain=early, changes=TokenChanges(gen_time=NOW + 2 * DAY))
    assert "is not valid before" in stamp_error(client, url, root=early.ders[-1])


@pytest.mark.parametrize("difference", [HOUR, -HOUR, 5 * DAY, -5 * DAY])
def test_large_clock_difference_warns(responder: Responder, client: HttpClient, difference: timedelta) -> None:
    """A token whose time is far from the present is accepted with a warning."""
    url = authority_url(responder, changes=TokenChanges(gen_time=NOW + difference))
    with pytest.warns(NotarykitWarning, match="clock"):
        assert stamp(client, url)


@pytest.mark.parametrize("difference", [timedelta(0), timedelta(minutes=4), -timedelta(minutes=4)])
def test_small_clock_difference_does_not_warn(responder: Responder, client: HttpClient, difference: timedelta) -> None:
    """Clocks may differ by minutes; the warning would fail this test."""
    assert stamp(client, authority_url(responder, changes=TokenChanges(gen_time=NOW + difference)))


@pytest.mark.parametrize(
    ("signer", "changes", "text"),
    [
        ({"not_after": NOW + HOUR}, TokenChanges(gen_time=NOW + 2 * HOUR), "expired on"),
        ({"not_before": NOW - HOUR}, TokenChanges(gen_time=NOW - 2 * HOUR), "is not valid before"),
        ({"not_after": NOW}, TokenChanges(accuracy=Accuracy(1)), "expired on"),
        ({"not_before": NOW}, TokenChanges(accuracy=Accuracy(1)), "is not valid before"),
    ],
)
def test_time_outside_the_signers_validity_is_refused(
    responder: Responder, client: HttpClient, signer: dict[str, datetime], changes: TokenChanges, text: str
) -> None:
    """A timestamp outside the signer's validity is refused."""
    chain = check_chain(make_chain(**signer).ders)  # type: ignore[arg-type]
    message = stamp_error(client, authority_url(responder, changes=changes), signer=chain)
    assert "a limit of the timestamp" in message
    assert text in message


def test_revocation_of_the_authority_is_checked(responder: Responder, client: HttpClient) -> None:
    """The chain of a good token is checked at the present time."""
    checked: list[tuple[tuple[bytes, ...], datetime]] = []

    def noted(chain: Chain, now: datetime) -> None:
        checked.append((chain.ders, now))

    assert stamp(client, authority_url(responder), check_revocation=noted)
    assert checked == [(TSA.ders, NOW)]
    assert stamp_error(client, authority_url(responder, changes=TokenChanges(nonce=1)), check_revocation=noted)
    assert stamp_error(
        client, authority_url(responder, changes=TokenChanges(corrupt_signature=True)), check_revocation=noted
    )
    assert len(checked) == 1

    def refusing(*_: object) -> None:
        raise RevocationError("certificate is revoked")

    assert "certificate is revoked" in stamp_error(client, authority_url(responder), check_revocation=refusing)


def test_next_authority_is_tried_after_a_failure(responder: Responder, client: HttpClient) -> None:
    """Authorities are tried in order until one gives a good token, each with its own nonce and root."""
    failing = TimestampAuthority(responder.fail("/failing"), TSA.ders[-1])
    refusing = TimestampAuthority(responder.refusing_url("/refusing"), TSA.ders[-1])
    wrong = TimestampAuthority(authority_url(responder, "/wrong", OTHER), TSA.ders[-1])
    good = TimestampAuthority(authority_url(responder, "/good", OTHER), OTHER.ders[-1])
    never = TimestampAuthority(authority_url(responder, "/never"), TSA.ders[-1])

    with pytest.warns(NotarykitWarning, match="another timestamp authority was used") as warned:
        token = make_client(client, failing, refusing, wrong, good, never).stamp(SIGNATURE, SIGNER, NOW)

    assert len(warned) == 3
    assert verify_token(token, SIGNATURE, OTHER.ders[-1:]).time == NOW
    assert [seen.path for seen in responder.seen] == ["/failing", "/wrong", "/good"]
    assert len({seen.body for seen in responder.seen}) == 3


def test_failures_of_all_authorities_are_reported(responder: Responder, client: HttpClient) -> None:
    """The message has each authority with its reason."""
    authorities = [
        TimestampAuthority(responder.fail("/one", 503), TSA.ders[-1]),
        TimestampAuthority(authority_url(responder, "/two", content_type="text/plain"), TSA.ders[-1]),
        TimestampAuthority(authority_url(responder, "/three"), OTHER.ders[-1]),
    ]
    with pytest.raises(TimestampError) as caught:
        make_client(client, *authorities).stamp(SIGNATURE, SIGNER, NOW)
    first, second, third = caught.value.message.removeprefix("no timestamp: ").split("; ")
    assert first.startswith(responder.url("/one"))
    assert "503" in first
    assert second.startswith(responder.url("/two"))
    assert third.startswith(responder.url("/three"))
    assert "trusted root" in third


YOUNG = check_chain(make_chain(not_before=NOW - DAY, leaf=Changes(not_before=NOW)).ders)


def test_certificate_of_this_moment_has_its_timestamp_a_moment_later(
    responder: Responder, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A timestamp that vouches for a while before the certificate began is requested once more, after that while."""
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        later = TokenChanges(gen_time=NOW + timedelta(seconds=seconds), accuracy=Accuracy(1, 500))
        authority_url(responder, changes=later)

    monkeypatch.setattr("notarykit.timestamp.client.time.sleep", pause)
    url = authority_url(responder, changes=TokenChanges(accuracy=Accuracy(1, 500)))
    token = stamp(client, url, signer=YOUNG)
    assert verify_token(token, SIGNATURE, TSA.ders[-1:]).earliest >= NOW
    assert (pauses, len(responder.seen)) == ([2], 2)


@pytest.mark.parametrize(
    "changes",
    [
        TokenChanges(accuracy=Accuracy(6)),  # a long wait
        TokenChanges(gen_time=NOW - timedelta(seconds=3)),  # another cause: a clock that is wrong
    ],
)
def test_nobody_waits_for_long(
    responder: Responder, client: HttpClient, monkeypatch: pytest.MonkeyPatch, changes: TokenChanges
) -> None:
    """More than a few seconds are the user's to wait, and a clock that is behind does not get better by waiting."""
    monkeypatch.setattr("notarykit.timestamp.client.time.sleep", lambda _: pytest.fail("somebody waits"))
    assert "is not valid before" in stamp_error(client, authority_url(responder, changes=changes), signer=YOUNG)
    assert len(responder.seen) == 1


def test_a_second_timestamp_is_the_last(
    responder: Responder, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An authority whose clock stands still does not keep anybody."""
    monkeypatch.setattr("notarykit.timestamp.client.time.sleep", lambda _: None)
    url = authority_url(responder, changes=TokenChanges(accuracy=Accuracy(1)))
    assert "is not valid before" in stamp_error(client, url, signer=YOUNG)
    assert len(responder.seen) == 2
