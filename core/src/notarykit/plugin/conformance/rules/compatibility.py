"""What a plugin has to put up with: plugin specification, "Plugin contract"."""

from collections.abc import Iterator
from typing import Any

from notarykit.envelope.unverified import JWS
from notarykit.plugin.conformance.response import Reply
from notarykit.plugin.conformance.rule import MUST, SHOULD, rule
from notarykit.plugin.conformance.rules.envelopes import PAYLOAD, formats
from notarykit.plugin.conformance.rules.verification import verified, verify_request
from notarykit.plugin.conformance.session import SAMPLES, DoesNotApply, Examination, Key
from notarykit.plugin.protocol.fields import Capability, Command

_NEW_MEMBERS = {"notarykitTest": {"of": ["a later", "minor version"], "number": 1}, "extendedThing": None}
_DESCRIBING = (Capability.RAW, Capability.ENVELOPE_FOR_BLOB)
_SIGNING = (*_DESCRIBING, Capability.ENVELOPE)
_HUGE = 64 * 1024 * 1024


def describing(examination: Examination, key_id: object = None) -> tuple[str, dict[str, Any]]:
    """A request that needs no signature where the plugin has one, about the first key or another.

    Raises:
        DoesNotApply: The plugin does not sign, or no key was given.
    """
    keys = examination.keys_with(*_SIGNING)
    if not examination.capabilities.isdisjoint(_DESCRIBING):
        command, request = Command.DESCRIBE_KEY, keys[0].request()
    else:
        command, request = Command.GENERATE_ENVELOPE, keys[0].envelope_request(JWS, PAYLOAD)
    return command, request if key_id is None else request | {"keyId": key_id}


@rule("request.unknown-members", MUST, "Plugin contract")
def unknown_members_are_ignored(examination: Examination) -> str | None:
    """Members of a request that a later minor version may bring are ignored."""

    def check(key: Key) -> str | None:
        return next(filter(None, (_difference(examination, *each) for each in _about(examination, key))), None)

    problem = _difference(examination, examination.metadata, examination.metadata_request)
    if not problem and not examination.capabilities.isdisjoint(
        (Capability.TRUSTED_IDENTITY, Capability.REVOCATION_CHECK)
    ):
        problem = _difference(examination, verified(examination), verify_request(examination))
    try:
        return problem or examination.each(check, *_SIGNING)
    except DoesNotApply:
        return None


def _about(examination: Examination, key: Key) -> Iterator[tuple[Reply, dict[str, Any]]]:
    """What the plugin answered to requests about a key, and the requests."""
    if not examination.capabilities.isdisjoint(_DESCRIBING):
        yield key.description, key.request()
    if Capability.RAW in examination.capabilities:
        yield key.signature(SAMPLES[0]), key.signature_request(SAMPLES[0], key.request_spec)
    else:
        media_type = formats(key)[0]
        yield key.envelope(media_type, PAYLOAD), key.envelope_request(media_type, PAYLOAD)


def _difference(examination: Examination, usual: Reply, request: dict[str, Any]) -> str | None:
    """The error that new members bring where there was none without them."""
    if usual.failed:
        return None
    ask = examination.use_key if usual.command.startswith("generate-") else examination.ask
    reply = ask(usual.command, request | _NEW_MEMBERS)
    return str(reply) if reply.failed else None


@rule("request.huge", SHOULD, "(notarykit)")
def huge_requests_do_no_harm(examination: Examination) -> str | None:
    """A request of 64 MiB is answered, or refused with VALIDATION_ERROR."""
    command, request = describing(examination)
    if command != Command.DESCRIBE_KEY:
        raise DoesNotApply("the plugin has no describe-key")
    if examination.keys[0].description.failed:
        raise DoesNotApply("describe-key failed")
    reply = examination.ask(command, request | {"notarykitTest": "x" * (_HUGE - 4096)})
    if reply.failed and reply.code != "VALIDATION_ERROR":
        return str(reply)
    return None


RULES = (unknown_members_are_ignored, huge_requests_do_no_harm)
