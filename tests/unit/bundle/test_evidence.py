"""What bundles say of their evidence, beside what it says itself."""

from datetime import datetime, timedelta

import pytest

from notarykit.bundle import evidence
from notarykit.bundle.contents import EVIDENCE_TYPES, EvidencePart
from notarykit.bundle.evidence import BundledEvidence, check_part
from notarykit.envelope.descriptor import Descriptor, digest_of
from notarykit.errors import ContentError, StorageError
from notarykit.revocation.evidence import evidence_file
from notarykit.revocation.result import Evidence
from tests.support.ca import make_chain
from tests.support.crls import NEXT_UPDATE, THIS_UPDATE
from tests.support.ocsp_answers import Single, make_answer, make_refusal

_SECOND = timedelta(seconds=1)


def _part(der: bytes, since: datetime = THIS_UPDATE, until: datetime = NEXT_UPDATE) -> EvidencePart:
    descriptor = Descriptor(EVIDENCE_TYPES["ocsp"], digest_of(der), len(der))
    return EvidencePart("ocsp", descriptor, evidence_file("ocsp", der), "http://ocsp.test", since, until)


def _refusal(der: bytes, part: EvidencePart) -> str:
    with pytest.raises(ContentError) as caught:
        check_part(part, der)
    return caught.value.message.removeprefix(part.file)


def test_times_are_those_of_the_response() -> None:
    """The end may be earlier than the response's, since certificates end too, but neither later nor of another one."""
    der = make_answer(make_chain(), 0)
    check_part(_part(der), der)
    check_part(_part(der, until=NEXT_UPDATE - _SECOND), der)
    for changed in (_part(der, until=NEXT_UPDATE + _SECOND), _part(der, THIS_UPDATE - _SECOND)):
        assert _refusal(der, changed).startswith(" does not hold from ")


def test_response_that_does_not_say_how_long_it_holds() -> None:
    """A response without nextUpdate holds until no time that a bundle can say (RFC 6960, 4.2.2.1)."""
    der = make_answer(make_chain(), 0, [Single(next_update=None)])
    assert _refusal(der, _part(der)).startswith(" does not hold from ")


@pytest.mark.parametrize("der", [make_refusal(1), b"", b"x"])
def test_what_is_no_status(der: bytes) -> None:
    """An OCSP error and what is no response at all are refused."""
    assert _refusal(der, _part(der)).startswith(" holds ")


def test_too_much_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bundle is not made of more evidence than its readers take; the same piece counts once."""
    der = make_answer(make_chain(), 0)
    collected = [Evidence("ocsp", "http://ocsp.test", der, THIS_UPDATE, NEXT_UPDATE)] * 2
    monkeypatch.setattr(evidence, "MOST_EVIDENCE", len(der))
    assert len(BundledEvidence.of(collected).parts) == 1
    monkeypatch.setattr(evidence, "MOST_EVIDENCE", len(der) - 1)
    with pytest.raises(StorageError, match="bytes of revocation evidence"):
        BundledEvidence.of(collected)
