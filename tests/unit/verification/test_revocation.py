"""Revocation step of a verification: each level, and the certificates that are checked."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509

from notarykit.errors import RevocationError
from notarykit.revocation.checker import RevocationChecker
from notarykit.verification.verdict import Audited, Skipped, Verified
from tests.support.ca import Changes, TestChain, crl_at, make_chain, ocsp_at
from tests.support.checking import sources
from tests.support.crls import NOW, make_crl
from tests.support.envelopes import FORMATS, sign_envelope
from tests.support.ocsp_answers import REVOKED, responding
from tests.support.responders import Responder
from tests.support.revocable import crl_path, ocsp_path, revocable_chain
from tests.unit.verification.revocation_setting import HOUR, verify_chain
from tests.unit.verification.setting import LEVELS, OTHER, STRANGER, outcomes, policy, store, verify


@pytest.fixture
def chain(responder: Responder) -> TestChain:
    """A chain whose certificates are good by OCSP and by CRL."""
    made = revocable_chain(responder.url())
    for place in (0, 1):
        responder.ocsp(ocsp_path(place), responding(made, place))
        responder.put(crl_path(place), make_crl(made, place + 1))
    return made


def _revocation_of(results: Any) -> Any:
    (result,) = (each for each in results if each.step == "revocation")
    return result


# Each level.


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("level", LEVELS)
def test_good_chain_passes_and_explains_its_endpoints(
    chain: TestChain, responder: Responder, level: str, media_type: str
) -> None:
    """It is verified, and the step explains whom it asked."""
    envelope = sign_envelope(chain, media_type, now=NOW - HOUR)
    online = RevocationChecker(sources())
    verdict = verify(envelope, media_type, policy(level), now=NOW, store=store(chain), revocation=online)
    assert isinstance(verdict, Verified)
    result = _revocation_of(verdict.results)
    assert result.outcome == "passed"
    assert result.note == ""
    assert any(line.startswith("certificate 'CN=wabbit-networks.io,") for line in result.explained)
    assert any(f"OCSP {responder.url(ocsp_path(1))}: good" in line for line in result.explained)
    assert responder.asked == {ocsp_path(0): 1, ocsp_path(1): 1}


@pytest.mark.requirement("trust:revocation-step", "trust:whole-chain")
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("level", LEVELS)
def test_revoked_chain_fails_the_step(chain: TestChain, responder: Responder, level: str, place: int) -> None:
    """It is refused where revocation is enforced, and noted where it is logged."""
    responder.ocsp(ocsp_path(place), responding(chain, place, REVOKED))
    if level == "strict":
        with pytest.raises(RevocationError, match=r"^revocation: certificate 'CN=.*' is revoked \(on ") as caught:
            verify_chain(chain, level)
        assert outcomes(caught.value.results)["revocation"] == "enforce failed"
        assert any("revoked" in line for line in _revocation_of(caught.value.results).explained)
        assert caught.value.exit_code == 1
        return
    verdict = verify_chain(chain, level)
    assert isinstance(verdict, Verified)
    assert outcomes(verdict.results)["revocation"] == "log failed"
    assert isinstance(_revocation_of(verdict.results).error, RevocationError)


@pytest.mark.requirement("trust:ocsp-unknown", "trust:revocation-step")
@pytest.mark.parametrize("level", LEVELS)
def test_unknown_status_fails_the_step(chain: TestChain, responder: Responder, level: str) -> None:
    """Specification, "Certificate Revocation Evaluation": what cannot be determined fails the step."""
    responder.fail(ocsp_path(0), 503)
    responder.put(crl_path(0), make_crl(chain, corrupted=True))
    if level == "strict":
        with pytest.raises(RevocationError, match="is unknown: ") as caught:
            verify_chain(chain, level)
        assert "--ocsp-response or --crl" in caught.value.advice
        return
    assert outcomes(verify_chain(chain, level).results)["revocation"] == "log failed"


@pytest.mark.requirement("trust:revocation-step")
@pytest.mark.parametrize("action", ["enforce", "log", "skip"])
@pytest.mark.parametrize("level", LEVELS)
def test_override_replaces_the_levels_action(chain: TestChain, responder: Responder, level: str, action: str) -> None:
    """An override decides, whatever the level; where it says skip, nobody is asked."""
    responder.ocsp(ocsp_path(0), responding(chain, 0, REVOKED))
    trusted = policy(level, override={"revocation": action})
    if action == "enforce":
        with pytest.raises(RevocationError):
            verify_chain(chain, trusted=trusted)
        return
    verdict = verify_chain(chain, trusted=trusted)
    assert isinstance(verdict, Verified)
    assert outcomes(verdict.results)["revocation"] == ("log failed" if action == "log" else "skip skipped")
    assert bool(responder.seen) is (action == "log")


def test_skip_makes_no_request(chain: TestChain, responder: Responder) -> None:
    """The level skip asks nobody."""
    assert isinstance(verify_chain(chain, "skip"), Skipped)
    assert responder.seen == []


# Endpoints that are not used.


@pytest.mark.parametrize("what", ["root", "identity"])
def test_endpoints_of_an_untrusted_signer_are_not_used(chain: TestChain, responder: Responder, what: str) -> None:
    """Under audit a signature of anybody is looked at, and what its certificates name is anybody's to write."""
    distrust: dict[str, Any] = (
        {"store": store(OTHER)} if what == "root" else {"trusted": policy("audit", identities=[STRANGER])}
    )
    verdict = verify_chain(chain, "audit", **distrust)
    assert isinstance(verdict, Audited)
    found = outcomes(verdict.results)
    assert [found["authenticity"], found["revocation"]] == ["log failed", "log failed"]
    assert "revocation is not checked" in str(_revocation_of(verdict.results).error)
    assert responder.seen == []


