"""What both sides say of certificates: ours and the Go libraries', about the same chain, of the same server.

Each starts with nothing remembered. They agree, but for differences that have a name and a section.
"""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from notarykit.revocation.result import NO_SIGNING_TIMES, SigningTimes
from tests.interop.differences import Difference, Kind, differing, laxer, stricter
from tests.interop.go_peer import Peer
from tests.interop.revocation_cases import CASES, HOLD, REASONS, Case, Scene
from tests.support.checking import close_clients, sources, words
from tests.support.responders import Responder

WORDS: Final = {"OK": "good", "NonRevokable": "not revocable", "Unknown": "unknown", "Revoked": "revoked"}
PASSING: Final = frozenset({"good", "not revocable"})
SECONDS, SECONDS_FOR_WHAT_HANGS = 5.0, 0.2


def kind_of(ours: str, theirs: str) -> Kind:
    """The difference of two verdicts."""
    if ours == theirs:
        return Kind.NONE
    if (ours in PASSING) is (theirs in PASSING):
        return Kind.REASON
    return Kind.LAXER if ours in PASSING else Kind.STRICTER


def _reason(section: str, *names: str) -> dict[str, Difference]:
    return differing(Kind.REASON, section, *names)


def _refused_here(section: str, *names: str) -> dict[str, Difference]:
    """What the Go libraries believe, good or revoked, and we do not; the names have a place for either word."""
    return {
        **stricter(section, *(each.format("good") for each in names)),
        **_reason(section, *(each.format("revoked") for each in names)),
    }


def _believed_here(section: str, *names: str) -> dict[str, Difference]:
    """What we believe, good or revoked, and the Go libraries do not; the names have a place for either word."""
    return {
        **laxer(section, *(each.format("good") for each in names)),
        **_reason(section, *(each.format("revoked") for each in names)),
    }


DIFFERENCES: Final = {
    # OCSP: what Go believes.
    **_refused_here(
        "RFC 6960, section 4.2.2.1: thisUpdate later than the clock is unreliable", "ocsp: {} of the future"
    ),
    **_refused_here(
        "RFC 6960, section 3.2, point 1: the certificate in the response is that in the request",
        "ocsp: {} for another issuer's name",
        "ocsp: {} for another issuer's key",
    ),
    **_refused_here(
        "RFC 6960, section 4.2.2.2: a delegate has id-kp-OCSPSigning",
        "ocsp: {} by the leaf as a delegate",
        "ocsp: {} by a delegate for code",
    ),
    **_refused_here(
        'Trust store and trust policy specification, "Revocation Checking with OCSP", 1: the certificate is valid',
        "ocsp: {} by an expired delegate",
        "ocsp: {} by a delegate of the future",
    ),
    **_refused_here(
        'Signature specification, "Other requirements": no SHA-1',
        "ocsp: {} with SHA-1",
        "crl: {}, with SHA-1",
    ),
    **stricter("RFC 6960, section 4.4: a critical extension that is not understood", "ocsp: a critical extension"),
    **stricter(
        'Trust store and trust policy specification, "Revocation Checking with OCSP", 4: CRLs for the delegate',
        "ocsp: a delegate, nocheck False, listed True",
        "ocsp: a delegate whose CRL is missing",
    ),
    # OCSP: what Go does not believe.
    **_believed_here(
        "RFC 4055, section 3: RSASSA-PSS, which chains and CRLs have on both sides",
        *(f"ocsp: {{}} with PSS and sha{bits}" for bits in (256, 384, 512)),
    ),
    **_believed_here(
        "RFC 6960, section 4.2.2.2: the issuer itself signs, whatever certificates come along (section 4.2.1)",
        "ocsp: {} with the issuer's certificate",
        "ocsp: {} with all certificates of the chain",
    ),
    **laxer(
        "RFC 6960, section 4.2.1: certificates that help to verify may come along, in no order",
        "ocsp: a delegate whose certificate comes second",
    ),
    **laxer(
        "RFC 6960, section 4.4.5: extensions of CRL entries are supported, critical or not",
        "ocsp: signed before a critical invalidity date",
    ),
    **_reason(
        "RFC 6960, section 4.4.5: extensions of CRL entries are supported, critical or not",
        "ocsp: signed at a critical invalidity date",
        "ocsp: signed after a critical invalidity date",
    ),
    **laxer("RFC 6960, appendix A.1: a request by POST is always possible", "server, ocsp: POST alone"),
    # CRLs: what Go believes.
    **_refused_here("RFC 5280, section 6.3.3, step b: the issuer's name", "crl: {}, in another's name"),
    **_refused_here(
        "RFC 5280, section 5.2.4: a delta CRL is used together with its base",
        "crl: {}, a delta",
        "crl: {}, a delta that is not critical",
    ),
    **_refused_here(
        "RFC 5280, section 6.3.3, step b: the scope of the CRL",
        "crl: {}, for CAs",
        "crl: {}, for attributes",
        "crl: {}, for others",
        "crl: {}, for another point",
    ),
    **stricter(
        "RFC 5280, section 6.3.3, step d: the reasons that are covered",
        "crl: good, for some reasons",
        "crl: good, for users and some reasons",
        "points: for some reasons alone",
    ),
    **stricter(
        "RFC 5280, section 5.1.2.4: thisUpdate is when it was issued",
        "crl: good, of the future",
        "delta: of the future",
    ),
    **stricter("RFC 5280, section 5.3.1: removeFromCRL stands in delta CRLs alone", "crl: released"),
    **stricter(
        "RFC 5280, section 5.3: an unknown critical entry extension keeps the CRL from being used for any certificate",
        "crl: another's entry with a critical extension",
    ),
    **stricter(
        'Trust store and trust policy specification, "Revocation Checking with CRL", 3.1: listed without a date',
        "crl: an invalidity date of one of two entries",
    ),
    **stricter("RFC 5280, section 4.2.1.13: a single DER encoded CRL", "server, crl: more behind it"),
    **stricter(
        'Trust store and trust policy specification, "Revocation Checking with Delta CRLs": an indicator that is less',
        "delta: to an older base",
    ),
    **stricter(
        "RFC 5280, section 6.3.3, step c: issuer and scope of a delta are the base's",
        "delta: in another's name",
        "delta: for users alone",
    ),
    **stricter('Signature specification, "Other requirements": no SHA-1', "delta: with SHA-1"),
    **stricter(
        'Trust store and trust policy specification, "CRLs": an indirect CRL is signed by another',
        "points: of another issuer",
    ),
    **stricter(
        'Trust store and trust policy specification, "Certificate Revocation Evaluation": it includes CRL information',
        "points: no name",
    ),
    # CRLs: what Go does not believe.
    **_reason(
        'Trust store and trust policy specification, "Revocation Checking with CRL", 3.2: listed, though expired',
        *(f"crl: expired, revoked for {reason.value}" for reason in REASONS if reason is not HOLD),
    ),
    **_believed_here(
        "RFC 5280, section 5: applications are required to process CRLs of version 1", "crl: {}, of the first version"
    ),
    **_believed_here(
        "RFC 5280, section 5.2: only a critical extension that cannot be processed stands in the way",
        "crl: {}, a critical number",
    ),
    **laxer(
        "RFC 5280, section 6.3.3, step k: removeFromCRL makes it unrevoked",
        "delta: the delta releases with the same date",
    ),
    **laxer(
        "RFC 5280, section 6.3.3: CRLs are processed until all reasons are covered",
        "points: two, good and missing",
        "points: two, missing and good",
    ),
    **laxer(
        "RFC 5280, section 4.2.1.13: the names of one point are ways to the same CRL",
        "points: two addresses, good and missing",
        "points: two addresses, missing and good",
        "points: two addresses, good and revoked",
        "points: LDAP and HTTP",
    ),
    **_reason(
        "RFC 5280, section 6.3.3: CRLs are processed until the certificate is found to be revoked",
        "points: two, missing and revoked",
        "points: two addresses, missing and revoked",
        "points: for some reasons each, missing and revoked",
    ),
}


