"""Our manifests as `kubectl apply` takes them."""

from pathlib import Path

import pytest

from tests.servers.kyverno.scene import Scene
from tests.support.manifests import DEPLOY, folder, objects


@pytest.mark.parametrize("path", folder(DEPLOY / "kyverno"), ids=lambda path: path.stem)
def test_manifest_is_taken_as_it_is(scene: Scene, path: Path) -> None:
    """Each policy is complete, compiles, and has no member that its kind does not know."""
    (made,) = objects(path)
    answer = scene.api.check(made)
    assert answer.status in {200, 201}, answer.message
