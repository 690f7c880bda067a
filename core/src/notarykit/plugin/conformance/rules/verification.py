"""verify-signature: plugin specification, "Verification extensibility"."""

from datetime import timedelta
from functools import lru_cache
from typing import Any

from notarykit._internal.rfc3339 import format_rfc3339, utc_now
from notarykit.plugin.conformance.response import Reply
from notarykit.plugin.conformance.rule import MUST, SHOULD, rule
from notarykit.plugin.conformance.session import DoesNotApply, Examination
from notarykit.plugin.protocol.fields import Capability, Command, encode
from notarykit.plugin.protocol.verification import NO_EXPIRY

_CHECKS = (Capability.TRUSTED_IDENTITY, Capability.REVOCATION_CHECK)
_UNKNOWN = "example.com/notarykit-test"


@lru_cache
def _chain() -> tuple[str, ...]:
    """The chain of a signer whom nobody trusts, made once."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding

    from notarykit.keys.issue import self_signed, trial_name

    now = utc_now()
    certificate = self_signed(ec.generate_private_key(ec.SECP256R1()), trial_name("nobody"), now, timedelta(hours=1))
    return (encode(certificate.public_bytes(Encoding.DER)),)


def _asked(examination: Examination) -> list[str]:
    examination.needs(*_CHECKS)
    return [str(each) for each in _CHECKS if each in examination.capabilities]


def verify_request(examination: Examination) -> dict[str, Any]:
    """A request about a signature with one critical attribute that nobody knows.

    Raises:
        DoesNotApply: The plugin does not verify.
    """
    signature = {
        "criticalAttributes": {
            "contentType": "application/vnd.cncf.notary.payload.v1+json",
            "signingScheme": "notary.x509",
            "expiry": format_rfc3339(utc_now() + timedelta(days=1)),
            "verificationPlugin": examination.subject.name,
            "extendedAttributes": {_UNKNOWN: "value"},
        },
        "unprocessedAttributes": [_UNKNOWN],
        "certificateChain": list(_chain()),
    }
    policy = {
        "trustedIdentities": ["x509.subject: C=US, ST=WA, O=nobody trusts them"],
        "signatureVerification": _asked(examination),
    }
    return examination.request(signature=signature, trustPolicy=policy)


def verified(examination: Examination) -> Reply:
    """The answer to that request, which is made once."""
    for reply in examination.replies:
        if reply.command == Command.VERIFY_SIGNATURE:
            return reply
    return examination.ask(Command.VERIFY_SIGNATURE, verify_request(examination))


def _results(reply: Reply) -> dict[str, object]:
    results = reply.members.get("verificationResults")
    if not isinstance(results, dict):
        raise DoesNotApply("there are no results")
    return results


@rule("verify-signature.results", MUST, "verify-signature command")
def results_are_those_asked_for(examination: Examination) -> str | None:
    """There is a result, a success or not, for each check that is asked for, and for no other."""
    asked = _asked(examination)
    reply = verified(examination)
    if reply.failed:
        return str(reply)
    results = reply.members.get("verificationResults")
    if not isinstance(results, dict):
        return "'verificationResults' is not an object"
    if set(results) != set(asked):
        return f"there are results for {', '.join(sorted(results)) or 'nothing'}, asked for was {', '.join(asked)}"
    for name, result in results.items():
        if not (isinstance(result, dict) and isinstance(result.get("success"), bool)):
            return f"the result for {name} has no boolean 'success'"
    return None


@rule("verify-signature.reason", MUST, "verify-signature command")
def failures_have_a_reason(examination: Examination) -> str | None:
    """A check that did not succeed says why."""
    _asked(examination)
    for name, result in _results(verified(examination)).items():
        if not isinstance(result, dict) or result.get("success") is not False:
            continue
        if not (isinstance(result.get("reason"), str) and result["reason"]):
            return f"{name} failed without a reason"
    return None


@rule("verify-signature.processed", MUST, "verify-signature command")
def attributes_are_those_asked_about(examination: Examination) -> str | None:
    """The attributes that were processed are among those that were asked about."""
    _asked(examination)
    reply = verified(examination)
    if reply.failed:
        raise DoesNotApply("verify-signature failed")
    if "processedAttributes" not in reply.members:
        return "there is no 'processedAttributes'"
    processed = reply.members["processedAttributes"]
    if processed is None:  # as programs in Go write an empty list
        return None
    if not isinstance(processed, list):
        return "'processedAttributes' is not a list"
    others = [each for each in processed if each != _UNKNOWN]
    return f"{others[0]!r} was not asked about" if others else None


@rule("verify-signature.no-expiry", SHOULD, "(notarykit)")
def no_expiry_is_no_failure(examination: Examination) -> str | None:
    """A signature without an expiry, for which notation sends the year 1, and null for an empty list, is verified."""
    _asked(examination)
    usual = verified(examination)
    if usual.failed:
        raise DoesNotApply("verify-signature failed")
    request = verify_request(examination)
    attributes = {"contentType": "application/vnd.cncf.notary.payload.v1+json", "signingScheme": "notary.x509"}
    request["signature"] |= {
        "criticalAttributes": attributes | {"expiry": NO_EXPIRY},
        "unprocessedAttributes": None,
    }
    reply = examination.ask(Command.VERIFY_SIGNATURE, request)
    if reply.failed:
        return str(reply)
    wanted, found = (_successes(each) for each in (usual, reply))
    return None if found == wanted else f"the results are {found}, and with an expiry {wanted}"


def _successes(reply: Reply) -> dict[str, object]:
    """Whether each check succeeded."""
    return {
        name: result.get("success") if isinstance(result, dict) else None for name, result in _results(reply).items()
    }


RULES = (
    results_are_those_asked_for,
    failures_have_a_reason,
    attributes_are_those_asked_about,
    no_expiry_is_no_failure,
)
