"""Timestamp tokens, each judged here and by the Go libraries: the same verdict, or a difference that has a name."""

import base64
from datetime import datetime, timedelta
from typing import NamedTuple

import pytest
import rfc3161_client
from cryptography import x509

from notarykit.errors import NotarykitError
from notarykit.timestamp.token import verify_token
from tests.interop import token_cases
from tests.interop.cases.token_chains import chain
from tests.interop.cases.token_variants import changes
from tests.interop.differences import Difference, Kind, differing, laxer, stricter
from tests.interop.go_peer import Peer
from tests.interop.token_cases import MESSAGE, Case
from tests.support.ca import TestChain
from tests.support.timestamp_responses import make_response
from tests.support.token_changes import Accuracy, EssCertificate, TokenChanges
from tests.support.tokens import make_token

SINGLES = token_cases.singles()
PAIRS = token_cases.pairs()
MICROSECOND = timedelta(microseconds=1)


def _under_each_policy(*labels: str) -> list[str]:
    policies = ("", ", baseline policy", ", below the baseline policy")
    return [f"accuracy {label}{policy}" for label in labels for policy in policies]


_CONTENT_TYPE, _DIGEST, _TIME = (f"1.2.840.113549.1.9.{number}" for number in (3, 4, 5))
_SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.47"
_SHA_2 = ("sha256", "sha384", "sha512")

