"""What a stranger's signature may cost: where authenticity is enforced, no key is used for which nobody vouches."""

from collections.abc import Callable
from typing import Any

import pytest

from notarykit.errors import AuthenticityError, CertificateError, IntegrityError, NotarykitError, TrustStoreError
from notarykit.keys import certificate, signature, x509_signature
from notarykit.keys.chain import check_chain
from notarykit.trust.policy import StoreReference
from notarykit.trust.store import MemoryTrustStore
from notarykit.verification.verdict import Audited, Verified
from tests.support.ca import Changes, make_chain
from tests.support.envelopes import JWS, build, sign_envelope
from tests.support.strangers import Stranger, key_with_exponent, long_exponents, strangers
from tests.unit.verification.setting import CHAIN, NOW, OTHER, outcomes, policy, store, verify

# What stands below a borrowed certificate was not issued by it, and may be self-signed: two looks.
_MOST_CHECKS = 2
_STORES = MemoryTrustStore({"ca:acme": [CHAIN.ders[-1], CHAIN.ders[1]]})
_STRANGERS = strangers(CHAIN)


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that grows with every signature that is checked."""
    found: list[str] = []

    def watch(where: str, check: Callable[..., Any]) -> None:
        def watched(*arguments: Any) -> Any:
            found.append(where)
            return check(*arguments)

        monkeypatch.setattr(where, watched)

    watch("notarykit.keys.chain_certificate.why_not_issued", certificate.why_not_issued)
    watch("notarykit.keys.certificate.verify_by_sound_key", x509_signature.verify_by_sound_key)
    watch("notarykit.keys.signature.verify_raw", signature.verify_raw)
    return found


@pytest.mark.requirement("trust:integrity-first", "workflow:fingerprints")
@pytest.mark.parametrize("stranger", _STRANGERS, ids=lambda each: each.name)
@pytest.mark.parametrize("level", ["strict", "permissive"])
def test_what_a_stranger_costs(stranger: Stranger, level: str, checks: list[str]) -> None:
    """A stranger's signature costs no check of a signature; with borrowed certificates in its chain, two at most."""
    with pytest.raises((AuthenticityError, IntegrityError)):
        verify(stranger.envelope, stranger.media_type, policy(level), store=_STORES)
    assert len(checks) <= (_MOST_CHECKS if "borrowed" in stranger.name else 0)


@pytest.mark.requirement("trust:all-validations", "workflow:fingerprints")
@pytest.mark.parametrize("envelope", [sign_envelope(OTHER, now=NOW), build(CHAIN.with_ders(OTHER.ders), JWS)])
def test_a_stranger_is_refused_by_name(envelope: bytes) -> None:
    """Whether a stranger's signature holds is not asked: it is authenticity that is told, and nothing before it."""
    with pytest.raises(AuthenticityError, match=r"^authenticity: no certificate of the chain is in the") as caught:
        verify(envelope)
    assert outcomes(caught.value.results) == {"authenticity": "enforce failed"}
    assert (caught.value.policy, caught.value.level) == ("acme", "strict")


def test_a_strangers_envelope_that_cannot_be_read() -> None:
    """Without an envelope nobody is a stranger: that is integrity."""
    with pytest.raises(IntegrityError):
        verify(sign_envelope(OTHER, now=NOW)[:-1])


@pytest.mark.requirement("trust:integrity-first")
def test_integrity_comes_first_where_authenticity_is_logged() -> None:
    """Under audit the signature of a stranger must hold, as anybody's."""
    assert isinstance(verify(sign_envelope(OTHER, now=NOW), trusted=policy("audit")), Audited)
    with pytest.raises(IntegrityError, match="signature does not hold"):
        verify(build(CHAIN.with_ders(OTHER.ders), JWS), trusted=policy("audit"))


def test_a_trusted_chain_that_is_not_intact() -> None:
    """What a trusted chain did not sign stays a matter of integrity."""
    with pytest.raises(IntegrityError, match="signature does not hold"):
        verify(build(OTHER.with_ders(CHAIN.ders), JWS))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_anchor_anywhere(place: int) -> None:
    """Whichever certificate of the chain is trusted, all links are checked."""
    alone = make_chain(length=1)
    anchored = MemoryTrustStore({"ca:acme": [CHAIN.ders[place] if place else alone.ders[0]]})
    good = CHAIN if place else alone
    assert isinstance(verify(sign_envelope(good, now=NOW), store=anchored), Verified)
    if place:
        mixed = CHAIN.with_ders([*CHAIN.ders[:place], *OTHER.ders[place:]])
        forged = MemoryTrustStore({"ca:acme": [OTHER.ders[place]]})
        with pytest.raises(IntegrityError, match="was not issued by the next"):
            verify(sign_envelope(mixed, now=NOW), store=forged)
        above = CHAIN.with_ders([*CHAIN.ders[:2], OTHER.ders[2]])
        with pytest.raises(IntegrityError, match="was not issued by the next"):
            verify(sign_envelope(above, now=NOW), store=MemoryTrustStore({"ca:acme": [CHAIN.ders[1]]}))


@pytest.mark.parametrize(("bits", "is_good"), [(17, True), (32, True), (33, False), (3071, False)])
def test_public_exponents(bits: int, is_good: bool) -> None:
    """A public exponent has 32 bits at most, in a leaf and in a CA: longer ones make every check slow."""
    key = key_with_exponent(bits)
    for chain in (make_chain("RSA-3072", leaf=Changes(key=key)), make_chain(cas={1: Changes(key=key)})):
        envelope = sign_envelope(chain, now=NOW)
        if is_good:
            assert isinstance(verify(envelope, store=store(chain)), Verified)
            continue
        with pytest.raises(IntegrityError, match=f"a public exponent of {bits} bits, more than 32"):
            verify(envelope, store=store(chain))


def test_long_exponents_are_refused_before_they_are_used(checks: list[str]) -> None:
    """A chain of such keys is refused before a link of it is checked."""
    with pytest.raises(CertificateError, match="public exponent"):
        check_chain(long_exponents().ders)
    assert checks == []


def test_the_stores_are_read_once() -> None:
    """A trust store is read once for all steps of a verification."""

    class Counting:
        count = 0

        def certificates(self, store: StoreReference) -> frozenset[bytes]:
            Counting.count += 1
            return frozenset({CHAIN.ders[-1]})

    assert isinstance(verify(sign_envelope(CHAIN, now=NOW), store=Counting()), Verified)
    assert Counting.count == 1


def test_a_store_that_cannot_be_read() -> None:
    """A trust store that is not there is the settings' fault, before anything is looked at."""
    with pytest.raises(AuthenticityError) as caught:
        verify(sign_envelope(OTHER, now=NOW), store=MemoryTrustStore({}))
    assert isinstance(caught.value.__cause__, TrustStoreError)
    assert caught.value.exit_code == 2
    assert isinstance(caught.value, NotarykitError)
