"""Trust stores where several artifacts are verified at once: all artifacts are judged by the same certificates."""

import json
from pathlib import Path

import pytest

from notarykit.errors import TrustStoreError
from notarykit.keys.local import LocalSigner
from notarykit.oci.layout import ImageLayout
from notarykit.signing.artifact import sign_artifact
from notarykit.trust.parsing import parse_policy_document
from notarykit.trust.policy import StoreReference
from notarykit.trust.store import MemoryTrustStore
from notarykit.verification.artifact import ArtifactRequest, VerifiedArtifact
from notarykit.verification.verifier import Verifier
from tests.support.ca import make_chain
from tests.support.homes import SCOPE, Home, policy_document
from tests.support.layouts import make_layout


class _Counted:
    """A trust store that counts how often it is read, and cannot be read at first."""

    def __init__(self, root: bytes, failures: int = 0) -> None:
        self._store = MemoryTrustStore({"ca:tests": [root]})
        self._failures = failures
        self.reads = 0

    def certificates(self, store: StoreReference) -> frozenset[bytes]:
        self.reads += 1
        if self.reads <= self._failures:
            raise TrustStoreError("not yet")
        return self._store.certificates(store)


@pytest.mark.parametrize("failures", [0, 2])
def test_a_named_store_is_read_once(tmp_path: Path, failures: int) -> None:
    """Each named store is read once for all artifacts; where that fails, the next artifact tries again."""
    chain = make_chain()
    key_file, chain_file = Home(tmp_path / "home").add_key(chain)
    layout = make_layout(tmp_path / "layout")
    sign_artifact(ImageLayout(layout.path), layout.digest, LocalSigner.from_files(str(key_file), str(chain_file)))
    store = _Counted(chain.pems[-1], failures)
    artifacts = [ArtifactRequest(lambda: ImageLayout(layout.path), layout.digest, SCOPE)] * 5
    document = parse_policy_document(json.dumps(policy_document()).encode())
    found = Verifier(document, store).artifacts(artifacts, workers=1)
    assert [isinstance(each, VerifiedArtifact) for each in found] == [False] * failures + [True] * (5 - failures)
    assert store.reads == failures + 1
