"""What Gatekeeper's audit finds among pods that are there already."""

from tests.servers.gatekeeper import server
from tests.servers.gatekeeper.scene import Scene
from tests.servers.kubernetes.api import Object
from tests.servers.registry.certificates import RegistryCA
from tests.support.polling import poll

CONSTRAINT = "/apis/constraints.gatekeeper.sh/v1beta1/notaryverifiedimages/images-must-be-verified"


def test_audit_names_older_pods(scene: Scene, gatekeeper_program: str, gatekeeper_ca: RegistryCA) -> None:
    """A pod that is older than the constraint is named with the reason, and one that is signed is not."""
    signed = scene.api.done(scene.create(scene.images.push_signed().by_digest))
    names = {made["metadata"]["name"] for made in (scene.older, signed)}

    def found() -> list[Object]:
        violations = scene.api.get(CONSTRAINT).get("status", {}).get("violations", ())
        return [each for each in violations if each["name"] in names]

    with server.auditing(gatekeeper_program, scene.gatekeeper.cluster, gatekeeper_ca):
        poll(lambda: bool(found()))
    (violation,) = found()
    image = scene.older["spec"]["containers"][0]["image"]
    assert violation["name"] == scene.older["metadata"]["name"]
    assert violation["message"].startswith(f"container 'c0': {image}: no signature is associated")
