"""Functions for bundles: made, verified, refreshed and opened as a program does it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import notarykit
from notarykit.errors import NoSignatureError, RevocationError, TrustPolicyError, UsageError
from notarykit.trust.parsing import parse_policy_document
from tests.support.checking import close_clients
from tests.support.homes import SCOPE, policy_document
from tests.support.layouts import add_artifact, add_image_index, blob_path
from tests.support.responders import Responder
from tests.unit.bundle.making import Scene


@pytest.fixture
def responder() -> Iterator[Responder]:
    """What the evidence comes from."""
    with Responder() as running:
        yield running
        close_clients()


@pytest.fixture
def scene(tmp_path: Path, responder: Responder, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A layout with signed artifacts."""
    monkeypatch.setenv("NOTATION_CACHE", str(tmp_path / "cache"))
    return Scene(tmp_path, responder)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A place for a bundle."""
    return tmp_path / "x.tar"


def _reference(scene: Scene, digest: str) -> notarykit.LayoutReference:
    return notarykit.parse_layout_reference(f"{scene.layout.path}@{digest}")


def _create(scene: Scene, path: Path, **options: object) -> notarykit.SignatureBundle:
    references = [_reference(scene, digest) for digest in scene.digests]
    used = notarykit.BundleOptions(**options)  # type: ignore[arg-type]
    return notarykit.create_bundle(path, references, used, scope=SCOPE, verifier=scene.verifier)


@pytest.mark.parametrize("content", ["full", "manifest", "none"])
def test_made_and_verified(scene: Scene, path: Path, content: str) -> None:
    """What is made is verified, by its path and opened, as a whole and in part."""
    bundle = _create(scene, path, content=content)
    assert [artifact.artifact.digest for artifact in bundle.artifacts] == list(scene.digests)
    for given in (str(path), path, bundle):
        verdicts = notarykit.verify_bundle(given, verifier=scene.verifier)
        assert [artifact for artifact, _ in verdicts] == list(bundle.artifacts)
        assert all(isinstance(verified.verdict, notarykit.Verified) for _, verified in verdicts)
    ((artifact, _),) = notarykit.verify_bundle(bundle, bundle.artifacts[1:], verifier=scene.verifier)
    assert artifact == bundle.artifacts[1]


def test_first_refusal_ends_the_call(scene: Scene, path: Path) -> None:
    """One artifact that is not accepted is an error for the whole, whatever the others are."""
    unsigned = add_artifact(scene.layout.path, "v3").digest
    references = [_reference(scene, digest) for digest in (*scene.digests, unsigned)]
    with pytest.raises(NoSignatureError):
        notarykit.create_bundle(path, references, scope=SCOPE, verifier=scene.verifier)
    assert not path.exists()
    options = notarykit.BundleOptions(allow_unverified=True)
    notarykit.create_bundle(path, references, options, scope=SCOPE, verifier=scene.verifier)
    with pytest.raises(NoSignatureError):
        notarykit.verify_bundle(path, verifier=scene.verifier)


def test_trust_by_digest(scene: Scene, path: Path) -> None:
    """The bundle's trust counts with its digest, whatever the verifier trusts; without it, it does not."""
    digest = _create(scene, path).trust.descriptor.digest
    others = scene.verifier._replace(store=notarykit.MemoryTrustStore({}))
    assert len(notarykit.verify_bundle(path, verifier=others, trust_digest=digest)) == 2
    with pytest.raises(TrustPolicyError):
        notarykit.verify_bundle(path, verifier=scene.verifier, trust_digest=f"sha256:{'0' * 64}")
    with pytest.raises(notarykit.NotarykitError):
        notarykit.verify_bundle(path, verifier=others)


def test_destination_chooses_the_statement(scene: Scene, path: Path) -> None:
    """A destination chooses policy statements by the names of repositories there."""
    _create(scene, path)
    document = json.dumps(policy_document(scopes=["mirror.internal/x/tests"])).encode()
    mirrored = scene.verifier._replace(policies=parse_policy_document(document))
    assert len(notarykit.verify_bundle(path, verifier=mirrored, destination="mirror.internal/x")) == 2
    with pytest.raises(notarykit.VerificationError):
        notarykit.verify_bundle(path, verifier=mirrored)


def test_index_with_everything_below_it(scene: Scene, path: Path) -> None:
    """With `recursive`, the manifests of an index are artifacts too, but for those that are absent."""
    digests = add_image_index(scene.layout.path, "multi", ["linux/amd64", "linux/arm64"])
    for digest in digests.values():
        scene.sign(notarykit.Digest(digest))
    references = [_reference(scene, digests["index"])]
    options = notarykit.BundleOptions(recursive=True)
    bundle = notarykit.create_bundle(path, references, options, scope=SCOPE, verifier=scene.verifier)
    assert [artifact.platform for artifact in bundle.artifacts] == ["", "linux/amd64", "linux/arm64"]
    blob_path(scene.layout.path, digests["linux/arm64"]).unlink()
    bundle = notarykit.create_bundle(path, references, options, scope=SCOPE, verifier=scene.verifier)
    assert [artifact.platform for artifact in bundle.artifacts] == ["", "linux/amd64"]
    assert len(notarykit.verify_bundle(path, verifier=scene.verifier)) == 2


def test_refreshed(scene: Scene, path: Path, responder: Responder, tmp_path: Path) -> None:
    """A bundle is refreshed in place or into another file; where evidence is missing it stays as it is."""
    _create(scene, path)
    content = path.read_bytes()
    other = notarykit.refresh_bundle(path, tmp_path / "y.tar", verifier=scene.verifier)
    assert other.name == str(tmp_path / "y.tar")
    assert notarykit.refresh_bundle(path, verifier=scene.verifier).digest == other.digest
    assert path.read_bytes() == content  # the evidence is the same
    close_clients()
    responder.fail("/ocsp/0", 500)
    from notarykit.revocation import checker

    checker._shared_fetcher.cache_clear()
    with pytest.raises(notarykit.VerificationError) as caught:
        notarykit.refresh_bundle(path, verifier=scene.verifier)
    assert isinstance(caught.value.failures[0][1], RevocationError)  # type: ignore[attr-defined]
    assert path.read_bytes() == content


def test_arguments_are_checked(scene: Scene, path: Path) -> None:
    """One reference in place of a list, and an unknown content, are refused."""
    with pytest.raises(UsageError, match="is one reference, and not several"):
        notarykit.create_bundle(path, "registry.example.com/hello:v1", verifier=scene.verifier)
    with pytest.raises(UsageError, match="content 'all' is not one of full, manifest, none"):
        _create(scene, path, content="all")
