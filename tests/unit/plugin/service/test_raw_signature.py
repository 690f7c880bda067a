"""Signatures of services in the protocol's form."""

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from notarykit.plugin import KEY_SPECS, checked_raw_signature


@pytest.mark.parametrize(("name", "size"), [("EC-256", 32), ("EC-384", 48), ("EC-521", 66)])
def test_ecdsa_is_r_and_s_side_by_side(name: str, size: int) -> None:
    """The two integers of the DER are padded to the curve's length."""
    raw = checked_raw_signature(encode_dss_signature(1, 0x0203), KEY_SPECS[name])
    assert raw == bytes(size - 1) + b"\x01" + bytes(size - 2) + b"\x02\x03"


@pytest.mark.parametrize("der", [b"", b"\x30", bytes(64), encode_dss_signature(1 << 256, 1)])
def test_ecdsa_of_another_form_or_curve_is_refused(der: bytes) -> None:
    """Neither raw bytes nor integers beyond the curve pass for DER."""
    with pytest.raises(ValueError):  # noqa: PT011 - several parsers refuse
        checked_raw_signature(der, KEY_SPECS["EC-256"])


@pytest.mark.parametrize("size", [0, 255, 257, 384])
def test_rsa_of_another_length_is_refused(size: int) -> None:
    """An RSA signature is as long as the modulus."""
    assert checked_raw_signature(bytes(256), KEY_SPECS["RSA-2048"]) == bytes(256)
    with pytest.raises(ValueError, match=f"^signature is {size} bytes long, not the 256 of RSA-2048$"):
        checked_raw_signature(bytes(size), KEY_SPECS["RSA-2048"])
