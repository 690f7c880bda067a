"""Images of workloads: found in every place, by pointers that lead to them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notarykit_admission.errors import RequestError
from notarykit_admission.workload.images import Image, PullSecrets, find_new, find_pod
from notarykit_admission.workload.kinds import POD, POD_SPECS, Kind
from tests.unit.admission.workload.workloads import WORKLOADS, pod_spec

_SPEC = pod_spec("r.test/a:1", "r.test/b:1", init=("r.test/i:1",), ephemeral=("r.test/e:1",), volumes=("r.test/v:1",))


def _encoded(document: Any) -> bytes:
    return json.dumps(document).encode()


def _at(document: Any, pointer: str) -> Any:
    """Follows a JSON pointer (RFC 6901)."""
    for part in pointer.split("/")[1:]:
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document


def _pod(**members: Any) -> bytes:
    return _encoded({"spec": {**pod_spec("r.test/a:1"), **members}})


@pytest.mark.parametrize("kind", POD_SPECS, ids=str)
def test_images_of_each_kind(kind: Kind) -> None:
    """In each kind with a pod's specification every image is found, in the order in which containers start."""
    make, root = WORKLOADS[kind]
    assert find_pod(kind, _encoded(make(_SPEC))).images == (
        Image("r.test/i:1", "init container 'i0'", f"{root}/initContainers/0/image"),
        Image("r.test/a:1", "container 'c0'", f"{root}/containers/0/image"),
        Image("r.test/b:1", "container 'c1'", f"{root}/containers/1/image"),
        Image("r.test/e:1", "ephemeral container 'e0'", f"{root}/ephemeralContainers/0/image"),
        Image("r.test/v:1", "image volume 'v0'", f"{root}/volumes/1/image/reference"),
    )


_IMAGES = st.lists(st.text(max_size=20), max_size=4).map(tuple)


@given(st.sampled_from(sorted(WORKLOADS)), st.tuples(_IMAGES, _IMAGES, _IMAGES, _IMAGES))
def test_pointers_lead_to_the_images(kind: Kind, images: tuple[tuple[str, ...], ...]) -> None:
    """Whatever a specification holds, each pointer leads to its image, and no image has no pointer."""
    containers, init, ephemeral, volumes = images
    document = WORKLOADS[kind][0](pod_spec(*containers, init=init, ephemeral=ephemeral, volumes=volumes))
    found = find_pod(kind, _encoded(document)).images
    assert [_at(document, image.pointer) for image in found] == [image.text for image in found]
    assert sorted(image.text for image in found) == sorted(_walk(document))


def _walk(part: Any) -> Iterator[str]:
    """Yields each text under `image` or `reference`; the specifications of the tests have no others by these names."""
    if isinstance(part, list):
        for each in part:
            yield from _walk(each)
    if isinstance(part, dict):
        for name, value in part.items():
            if name in {"image", "reference"} and isinstance(value, str) and value != "no image":
                yield value
            else:
                yield from _walk(value)


@pytest.mark.parametrize("kind", [Kind("", "ConfigMap"), Kind("example.com", "Pod"), Kind("", "Deployment")], ids=str)
def test_other_kinds_have_no_images(kind: Kind) -> None:
    """An object of another kind, or of a kind of that name in another group, is not looked at."""
    assert find_pod(kind, b"{").images == ()


@pytest.mark.parametrize(
    "document",
    [
        b"null",
        b"{}",
        b'{"spec": null}',
        b'{"spec": {}}',
        b'{"spec": {"containers": null, "initContainers": null, "ephemeralContainers": null, "volumes": null}}',
        b'{"spec": {"containers": [], "volumes": [{"name": "v"}, {"name": "w", "image": null}]}}',
    ],
)
def test_absent_parts_have_no_images(document: bytes) -> None:
    """What is missing or null holds no image, as the API server's own encoder writes it."""
    assert find_pod(POD, document).images == ()


