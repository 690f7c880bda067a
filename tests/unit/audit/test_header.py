"""Header of an audit: the digest of all settings by which its verdicts were found."""

from typing import Any

import pytest

from notarykit.audit.header import policy_digest
from notarykit.trust.store import MemoryTrustStore
from notarykit.verification.verifier import Verifier
from tests.unit.verification.setting import IDENTITY, OTHER, document, store

_VERIFIER = Verifier(document(), store())


@pytest.mark.parametrize(
    "change",
    [
        {"policies": document("audit")},
        {"policies": document(override={"expiry": "log"})},
        {"policies": document(stores=("ca:other",))},
        {"policies": document(identities=(IDENTITY,))},
        {"policies": document(timestamps="afterCertExpiry")},
        {"store": store(OTHER)},
        {"store": MemoryTrustStore({})},
        {"max_signatures": _VERIFIER.max_signatures + 1},
        {"max_envelope_size": _VERIFIER.max_envelope_size + 1},
    ],
    ids=["level", "override", "stores", "identities", "timestamps", "certificates", "no store", "signatures", "size"],
)
def test_setting_that_decides_is_in_the_digest(change: dict[str, Any]) -> None:
    """Records under another setting are not taken over by a resumed audit."""
    assert policy_digest(_VERIFIER._replace(**change)) != policy_digest(_VERIFIER)


def test_digest_is_that_of_the_settings() -> None:
    """The same settings, read anew by another command, have the same digest."""
    assert policy_digest(Verifier(document(), store())) == policy_digest(_VERIFIER)
