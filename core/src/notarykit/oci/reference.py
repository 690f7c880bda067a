"""References: how a person names an artifact, in a registry or in an image layout."""

import re
from typing import NamedTuple

from notarykit.descriptor import check_digest
from notarykit.errors import UsageError

# The grammar of repository names (distribution-spec, "Pulling manifests"); a host's name may have upper case.
_HOST = r"(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])"
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_HOST}(?:\.{_HOST})*(?::[0-9]+)?/{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


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
        raise UsageError(
            f"reference {text!r} is malformed",
            advice="write registry/repository@digest, or add --oci-layout if it is an image layout",
        )
    if colon and _TAG.fullmatch(tag) is None:
        raise UsageError(f"reference {text!r} has a malformed tag")
    if not (at or colon):
        raise UsageError(f"reference {text!r} has neither tag nor digest", advice="write registry/repository@digest")
    return Reference(repository, "" if at else tag, _digest(digest, text) if at else "")


def parse_layout_reference(text: str) -> LayoutReference:
    """A reference into an image layout: `path@digest` or `path:tag`.

    Raises:
        UsageError: It has neither tag nor digest, or one that is malformed.
    """
    path, at, digest = text.rpartition("@")
    if at and ":" in digest and "/" not in digest:
        return LayoutReference(_path(path, text), "", _digest(digest, text))
    path, colon, tag = text.rpartition(":")
    if not colon or "/" in tag or "\\" in tag:
        raise UsageError(
            f"layout reference {text!r} has neither tag nor digest", advice="write PATH@DIGEST or PATH:TAG"
        )
    if not tag:
        raise UsageError(f"layout reference {text!r} has an empty tag", advice="write PATH@DIGEST or PATH:TAG")
    return LayoutReference(_path(path, text), tag, "")


def _path(path: str, text: str) -> str:
    if not path:
        raise UsageError(f"layout reference {text!r} has no path", advice="write PATH@DIGEST or PATH:TAG")
    return path


def _digest(digest: str, text: str) -> str:
    try:
        return check_digest(digest)
    except ValueError as error:
        raise UsageError(f"reference {text!r}: {error}") from None