@pytest.mark.parametrize("kind", sorted(set(WORKLOADS) - {POD}), ids=str)
def test_absent_template_has_no_images(kind: Kind) -> None:
    """A workload without a template, or with one without a specification, has no images."""
    assert find_pod(kind, b'{"spec": {"template": null}, "template": null}').images == ()
    assert find_pod(kind, _encoded(WORKLOADS[kind][0](None))).images == ()


@pytest.mark.parametrize(
    ("members", "place"),
    [
        ({"containers": [{}]}, "container ''"),
        ({"containers": [{"name": None, "image": None}]}, "container ''"),
        ({"containers": [], "initContainers": [{"name": "i"}]}, "init container 'i'"),
        ({"containers": [], "volumes": [{"name": "v", "image": {"pullPolicy": "Always"}}]}, "image volume 'v'"),
    ],
)
def test_missing_image_is_an_empty_reference(members: dict[str, Any], place: str) -> None:
    """A container or image volume without a reference is found, so that it is refused and not passed over."""
    assert [image[:2] for image in find_pod(POD, _pod(**members)).images] == [("", place)]


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b'"Pod"',
        b'{"spec": []}',
        b'{"spec": "text"}',
        _pod(containers={"image": "r.test/a:1"}),
        _pod(containers=["r.test/a:1"]),
        _pod(containers=[None]),
        _pod(containers=[{"name": "c", "image": 7}]),
        _pod(containers=[{"name": "c", "image": ["r.test/a:1"]}]),
        _pod(containers=[{"name": {}, "image": "r.test/a:1"}]),
        _pod(volumes=[{"name": "v", "image": "r.test/v:1"}]),
        _pod(volumes=[{"name": "v", "image": {"reference": {}}}]),
        _pod(initContainers=7),
        _pod(imagePullSecrets={"name": "s"}),
        _pod(imagePullSecrets=["s"]),
        _pod(imagePullSecrets=[{"name": 7}]),
        _pod(serviceAccountName=["a"]),
        _pod(ephemeralContainers="text"),
        b'{"spec": {"containers": [{"name": "c", "image": "\xff"}]}}',
        b'{"spec": {"containers": [{"name": "c", "image": "\\ud800"}]}}',
        b'{"spec": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_malformed_object_is_refused(document: bytes) -> None:
    """An object that is not of its kind's form is an error of one line, whatever it holds."""
    with pytest.raises(RequestError, match=r"^the Pod is malformed: ") as caught:
        find_pod(POD, document)
    assert str(caught.value).isprintable()


def test_thousand_containers() -> None:
    """A thousand containers are found, and one more is an error: nothing is made of each of a million."""
    images = [f"r.test/a{number}:1" for number in range(1000)]
    assert [image.text for image in find_pod(POD, _encoded({"spec": pod_spec(*images)})).images] == images
    for member in ("containers", "initContainers", "ephemeralContainers", "volumes", "imagePullSecrets"):
        with pytest.raises(RequestError, match=r"Expected `array` of length <= 1000 - at `\$\."):
            find_pod(POD, _pod(**{member: [{}] * 1001}))


@pytest.mark.parametrize("kind", POD_SPECS, ids=str)
def test_other_members_do_not_matter(kind: Kind) -> None:
    """What else an object holds, beside each part on the way to its images, is neither looked at nor kept."""
    others = {f"x{number}": [number, {"spec": "text"}] for number in range(50)}

    def padded(part: Any, names: tuple[str, ...]) -> Any:
        return {**others, names[0]: padded(part[names[0]], names[1:])} if names else {**others, **part}

    document = WORKLOADS[kind][0](_SPEC)
    assert find_pod(kind, _encoded(padded(document, POD_SPECS[kind]))) == find_pod(kind, _encoded(document))


