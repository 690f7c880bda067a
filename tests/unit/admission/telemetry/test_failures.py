"""Kinds of failures."""

import pytest

from notarykit import NotarykitError
from notarykit.errors import (
    AccessError,
    ArtifactNotFoundError,
    ConfigurationError,
    IntegrityError,
    NetworkError,
    NoAcceptedSignatureError,
    RevocationError,
    SignatureSizeError,
    StorageError,
    UnforeseenError,
)
from notarykit_admission.telemetry.failures import kind_of


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (NetworkError("x"), "network"),
        (AccessError("x"), "access"),
        (ArtifactNotFoundError("x"), "absent"),
        (SignatureSizeError("x"), "content"),
        (StorageError("x"), "storage"),
        (RevocationError("x", statuses=()), "revocation"),
        (ConfigurationError("x"), "configuration"),
        (UnforeseenError("x"), "other"),
    ],
)
def test_kind_of_an_error(error: NotarykitError, kind: str) -> None:
    """Each kind has a name, and those that nobody thought of have one together."""
    assert kind_of(error) == kind


def test_kind_of_several_signatures() -> None:
    """Where several signatures failed, what kept one from a decision counts, and not that another is bad."""
    failures = (("sha256:aa", IntegrityError("x")), ("sha256:bb", RevocationError("x", statuses=())))
    assert kind_of(NoAcceptedSignatureError("x", failures=failures)) == "revocation"
