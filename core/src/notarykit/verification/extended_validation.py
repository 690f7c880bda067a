"""Extended validation: the verification plugin, and the critical attributes that only it can process.

Plugin specification, "Verification workflow using plugin"; signature specification, "Extended attributes".
"""

from collections.abc import Sequence
from math import isfinite
from typing import Any

from notarykit._internal.rfc3339 import format_rfc3339
from notarykit.envelope.attributes import (
    VERIFICATION_PLUGIN,
    VERIFICATION_PLUGIN_MIN_VERSION,
    Label,
    SignedAttributes,
)
from notarykit.errors import AuthenticityError, ExtendedValidationError, RevocationError
from notarykit.plugin.host.retry import ask
from notarykit.plugin.protocol.fields import Command
from notarykit.plugin.protocol.verification import VerificationResult, VerifySignatureRequest
from notarykit.trust.policy import Action
from notarykit.verification.context import FoundPlugin, VerificationContext
from notarykit.verification.plugin import REVOCATION_CHECK, TRUSTED_IDENTITY, find_plugin
from notarykit.verification.verdict import Step

_CHECKS = {
    TRUSTED_IDENTITY: (Step.AUTHENTICITY, AuthenticityError),
    REVOCATION_CHECK: (Step.REVOCATION, RevocationError),
}

_KNOWN = (VERIFICATION_PLUGIN, VERIFICATION_PLUGIN_MIN_VERSION)

# Plugin specification, "Verification workflow using plugin", step 5.2: "only supports JSON primitive types".
_PRIMITIVE = (str, int, float, bool, type(None))
# Time limit of a verification plugin, which may look something up and talks to no person.
_SECONDS = 60.0


def validate(context: VerificationContext) -> str:
    """Has the signature's plugin verify its part, and refuses critical attributes that were not processed.

    Raises:
        NotarykitError: The plugin cannot be used, or an attribute was not processed.
        VerificationError: The plugin refused the signature.
    """
    attributes = context.intact.attributes
    extended = attributes.extended
    unknown = [attribute.key for attribute in extended if attribute.critical and attribute.key not in _KNOWN]
    name = attributes.verification_plugin
    if name is None:
        raise _without_plugin(unknown, attributes.verification_plugin_min_version)
    if not context.is_authentic:
        raise ExtendedValidationError(
            f"the signature needs the plugin {name!r}, which is not called because its signer is not trusted"
        )
    not_text = [key for key in unknown if not isinstance(key, str)]
    if not_text:
        raise ExtendedValidationError(
            f"critical attribute {not_text[0]!r} has no text as its name, so no plugin gets it"
        )
    values = {attribute.key: attribute.value for attribute in extended}
    for key in unknown:
        if not _is_primitive(values[key]):
            raise ExtendedValidationError(f"critical attribute {key!r} is of no primitive type, so no plugin gets it")
    found = find_plugin(context)
    processed = _ask(context, found, tuple(map(str, unknown)))
    left = [key for key in unknown if key not in processed]
    if left:
        raise ExtendedValidationError(f"critical attribute {left[0]!r} was not processed by the plugin {name!r}")
    others = [key for key in processed if key not in _for_plugin(attributes)]
    if others:
        raise ExtendedValidationError(f"plugin {name!r} processed {others[0]!r}, which was not in the request")
    return f"plugin {name} {found.metadata.version}"


def _without_plugin(unknown: Sequence[Label], minimum: str | None) -> ExtendedValidationError:
    """Returns the error of a signature that has critical attributes and names no plugin to process them.

    Signature specification, "Extended attributes for Notation Plugins": a plugin of the minimum version "MUST be used
    to verify the signature", so one that is not named leaves the attribute unprocessed.
    """
    if unknown:
        return ExtendedValidationError(f"critical attribute {unknown[0]!r} is not known, so it cannot be processed")
    return ExtendedValidationError(
        f"the signature is to be verified by a plugin of version {minimum} or later, and does not say by which",
        advice="have it signed again, with the plugin's name or without the version",
    )


def _for_plugin(attributes: SignedAttributes) -> dict[str, Any]:
    """Returns the extended attributes for a plugin: all that JSON can represent, critical or not.

    Plugins of the field put what only they need into attributes that are not critical, so that others can verify.
    """
    return {
        attribute.key: attribute.value
        for attribute in attributes.extended
        if isinstance(attribute.key, str) and attribute.key not in _KNOWN and _is_primitive(attribute.value)
    }


def _is_primitive(value: object) -> bool:
    return isinstance(value, _PRIMITIVE) and not (isinstance(value, float) and not isfinite(value))


def _ask(context: VerificationContext, found: FoundPlugin, unknown: tuple[str, ...]) -> tuple[str, ...]:
    """Runs steps 5 and 6: the request, and its results, each recorded for the step that the plugin takes over."""
    checks = tuple(
        capability
        for capability, (step, _) in _CHECKS.items()
        if capability in found.metadata.capabilities and context.action(step) is not Action.SKIP
    )
    if not (checks or unknown):
        return ()
    name = found.metadata.name
    request = _request(context, unknown, checks)

    def verify() -> tuple[dict[str, VerificationResult], tuple[str, ...]]:
        answer = found.plugin.verify_signature(request)
        return dict(answer.verification_results), tuple(answer.processed_attributes)

    results, processed = ask(Command.VERIFY_SIGNATURE, verify, _SECONDS)
    if set(results) != set(checks):
        raise ExtendedValidationError(f"plugin {name!r} returned results for other checks than requested")
    for check in checks:
        step, kind = _CHECKS[check]
        result = results[check]
        if type(result) is not VerificationResult or type(result.success) is not bool:
            raise ExtendedValidationError(f"plugin {name!r} gave a result that is neither a success nor a failure")
        reason = result.reason or "no reason given"
        if result.success:
            context.record(step, note=f"by plugin {name}")
            continue
        if step is Step.AUTHENTICITY:
            context.is_authentic = False
        context.fail(step, kind(f"plugin {name!r}: {reason}"))
    return processed


def _request(context: VerificationContext, unknown: tuple[str, ...], checks: tuple[str, ...]) -> VerifySignatureRequest:
    attributes = context.intact.attributes
    critical: dict[str, Any] = {
        "contentType": attributes.content_type,
        "signingScheme": attributes.signing_scheme,
        "verificationPlugin": attributes.verification_plugin,
        "extendedAttributes": _for_plugin(attributes),
    }
    if attributes.expiry is not None:
        critical["expiry"] = format_rfc3339(attributes.expiry)
    if attributes.authentic_signing_time is not None:
        critical["authenticSigningTime"] = format_rfc3339(attributes.authentic_signing_time)
    if attributes.verification_plugin_min_version is not None:
        critical["verificationPluginMinVersion"] = attributes.verification_plugin_min_version
    return VerifySignatureRequest(
        critical,
        unknown,
        context.intact.chain.ders,
        context.policy.identities,
        checks,
        context.options.plugin_config,
    )
