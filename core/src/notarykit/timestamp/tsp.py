"""Time-Stamp Protocol messages (RFC 3161, section 2.4): requests, responses, and the TSTInfo of a token."""

import re
from datetime import UTC, datetime, timedelta

from cryptography.hazmat import asn1
from cryptography.hazmat.asn1 import TLV, BitString, Null
from cryptography.x509 import ObjectIdentifier

from notarykit.errors import TimestampError
from notarykit.keys.der import SEQUENCE, check_der, element
from notarykit.keys.x509_signature import hash_of
from notarykit.timestamp import syntax
from notarykit.timestamp.authority_name import GENERAL_NAMES
from notarykit.timestamp.ber import decode_ber
from notarykit.timestamp.records import TimestampInfo
from notarykit.timestamp.syntax import malformed, whole

_V1 = 1
_CONTENT, _GENERALIZED_TIME = 0xA0, b"\x18"
_BASELINE_POLICY = "0.4.0.2023.1.1"  # RFC 3628, section 5.2
# Section 2.4.2: seconds are there, a fraction has no trailing zero, and the zone is Z.
_TIME = re.compile(rb"([0-9]{14})(?:\.([0-9]*[1-9]))?Z")
_MAX_ACCURACY = timedelta(days=366)
_HASHES = {
    "SHA-256": "2.16.840.1.101.3.4.2.1",
    "SHA-384": "2.16.840.1.101.3.4.2.2",
    "SHA-512": "2.16.840.1.101.3.4.2.3",
}
# Section 2.4.2, PKIStatus and PKIFailureInfo.
_STATUSES = ("granted", "granted_with_mods", "rejection", "waiting", "revocation_warning", "revocation_notification")
_GRANTED = (0, 1)
_FAILURES = {
    0: "unrecognized or unsupported hash algorithm", 2: "transaction not permitted or supported",
    5: "the data has the wrong format", 14: "its time source is not available", 15: "policy not supported",
    16: "extension not supported", 17: "additional information not available", 25: "system failure",
}  # fmt: skip


def make_request(hash_name: str, digest: bytes, nonce: int, policy: str = "") -> bytes:
    """Returns a TimeStampReq for a token with its certificates, in DER.

    Args:
        hash_name: The hash, such as `SHA-256`.
        digest: The digest of what is stamped.
        nonce: A random number.
        policy: The required policy, in dotted digits, or an empty string for any.
    """
    algorithm = syntax.HashAlgorithm(algorithm=ObjectIdentifier(_HASHES[hash_name]), parameters=Null())
    return asn1.encode_der(
        syntax.TimeStampReq(
            version=_V1,
            message_imprint=syntax.MessageImprint(hash_algorithm=algorithm, hashed_message=digest),
            req_policy=ObjectIdentifier(policy) if policy else None,
            nonce=nonce,
            cert_req=True,
        )
    )


def read_response(response: bytes) -> bytes:
    """Returns the token of a TimeStampResp that grants it, in definite lengths.

    Raises:
        TimestampError: It is malformed, or the authority refuses; the text has the specification's reason.
    """
    with malformed("response"):
        return _read_response(response)


def _read_response(ber: bytes) -> bytes:
    response = decode_ber(syntax.TimeStampResp, ber)
    status, failures = response.status.status, response.status.fail_info
    if status not in range(len(_STATUSES)):
        raise ValueError(f"status {status} is unknown")
    if status not in _GRANTED:
        reasons = ", ".join(text for bit, text in _FAILURES.items() if failures is not None and _has_bit(failures, bit))
        raise TimestampError(f"the timestamp authority refuses ({_STATUSES[status]}){': ' if reasons else ''}{reasons}")
    token = response.time_stamp_token
    if token is None:
        raise TimestampError("the response has no token")
    return element(SEQUENCE, asn1.encode_der(token.content_type) + element(_CONTENT, whole(token.content)))


def _has_bit(bits: BitString, place: int) -> bool:
    octet, content = place // 8, bits.as_bytes()
    return octet < len(content) and bool(content[octet] & (0x80 >> place % 8))


def read_info(content: bytes) -> TimestampInfo:
    """Decodes a TSTInfo, in DER.

    Raises:
        TimestampError: It is malformed, or has a critical extension.
    """
    with malformed("TSTInfo"):
        return _read_info(content)


def _read_info(der: bytes) -> TimestampInfo:
    check_der(der)  # the library does not look into what is kept as it came
    info = asn1.decode_der(syntax.TSTInfo, der)
    if info.version != _V1:
        raise TimestampError("TSTInfo is not of version 1")
    for extension in info.extensions or ():
        if extension.critical:
            oid = extension.extn_id.dotted_string
            raise TimestampError(f"TSTInfo has the critical extension {oid}, which is unknown")
    authority = None
    if info.tsa is not None:
        (authority,) = info.tsa
        if authority.tag_bytes not in GENERAL_NAMES:
            raise ValueError("the authority's name is no GeneralName")
    policy, imprint = info.policy.dotted_string, info.message_imprint
    earliest, latest = _read_time(info.gen_time)
    accuracy = _read_accuracy(info.accuracy)
    if accuracy is None:
        accuracy = timedelta(seconds=1) if policy == _BASELINE_POLICY else timedelta(0)
    return TimestampInfo(
        policy,
        hash_of(asn1.encode_der(imprint.hash_algorithm)),
        imprint.hashed_message,
        info.serial_number,
        earliest - accuracy,
        earliest,
        latest + accuracy,
        info.nonce,
        None if authority is None else whole(authority),
    )


def _read_time(value: TLV) -> tuple[datetime, datetime]:
    """Returns the time cut to microseconds, and rounded up."""
    match = _TIME.fullmatch(bytes(value.data)) if value.tag_bytes == _GENERALIZED_TIME else None
    if match is None:
        raise TimestampError("genTime is not of the form 20060102150405.999Z")
    digits = (match[2] or b"").decode()
    time = datetime.strptime(f"{match[1].decode()}{digits[:6]:0<6}", "%Y%m%d%H%M%S%f").replace(tzinfo=UTC)
    return time, time + timedelta(microseconds=1 if len(digits) > 6 else 0)  # noqa: PLR2004


def _read_accuracy(accuracy: syntax.Accuracy | None) -> timedelta | None:
    """Returns the accuracy if it is specified; "if either seconds, millis or micros is missing, ... zero"."""
    if accuracy is None:
        return None
    for part in (accuracy.millis, accuracy.micros):
        if part is not None and not 1 <= part <= 999:  # noqa: PLR2004
            raise TimestampError("accuracy has a part that is not between 1 and 999")
    total = timedelta(
        seconds=accuracy.seconds or 0, milliseconds=accuracy.millis or 0, microseconds=accuracy.micros or 0
    )
    if not timedelta(0) <= total <= _MAX_ACCURACY:
        raise TimestampError("accuracy is negative, or more than a year")
    return total
