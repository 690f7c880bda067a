"""Timestamp requests, responses and tokens between their bytes and records: the one place that knows asn1crypto.

Reading is lazy there, lets members pass that the syntax does not have, and raises errors of several kinds at any
access: `_whole` reads all of a value and refuses such members, `_read` makes one kind of error of all. CMS may come in
BER (RFC 5652, section 5.1), but for what is signed: that is DER. What is hashed or compared is taken as it came.
"""

import re
from collections.abc import Callable, Container
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from asn1crypto import algos, cms, core, tsp  # type: ignore[import-untyped]

from notarykit.errors import TimestampError
from notarykit.keys.der import SET, check_bounds, check_der
from notarykit.keys.x509_signature import algorithm_of, hash_of
from notarykit.timestamp.records import Attributes, SignedToken, TimestampInfo

LARGEST = 128 * 1024
TST_INFO = "1.2.840.113549.1.9.16.1.4"
_MOST_CERTIFICATES = 32
_V1, _V3 = 1, 3
# RFC 3628, section 5.2.
_BASELINE_POLICY = "0.4.0.2023.1.1"
# RFC 3161, section 2.4.2: seconds are there, a fraction has no trailing zero, and the zone is Z.
_GENERALIZED_TIME = re.compile(rb"([0-9]{14})(?:\.([0-9]*[1-9]))?Z")
_SIGNING_TIME = re.compile(rb"(?:[0-9]{2})?[0-9]{12}Z")  # RFC 5652, section 11.3
_THAT_COUNT = ("content_type", "message_digest", "signing_certificate", "signing_certificate_v2", "signing_time")
_LARGEST_ACCURACY = timedelta(days=366)
# RFC 3161, section 2.4.2, PKIFailureInfo.
_FAILURES = {
    0: "unrecognized or unsupported hash algorithm", 2: "transaction not permitted or supported",
    5: "the data has the wrong format", 14: "its time source is not available", 15: "policy not supported",
    16: "extension not supported", 17: "additional information not available", 25: "system failure",
}  # fmt: skip

Read = TypeVar("Read")


class _TimestampInfo(core.Sequence):  # type: ignore[misc]
    """TSTInfo as asn1crypto has it, but with a time that keeps its bytes."""

    _fields = [
        (name, core.Any if name == "gen_time" else kind, *options) for name, kind, *options in tsp.TSTInfo._fields
    ]


class _Response(core.Sequence):  # type: ignore[misc]
    """TimeStampResp, whose token is there only where the authority grants one; asn1crypto wants it always."""

    _fields = [("status", tsp.PKIStatusInfo), ("time_stamp_token", cms.ContentInfo, {"optional": True})]


def _read(what: str, reading: Callable[[], Read]) -> Read:
    """What the reading returns.

    Raises:
        TimestampError: It is malformed.
    """
    try:
        return reading()
    except TimestampError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError) as error:
        reason = str(error).partition("\n")[0][:200]
        raise TimestampError(f"{what} is malformed: {reason}") from None


def _whole(value: Any) -> Any:
    """A value after all of it was read, without members beyond those of its syntax; those are named by their place."""

    def refuse_extras(native: Any) -> None:
        if isinstance(native, dict):
            if any(name.isdigit() for name in native):
                raise ValueError("there is a member that the syntax does not have")
            native = list(native.values())
        if isinstance(native, list):
            for each in native:
                refuse_extras(each)

    refuse_extras(value.native)
    return value


def _is_there(value: Any) -> bool:
    """Whether an optional part is there."""
    return not isinstance(value, core.Void)


def read_token(token: bytes) -> SignedToken:
    """Takes a token apart.

    Raises:
        TimestampError: It is not the CMS that RFC 3161, section 2.4.2, describes.
    """
    if len(token) > LARGEST:
        raise TimestampError(f"token has {len(token)} bytes, more than the {LARGEST} that are read")
    return _read("token", lambda: _token(token))


