"""Revocation: what could be asked about and is not is not taken for good."""

from typing import Any

import pytest
from cryptography import x509

from notarykit.errors import (
    RevocationError,
)
from notarykit.verify import Verified
from support.ca import Changes, crl_at, make_chain, ocsp_at
from support.envelopes import sign_envelope
from unit.verify.setting import (
    LEVELS,
    NOW,
    outcomes,
    policy,
    store,
    verify,
)


@pytest.mark.parametrize(
    ("extension", "message"),
    [
        (ocsp_at("http://ocsp.example.com"), "an OCSP responder"),
        (crl_at("http://crl.example.com/a.crl"), "a CRL"),
    ],
)
@pytest.mark.parametrize("place", [0, 1])
def test_certificates_that_name_a_place_to_ask(place: int, extension: Any, message: str) -> None:
    """A certificate below the root whose revocation could be asked about, and is not, is not taken for good."""
    changes = Changes(put=(extension,))
    chain = make_chain(leaf=changes) if place == 0 else make_chain(cas={1: changes})
    with pytest.raises(RevocationError, match=f"^revocation: certificate 'CN=.* names {message}"):
        verify(sign_envelope(chain, now=NOW), store=store(chain))


@pytest.mark.parametrize("extension", [ocsp_at("http://ocsp.example.com"), crl_at("http://crl.example.com")])
def test_a_root_is_never_revoked(extension: Any) -> None:
    """What a root names is not asked, and neither is a self-signed signer's."""
    for chain in (
        make_chain(cas={2: Changes(put=(extension,))}),
        make_chain(length=1, leaf=Changes(put=(extension,))),
    ):
        assert isinstance(verify(sign_envelope(chain, now=NOW), store=store(chain)), Verified)


# An extension with a value that is no DER, and one that occurs a second time under another name first.
_NO_DER = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.14"), b"\xff")
_TWICE = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.36"), b"\x05\x00")
_AS_THE_OTHER = ((b"\x06\x03\x55\x1d\x24", b"\x06\x03\x55\x1d\x0e"),)


@pytest.mark.parametrize(
    "changes",
    [
        Changes(put=((_NO_DER, False),)),
        Changes(put=((x509.SubjectKeyIdentifier(b"x"), False), (_TWICE, False)), swap=_AS_THE_OTHER),
    ],
    ids=["no DER", "twice"],
)
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("level", LEVELS)
def test_extensions_that_cannot_be_read(level: str, place: int, changes: Changes) -> None:
    """A chain may keep all rules with an extension that cannot be read; what that one names is not known."""
    chain = make_chain(leaf=changes) if place == 0 else make_chain(cas={1: changes})
    envelope = sign_envelope(chain, now=NOW)
    if level == "strict":
        with pytest.raises(RevocationError, match="names what cannot be read among its extensions"):
            verify(envelope, trusted=policy(level), store=store(chain))
        return
    verdict = verify(envelope, trusted=policy(level), store=store(chain))
    assert isinstance(verdict, Verified)
    assert outcomes(verdict.results)["revocation"] == "log failed"
