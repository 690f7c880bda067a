"""References: how a person names an artifact, in a registry or in an image layout."""

import os
import re
from typing import NamedTuple

from notarykit.envelope.descriptor import check_digest
from notarykit.errors import UsageError

# The grammar of repository names (distribution-spec, "Pulling manifests"); of hosts, what Docker takes for one.
_LABEL = r"(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:]+\])"
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_HOST}(?::[0-9]+)?/{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")

LAYOUT_FILE = "oci-layout"


def is_repository(text: str) -> bool:
    """Whether a text is a repository's name in full, `registry/repository`."""
    return _REPOSITORY.fullmatch(text) is not None


class Reference(NamedTuple):
    """An artifact in a registry.

    Attributes:
        repository: `registry/repository`, as trust policies name it in their scopes.
        tag: The tag, or an empty string where there is a digest.
        digest: The digest, or an empty string.
    """

    repository: str
    tag: str
    digest: str

    def __str__(self) -> str:
        return f"{self.repository}@{self.digest}" if self.digest else f"{self.repository}:{self.tag}"

    @property
    def registry(self) -> str:
        """The registry, `host[:port]`."""
        return self.repository.partition("/")[0]

    @property
    def name(self) -> str:
        """The repository's name within the registry."""
        return self.repository.partition("/")[2]


class LayoutReference(NamedTuple):
    """An artifact in an image layout.

    Attributes:
        path: The layout's folder, or a tar file of one.
        tag: The value of the entry's annotation `org.opencontainers.image.ref.name`, or an empty string.
        digest: The digest, or an empty string.
    """

    path: str
    tag: str
    digest: str

    def __str__(self) -> str:
        return f"{self.path}@{self.digest}" if self.digest else f"{self.path}:{self.tag}"


def parse_reference(text: str) -> Reference:
    """A registry reference: `registry/repository`, then `:tag`, `@digest` or both; the digest counts then.

    Raises:
        UsageError: It is malformed, or has neither tag nor digest.
    """
    name, at, digest = text.partition("@")
    head, slash, last = name.rpartition("/")
    last, colon, tag = last.partition(":")
    repository = f"{head}{slash}{last}"
    if not is_repository(repository):
        raise UsageError(f"reference {text!r} is malformed", advice=_advice(repository))
    if colon and _TAG.fullmatch(tag) is None:
        raise UsageError(f"reference {text!r} has a malformed tag")
    if not (at or colon):
        raise UsageError(f"reference {text!r} has neither tag nor digest", advice="write registry/repository@digest")
    return Reference(repository, "" if at else tag, _digest(digest, text) if at else "")


def _advice(repository: str) -> str:
    """What to write instead of a repository that is malformed."""
    if "://" in repository:
        return "leave out what is before the registry's name"
    if "_" in repository.partition("/")[0]:
        return "a registry's name has no underscore: neither Docker nor a trust policy takes one"
    if is_repository(repository.lower()):
        return "write repositories in lower case"
    layout = "or add --oci-layout if it is an image layout (in Python: parse_layout_reference)"
    if "/" not in repository:
        return f"write docker.io/library/NAME for an official image of Docker Hub, {layout}"
    return f"write registry/repository@digest, {layout}"


def parse_layout_reference(text: str) -> LayoutReference:
    """A reference into an image layout: `path@digest`, `path:tag` or `path:tag@digest`; the digest counts then.

    Paths and tags (`docker.io/library/hello:v1`, say) may both hold colons: the path is what is a layout.

    Raises:
        UsageError: It has neither tag nor digest, one that is malformed, or can be understood in two ways.
    """
    path, at, digest = text.rpartition("@")
    if at and ":" in digest and "/" not in digest:
        layout = path if _is_layout(path) else _layout_before_tag(path, text)
        return LayoutReference(_path(layout or path, text), "", _digest(digest, text))
    if layout := _layout_before_tag(text, text):
        return LayoutReference(layout, _tag(text[len(layout) + 1 :], text), "")
    path, colon, tag = text.rpartition(":")
    if not colon or "/" in tag or "\\" in tag:
        raise UsageError(
            f"layout reference {text!r} has neither tag nor digest", advice="write PATH@DIGEST or PATH:TAG"
        )
    return LayoutReference(_path(path, text), _tag(tag, text), "")


def _layout_before_tag(text: str, reference: str) -> str:
    """The path of the layout that stands before one of the colons, or an empty string."""
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
    """Whether there is an image layout, or a file that may be one's archive."""
    return os.path.isfile(path) or os.path.isfile(os.path.join(path, LAYOUT_FILE))


def _tag(tag: str, text: str) -> str:
    if not tag:
        raise UsageError(f"layout reference {text!r} has an empty tag", advice="write PATH@DIGEST or PATH:TAG")
    return tag


def _path(path: str, text: str) -> str:
    if not path:
        raise UsageError(f"layout reference {text!r} has no path", advice="write PATH@DIGEST or PATH:TAG")
    return path


def _digest(digest: str, text: str) -> str:
    try:
        return check_digest(digest)
    except ValueError as error:
        raise UsageError(f"reference {text!r}: {error}") from None