# By what is special about a token, whatever its chain. Each must be seen.
DIFFERENCES: dict[str, Difference] = {
    **stricter(
        'RFC 3161, section 2.4.2: the name "MUST correspond to one of the subject names included in the certificate"',
        "another name", "name as a host", "name of another host", "content 0.8.0 last ^ 0x80",
    ),
    **stricter(
        "RFC 3161, section 2.4.2: the content is the DER of a TSTInfo",
        "name that is no name", "content 0.8 length ^ 0x04", "content 0.8.0 tag ^ 0x10", "content 0.8.0 length ^ 0x01",
        "content 0.5 tag ^ 0x02", "content 0.5.0 tag ^ 0x80", "content 0.5.1 tag ^ 0x40", "content 0.5.2 tag ^ 0x02",
        "content 0.6 tag ^ 0x20", "content 0.7 tag ^ 0x10", "content 0.9 tag ^ 0x04", "content 0.9.0.1 length ^ 0x02",
        *_under_each_policy(
            "another type", "parts out of order", "a part too many", "a part twice", "trailing accuracy"
        ),
    ),
    **stricter(
        "RFC 3161, section 2.4.2: millis and micros are INTEGER (1..999)",
        *_under_each_policy(
            "of zeros", "milliseconds too many", "milliseconds none", "milliseconds negative", "microseconds too many",
            "microseconds none",
        ),
    ),
    **stricter(
        "RFC 3161, section 2.4.2: the accuracy is a deviation, which has no sign",
        *_under_each_policy("seconds negative", "seconds negative and milliseconds"),
        "content 0.5.0 0/3 ^ 0x80", "content 0.5.0 2/3 ^ 0x80",
    ),
    **stricter(
        "a limit of the house: nobody honest is off by more than a year",
        *_under_each_policy("more than a year", "seconds beyond 32 bits", "nanoseconds beyond 63 bits"),
    ),
    **stricter("RFC 3161, section 2.4.2: genTime is of the zone Z", "time '20260301133015+0100'"),
    **stricter(
        "trust store and trust policy specification: the chain is not valid then, which Go takes for now",
        "time '00010101000000Z'",
    ),
    **stricter("RFC 5280, section 4.2: a critical extension that is unknown is refused", "critical extension"),
    **stricter(
        "RFC 3161, section 2.4.2: the token has no signatures but the authority's",
        "signer who is not alone", "signer who is not alone, and the other is trusted",
    ),
    **stricter(
        "RFC 5652, section 5.3: sid names the signer's certificate",
        "signer who is the CA", "signer who is not there", "signer who is another", "byte 0.1.0.4.0.1.0 tag ^ 0x10",
        "byte 0.1.0.4.0.1.0 last ^ 0x80", "byte 0.1.0.4.0.1.1 0/3 ^ 0x40", "byte 0.1.0.4.0.1.1 1/3 ^ 0x02",
        "byte 0.1.0.4.0.1.1 2/3 ^ 0x08",
    ),
    **stricter(
        "RFC 5652, section 5.1: validation may fail where the hash is not listed",
        "another listed hash", *(f"byte 0.1.0.1.0.0 {third}/3 ^ 0x20" for third in range(3)),
    ),
    **stricter("RFC 5652, section 5.3: the signed attributes are in DER", "attributes out of order"),
    **stricter("RFC 5652, section 5.3: a SignerInfo has no other member", "byte 0.1.0.4.0.6 tag ^ 0x08"),
    **stricter(
        "RFC 5652, section 5.3: an attribute is a type and a SET of values",
        "byte 0.1.0.4.0.6.0.0 length ^ 0x02", "byte 0.1.0.4.0.6.0.1 tag ^ 0x02",
    ),
    **stricter(
        "RFC 5652, sections 11.1 to 11.3, and RFC 5035, section 3: one instance with one value",
        "signing times that differ",
        *(
            f"{much} {kind}"
            for much in ("twice", "two values")
            for kind in (_CONTENT_TYPE, _DIGEST, _TIME, _SIGNING_CERTIFICATE)
        ),
    ),
    **stricter(
        "RFC 5652, section 11.3: a UTCTime is of the zone Z and has seconds",
        "signing time in another zone", "signing time without seconds",
    ),
    **stricter(
        "RFC 5035, section 3: where both attributes are there, each is evaluated",
        "older signing certificate of another", "older signing certificate with another hash",
        "older signing certificate with another serial", "older signing certificate empty",
    ),
    **stricter(
        "RFC 8933, section 3: the signature uses the hash that the content's digest is made with",
        *(f"digest {one}, signature {other}" for one in _SHA_2 for other in _SHA_2 if one != other),
    ),
    **stricter(
        "RFC 5754, sections 2 and 3.2: the parameters are absent or NULL",
        "imprint with parameters", "PKCS#1 with parameters", "byte 0.1.0.4.0.2.1 tag ^ 0x02",
        "byte 0.1.0.4.0.4.1 tag ^ 0x04", "content 0.2.0.1 tag ^ 0x10",
    ),
    **stricter("RFC 5754, section 3.3: the parameters are absent", "ECDSA with NULL"),
    **stricter(
        "RFC 4055, section 3.1: the parameters are there, and they say what the signature is made with",
        "PSS with a salt that is told wrong", "PSS with default parameters", "PSS without parameters", "PSS with NULL",
    ),
    **stricter(
        "signature specification, Root and Intermediate CA Certificates: basicConstraints is critical",
        "chain CA with basic constraints not critical",
    ),
    **stricter("signature specification, Certificate Requirements: RSA has 2048 bits", "chain CA with a weak key"),
    **stricter("a limit of the house: no honest token comes with so many certificates", "certificates 33 in all"),
    **laxer(
        "RFC 5652, section 1: CMS may be encoded in BER",
        "indefinite lengths", "content in parts", "indefinite lengths and content in parts",
    ),
    **laxer("RFC 3161, section 2.4.2: a policy is an OBJECT IDENTIFIER, of any size", "policy of large numbers"),
    **laxer(
        "RFC 3161, section 2.4.2: fractions of seconds have any number of digits", "time '20260301123015.1234567891Z'"
    ),
    **laxer(
        "signature specification, Other requirements: extensions other than three are not evaluated",
        "chain leaf with a critical extension", "chain CA with a critical extension",
    ),
    **laxer(
        "RFC 5652, section 5.1: there may be more certificates than necessary", "certificate of no known version"
    ),
    **differing(
        Kind.ACCURACY,
        "trust store and trust policy specification: the policy's second counts where no accuracy is specified",
        "accuracy of nothing, baseline policy", "accuracy of zero, baseline policy",
    ),
}  # fmt: skip


class Verdict(NamedTuple):
    """What an accepted token says.

    Attributes:
        time: The time, to the microsecond.
        accuracy: How far it may be off.
    """

    time: datetime
    accuracy: timedelta


def _ours(case: Case, token: bytes) -> Verdict | None:
    try:
        timestamp = verify_token(token, MESSAGE, [case.trusted])
    except NotarykitError:
        return None
    assert timestamp.latest - timestamp.time - (timestamp.time - timestamp.earliest) in (timedelta(0), MICROSECOND)
    return Verdict(timestamp.time, timestamp.time - timestamp.earliest)