@pytest.mark.parametrize("kind", POD_SPECS, ids=str)
def test_unchanged_images_are_not_new(kind: Kind) -> None:
    """An object with the same images as before has no new ones, whatever else has changed."""
    make, _ = WORKLOADS[kind]
    changed = {**make({**_SPEC, "serviceAccountName": "other"}), "metadata": {"labels": {"new": "label"}}}
    assert find_new(kind, _encoded(changed), _encoded(make(_SPEC))).images == ()


def _new(new: dict[str, Any], old: dict[str, Any]) -> list[str]:
    images = find_new(POD, _encoded({"spec": new}), _encoded({"spec": old})).images
    return [f"{image.place} {image.text}" for image in images]


def test_changed_image_is_new() -> None:
    """Only what has changed is new: an image, a container, an ephemeral container or an image volume."""
    assert _new(pod_spec("a", "b2"), pod_spec("a", "b")) == ["container 'c1' b2"]
    assert _new(pod_spec("a", "b"), pod_spec("a")) == ["container 'c1' b"]
    assert _new(pod_spec("a", ephemeral=("e",)), pod_spec("a")) == ["ephemeral container 'e0' e"]
    assert _new(pod_spec("a", volumes=("v",)), pod_spec("a")) == ["image volume 'v0' v"]
    assert _new(pod_spec("a", init=("i2",)), pod_spec("a", init=("i",))) == ["init container 'i0' i2"]


def test_same_image_in_another_place_is_new() -> None:
    """An image that moves to another list or gets another container is new there: its tag may have been moved."""
    assert _new(pod_spec("a", init=("a",)), pod_spec("a")) == ["init container 'i0' a"]
    assert _new(pod_spec("a", "a"), pod_spec("a")) == ["container 'c1' a"]


def test_order_makes_no_image_new() -> None:
    """Containers that change their order, or lose one of them, start nothing new."""
    old = pod_spec("a", "b", "c")
    new = {**old, "containers": old["containers"][:0:-1]}
    assert _new(new, old) == []


@pytest.mark.parametrize("old", [b"null", b"{}"])
def test_all_images_are_new_without_an_older_state(old: bytes) -> None:
    """Where nothing was before, every image is new."""
    document = _encoded({"spec": _SPEC})
    assert find_new(POD, document, old) == find_pod(POD, document)


@pytest.mark.parametrize("kind", POD_SPECS, ids=str)
def test_pull_secrets_of_each_kind(kind: Kind) -> None:
    """The secrets of each kind are those that its pods name, each once and in their order."""
    names = [{"name": "b"}, {"name": "a"}, {"name": ""}, {}, {"name": "b"}]
    document = WORKLOADS[kind][0]({**_SPEC, "imagePullSecrets": names, "serviceAccountName": "builder"})
    assert find_pod(kind, _encoded(document)).secrets == PullSecrets(("b", "a"))
    assert find_new(kind, _encoded(document), b"null").secrets == PullSecrets(("b", "a"))


@pytest.mark.parametrize("kind", POD_SPECS, ids=str)
@pytest.mark.parametrize("secrets", [{}, {"imagePullSecrets": None}, {"imagePullSecrets": []}], ids=str)
def test_service_account_of_templates(kind: Kind, secrets: dict[str, Any]) -> None:
    """Without secrets, those of the service account count; the API server has put them into a pod, if there are any."""
    for account, name in ("builder", "builder"), ("", "default"), (None, "default"):
        document = WORKLOADS[kind][0]({**_SPEC, **secrets, "serviceAccountName": account})
        found = find_pod(kind, _encoded(document)).secrets
        assert found == (PullSecrets() if kind == POD else PullSecrets(service_account=name))


def test_secrets_without_names_are_some() -> None:
    """A template whose secrets have no names gets none of its service account, as the API server sees it."""
    document = WORKLOADS[Kind("apps", "Deployment")][0]({**_SPEC, "imagePullSecrets": [{"name": ""}]})
    assert find_pod(Kind("apps", "Deployment"), _encoded(document)).secrets == PullSecrets()
