"""Our manifests as `kubectl apply` takes them."""

import pytest

from tests.servers.gatekeeper.scene import Scene, manifests, providers


@pytest.mark.parametrize("name", ["template.yaml", "constraint.yaml", "assign.yaml"])
def test_manifest_is_taken_as_it_is(scene: Scene, name: str) -> None:
    """Each object is complete, and has no member that its kind does not know."""
    made = manifests(name)
    assert made
    for each in made:
        answer = scene.api.check(each)
        assert answer.status in {200, 201}, answer.message
        assert answer.warnings == ()


def test_provider_wants_a_ca(scene: Scene) -> None:
    """A provider that nobody has completed is refused with what is missing, and one that is complete is taken."""
    for each in manifests("provider.yaml"):
        answer = scene.api.check(each)
        assert answer.status == 422
        assert "caBundle should be set for HTTPS scheme" in answer.message
    for each in providers(scene.door):
        answer = scene.api.check(each)
        assert answer.status in {200, 201}, answer.message
