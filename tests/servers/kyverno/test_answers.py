"""Answers of a service that our policies must not take for good ones."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pytest

from tests.servers.kyverno.scene import Scene, policy
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.fault_proxy import FaultProxy
from tests.support.external_data import ANSWERS, NO_ANSWER, all_good, answer_with, answering, keys_of


class _Asking(NamedTuple):
    """Namespace whose policy asks a service of the test.

    Attributes:
        kind: Kind of the policy.
        name: Name of the namespace.
        double: The service.
    """

    kind: str
    name: str
    double: FaultProxy


@pytest.fixture(scope="module", params=["ClusterPolicy", "ValidatingPolicy", "ImageValidatingPolicy"])
def asking(request: pytest.FixtureRequest, scene: Scene, registry_ca: RegistryCA) -> Iterator[_Asking]:
    """Namespace with a policy of each kind that verifies."""
    kind: str = request.param
    name = f"answers-{kind.lower()}"
    scene.make_namespace(name)
    with answering(registry_ca, 500, all_good) as double:
        scene.apply(policy(kind, name, f"https://127.0.0.1:{double.port}", registry_ca.ca_file), name)
        yield _Asking(kind, name, double)


@pytest.mark.parametrize("name", ANSWERS)
def test_answer_is_good_or_not(scene: Scene, asking: _Asking, name: str) -> None:
    """A policy admits a pod by an answer that is whole and good, and by no other."""
    status, response, message = ANSWERS[name]
    answer_with(asking.double, status, response)
    answer = scene.create(asking.name, "r.test/a:1")
    assert answer.is_good is (not message), answer.message
    # What has not even the form ends in messages of Kyverno's own.
    if message != NO_ANSWER or (asking.kind != "ClusterPolicy" and name != "null"):
        assert message in answer.message


def test_reason_is_no_part_of_the_policy(scene: Scene, asking: _Asking) -> None:
    """What Kyverno could take for its own language in a reason, such as a stranger's name, is not carried out."""
    text = "{{ problems }} {{ keys }} {{ request.object.metadata.name }} $(problems)"

    def refusing(keys: Sequence[str]) -> dict[str, Any]:
        return {"items": [{"key": key, "error": text} for key in keys]}

    for response in (refusing, lambda _: {"items": [], "systemError": text}):
        answer_with(asking.double, 200, response)
        answer = scene.create(asking.name, "r.test/a:1")
        assert not answer.is_good
        assert text.replace("{", "(") in answer.message.replace("{", "(")


def test_one_request_for_a_pod(scene: Scene, asking: _Asking) -> None:
    """All images of a pod are asked about at once, with the namespace before them."""
    answer_with(asking.double, 200, all_good)
    answer = scene.create(asking.name, "r.test/a:1", init=["r.test/b:1"], volumes=["r.test/c:1"])
    assert answer.status == 201, answer.message
    (seen,) = asking.double.seen
    assert sorted(keys_of(seen)) == [f"[{asking.name}]r.test/{name}:1" for name in "abc"]
