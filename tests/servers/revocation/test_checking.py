"""Our checks against real authorities: `openssl`'s and Vault's, by OCSP and by CRL."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from notarykit._internal.rfc3339 import utc_now
from notarykit.keys.chain import check_chain
from notarykit.revocation.checker import RevocationChecker
from notarykit.revocation.evidence import LocalEvidence
from notarykit.revocation.limits import Deadline
from notarykit.revocation.ocsp import build_request
from tests.servers.revocation.asking import fetched
from tests.servers.revocation.conftest import NewCA
from tests.servers.revocation.openssl_ca import OpensslCA
from tests.servers.revocation.test_harness import issued_beside
from tests.servers.revocation.vault_ca import VaultCA
from tests.support.ca import TestChain
from tests.support.checking import check, close_clients, sources, words
from tests.support.ocsp_answers import make_delegate
from tests.support.responders import Responder
from tests.support.revocable import crl_path, ocsp_path, revocable_chain


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    close_clients()


@pytest.fixture
def authority(openssl_ca: NewCA) -> None:
    """Skips where `openssl` is missing."""


class _Authority:
    """A CA of `openssl ca` whose leaf names its responder, its CRL, or both; the others name nothing."""

    def __init__(self, folder: Path, responder: Responder, **knobs: Any) -> None:
        self.chain = revocable_chain(responder.url(), **{"ocsp_at": {1: []}, "crl_at": {1: []}, **knobs})
        self.ca = OpensslCA(folder, self.chain)
        self.ca.serve(responder)
        self.responder = responder

    def word(self, chain: TestChain | None = None, **options: Any) -> str:
        """What new sources say of the leaf now."""
        # Answers are of the second in which they were made.
        return words(chain or self.chain, **{"now": utc_now(), **options})[0]

    def asked(self) -> dict[str, int]:
        """How often OCSP and the CRL were asked since the last time."""
        asked = self.responder.asked
        found = {"ocsp": asked[ocsp_path(0)], "crl": asked[crl_path(0)]}
        self.responder.forget()
        return found


@pytest.fixture
def both(authority: None, responder: Responder, tmp_path: Path) -> _Authority:
    """One that is asked by OCSP and by CRL."""
    return _Authority(tmp_path, responder)


@pytest.fixture
def by_crl(authority: None, responder: Responder, tmp_path: Path) -> _Authority:
    """One that is asked by CRL alone."""
    return _Authority(tmp_path, responder, ocsp=False)


def test_openssl_status_by_ocsp(both: _Authority) -> None:
    """Good, on hold, released and revoked by OCSP of the CA itself, without fetching a CRL."""
    assert both.word() == "good"
    both.ca.revoke(hold="holdInstructionReject")
    assert both.word() == "revoked"
    both.ca.release()
    assert both.word() == "good"
    both.ca.revoke(reason="keyCompromise")
    assert both.word() == "revoked"
    assert both.asked() == {"ocsp": 4, "crl": 0}


def test_openssl_status_by_crl(by_crl: _Authority) -> None:
    """Good, on hold, released and revoked by new CRLs."""
    assert by_crl.word() == "good"
    by_crl.ca.revoke(hold="holdInstructionCallIssuer")
    assert by_crl.word() == "revoked"
    by_crl.ca.release()
    assert by_crl.word() == "good"
    by_crl.ca.revoke(reason="superseded")
    assert by_crl.word() == "revoked"
    assert by_crl.asked() == {"ocsp": 0, "crl": 4}


def test_expired_entry_of_openssl_falls_back_to_the_crl(both: _Authority) -> None:
    """`openssl ocsp` has no response about a certificate that its index marks as expired."""
    both.ca.expire()
    found = check(both.chain, utc_now())[0]
    assert (str(found.status), both.asked()) == ("good", {"ocsp": 1, "crl": 1})
    assert "the response is about no certificate at all: it has no single response" in found.log[0]


@pytest.mark.parametrize("reason", ["unspecified", "keyCompromise", "CACompromise", "cessationOfOperation", None])
def test_openssl_reason_is_revoked(both: _Authority, reason: str | None) -> None:
    """Every reason is revoked, by OCSP and by CRL."""
    both.ca.revoke(reason=reason)
    assert both.word() == "revoked"
    both.responder.fail(ocsp_path(0))
    assert both.word() == "revoked"


@pytest.mark.parametrize("by_key", [False, True])
@pytest.mark.parametrize("nocheck", [False, True])
def test_openssl_delegate_is_accepted(both: _Authority, nocheck: bool, by_key: bool) -> None:
    """A delegate without endpoints is accepted with nocheck and without."""
    both.ca.sign_with(make_delegate(both.chain, nocheck=nocheck), by_key=by_key)
    assert both.word() == "good"
    both.ca.revoke()
    assert both.word() == "revoked"
    assert both.asked() == {"ocsp": 2, "crl": 0}


def test_revoked_delegate_is_refused(both: _Authority, tmp_path: Path) -> None:
    """Without nocheck a delegate is checked by CRL, and refused once it is listed."""
    delegate = make_delegate(both.chain, nocheck=False, crl_urls=[both.responder.url(crl_path(0))])
    both.ca.sign_with(delegate)
    ders = [delegate.certificate.public_bytes(Encoding.DER), *both.chain.ders[1:]]
    file = both.ca.record(both.chain.with_ders(ders))
    assert both.word() == "good"
    assert both.asked() == {"ocsp": 1, "crl": 1}
    both.ca.revoke(file)
    assert both.word() == "good"  # by the CRL, on which the leaf is not
    both.ca.revoke()
    both.responder.put(crl_path(0), both.ca.crl())
    assert both.word() == "revoked"
    both.responder.fail(crl_path(0))
    assert both.word() == "unknown"


def test_certificate_that_is_no_delegate_falls_back_to_the_crl(both: _Authority) -> None:
    """A certificate for other purposes, or a missing one, leaves the status to the CRL."""
    for settings in (
        {"delegate": make_delegate(both.chain, ocsp_signing=False)},
        {"delegate": make_delegate(both.chain), "include": False},
        {"delegate": make_delegate(both.chain, expired=True)},
    ):
        both.ca.sign_with(**settings)
        assert both.word() == "good"
        assert both.asked() == {"ocsp": 1, "crl": 1}
    both.ca.revoke()
    assert both.word() == "revoked"


def test_unknown_certificate_is_reported_as_unknown(both: _Authority) -> None:
    """What openssl has no record of is unknown by OCSP, and the CRL decides."""
    sibling = issued_beside(both.chain)
    assert both.word(sibling) == "good"
    assert both.asked() == {"ocsp": 1, "crl": 1}
    both.responder.fail(crl_path(0))
    assert both.word(sibling) == "unknown"
    both.ca.record(sibling)
    assert both.word(sibling) == "good"


@pytest.mark.parametrize("kind", ["RSA-2048", "RSA-4096", "EC-256", "EC-384", "EC-521"])
def test_openssl_ca_keys_are_supported(authority: None, responder: Responder, tmp_path: Path, kind: str) -> None:
    """Every kind of key that openssl signs with is supported."""
    made = _Authority(tmp_path, responder, ca_kind=kind)
    assert made.word() == "good"
    made.ca.revoke()
    assert made.word() == "revoked"
    responder.fail(ocsp_path(0))
    assert made.word() == "revoked"


def test_openssl_repeats_the_nonce(both: _Authority) -> None:
    """The response repeats the nonce of the request."""
    assert both.word(asking=sources(with_nonce=True)) == "good"
    assert both.asked() == {"ocsp": 1, "crl": 0}


def test_openssl_crl_of_version_1_is_accepted(by_crl: _Authority) -> None:
    """Without a file for numbers, `openssl ca` makes CRLs of version 1."""
    settings = by_crl.ca.folder / "ca.cnf"
    lines = settings.read_text().splitlines()
    settings.write_text("\n".join(line for line in lines if not line.startswith("crlnumber")) + "\n")
    with pytest.raises(x509.ExtensionNotFound):
        x509.load_der_x509_crl(by_crl.ca.crl()).extensions.get_extension_for_class(x509.CRLNumber)
    assert by_crl.word() == "good"
    by_crl.ca.revoke()
    assert by_crl.word() == "revoked"


def test_downloaded_files_count_offline(both: _Authority, tmp_path: Path) -> None:
    """Downloaded responses and CRLs count offline, the CRL in PEM too."""
    leaf, issuer, _ = both.chain.certificates
    crl, answer = tmp_path / "given.crl", tmp_path / "given.der"
    for revokes, status in ((False, "good"), (True, "revoked")):
        if revokes:
            both.ca.revoke()
        crl.write_bytes(x509.load_der_x509_crl(both.ca.crl()).public_bytes(Encoding.PEM))
        answer.write_bytes(both.ca.answer(build_request(leaf, issuer)))
        for files in (([str(crl)], []), ([], [str(answer)]), ([str(crl)], [str(answer)])):
            given = LocalEvidence.from_files(*files)
            found = RevocationChecker(None, given).statuses(check_chain(both.chain.ders), utc_now())
            assert found[0].status == status
    assert both.asked() == {"ocsp": 0, "crl": 0}


# Vault.


def _vault(chain: TestChain, **options: Any) -> list[str]:
    return words(chain, **{"now": utc_now(), **options})


def test_vault_status_by_ocsp(vault_ca: VaultCA) -> None:
    """Vault signs responses with the CA's own key, and reports a revocation at once."""
    chain = vault_ca.issue()
    assert _vault(chain) == ["good"]
    vault_ca.revoke(chain)
    assert _vault(chain) == ["revoked"]


