"""Raw signatures in the plugin protocol's form (signature specification, "Signature Algorithm Requirements").

RSASSA-PSS has a salt as long as the hash and MGF1 with the same hash; ECDSA is r and s side by side, each of the
curve's full length (RFC 7518, section 3.4).
"""

from __future__ import annotations

from notarykit.keys.signature import raw_ecdsa, sign_raw, verify_raw

TYPE_CHECKING = False
if TYPE_CHECKING:
    from notarykit.keys.spec import KeySpec

__all__ = ["checked_raw_signature", "sign_raw", "verify_raw"]


def checked_raw_signature(signature: bytes, spec: KeySpec) -> bytes:
    """Returns the protocol's form of a signature in the form of most services.

    Args:
        signature: For ECDSA the DER of ECDSA-Sig-Value (RFC 3279, section 2.2.3), for RSA the signature itself.
        spec: The spec of the key.

    Raises:
        ValueError: It is no DER of two integers of the curve, or an RSA signature of another length than the modulus.
    """
    raw = signature if spec.is_rsa else raw_ecdsa(signature, spec)
    if len(raw) != spec.signature_size:
        raise ValueError(f"signature is {len(raw)} bytes long, not the {spec.signature_size} of {spec.name}")
    return raw
