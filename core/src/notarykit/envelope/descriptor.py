"""OCI content descriptor and digest (image-spec, descriptor.md)."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from notarykit._internal.strict_json import DocumentError, Members

# image-spec, descriptor.md, "Registered Algorithms", and the number of hexadecimal digits of each.
_HEX_DIGITS = {"sha256": 64, "sha384": 96, "sha512": 128}
_HEX = re.compile("[0-9a-f]+")
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")
_PARAMETER = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETERS = re.compile(rf'(?:[ \t]*;[ \t]*{_PARAMETER}=(?:{_PARAMETER}|"[ !#-\[\]-~]*"))*')
_PARAMETER_NAME = re.compile(rf'({_PARAMETER})=(?:{_PARAMETER}|"[^"]*")')
_LONGEST_CONTENT_TYPE = 1000


def check_digest(digest: str) -> str:
    """Returns the digest if it is well formed and of a supported algorithm.

    Raises:
        ValueError: It is not `algorithm:hex` with sha256, sha384 or sha512.
    """
    algorithm, _, encoded = digest.partition(":")
    if algorithm not in _HEX_DIGITS:
        raise ValueError(f"digest {digest!r} is not of sha256, sha384 or sha512")
    if len(encoded) != _HEX_DIGITS[algorithm] or _HEX.fullmatch(encoded) is None:
        raise ValueError(f"digest {digest!r} does not have {_HEX_DIGITS[algorithm]} lower-case hexadecimal digits")
    return digest


def is_digest(text: str) -> bool:
    """Returns True for a well-formed digest of a supported algorithm."""
    try:
        check_digest(text)
    except ValueError:
        return False
    return True


def digest_of(content: bytes, algorithm: str = "sha256") -> str:
    """Computes the digest of content, as `algorithm:hex`."""
    return f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"


class Descriptor(NamedTuple):
    """OCI content descriptor.

    Attributes:
        media_type: The content's media type.
        digest: `algorithm:hex`.
        size: The length in bytes.
        annotations: The annotations.
        artifact_type: The artifact type of a manifest, or an empty string.
    """

    media_type: str
    digest: str
    size: int
    annotations: Mapping[str, str] = {}
    artifact_type: str = ""

    @property
    def bare(self) -> "Descriptor":
        """Media type, digest and size alone: what is signed of a descriptor, beside user metadata."""
        return Descriptor(self.media_type, self.digest, self.size)

    def is_same_content(self, other: "Descriptor") -> bool:
        """Compares media type, digest and size."""
        return self[:3] == other[:3]

    def describes(self, content: bytes) -> bool:
        """Returns True if content has this size and digest."""
        algorithm = self.digest.partition(":")[0]
        return len(content) == self.size and digest_of(content, algorithm) == self.digest

    def checked(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Yields pieces of content; the last one only once all of them together have this size and digest.

        Raises:
            ValueError: They have another.
        """
        held: list[bytes] = []
        check = StreamCheck(self, held.append)
        for piece in pieces:
            check.add(piece)
            yield from held[:-1]
            del held[:-1]
        if not check.end():
            raise ValueError(f"the content of {self.digest} has another digest or size")
        yield from held

    def to_json(self) -> dict[str, Any]:
        """Returns the members of the JSON object, in the order of other tools."""
        members: dict[str, Any] = {"mediaType": self.media_type, "digest": self.digest, "size": self.size}
        if self.annotations:
            members["annotations"] = dict(self.annotations)
        if self.artifact_type:
            members["artifactType"] = self.artifact_type
        return members

    @classmethod
    def from_json(cls, members: Members) -> "Descriptor":
        """Parses a JSON object; unknown members are ignored.

        Raises:
            DocumentError: A member is absent, of a wrong type, or malformed.
        """
        media_type = members.filled("mediaType")
        digest = members.text("digest")
        size = members.integer("size")
        if size < 0:
            raise DocumentError(f"{members.where}: 'size' must not be negative")
        try:
            check_digest(digest)
        except ValueError as error:
            raise DocumentError(f"{members.where}: {error}") from None
        artifact_type = members.text("artifactType", "")
        return cls(media_type, digest, size, members.text_map("annotations"), artifact_type)


class StreamCheck:
    """Check of content that passes through piece by piece.

    Args:
        descriptor: Descriptor that the whole must have.
        sink: Function that takes the pieces, up to the descriptor's size.
    """

    def __init__(self, descriptor: Descriptor, sink: Callable[[bytes], object]) -> None:
        algorithm, _, self._expected = descriptor.digest.partition(":")
        self._hash = hashlib.new(algorithm)
        self._left = descriptor.size
        self._sink = sink

    def add(self, piece: bytes) -> None:
        """Takes a piece; what is beyond the size is dropped, and found out by `end`."""
        self._left -= len(piece)
        if self._left >= 0:
            self._hash.update(piece)
            self._sink(piece)

    def end(self) -> bool:
        """Returns True if the content had the descriptor's size and digest."""
        return self._left == 0 and self._hash.hexdigest() == self._expected


def is_media_type(text: str) -> bool:
    """Returns True for a well-formed media type (RFC 6838, section 4.2)."""
    return _MEDIA_TYPE.fullmatch(text) is not None


def is_content_type(text: str) -> bool:
    """Returns True for a well-formed media type with parameters or without (RFC 9110, section 8.3.1).

    No parameter comes twice (RFC 6838, section 4.3).
    """
    if len(text) > _LONGEST_CONTENT_TYPE:
        return False
    name = text.partition(";")[0].rstrip(" \t")
    if not is_media_type(name) or _PARAMETERS.fullmatch(text, len(name)) is None:
        return False
    names = [each.lower() for each in _PARAMETER_NAME.findall(text, len(name))]
    return len(set(names)) == len(names)
