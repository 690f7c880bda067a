"""References to artifacts, in registries and in image layouts."""

import os
import re
from typing import NamedTuple, Never, NoReturn, Self

from notarykit.envelope.descriptor import check_digest, is_digest
from notarykit.errors import UsageError

# The grammar of repository names (distribution-spec, "Pulling manifests"); of hosts, what Docker takes for one.
_LABEL = r"(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:]+\])"
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_SCOPE = re.compile(rf"{_HOST}(?::[0-9]+)?/{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")

_LIKE_DIGEST = re.compile(r"[^/]*:[^/]*")

LAYOUT_FILE = "oci-layout"


class Tag(str):
    """Tag of an artifact: a name that may be moved to another artifact."""

    __slots__ = ()

    @property
    def suffix(self) -> str:
        """The tag as the end of a reference."""
        return f":{self}"


class Digest(str):
    """Digest of an artifact, `algorithm:hex` (OCI image specification, descriptor.md, "Digests").

    Raises:
        UsageError: It is malformed, or not of sha256, sha384 or sha512.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Checks the text."""
        try:
            return super().__new__(cls, check_digest(text))
        except ValueError as error:
            raise UsageError(str(error)) from None

    @property
    def suffix(self) -> str:
        """The digest as the end of a reference."""
        return f"@{self}"


def refuse_identifier(identifier: Never) -> NoReturn:
    """Refuses a text that is neither a `Tag` nor a `Digest`, and so could be either.

    Raises:
        UsageError: Always.
    """
    raise UsageError(f"{identifier!r} is neither a Tag nor a Digest", advice="give notarykit.Tag or notarykit.Digest")


class Reference(NamedTuple):
    """Artifact in a registry.

    Attributes:
        registry: Registry, `host[:port]`.
        name: Name of the repository within the registry.
        identifier: Tag or digest of the artifact.
    """

    registry: str
    name: str
    identifier: Tag | Digest

    def __str__(self) -> str:
        return f"{self.scope}{self.identifier.suffix}"

    @property
    def scope(self) -> str:
        """The repository as trust policies name it in their scopes, `registry/repository`."""
        return f"{self.registry}/{self.name}"

    def policy_scope(self, scope: str = "") -> str:
        """Returns the scope by which the trust policy statement is chosen: the reference's own.

        Raises:
            UsageError: Another one is given.
        """
        if scope:
            raise UsageError("a scope goes with an artifact in an image layout alone")
        return self.scope


class LayoutReference(NamedTuple):
    """Artifact in an image layout.

    Attributes:
        path: Folder of the layout, or a tar file of one.
        identifier: Digest, or tag: the entry's annotation `org.opencontainers.image.ref.name`.
    """

    path: str
    identifier: Tag | Digest

    def __str__(self) -> str:
        return f"{self.path}{self.identifier.suffix}"

    def policy_scope(self, scope: str = "") -> str:
        """Returns the scope by which the trust policy statement is chosen: the given one.

        Raises:
            UsageError: It is not of the form `registry/repository`.
        """
        if not is_scope(scope):
            raise UsageError(
                f"scope {scope!r} is not of the form registry/repository",
                advice="an artifact in an image layout needs one that selects the trust policy, such as local/hello",
            )
        return scope


def is_scope(text: str) -> bool:
    """Tells whether a text names a repository in full, `registry/repository`."""
    return _SCOPE.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    """Returns True for a well-formed tag (distribution-spec, "Pulling manifests")."""
    return _TAG.fullmatch(text) is not None


def parse_reference(text: str) -> Reference:
    """Parses a registry reference: `registry/repository`, then `:tag`, `@digest` or both; the digest counts then.

    Raises:
        UsageError: It is malformed, or has neither tag nor digest.
    """
    name, at, digest = text.partition("@")
    head, slash, last = name.rpartition("/")
    last, colon, tag = last.partition(":")
    repository = f"{head}{slash}{last}"
    if not is_scope(repository):
        raise UsageError(f"reference {text!r} is malformed", advice=_advice(repository))
    if colon and not is_tag(tag):
        raise UsageError(f"reference {text!r} has a malformed tag")
    if not (at or colon):
        raise UsageError(f"reference {text!r} has neither tag nor digest", advice="write registry/repository@digest")
    registry, _, name = repository.partition("/")
    return Reference(registry, name, _digest(digest, text) if at else Tag(tag))


