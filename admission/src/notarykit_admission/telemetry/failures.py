"""Kinds of failures, by which they are counted."""

from notarykit import NotarykitError
from notarykit.errors import (
    AccessError,
    ArtifactNotFoundError,
    ConfigurationError,
    ContentError,
    NetworkError,
    NoAcceptedSignatureError,
    RevocationError,
    StorageError,
)

# The first that fits counts, so that kinds come before those that they are of.
_KINDS: tuple[tuple[type[NotarykitError], str], ...] = (
    (NetworkError, "network"),
    (AccessError, "access"),
    (ArtifactNotFoundError, "absent"),
    (ContentError, "content"),
    (StorageError, "storage"),
    (RevocationError, "revocation"),
    (ConfigurationError, "configuration"),
)
OTHER = "other"


def kind_of(error: NotarykitError) -> str:
    """Returns the kind of a failure; where several signatures failed, that of the first whose kind has a name."""
    errors = [each for _, each in error.failures] if isinstance(error, NoAcceptedSignatureError) else [error]
    return next((name for each in errors for kind, name in _KINDS if isinstance(each, kind)), OTHER)