def _token(der: bytes) -> SignedToken:
    check_bounds(der)
    outer = cms.ContentInfo.load(der, strict=True)
    if outer["content_type"].native != "signed_data":
        raise TimestampError("token is not signed data")
    signed = outer["content"]
    content_info = signed["encap_content_info"]
    if signed["version"].contents != bytes((_V3,)) or content_info["content_type"].dotted != TST_INFO:
        raise TimestampError("token is not signed data of version 3 around a TSTInfo")
    signers = signed["signer_infos"]
    if len(signers) != 1:
        raise TimestampError(f"token has {len(signers)} signatures, not the one of the timestamp authority")
    signer = signers[0]
    if signer["version"].contents != bytes((_V1,)) or signer["sid"].name != "issuer_and_serial_number":
        raise TimestampError("token does not name its signer by issuer and serial number")
    certificates = _certificates(signed["certificates"])
    identifier = signer["sid"].chosen
    wanted = (identifier["issuer"].dump(), identifier["serial_number"].native)
    attributes = signer["signed_attrs"]
    if not _is_there(attributes):
        raise TimestampError("token has no signed attributes")
    for attribute in signer["unsigned_attrs"] if _is_there(signer["unsigned_attrs"]) else ():
        _ = attribute["type"].dotted, len(attribute["values"])  # nothing of it counts, but it must be there whole
    hash_name = hash_of(signer["digest_algorithm"].dump())
    # RFC 5652, section 5.1: validation may fail where the set does not have it, and honest tokens do.
    if signer["digest_algorithm"]["algorithm"] not in [each["algorithm"] for each in signed["digest_algorithms"]]:
        raise TimestampError("token does not list the hash that its signature uses")
    return SignedToken(
        bytes(content_info["content"]),
        tuple(der for der, _ in certificates),
        tuple(der for der, names in certificates if names == wanted),
        hash_name,
        algorithm_of(signer["signature_algorithm"].dump(), hash_name),
        # RFC 5652, section 5.4: it is the SET OF that is signed, not the [0] that stands in its place.
        bytes((SET,)) + attributes.dump()[1:],
        signer["signature"].native,
    )


def _certificates(choices: Any) -> list[tuple[bytes, tuple[bytes, int]]]:
    """The X.509 certificates, each with its issuer in DER and its serial number."""
    if not _is_there(choices):
        return []
    if len(choices) > _MOST_CERTIFICATES:
        raise TimestampError(f"token has {len(choices)} certificates, more than {_MOST_CERTIFICATES}")
    found = {}
    for choice in choices:
        if choice.name in ("v2_attr_cert", "other"):  # which make it another version (RFC 5652, section 5.1)
            raise TimestampError("token has a certificate that is of no X.509 kind")
        if choice.name == "certificate":
            certificate = choice.chosen
            found[certificate.dump()] = (certificate.issuer.dump(), certificate.serial_number)
    return list(found.items())


def read_attributes(signed_attributes: bytes) -> Attributes:
    """The signed attributes that count, out of the bytes that were signed.

    Raises:
        TimestampError: One is absent, occurs twice, or is not what its specification says.
    """
    return _read("signed attribute", lambda: _attributes(signed_attributes))


def _absent(name: str, found: Container[str]) -> TimestampError:
    problem = f"signed attribute {name.replace('_', '-')} is absent"
    if "signing_certificate" not in found:
        return TimestampError(problem)
    return TimestampError(
        f"{problem}: the authority names its certificate by SHA-1 alone (signing-certificate)",
        advice="the authority has to use SHA-256 for it (openssl ts: ess_cert_id_alg = sha256), or take another one",
    )


def _attributes(der: bytes) -> Attributes:
    check_der(der)  # "The DER encoding of the SET OF" (RFC 5652, section 5.4)
    found: dict[str, Any] = {}
    for attribute in cms.CMSAttributes.load(der, strict=True):
        if len(attribute) != 2:  # noqa: PLR2004
            raise ValueError("an attribute is more than a type and its values")
        name = attribute["type"].native
        if name not in _THAT_COUNT:
            continue
        values = _whole(attribute["values"])
        if name in found or len(values) != 1:
            raise TimestampError(f"signed attribute {name.replace('_', '-')} does not have exactly one value")
        found[name] = values[0]
    for name in ("content_type", "message_digest", "signing_certificate_v2"):
        if name not in found:
            raise _absent(name, found)
    identified = found["signing_certificate_v2"]["certs"][0]
    names = [identified["issuer_serial"]]
    older = None
    if "signing_certificate" in found:
        first = found["signing_certificate"]["certs"][0]
        older = first["cert_hash"].native
        names.append(first["issuer_serial"])
    # DEFAULT {algorithm id-sha256} (RFC 5035, section 4).
    hash_name = hash_of(identified["hash_algorithm"].dump())
    signing_time = found.get("signing_time")
    if signing_time is not None and not _SIGNING_TIME.fullmatch(signing_time.chosen.contents):
        raise TimestampError("signed attribute signing-time is not of the form 260102150405Z or 20260102150405Z")
    return Attributes(
        found["content_type"].dotted,
        found["message_digest"].native,
        (hash_name, identified["cert_hash"].native),
        older,
        tuple(_read_issuer_serial(name) for name in names if _is_there(name)),
        None if signing_time is None else signing_time.chosen.native,
    )


def _read_issuer_serial(name: Any) -> tuple[bytes, int]:
    names = name["issuer"]
    if len(names) != 1 or names[0].name != "directory_name":
        raise TimestampError("signing-certificate names an issuer that is not one directory name")
    return names[0].chosen.untag().dump(), name["serial_number"].native


def issuer_and_serial(certificate: bytes) -> tuple[bytes, int]:
    """A certificate's issuer in DER, and its serial number."""
    found = cms.Certificate.load(certificate)
    return found.issuer.dump(), found.serial_number


def is_by(info: TimestampInfo, certificate: bytes) -> bool:
    """Whether the name that the authority gives itself, if it does, is one of its certificate's.

    Raises:
        TimestampError: The certificate is malformed.
    """
    return info.authority is None or _read("certificate", lambda: _has_name(certificate, info.authority))