def as_reference(value: object) -> Reference | LayoutReference:
    """Returns a reference, parsed if it is text.

    Raises:
        UsageError: It is malformed, or neither text nor a reference.
    """
    if isinstance(value, str):
        return parse_reference(value)
    if isinstance(value, Reference | LayoutReference):
        return value
    raise UsageError(
        f"an object of type {type(value).__name__} is no reference",
        advice="give text, or what parse_reference or parse_layout_reference returns",
    )


def _advice(repository: str) -> str:
    """Returns the advice for a repository's name that is malformed."""
    if "://" in repository:
        return "leave out what is before the registry's name"
    if "_" in repository.partition("/")[0]:
        return "a registry's name has no underscore: neither Docker nor a trust policy takes one"
    if is_scope(repository.lower()):
        return "write repositories in lower case"
    layout = "or add --oci-layout if it is an image layout (in Python: parse_layout_reference)"
    if "/" not in repository:
        return f"write docker.io/library/NAME for an official image of Docker Hub, {layout}"
    return f"write registry/repository@digest, {layout}"


def parse_layout_reference(text: str) -> LayoutReference:
    """Parses a reference into an image layout: `path@digest`, `path:tag` or `path:tag@digest`; the digest counts then.

    Paths and tags (`docker.io/library/hello:v1`, say) may both hold colons: the path is the one that is a layout.

    Raises:
        UsageError: It has neither tag nor digest, one that is malformed, or can be understood in two ways.
    """
    path, at, digest = text.rpartition("@")
    if at and _LIKE_DIGEST.fullmatch(digest):
        layout = path if _is_layout(path) else _layout_before_tag(path, text)
        return LayoutReference(_path(layout or path, text), _digest(digest, text))
    if layout := _layout_before_tag(text, text):
        return LayoutReference(layout, _tag(text[len(layout) + 1 :], text))
    path, colon, tag = text.rpartition(":")
    if not colon or "/" in tag or "\\" in tag:
        raise UsageError(
            f"layout reference {text!r} has neither tag nor digest", advice="write PATH@DIGEST or PATH:TAG"
        )
    return LayoutReference(_path(path, text), _tag(tag, text))


def _layout_before_tag(text: str, reference: str) -> str:
    """Returns the path of the layout that stands before one of the colons, or an empty string."""
    parts = text.split(":")
    paths = (":".join(parts[:count]) for count in range(1, len(parts)))
    layouts = [path for path in paths if _is_layout(path)]
    if len(layouts) > 1:
        raise UsageError(
            f"layout reference {reference!r} can be understood in {len(layouts)} ways:"
            f" {' and '.join(map(repr, layouts))} are there",
            advice="write PATH@DIGEST",
        )
    return layouts[0] if layouts else ""


def _is_layout(path: str) -> bool:
    """Tells whether a path leads to an image layout, or to a file that may be an archive of one."""
    return os.path.isfile(path) or os.path.isfile(os.path.join(path, LAYOUT_FILE))


def _tag(tag: str, text: str) -> Tag | Digest:
    """Returns the tag, or the digest where the text has the form of one, which names nothing else."""
    if not tag:
        raise UsageError(f"layout reference {text!r} has an empty tag", advice="write PATH@DIGEST or PATH:TAG")
    return Digest(tag) if is_digest(tag) else Tag(tag)


def _path(path: str, text: str) -> str:
    if not path:
        raise UsageError(f"layout reference {text!r} has no path", advice="write PATH@DIGEST or PATH:TAG")
    return path


def _digest(digest: str, text: str) -> Digest:
    try:
        return Digest(digest)
    except UsageError as error:
        raise error.within(f"reference {text!r}") from None
