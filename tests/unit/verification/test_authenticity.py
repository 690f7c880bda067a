"""Authenticity: trusted roots, trusted identities, and the stores of each signing scheme."""

import pytest

from notarykit.envelope.attributes import SIGNING_AUTHORITY
from notarykit.errors import (
    AuthenticityError,
)
from notarykit.trust.store import MemoryTrustStore
from notarykit.verification.verdict import Audited, Verified
from tests.support.ca import make_chain, name
from tests.support.envelopes import FORMATS, sign_envelope
from tests.unit.verification.setting import (
    CHAIN,
    IDENTITY,
    NOW,
    OTHER,
    STRANGER,
    policy,
    store,
    verify,
)

_GOOD = sign_envelope(CHAIN, now=NOW)


@pytest.mark.requirement(
    "signature:certificate-chain",
    "scheme:x509-stores",
    "trust:trust-by-reference",
    "trust:trusted-certificate",
)
def test_the_chain_leads_to_a_trusted_root() -> None:
    """A chain whose root is in none of the stores is refused with the root's name and the stores."""
    with pytest.raises(AuthenticityError) as caught:
        verify(_GOOD, trusted=policy(stores=["ca:acme", "ca:b"]), store=MemoryTrustStore(
            {"ca:acme": [OTHER.ders[2]], "ca:b": [OTHER.ders[1]], "ca:c": [CHAIN.ders[2]], "tsa:acme": [CHAIN.ders[2]]}
        ))  # fmt: skip
    root = "CN=Root CA,OU=Security Tools,O=wabbit-networks.io,L=Seattle,ST=WA,C=US"
    text = "authenticity: no certificate of the chain is in the trust stores ca:acme, ca:b; the chain ends with"
    assert caught.value.message == f"{text} {root!r}"
    assert caught.value.advice == "add that root to a trust store of the policy if it is to be trusted"


@pytest.mark.requirement("trust:trusted-certificate", "workflow:merged-stores")
@pytest.mark.parametrize("place", [1, 2])
def test_any_store_and_any_certificate_of_the_chain(place: int) -> None:
    """One of several stores is enough, and a CA of the chain may be pinned in the root's place."""
    stores = MemoryTrustStore({"ca:a": [OTHER.ders[2]], "ca:b": [CHAIN.ders[place]]})
    assert isinstance(verify(_GOOD, trusted=policy(stores=["ca:a", "ca:b"]), store=stores), Verified)


@pytest.mark.requirement("trust:any-identity", "trust:identity-matches")
@pytest.mark.parametrize("identities", [["*"], [IDENTITY], [STRANGER, IDENTITY], [IDENTITY, "com.example:x"]])
def test_trusted_identities(identities: list[str]) -> None:
    """The wildcard, or one of several names that is the subject's, makes the signer trusted."""
    assert isinstance(verify(_GOOD, trusted=policy(identities=identities)), Verified)


@pytest.mark.requirement("trust:identity-matches")
def test_a_stranger() -> None:
    """A signer whose subject matches none of the identities is refused with the subject."""
    with pytest.raises(AuthenticityError) as caught:
        verify(_GOOD, trusted=policy(identities=[STRANGER]))
    subject = "CN=wabbit-networks.io,OU=Security Tools,O=wabbit-networks.io,L=Seattle,ST=WA,C=US"
    message = f"authenticity: signing certificate's subject {subject!r} matches none of the trusted identities"
    assert caught.value.message == message
    assert caught.value.advice == "add it to trustedIdentities if this signer is to be trusted"


@pytest.mark.requirement("trust:identity-matches")
def test_it_is_the_signers_subject_that_counts() -> None:
    """An identity that is only the subject of a CA of the chain is not the signer's."""
    chain = make_chain(subject=name("x", O="acme-rockets.io"))
    trusted = policy(identities=["x509.subject: C=US, ST=WA, O=wabbit-networks.io, CN=Root CA"])
    with pytest.raises(AuthenticityError, match="matches none"):
        verify(sign_envelope(chain, now=NOW), trusted=trusted, store=store(chain))


def test_identities_for_plugins_alone() -> None:
    """Identities that only a plugin can check trust nobody without one."""
    with pytest.raises(AuthenticityError, match=r"has no x509.subject among its trusted identities, and no plugin"):
        verify(_GOOD, trusted=policy(identities=["com.example:x"]))


@pytest.mark.parametrize("level", ["strict", "permissive"])
@pytest.mark.parametrize("stores", [MemoryTrustStore({}), MemoryTrustStore({"ca:other": [CHAIN.ders[2]]})])
def test_a_missing_store_is_the_users_to_mend(level: str, stores: MemoryTrustStore) -> None:
    """A store that is not there fails authenticity, and the exit code is that of a configuration that is wrong."""
    with pytest.raises(AuthenticityError, match=r"^authenticity: trust store ca:acme has no certificates") as caught:
        verify(_GOOD, trusted=policy(level), store=stores)
    assert caught.value.exit_code == 2


def test_a_missing_store_under_audit() -> None:
    """Under audit a missing store is noted, and the verdict says that nobody is trusted."""
    assert isinstance(verify(_GOOD, trusted=policy("audit"), store=MemoryTrustStore({})), Audited)


@pytest.mark.requirement("scheme:x509-stores", "scheme:signing-authority-stores", "trust:store-types")
@pytest.mark.parametrize("media_type", FORMATS)
def test_each_scheme_has_its_own_type_of_store(media_type: str) -> None:
    """A signature of a signing authority is trusted by stores of that type alone, and the other way round."""
    by_authority = sign_envelope(CHAIN, media_type, now=NOW, scheme=SIGNING_AUTHORITY)
    by_owner = sign_envelope(CHAIN, media_type, now=NOW)
    root = [CHAIN.ders[2]]
    both = MemoryTrustStore({"ca:a": root, "signingAuthority:a": root, "tsa:a": root})
    for envelope, right, wrong, scheme in (
        (by_authority, "signingAuthority", "ca", "notary.x509.signingAuthority"),
        (by_owner, "ca", "signingAuthority", "notary.x509"),
    ):
        assert isinstance(verify(envelope, media_type, policy(stores=[f"{right}:a"]), store=both), Verified)
        message = f"no trust store of the type {right}, which the signing scheme {scheme} needs"
        with pytest.raises(AuthenticityError, match=message):
            verify(envelope, media_type, policy(stores=[f"{wrong}:a"]), store=both)