def test_vault_status_by_crl(vault_ca: VaultCA, responder: Responder, tmp_path: Path) -> None:
    """A CRL by Vault counts while its responder is down."""
    chain, other = vault_ca.issue(), vault_ca.issue(common_name="other")
    vault_ca.revoke(chain)
    vault_ca.rotate()
    file = tmp_path / "vault.crl"
    file.write_bytes(fetched(vault_ca.crl_url))
    given = LocalEvidence.from_files([str(file)], [])
    now = utc_now()
    assert [
        str(RevocationChecker(None, given).statuses(check_chain(each.ders), now)[0].status) for each in (chain, other)
    ] == ["revoked", "good"]


def test_vault_crl_is_cached(vault_ca: VaultCA, tmp_path: Path) -> None:
    """Vault's CRL is in the file cache, and counts until it expires."""
    chain = vault_ca.issue()
    vault_ca.rotate()
    issuer, now = chain.certificates[1], utc_now()
    old, _ = sources(str(tmp_path / "crl")).crl.bundle(vault_ca.crl_url, issuer, now, Deadline(10))
    vault_ca.revoke(chain)
    vault_ca.rotate()
    again, _ = sources(str(tmp_path / "crl")).crl.bundle(vault_ca.crl_url, issuer, now, Deadline(10))
    new, _ = sources().crl.bundle(vault_ca.crl_url, issuer, now, Deadline(10))
    serial = chain.certificates[0].serial_number
    assert [len(each.base.entries(serial)) for each in (old, again, new)] == [0, 0, 1]
