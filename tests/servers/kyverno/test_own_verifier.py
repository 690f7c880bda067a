"""Signatures of notarykit before Kyverno's own verifier, which is notation's library, in both kinds of its policies."""

from collections.abc import Callable

import pytest

from notarykit import LocalSigner
from tests.servers.kubernetes.api import Object
from tests.servers.kubernetes.images import Image
from tests.servers.kyverno.scene import NAME_LABEL, Scene
from tests.support.ca import TestChain, make_chain
from tests.support.envelopes import COSE, JWS

SPECS = ("RSA-2048", "RSA-3072", "EC-256", "EC-384", "EC-521")


@pytest.fixture(scope="module")
def chains() -> dict[str, TestChain]:
    """Chain of each signer that the policies trust, by the spec of its key."""
    return {spec: make_chain(spec) for spec in SPECS}


def _signed(scene: Scene, chain: TestChain, media_type: str) -> Image:
    image = scene.images.push()
    scene.images.sign(image, LocalSigner.from_pem(chain.key_pem, chain.chain_pem), media_type)
    return image


def _cluster_policy(namespace: str, certificates: list[str], registry: str) -> Object:
    entries = [{"certificates": {"cert": certificate}} for certificate in certificates]
    rule = {
        "name": "signed",
        "match": {"any": [{"resources": {"kinds": ["Pod"], "namespaces": [namespace]}}]},
        "verifyImages": [
            {
                "type": "Notary",
                "failureAction": "Enforce",
                "imageReferences": [f"{registry}/*"],
                "attestors": [{"count": 1, "entries": entries}],
            }
        ],
    }
    spec = {"background": False, "webhookConfiguration": {"timeoutSeconds": 30}, "rules": [rule]}
    return {"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": namespace}, "spec": spec}


def _image_policy(namespace: str, certificates: list[str], registry: str) -> Object:
    attestors = [
        {"name": f"signer{number}", "notary": {"certs": {"value": certificate}}}
        for number, certificate in enumerate(certificates)
    ]
    names = ", ".join(f"attestors.{attestor['name']}" for attestor in attestors)
    pods = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["pods"]}
    spec = {
        "failurePolicy": "Fail",
        "webhookConfiguration": {"timeoutSeconds": 30},
        "evaluation": {"background": {"enabled": False}},
        "matchConstraints": {
            "namespaceSelector": {"matchLabels": {NAME_LABEL: namespace}},
            "resourceRules": [pods],
        },
        "credentials": {"allowInsecureRegistry": True},
        "matchImageReferences": [{"glob": f"{registry}/*"}],
        "attestors": attestors,
        "validations": [
            {
                "expression": f"images.containers.map(i, verifyImageSignatures(i, [{names}])).all(count, count > 0)",
                "message": "an image is not signed",
            }
        ],
    }
    version = "policies.kyverno.io/v1"
    return {"apiVersion": version, "kind": "ImageValidatingPolicy", "metadata": {"name": namespace}, "spec": spec}


_POLICIES: dict[str, Callable[[str, list[str], str], Object]] = {
    "own-cluster": _cluster_policy,
    "own-image": _image_policy,
}


@pytest.fixture(scope="module", params=_POLICIES)
def namespace(request: pytest.FixtureRequest, scene: Scene, chains: dict[str, TestChain]) -> str:
    """Namespace in which Kyverno verifies by itself."""
    name: str = request.param
    roots = [chain.pems[-1].decode() for chain in chains.values()]
    scene.make_namespace(name)
    scene.apply(_POLICIES[name](name, roots, scene.images.proxy.host), name)
    return name


@pytest.mark.parametrize("media_type", [JWS, COSE])
@pytest.mark.parametrize("spec", SPECS)
def test_signature_is_accepted(
    scene: Scene, namespace: str, chains: dict[str, TestChain], spec: str, media_type: str
) -> None:
    """Each format and each kind of key is accepted, and Kyverno puts the digest in."""
    image = _signed(scene, chains[spec], media_type)
    answer = scene.create(namespace, image.by_tag)
    assert answer.status == 201, answer.message
    assert answer.body["spec"]["containers"][0]["image"] == image.pinned


@pytest.mark.parametrize("media_type", [JWS, COSE])
def test_signature_of_a_stranger_is_refused(scene: Scene, namespace: str, media_type: str) -> None:
    """Kyverno trusts nobody else."""
    assert not scene.create(namespace, _signed(scene, make_chain(), media_type).by_tag).is_good


def test_unsigned_image_is_refused(scene: Scene, namespace: str) -> None:
    """Without a signature there is nothing to accept."""
    assert not scene.create(namespace, scene.images.push().by_tag).is_good
