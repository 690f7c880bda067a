"""Verification of published plugins: repositories that do not keep their word, and verdicts that do not suffice."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import AuthenticityError, ContentError, StorageError, UsageError
from notarykit.oci.layout import ImageLayout
from notarykit.oci.reference import Digest, Tag
from notarykit.plugin.install.artifact import fetch_source
from notarykit.plugin.install.source import PluginSource
from notarykit.trust.policy import BlobTrustPolicyDocument
from notarykit.trust.store import MemoryTrustStore
from notarykit.verification.blob import BlobVerifier, VerifiedBlob
from notarykit.verification.published_plugin import PluginDemand, verify_file
from notarykit.verification.verdict import Skipped
from tests.support.layouts import make_layout
from tests.support.plugin_artifacts import add_plugin
from tests.unit.verification.setting import CHAIN, policy


class _Lying(ImageLayout):
    """A repository of a program's own, which checks nothing."""

    def __init__(self, path: str, manifest: bytes | None, layer: bytes | None) -> None:
        super().__init__(path)
        self._manifest, self._layer = manifest, layer

    def fetch_manifest(self, identifier: Tag | Digest) -> tuple[Descriptor, bytes]:
        """Returns another manifest, if there is one."""
        descriptor, content = super().fetch_manifest(identifier)
        return descriptor, self._manifest or content

    def stream_blob(self, descriptor: Descriptor, sink: Callable[[bytes], object]) -> None:
        """Passes another content, if there is one."""
        if self._layer is None:
            super().stream_blob(descriptor, sink)
        else:
            sink(self._layer)


@pytest.mark.parametrize(
    ("manifest", "layer", "text"),
    [
        (None, b"other", "the layer of acme is not what its digest says"),
        (json.dumps({"schemaVersion": 2}).encode(), None, "acme is not what its digest says"),
    ],
)
def test_repository_that_checks_nothing(manifest: bytes | None, layer: bytes | None, text: str, tmp_path: Path) -> None:
    """What is installed is compared with the digest that was verified, whatever the repository does."""
    layout = make_layout(tmp_path / "layout")
    artifact = add_plugin(layout.path, "plugin", [b"plugin"])
    assert fetch_source(_Lying(layout.path, None, None), artifact, "acme").file.read() == b"plugin"
    with pytest.raises(ContentError) as caught:
        fetch_source(_Lying(layout.path, manifest, layer), artifact, "acme")
    assert caught.value.message == text


@pytest.mark.parametrize("media_type", ["application/vnd.docker.distribution.manifest.v2+json", "application/json"])
def test_manifest_of_another_type(media_type: str, tmp_path: Path) -> None:
    """What is signed as no manifest of OCI is no plugin, whatever its bytes say, and is not fetched."""
    layout = make_layout(tmp_path / "layout")
    artifact = add_plugin(layout.path, "plugin", [b"plugin"])._replace(media_type=media_type)
    with pytest.raises(StorageError) as caught:
        fetch_source(ImageLayout(layout.path), artifact, "acme")
    assert caught.value.message == f"acme is of the type {media_type!r}, and not a plugin"


def test_verdict_that_says_nothing_of_the_signer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A verdict that is not `Verified` is refused, even if a statement that enforces authenticity led to it."""
    monkeypatch.setattr(BlobVerifier, "blob_by_any", lambda *_, **__: VerifiedBlob(Skipped("acme")))
    verifier = BlobVerifier(BlobTrustPolicyDocument((policy(),)), MemoryTrustStore({"ca:acme": [CHAIN.ders[-1]]}))
    with pytest.raises(AuthenticityError, match="the verdict Skipped does not suffice to install a plugin"):
        verify_file(verifier, PluginSource.held(b"x", "x", "x"), [], PluginDemand("acme"))


def test_statement_without_a_name() -> None:
    """An empty name is refused, and does not choose the global statement."""
    verifier = BlobVerifier(BlobTrustPolicyDocument((policy()._replace(scopes=("*",)),)), MemoryTrustStore({}))
    assert verifier.policies.applicable("").is_global
    with pytest.raises(UsageError, match="no trust policy statement is named"):
        verify_file(verifier, PluginSource.held(b"x", "x", "x"), [], PluginDemand(""))