def test_untrusted_signer_without_endpoints_passes() -> None:
    """Nothing would be asked, so that there is nothing to fail."""
    plain = make_chain()
    verdict = verify_chain(plain, "audit", store=store(OTHER))
    assert outcomes(verdict.results)["revocation"] == "log passed"


def test_refused_signature_causes_no_request(chain: TestChain, responder: Responder) -> None:
    """Whatever is enforced before fails without any request."""
    good = sign_envelope(chain, now=NOW - HOUR)
    for broken in (
        {"envelope": sign_envelope(chain, now=NOW - HOUR, expires_in=timedelta(seconds=1))},
        {"envelope": good[:-3]},
        {"store": store(OTHER)},
        {"trusted": policy(identities=[STRANGER])},
        {"now": datetime(2100, 1, 1, tzinfo=UTC)},
    ):
        with pytest.raises(Exception, match=r"^(expiry|integrity|authenticity|authenticTimestamp): "):
            verify_chain(chain, **broken)
    assert responder.seen == []


@pytest.mark.parametrize("extension", [ocsp_at("http://ocsp.invalid"), crl_at("http://crl.invalid")])
def test_endpoints_of_a_root_are_ignored(extension: Any) -> None:
    """What a root names is not asked, and neither is a self-signed signer's."""
    for chain in (
        make_chain(cas={2: Changes(put=(extension,))}),
        make_chain(length=1, leaf=Changes(put=(extension,))),
    ):
        assert isinstance(verify_chain(chain), Verified)


@pytest.mark.requirement("trust:no-revocation-information")
@pytest.mark.parametrize("level", LEVELS)
def test_certificates_without_endpoints_pass_with_a_warning(level: str) -> None:
    """Specification, "Certificate Revocation Evaluation": considered valid; the note warns of each."""
    verdict = verify_chain(make_chain(), level)
    assert isinstance(verdict, Verified)
    result = _revocation_of(verdict.results)
    assert result.outcome == "passed"
    for subject in ("CN=wabbit-networks.io,", "CN=Intermediate CA 1,"):
        assert f"warning: '{subject}" in result.note
    assert "names neither an OCSP responder nor a CRL" in result.note
    assert "Root CA" not in result.note


def test_only_certificates_without_endpoints_are_warned_of(responder: Responder) -> None:
    """A chain with both kinds passes with a note about the one."""
    chain = revocable_chain(responder.url(), crl=False, ocsp_at={1: []})
    responder.ocsp(ocsp_path(0), responding(chain))
    note = _revocation_of(verify_chain(chain).results).note
    assert "Intermediate CA 1" in note
    assert "wabbit-networks.io,OU" not in note.split("Intermediate")[0]


# Malformed extensions.

_NO_DER = b"\xff"
_KEY_IDENTIFIER, _POLICIES = x509.ObjectIdentifier("2.5.29.14"), x509.ObjectIdentifier("2.5.29.36")
_POINTS = x509.ObjectIdentifier("2.5.29.31")
_TWICE = x509.UnrecognizedExtension(_POLICIES, b"\x05\x00")
_AS_THE_OTHER = ((b"\x06\x03\x55\x1d\x24", b"\x06\x03\x55\x1d\x0e"),)


def _leaf_or_ca(place: int, changes: Changes) -> TestChain:
    return make_chain(leaf=changes) if place == 0 else make_chain(cas={1: changes})


@pytest.mark.parametrize(
    "changes",
    [
        Changes(put=((x509.UnrecognizedExtension(_KEY_IDENTIFIER, _NO_DER), False),)),
        Changes(put=((x509.SubjectKeyIdentifier(b"x"), False), (_TWICE, False)), swap=_AS_THE_OTHER),
    ],
    ids=["no DER", "twice"],
)
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("level", LEVELS)
def test_malformed_irrelevant_extensions_are_ignored(level: str, place: int, changes: Changes) -> None:
    """Signature specification, "Other requirements": they fail open, here as elsewhere."""
    verdict = verify_chain(_leaf_or_ca(place, changes), level)
    assert isinstance(verdict, Verified)
    assert _revocation_of(verdict.results).outcome == "passed"


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("level", LEVELS)
def test_malformed_revocation_extensions_are_unknown(level: str, place: int) -> None:
    """What such an extension names is not known, and so the status is not."""
    chain = _leaf_or_ca(place, Changes(put=((x509.UnrecognizedExtension(_POINTS, _NO_DER), False),)))
    if level == "strict":
        with pytest.raises(RevocationError, match="its revocation extensions cannot be read"):
            verify_chain(chain, level)
        return
    assert outcomes(verify_chain(chain, level).results)["revocation"] == "log failed"


@pytest.mark.parametrize("place", [0, 1])
def test_malformed_revocation_extensions_are_unknown_by_default(place: int) -> None:
    """Without a checker of the caller's, a chain that may name an endpoint is not taken for one that names none."""
    chain = _leaf_or_ca(place, Changes(put=((x509.UnrecognizedExtension(_POINTS, _NO_DER), False),)))
    with pytest.raises(RevocationError, match="its revocation extensions cannot be read"):
        verify_chain(chain, "strict", revocation=None)
