"""verify-signature: plugin specification, "Verification extensibility"."""

from datetime import timedelta
from functools import lru_cache
from typing import Any

from notarykit._internal.rfc3339 import format_rfc3339, utc_now
from notarykit.plugin.conformance.response import Response
from notarykit.plugin.conformance.rule import MUST, SHOULD, rule
from notarykit.plugin.conformance.session import DoesNotApply, Session
from notarykit.plugin.protocol.fields import Capability, Command, encode
from notarykit.plugin.protocol.verification import NO_EXPIRY

_CHECKS = (Capability.TRUSTED_IDENTITY, Capability.REVOCATION_CHECK)
_UNKNOWN = "example.com/notarykit-test"


@lru_cache
def _chain() -> tuple[str, ...]:
    """Returns the chain of an untrusted signer, made once."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding

    from notarykit.keys.issue import default_subject, self_signed

    now = utc_now()
    certificate = self_signed(
        ec.generate_private_key(ec.SECP256R1()), default_subject("nobody"), now, timedelta(hours=1)
    )
    return (encode(certificate.public_bytes(Encoding.DER)),)


def _asked(session: Session) -> list[str]:
    session.needs(*_CHECKS)
    return [str(each) for each in _CHECKS if each in session.capabilities]


def verify_request(session: Session) -> dict[str, Any]:
    """Returns a request about a signature with one unknown critical attribute.

    Raises:
        DoesNotApply: The plugin does not verify.
    """
    signature = {
        "criticalAttributes": {
            "contentType": "application/vnd.cncf.notary.payload.v1+json",
            "signingScheme": "notary.x509",
            "expiry": format_rfc3339(utc_now() + timedelta(days=1)),
            "verificationPlugin": session.target.name,
            "extendedAttributes": {_UNKNOWN: "value"},
        },
        "unprocessedAttributes": [_UNKNOWN],
        "certificateChain": list(_chain()),
    }
    policy = {
        "trustedIdentities": ["x509.subject: C=US, ST=WA, O=nobody trusts them"],
        "signatureVerification": _asked(session),
    }
    return session.request(signature=signature, trustPolicy=policy)


def verified(session: Session) -> Response:
    """Returns the response to that request, which is sent once."""
    for response in session.responses:
        if response.command == Command.VERIFY_SIGNATURE:
            return response
    return session.ask(Command.VERIFY_SIGNATURE, verify_request(session))


def _successful(session: Session) -> Response:
    _asked(session)
    response = verified(session)
    if response.failed:
        raise DoesNotApply("verify-signature failed")
    return response


def _results(response: Response) -> dict[str, object]:
    results = response.members.get("verificationResults")
    if not isinstance(results, dict):
        raise DoesNotApply("there are no results")
    return results


@rule("verify-signature.results", MUST, "verify-signature command")
def results_are_those_asked_for(session: Session) -> str | None:
    """There is a result, a success or not, for each requested check, and for no other."""
    asked = _asked(session)
    response = verified(session)
    if response.failed:
        return str(response)
    results = response.members.get("verificationResults")
    if not isinstance(results, dict):
        return "'verificationResults' is not an object"
    if set(results) != set(asked):
        return f"there are results for {', '.join(sorted(results)) or 'nothing'}, requested was {', '.join(asked)}"
    for name, result in results.items():
        if not (isinstance(result, dict) and isinstance(result.get("success"), bool)):
            return f"the result for {name} has no boolean 'success'"
    return None


@rule("verify-signature.reason", MUST, "verify-signature command")
def failures_have_a_reason(session: Session) -> str | None:
    """A check that did not succeed says why."""
    _asked(session)
    for name, result in _results(verified(session)).items():
        if not isinstance(result, dict) or result.get("success") is not False:
            continue
        if not (isinstance(result.get("reason"), str) and result["reason"]):
            return f"{name} failed without a reason"
    return None


@rule("verify-signature.processed", MUST, "verify-signature command")
def attributes_are_those_asked_about(session: Session) -> str | None:
    """The processed attributes are among those of the request."""
    response = _successful(session)
    if "processedAttributes" not in response.members:
        return "there is no 'processedAttributes'"
    processed = response.members["processedAttributes"]
    if processed is None:  # as programs in Go write an empty list
        return None
    if not isinstance(processed, list):
        return "'processedAttributes' is not a list"
    others = [each for each in processed if each != _UNKNOWN]
    return f"{others[0]!r} was not in the request" if others else None


@rule("verify-signature.no-expiry", SHOULD, "(notarykit)")
def no_expiry_is_no_failure(session: Session) -> str | None:
    """A signature without an expiry, for which notation sends the year 1, and null for an empty list, is verified."""
    usual = _successful(session)
    request = verify_request(session)
    attributes = {"contentType": "application/vnd.cncf.notary.payload.v1+json", "signingScheme": "notary.x509"}
    request["signature"] |= {
        "criticalAttributes": attributes | {"expiry": NO_EXPIRY},
        "unprocessedAttributes": None,
    }
    response = session.ask(Command.VERIFY_SIGNATURE, request)
    if response.failed:
        return str(response)
    wanted, found = (_successes(each) for each in (usual, response))
    return None if found == wanted else f"the results are {found}, and with an expiry {wanted}"


def _successes(response: Response) -> dict[str, object]:
    """Returns the outcome of each check."""
    return {
        name: result.get("success") if isinstance(result, dict) else None for name, result in _results(response).items()
    }
