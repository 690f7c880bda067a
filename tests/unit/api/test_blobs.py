"""The functions for blobs, with the user's settings."""

import io
import json
from pathlib import Path

import pytest

import notarykit
from notarykit.errors import (
    IntegrityError,
    NoSignatureError,
    SignatureSizeError,
    StorageError,
    TrustPolicyError,
    UsageError,
)
from tests.support.ca import TestChain, make_chain
from tests.support.homes import Home, complete_home


@pytest.fixture(scope="module")
def chain() -> TestChain:
    """Return the signer's chain."""
    return make_chain("EC-384")


@pytest.fixture
def home(tmp_path: Path, chain: TestChain, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Return the user's settings: a key whose chain is trusted, for artifacts and for blobs."""
    home = complete_home(tmp_path / "home", chain)
    statement = {
        "name": "releases",
        "globalPolicy": True,
        "signatureVerification": {"level": "strict"},
        "trustStores": ["ca:tests"],
        "trustedIdentities": ["*"],
    }
    blob_policy = home.folder / "trustpolicy.blob.json"
    blob_policy.write_text(json.dumps({"version": "1.0", "trustPolicies": [statement]}))
    for name, value in (("NOTATION_CONFIG", str(home.folder)), ("HOME", str(tmp_path))):
        monkeypatch.setenv(name, value)
    return home


@pytest.fixture
def blob(tmp_path: Path) -> Path:
    """Return a file."""
    path = tmp_path / "release.tar.gz"
    path.write_bytes(b"a release")
    return path


@pytest.mark.requirement("plugin:blob-signature", "workflow:sign-blob")
@pytest.mark.parametrize("format_", ["jws", "cose"])
def test_sign_and_verify(format_: str, home: Home, blob: Path) -> None:
    """A file is signed with the default key in the format of the settings, and accepted by its signature's file."""
    (home.folder / "config.json").write_text(json.dumps({"signatureFormat": format_}))
    signed = notarykit.sign_blob(blob, content_media_type="application/gzip")
    path = notarykit.signature_path(blob, signed.signature.media_type)
    assert path == f"{blob}.{format_}.sig"
    notarykit.write_signature(path, signed.signature.envelope)
    verified = notarykit.verify_blob(blob, path, content_media_type="application/gzip", policy_name="releases")
    assert isinstance(verified.verdict, notarykit.Verified)
    assert verified.blob == signed.blob
    assert signed.blob.digest.startswith("sha384:")


def test_streams_and_bytes(home: Home) -> None:
    """A stream is signed, and verified by the bytes of the envelope, whose format is found."""
    for media_type in (notarykit.JWS, notarykit.COSE):
        signed = notarykit.sign_blob(io.BytesIO(b"x"), "build", notarykit.SignOptions(media_type))
        assert notarykit.verify_blob(io.BytesIO(b"x"), signed.signature.envelope).blob == signed.blob
        with pytest.raises(IntegrityError):
            notarykit.verify_blob(io.BytesIO(b"y"), signed.signature.envelope)


def test_the_limit_of_envelopes_is_the_verifiers(home: Home, blob: Path) -> None:
    """A large signature is refused before it is parsed, as bytes and as a file."""
    envelope = notarykit.sign_blob(blob).signature.envelope
    verifier = notarykit.load_blob_verifier()
    path = f"{blob}.jws.sig"
    notarykit.write_signature(path, envelope)
    exact, small = (verifier._replace(max_envelope_size=len(envelope) - less) for less in (0, 1))
    for signature in (envelope, path):
        assert notarykit.verify_blob(blob, signature, verifier=exact).blob
        with pytest.raises(SignatureSizeError, match=f"is larger than {len(envelope) - 1} bytes"):
            notarykit.verify_blob(blob, signature, verifier=small)


def test_signatures_beside_the_file(home: Home, blob: Path) -> None:
    """Without a signature those beside the file are tried, and the one that is accepted is named."""
    with pytest.raises(NoSignatureError, match=r"neither .*release\.tar\.gz\.jws\.sig nor .*\.cose\.sig exists"):
        notarykit.verify_blob(blob)
    signed = notarykit.sign_blob(blob, options=notarykit.SignOptions(notarykit.COSE))
    notarykit.write_signature(f"{blob}.jws.sig", b"no signature")
    notarykit.write_signature(f"{blob}.cose.sig", signed.signature.envelope)
    found = notarykit.verify_blob(blob)
    assert (found.blob, found.signature) == (signed.blob, f"{blob}.cose.sig")
    assert [name for name, _ in found.failures] == [f"{blob}.jws.sig"]
    assert notarykit.verify_blob(blob, f"{blob}.cose.sig").signature == f"{blob}.cose.sig"
    with pytest.raises(UsageError, match="a stream has no signature beside it"):
        notarykit.verify_blob(io.BytesIO(b"a release"))


def test_bad_arguments(home: Home, blob: Path) -> None:
    """What is absent, of no format, or no blob is said by the error's kind."""
    signed = notarykit.sign_blob(blob)
    with pytest.raises(StorageError, match="does not exist"):
        notarykit.sign_blob(blob.with_name("none"))
    with pytest.raises(StorageError, match="does not exist"):
        notarykit.verify_blob(blob, f"{blob}.jws.sig")
    with pytest.raises(IntegrityError, match="not application/jose"):
        notarykit.verify_blob(blob, b"text")
    with pytest.raises(UsageError, match="does not tell"):
        notarykit.verify_blob(blob, blob)
    with pytest.raises(UsageError, match="a blob is a path or a stream"):
        notarykit.verify_blob(b"a release", signed.signature.envelope)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="a signature is a path or bytes, and not bytearray"):
        notarykit.verify_blob(blob, bytearray(b"x"))  # type: ignore[arg-type]
    closed = io.BytesIO(b"a release")
    closed.close()
    with pytest.raises(StorageError, match="the stream cannot be read: it is closed"):
        notarykit.verify_blob(closed, signed.signature.envelope)
    (home.folder / "trustpolicy.blob.json").unlink()
    with pytest.raises(TrustPolicyError, match=r"trustpolicy\.blob\.json"):
        notarykit.verify_blob(blob, signed.signature.envelope)
