"""References of images, as nodes read them: one that a node would take for another image is refused.

Nodes read by the grammar of Docker (module github.com/distribution/reference): a first part without a dot or a port
names no registry there, but a user of Docker Hub.
"""

from notarykit import Reference, parse_reference
from notarykit.errors import UsageError

# A host has at most 253 characters (RFC 1035), to Docker a repository 255 and a tag 128, and SHA-512 in hex 128.
LONGEST_REFERENCE, _LONGEST_NAME = 800, 255
_DOCKER_HUB = frozenset({"docker.io", "index.docker.io"})


def read_reference(text: str) -> Reference:
    """Returns the reference that a text is, to this program and to nodes alike.

    Raises:
        UsageError: It is none, too long, or another one to nodes.
    """
    if len(text) > LONGEST_REFERENCE:
        raise UsageError(f"the reference has more than {LONGEST_REFERENCE} characters")
    reference = parse_reference(text)
    host, name = reference.registry, reference.name
    if not any(character in host for character in ".:") and host != "localhost":
        raise UsageError(f"a node reads {reference.scope} as docker.io/{reference.scope.lower()}")
    if len(name) > _LONGEST_NAME:
        raise UsageError(f"the repository's name has more than {_LONGEST_NAME} characters")
    if host in _DOCKER_HUB and "/" not in name:
        raise UsageError(f"a node reads {reference.scope} as docker.io/library/{name}")
    return reference
