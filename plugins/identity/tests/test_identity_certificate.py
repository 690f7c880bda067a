"""Certificates that an authority returned: whose they must be, and when."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from notarykit.errors import PluginError, SigningKeyError
from notarykit.plugin import LocalSigner
from notarykit_identity.certificate import Expected, make_key, make_request, signer_for
from notarykit_identity.identities import Identity
from tests.support.ca import Changes, TestChain, make_chain

_IDENTITY = Identity("https://issuer.example", "a")
_EXPECTED = Expected("the authority", _IDENTITY.issuer, ("a", "b"), "change the role", "change the template")


def _at(seconds: float) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)


def _chain(uri: str = _IDENTITY.uri, *, begin: float = -60, end: float = 60, **changes: Any) -> TestChain:
    name = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)]), True
    return make_chain("EC-256", 3, leaf=Changes(put=(name,), not_before=_at(begin), not_after=_at(end), **changes))


def _signer(chain: TestChain, count: int = 3, ca_certs: str = "", root: str = "", key: Any = None) -> LocalSigner:
    pems = [pem.decode() for pem in chain.pems[:count]]
    return signer_for(key or chain.leaf_key, pems, ca_certs, root, _EXPECTED)


def test_good_certificate_signs() -> None:
    """The chain goes to the root, and any of the expected subjects will do."""
    for uri in (_IDENTITY.uri, f"{_IDENTITY.issuer}#b"):
        chain = _chain(uri)
        assert _signer(chain).sign(b"content").chain == chain.ders


@pytest.mark.parametrize("spec", ["EC-256", "EC-384", "EC-521", "RSA-2048"])
def test_keys_and_requests(spec: str) -> None:
    """Each spec has its key, which signs its own request; there is a name only where there is an identity."""
    key: Any = make_key(spec)
    assert key.key_size == int(spec[-3:] if spec[:2] == "EC" else 2048)
    for identity, count in ((None, 0), (_IDENTITY, 1)):
        request = x509.load_pem_x509_csr(make_request(key, spec, identity).encode())
        assert request.is_signature_valid
        assert (len(list(request.subject)), len(list(request.extensions))) == (0, count)


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("https://issuer.example#c", "is for another identity: issuer=https://issuer.example, subject=c; expected was"),
        ("https://issuer.example.evil#a", "is for another identity"),
        ("https://issuer.example", "names no identity"),
    ],
)
def test_other_identities_are_refused(uri: str, reason: str) -> None:
    """The issuer must be the token's, and the subject one that follows from it."""
    with pytest.raises(PluginError, match=reason) as caught:
        _signer(_chain(uri))
    assert caught.value.advice == "change the template"


@pytest.mark.parametrize(("begin", "end"), [(30, 90), (-90, -30)])
def test_other_times_are_refused(begin: float, end: float) -> None:
    """A certificate of the future or of the past is a matter of clocks."""
    with pytest.raises(PluginError, match=r"seconds from now|not valid now") as caught:
        _signer(_chain(begin=begin, end=end))
    assert "clock" in caught.value.advice


def test_short_wait_is_within_the_time_that_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate of the next moment is awaited, unless the call ends before."""
    pauses: list[float] = []
    monkeypatch.setattr("notarykit_identity.certificate.time.sleep", pauses.append)
    monkeypatch.setattr("notarykit_identity.certificate.seconds_left", lambda: 1.0)
    with pytest.raises(PluginError, match="seconds from now"):
        _signer(_chain(begin=4))
    assert pauses == []
    monkeypatch.setattr("notarykit_identity.certificate.seconds_left", lambda: 60.0)
    with pytest.raises(PluginError, match="not valid now"):  # the sleep was none
        _signer(_chain(begin=4))
    assert len(pauses) == 1
    assert 2 < pauses[0] <= 4


def test_other_keys_and_signatures_are_refused() -> None:
    """The certificate must be of the key that was made, issued by the one above it, and fit for signing."""
    with pytest.raises(PluginError, match="cannot be used: none of the certificates is of the signing key") as caught:
        _signer(_chain(), key=make_key("EC-256"))
    assert "another request" in caught.value.advice
    with pytest.raises(PluginError, match="cannot be used"):
        _signer(_chain(signed_by=make_key("EC-256")))
    with pytest.raises(PluginError, match="cannot be used") as caught:
        _signer(_chain(without=(x509.KeyUsage,)))
    assert caught.value.advice == "change the role"


def test_chain_may_be_completed_by_a_file(tmp_path: Path) -> None:
    """What the authority leaves out is in `ca_certs`; the advice names it."""
    chain = _chain()
    with pytest.raises(PluginError, match="cannot be used") as caught:
        _signer(chain, 1)
    assert "ca_certs=FILE" in caught.value.advice
    file = tmp_path / "cas.pem"
    file.write_bytes(b"".join(chain.pems[1:]))
    assert _signer(chain, 1, str(file)).sign(b"").chain == chain.ders
    with pytest.raises(SigningKeyError, match="nowhere"):
        _signer(chain, 1, str(tmp_path / "nowhere"))


def test_root_may_be_pinned(tmp_path: Path) -> None:
    """With `root`, a chain of another root is refused, however good it is."""
    chain, file = _chain(), tmp_path / "root.pem"
    file.write_bytes(chain.pems[-1])
    assert _signer(chain, root=str(file)).sign(b"").chain == chain.ders
    file.write_bytes(make_chain().pems[0])
    with pytest.raises(PluginError, match="does not end with the certificate in"):
        _signer(chain, root=str(file))


def test_long_answers_end(tmp_path: Path) -> None:
    """A thousand certificates that do not belong there cost little, and are left out."""
    chain, others = _chain(), make_chain().pems[1:] * 500
    file = tmp_path / "cas.pem"
    file.write_bytes(b"".join(others))
    assert _signer(chain, ca_certs=str(file)).sign(b"").chain == chain.ders