def _has_name(certificate: bytes, name: Any) -> bool:
    found = cms.Certificate.load(certificate)
    if name.name == "directory_name" and name.chosen == found.subject:
        return True
    alternatives = found.subject_alt_name_value
    return alternatives is not None and any(each == name for each in alternatives)


def read_info(content: bytes) -> TimestampInfo:
    """What a token says.

    Raises:
        TimestampError: It is malformed, or has a critical extension.
    """
    return _read("TSTInfo", lambda: _info(content))


def _info(content: bytes) -> TimestampInfo:
    check_der(content)
    info = _whole(_TimestampInfo.load(content, strict=True))
    if info["version"].contents != bytes((_V1,)):
        raise TimestampError("TSTInfo is not of version 1")
    for extension in info["extensions"] if _is_there(info["extensions"]) else ():
        if extension["critical"].native:
            raise TimestampError(f"TSTInfo has the critical extension {extension['extn_id'].dotted}, which is unknown")
    policy, imprint = info["policy"].dotted, info["message_imprint"]
    earliest, at_most = _time(info["gen_time"].dump())
    accuracy = _accuracy(info["accuracy"])
    if accuracy is None:
        accuracy = timedelta(seconds=1) if policy == _BASELINE_POLICY else timedelta(0)
    return TimestampInfo(
        policy,
        hash_of(imprint["hash_algorithm"].dump()),
        imprint["hashed_message"].native,
        info["serial_number"].native,
        earliest - accuracy,
        earliest,
        at_most + accuracy,
        info["nonce"].native,
        info["tsa"] if _is_there(info["tsa"]) else None,
    )


def _time(der: bytes) -> tuple[datetime, datetime]:
    """The time, cut to microseconds, and the same rounded up."""
    match = _GENERALIZED_TIME.fullmatch(der[2:]) if der[0] == core.GeneralizedTime.tag else None
    if match is None:
        raise TimestampError("genTime is not of the form 20060102150405.999Z")
    digits = (match[2] or b"").decode()
    time = datetime.strptime(f"{match[1].decode()}{digits[:6]:0<6}", "%Y%m%d%H%M%S%f").replace(tzinfo=UTC)
    return time, time + timedelta(microseconds=1 if len(digits) > 6 else 0)  # noqa: PLR2004


def _accuracy(accuracy: Any) -> timedelta | None:
    """The accuracy if it is specified; "if either seconds, millis or micros is missing, ... zero"."""
    if not _is_there(accuracy):
        return None
    seconds, millis, micros = (accuracy[name].native for name in ("seconds", "millis", "micros"))
    for part in (millis, micros):
        if part is not None and not 1 <= part <= 999:  # noqa: PLR2004
            raise TimestampError("accuracy has a part that is not between 1 and 999")
    total = timedelta(seconds=seconds or 0, milliseconds=millis or 0, microseconds=micros or 0)
    if not timedelta(0) <= total <= _LARGEST_ACCURACY:
        raise TimestampError("accuracy is negative, or more than a year")
    return total


def make_request(hash_name: str, digest: bytes, nonce: int, policy: str = "") -> bytes:
    """A request for a token with its certificates (RFC 3161, section 2.4.1).

    Args:
        hash_name: The hash, such as `SHA-256`.
        digest: The digest of what is to be stamped.
        nonce: A random number.
        policy: The policy that the token is wanted under, in dotted digits, or an empty string.
    """
    algorithm = algos.DigestAlgorithm({"algorithm": hash_name.replace("-", "").lower()})
    members: dict[str, Any] = {
        "version": _V1,
        "message_imprint": tsp.MessageImprint({"hash_algorithm": algorithm, "hashed_message": digest}),
        "nonce": nonce,
        "cert_req": True,
    }
    if policy:
        members["req_policy"] = policy
    der: bytes = tsp.TimeStampReq(members).dump()
    return der


def read_response(response: bytes) -> bytes:
    """The token of a response that grants it (RFC 3161, section 2.4.2).

    Raises:
        TimestampError: It is malformed, or the authority refuses; the text says why, in the specification's words.
    """
    return _read("response", lambda: _response(response))


def _response(der: bytes) -> bytes:
    check_bounds(der)
    response = _Response.load(der, strict=True)
    status = response["status"]
    if status["status"].native not in ("granted", "granted_with_mods"):
        info = status["fail_info"]
        bits = info.cast(core.BitString).native if _is_there(info) else ()
        reasons = [text for bit, text in _FAILURES.items() if bit < len(bits) and bits[bit]]
        raise TimestampError(
            f"the timestamp authority refuses ({status['status'].native}){': ' if reasons else ''}{', '.join(reasons)}"
        )
    if not _is_there(response["time_stamp_token"]):
        raise TimestampError("the response has no token")
    token: bytes = response["time_stamp_token"].dump()
    return token