def _theirs(peer: Peer, case: Case, token: bytes) -> Verdict | None:
    answer = peer.ask("timestampVerify", token=_b64(token), message=_b64(MESSAGE), roots=[_b64(case.trusted)])
    if not answer["ok"]:
        return None
    return Verdict(datetime.fromisoformat(answer["value"]), timedelta(microseconds=answer["accuracy"] / 1000))


def _b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _kind(ours: Verdict | None, theirs: Verdict | None) -> Kind:
    if ours is None or theirs is None:
        return Kind.NONE if ours is theirs else Kind.STRICTER if ours is None else Kind.LAXER
    assert ours.time == theirs.time
    return Kind.NONE if ours.accuracy == theirs.accuracy else Kind.ACCURACY


def test_the_cases_are_many() -> None:
    """There are enough tokens, and every difference is one that a token has."""
    assert len(SINGLES) > 1000
    assert len(PAIRS) == 60
    assert DIFFERENCES.keys() <= {case.label for case in SINGLES.values()}


@pytest.mark.parametrize("case", SINGLES.values(), ids=SINGLES)
def test_the_verdicts_are_the_same_or_differ_as_listed(peer: Peer, case: Case) -> None:
    """A token is accepted here if and only if Go accepts it, with the same time and accuracy, or as is listed."""
    token = case.token()
    expected = DIFFERENCES.get(case.label, Difference(Kind.NONE, ""))
    assert _kind(_ours(case, token), _theirs(peer, case, token)) is expected.kind, expected.section


@pytest.mark.parametrize("cases", PAIRS.values(), ids=PAIRS)
def test_two_differences_at_once(peer: Peer, cases: tuple[Case, Case, Case]) -> None:
    """On each side a token with two differences is accepted if and only if it is with each of them alone."""
    ours, theirs = [], []
    for case in cases:
        token = case.token()
        ours.append(_ours(case, token) is not None)
        theirs.append(_theirs(peer, case, token) is not None)
    assert ours[0] is all(ours[1:])
    assert theirs[0] is all(theirs[1:])


def _client_accepts(response: bytes, authority: TestChain, root: bytes, message: bytes = MESSAGE) -> bool:
    leaf, *between, _ = authority.certificates
    builder = rfc3161_client.VerifierBuilder(
        tsa_certificate=leaf, intermediates=between, roots=[x509.load_der_x509_certificate(root)]
    )
    try:
        return builder.build().verify_message(rfc3161_client.decode_timestamp_response(response), message)
    except (ValueError, rfc3161_client.VerificationError):
        return False


@pytest.mark.parametrize("spec", ["RSA-2048", "RSA-4096", "EC-256", "EC-384"])
@pytest.mark.parametrize(
    "given",
    [
        changes(ess_v1=(EssCertificate(),)),
        changes(ess_v1=(EssCertificate(),), digest_algorithm="sha512", imprint_hash="sha512"),
        changes(ess_v1=(EssCertificate(),), accuracy=Accuracy(1, 500, 100), nonce=2**64, ordering=True, tsa="right"),
        changes(ess_v1=(EssCertificate(),), gen_time=b"20260301123015.25Z", certificates="without root"),
    ],
    ids=["usual", "SHA-512", "everything", "a fraction"],
)
def test_a_third_implementation_says_the_same(spec: str, given: TokenChanges) -> None:
    """A client of another house accepts what is accepted here, at the same second, and refuses what is refused here."""
    case = Case("", spec, given)
    token = case.token()
    response = make_response(token)
    verdict = _ours(case, token)
    assert verdict is not None
    assert _client_accepts(response, chain(spec), case.trusted)
    assert rfc3161_client.decode_timestamp_response(response).tst_info.gen_time == verdict.time.replace(microsecond=0)

    stranger = case._replace(root=f"{spec}: another")
    assert _ours(stranger, token) is None
    assert not _client_accepts(response, chain(spec), stranger.trusted)
    spoiled = make_token(b"another", chain(spec), given)
    assert _ours(case, spoiled) is None
    assert not _client_accepts(make_response(spoiled), chain(spec), case.trusted)
