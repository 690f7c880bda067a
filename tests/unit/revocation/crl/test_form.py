"""Form of a CRL (RFC 5280, section 5)."""

from collections.abc import Sequence

import pytest
from cryptography import x509

from notarykit.revocation.crl import Crl
from notarykit.revocation.result import UnknownStatusError
from tests.support import asn1
from tests.support.crls import (
    ISSUING_DISTRIBUTION_POINT,
    Entry,
    make_crl,
)
from tests.support.der import sequence, tlv
from tests.unit.revocation.crl.readings import (
    X400_ADDRESS,
    judge_leaf,
    leaf_entry,
    leaf_status,
    read_crl,
)
from tests.unit.revocation.setting import CHAIN


@pytest.mark.parametrize(
    "der",
    [b"", b"\x30\x00", b"0" * 1000, b"<html></html>", make_crl(CHAIN)[:-1], make_crl(CHAIN) + b"\0"],
    ids=["nothing", "empty", "zeros", "a page", "cut off", "more behind"],
)
def test_unreadable_crl_is_refused(der: bytes) -> None:
    """Bytes that are no CRL are refused."""
    with pytest.raises(UnknownStatusError, match="it is no readable CRL"):
        Crl(der)


@pytest.mark.parametrize("entries", [(), (leaf_entry(),)])
def test_version_1_is_accepted(entries: Sequence[Entry]) -> None:
    """RFC 5280, section 5: applications are required to process CRLs of version 1 as well."""
    assert leaf_status(entries, version=1) == ("revoked" if entries else "good")


def test_unknown_version_is_refused() -> None:
    """RFC 5280, section 5.1.2.1: version 2 is the last one."""
    with pytest.raises(UnknownStatusError):
        read_crl(version=3)


def test_crl_without_next_update_is_refused() -> None:
    """RFC 5280, section 5.1.2.5: nextUpdate is required."""
    with pytest.raises(UnknownStatusError, match="has no nextUpdate"):
        read_crl(next_update=None)


@pytest.mark.parametrize(
    ("extension", "text"),
    [
        ((x509.UnrecognizedExtension(ISSUING_DISTRIBUTION_POINT, b"\xff"), True), "cannot be read|no readable"),
        (asn1.unknown_extension(), "critical extension 1.3.6.1.4.1.99999.1"),
    ],
    ids=["malformed", "unknown"],
)
def test_critical_extension_is_refused(extension: tuple[x509.ExtensionType, bool], text: str) -> None:
    """RFC 5280, section 5.2: a CRL with a critical extension that cannot be processed is not used."""
    with pytest.raises(UnknownStatusError, match=text):
        judge_leaf(read_crl(extensions=[extension]))


def test_unknown_extension_is_ignored() -> None:
    """RFC 5280, section 5.2: an unknown one is ignored."""
    assert leaf_status(extensions=[asn1.unknown_extension(critical=False)]) == "good"


@pytest.mark.parametrize(
    "extension",
    [
        (x509.UnrecognizedExtension(ISSUING_DISTRIBUTION_POINT, sequence(tlv(0xA0, tlv(0xA0, X400_ADDRESS)))), True),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.18"), sequence(X400_ADDRESS)), False),
    ],
    ids=["where it is issued for", "another name of the issuer"],
)
def test_unsupported_general_name_raises_nothing_else(extension: tuple[x509.ExtensionType, bool]) -> None:
    """An X.400 name makes the CRL unusable at most."""
    try:
        assert leaf_status(extensions=[extension]) == "good"
        assert not extension[1]
    except UnknownStatusError:
        return


def test_repeated_extension_is_refused() -> None:
    """RFC 5280, section 4.2: an extension occurs once."""
    with pytest.raises(UnknownStatusError):
        read_crl(extensions=[(x509.CRLNumber(2), False)])


@pytest.mark.parametrize(
    "value",
    [b"", b"\x17", b"\x17\x05", b"\x17\x82", b"\x05\x00", tlv(0x17, b""), tlv(0x17, b"soon"), tlv(0x17, b"\xff" * 13)],
)
def test_malformed_next_publish_raises_nothing_else(value: bytes) -> None:
    """A malformed NextPublish makes the CRL unusable at most."""
    try:
        assert leaf_status(next_publish=value) == "good"
    except UnknownStatusError:
        return
