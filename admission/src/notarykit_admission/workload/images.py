"""Images of a workload: each place in an object where a reference to an image stands."""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from notarykit_admission.forms import decode
from notarykit_admission.workload.kinds import POD_SPECS, Kind


class ImageField(NamedTuple):
    """Place in an object where a reference to an image stands.

    Attributes:
        pointer: JSON pointer (RFC 6901) to the reference, from the root of the object.
        place: The place for people, such as `init container 'setup'`.
        image: The reference as it is written there; empty where the field is missing.
    """

    pointer: str
    place: str
    image: str


class _Container(msgspec.Struct, frozen=True):
    name: str | None = None
    image: str | None = None


class _ImageVolume(msgspec.Struct, frozen=True):
    reference: str | None = None


class _Volume(msgspec.Struct, frozen=True):
    name: str | None = None
    image: _ImageVolume | None = None


class _PodSpec(msgspec.Struct, frozen=True, rename="camel"):
    """Part of a pod's specification that images stand in (Kubernetes API reference, "PodSpec")."""

    containers: tuple[_Container, ...] | None = None
    init_containers: tuple[_Container, ...] | None = None
    ephemeral_containers: tuple[_Container, ...] | None = None
    volumes: tuple[_Volume, ...] | None = None


_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw] | None)
_POD_SPEC = msgspec.json.Decoder(_PodSpec | None)


def find_images(kind: Kind, document: bytes | msgspec.Raw) -> tuple[ImageField, ...]:
    """Returns the images of an object, in the order in which they stand in its pod specification.

    Args:
        kind: Kind of the object; one that holds no pod specification has no images.
        document: The object in JSON; `null` has no images.

    Raises:
        RequestError: The object, or a part of it on the way to its images, is not of the form that its kind has.
    """
    if kind not in POD_SPECS:
        return ()
    path = POD_SPECS[kind]
    part: bytes | msgspec.Raw = document
    for name in path:
        members = decode(_MEMBERS, part, kind.name)
        if members is None or name not in members:
            return ()
        part = members[name]
    spec = decode(_POD_SPEC, part, kind.name)
    return () if spec is None else tuple(_images(spec, "/".join(("", *path))))


def find_new_images(kind: Kind, document: bytes | msgspec.Raw, old: bytes | msgspec.Raw) -> tuple[ImageField, ...]:
    """Returns the images of an object that are not in the same places of an older state of it.

    A place is a list and a name in it, so that one container more, or another order, makes no image new.

    Args:
        kind: Kind of the object.
        document: The object in JSON.
        old: Its older state in JSON; `null` where there is none.

    Raises:
        RequestError: As `find_images`.
    """
    known = {field[1:] for field in find_images(kind, old)}
    return tuple(field for field in find_images(kind, document) if field[1:] not in known)


def _images(spec: _PodSpec, root: str) -> Iterator[ImageField]:
    for member, kind, containers in (
        ("initContainers", "init container", spec.init_containers),
        ("containers", "container", spec.containers),
        ("ephemeralContainers", "ephemeral container", spec.ephemeral_containers),
    ):
        for index, container in enumerate(containers or ()):
            pointer = f"{root}/{member}/{index}/image"
            yield ImageField(pointer, f"{kind} {container.name or ''!r}", container.image or "")
    for index, volume in enumerate(spec.volumes or ()):
        if volume.image is not None:
            pointer = f"{root}/volumes/{index}/image/reference"
            yield ImageField(pointer, f"image volume {volume.name or ''!r}", volume.image.reference or "")