@pytest.fixture(scope="module")
def responder() -> Iterator[Responder]:
    """The server that all cases share, each with paths of its own."""
    with Responder() as running:
        yield running


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    close_clients()


class Verdicts(NamedTuple):
    """What both sides say of each certificate but the root, the leaf first."""

    ours: list[str]
    theirs: list[str]


def judged(case: Case, scene: Scene, peer: Peer, folder: Path) -> Verdicts:
    """Asks both sides."""
    case.put(scene)
    purpose = case.chain.get("purpose", "code signing")
    seconds = SECONDS_FOR_WHAT_HANGS if "hangs" in case.name else SECONDS
    asking = sources(str(folder / "ours"), ocsp_seconds=seconds, crl_seconds=seconds)
    signing_times = SigningTimes(case.signed) if case.signed else NO_SIGNING_TIMES
    ours = words(scene.chain, signing_times=signing_times, purpose=purpose, asking=asking)
    signed = {"authenticSigningTime": case.signed.isoformat()} if case.signed else {}
    answer = peer.ask(
        "revocationCheck",
        chain=[base64.b64encode(der).decode() for der in scene.chain.ders],
        purpose={"code signing": "codeSigning"}.get(purpose, purpose),
        cacheFolder=str(folder / "theirs"),
        ocspSeconds=seconds,
        crlSeconds=seconds,
        **signed,
    )
    assert answer["ok"], answer["error"]
    *theirs, root = [WORDS[each["result"]] for each in answer["results"]]
    assert root == "not revocable"
    return Verdicts(ours, theirs)


def test_there_are_enough_cases() -> None:
    """Each difference is one of a case, and most cases have none."""
    assert set(DIFFERENCES) <= set(CASES)
    assert len(CASES) - len(DIFFERENCES) >= 200


@pytest.mark.parametrize("name", CASES)
def test_both_sides(name: str, peer: Peer, responder: Responder, tmp_path: Path) -> None:
    """Both say the same, or what the table says; ours is what is right."""
    case = CASES[name]
    ours, theirs = judged(case, Scene(responder, **case.chain), peer, tmp_path)
    assert ours[:1] == ([case.expected] if case.expected else ours[:1])
    difference = DIFFERENCES.get(name)
    expected = difference.kind if difference else Kind.NONE
    assert [kind_of(*pair) for pair in zip(ours[:1], theirs[:1], strict=True)] == [expected][: len(ours)]
    assert ours[1:] == theirs[1:]
