"""Pods of a workload: their images, each with its place in the object, and the secrets with which they are pulled."""

from collections.abc import Iterator
from typing import Annotated, NamedTuple, TypeVar

import msgspec

from notarykit_admission.forms import decode
from notarykit_admission.workload.kinds import POD, POD_SPECS, Kind

# The API server has no such limit, and asks before it looks for names and images in the members.
MOST_MEMBERS = 1000


class Image(NamedTuple):
    """Image that a request makes run.

    Attributes:
        text: Its reference as it is written in the request; empty where the field is missing.
        place: Where it stands, for people, such as `init container 'setup'`; empty where the request does not say.
        pointer: JSON pointer (RFC 6901) to the reference, from the root of the object; empty where there is no object.
    """

    text: str
    place: str = ""
    pointer: str = ""


class PullSecrets(NamedTuple):
    """Secrets with which the images of a pod are pulled.

    Attributes:
        names: Names of the secrets, in their order.
        service_account: Service account whose secrets they are instead; empty where the names alone count. It is read
            for templates: in a pod without secrets, the API server has already put those of the service account.
    """

    names: tuple[str, ...] = ()
    service_account: str = ""


NO_SECRETS = PullSecrets()


class Pod(NamedTuple):
    """Pod that an object is, or makes run.

    Attributes:
        images: Its images, in the order in which they stand in its specification.
        secrets: Secrets with which they are pulled.
    """

    images: tuple[Image, ...]
    secrets: PullSecrets


NO_POD = Pod((), NO_SECRETS)


class _Container(msgspec.Struct, frozen=True):
    name: str | None = None
    image: str | None = None


class _ImageVolume(msgspec.Struct, frozen=True):
    reference: str | None = None


class _Volume(msgspec.Struct, frozen=True):
    name: str | None = None
    image: _ImageVolume | None = None


class _Secret(msgspec.Struct, frozen=True):
    name: str | None = None


_Member = TypeVar("_Member")
_List = Annotated[tuple[_Member, ...], msgspec.Meta(max_length=MOST_MEMBERS)] | None


class _PodSpec(msgspec.Struct, frozen=True, rename="camel"):
    """Part of a pod's specification that is about images (Kubernetes API reference, "PodSpec")."""

    containers: _List[_Container] = None
    init_containers: _List[_Container] = None
    ephemeral_containers: _List[_Container] = None
    volumes: _List[_Volume] = None
    image_pull_secrets: _List[_Secret] = None
    service_account_name: str | None = None


def _only(name: str) -> msgspec.json.Decoder[msgspec.Struct | None]:
    """Returns a decoder of one member of an object, which builds nothing of the others, however many there are."""
    member = (name, msgspec.Raw, msgspec.field(default=msgspec.Raw(b"null")))
    return msgspec.json.Decoder(msgspec.defstruct("Part", [member], frozen=True) | None)


_PARTS = {name: _only(name) for path in POD_SPECS.values() for name in path}
_POD_SPEC = msgspec.json.Decoder(_PodSpec | None)
# Service account of pods that name none (Kubernetes, "Service Accounts").
_DEFAULT_ACCOUNT = "default"


def find_pod(kind: Kind, document: bytes | msgspec.Raw) -> Pod:
    """Returns what an object says of the images of its pods.

    Args:
        kind: Kind of the object; one that holds no pod specification has no images.
        document: The object in JSON; `null` has no images.

    Raises:
        RequestError: The object, or a part of it on the way to its images, is not of the form that its kind has, or has
            more than 1,000 containers of a kind, volumes or pull secrets.
    """
    if kind not in POD_SPECS:
        return NO_POD
    path = POD_SPECS[kind]
    part: bytes | msgspec.Raw = document
    for name in path:
        found = decode(_PARTS[name], part, kind.name)
        if found is None:
            return NO_POD
        part = getattr(found, name)
    spec = decode(_POD_SPEC, part, kind.name)
    if spec is None:
        return NO_POD
    return Pod(tuple(_images(spec, "/".join(("", *path)))), _secrets(spec, is_pod=kind == POD))


def find_new(kind: Kind, document: bytes | msgspec.Raw, old: bytes | msgspec.Raw) -> Pod:
    """Returns what an object says of its images, without those that are in the same places of an older state of it.

    A place is a list and a name in it, so that one container more, or another order, makes no image new.

    Args:
        kind: Kind of the object.
        document: The object in JSON.
        old: Its older state in JSON; `null` where there is none.

    Raises:
        RequestError: As `find_pod`.
    """
    pod = find_pod(kind, document)
    known = {image[:2] for image in find_pod(kind, old).images}
    return Pod(tuple(image for image in pod.images if image[:2] not in known), pod.secrets) if known else pod


def _images(spec: _PodSpec, root: str) -> Iterator[Image]:
    for member, kind, containers in (
        ("initContainers", "init container", spec.init_containers),
        ("containers", "container", spec.containers),
        ("ephemeralContainers", "ephemeral container", spec.ephemeral_containers),
    ):
        for index, container in enumerate(containers or ()):
            pointer = f"{root}/{member}/{index}/image"
            yield Image(container.image or "", f"{kind} {container.name or ''!r}", pointer)
    for index, volume in enumerate(spec.volumes or ()):
        if volume.image is not None:
            pointer = f"{root}/volumes/{index}/image/reference"
            yield Image(volume.image.reference or "", f"image volume {volume.name or ''!r}", pointer)


def _secrets(spec: _PodSpec, *, is_pod: bool) -> PullSecrets:
    if not spec.image_pull_secrets:
        return NO_SECRETS if is_pod else PullSecrets(service_account=spec.service_account_name or _DEFAULT_ACCOUNT)
    # The API server takes secrets without a name, and kubelet passes over them.
    return PullSecrets(tuple({secret.name: None for secret in spec.image_pull_secrets if secret.name}))
