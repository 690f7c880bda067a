"""What a plugin has to put up with: plugin specification, "Plugin contract"."""

from typing import Any

from notarykit.envelope.unverified import JWS
from notarykit.plugin.messages.fields import Capability, Command
from notarykit.plugin.testing.examination import SAMPLES, DoesNotApply, Examination
from notarykit.plugin.testing.rule import MUST, SHOULD, rule

_NEW_MEMBERS = {"notarykitTest": {"of": ["a later", "minor version"], "number": 1}, "extendedThing": None}
_HUGE = 64 * 1024 * 1024


def describing(examination: Examination, key_id: object = None) -> tuple[str, dict[str, Any]]:
    """A request that needs no signature where the plugin has one, about the first key or another.

    Raises:
        DoesNotApply: The plugin does not sign, or no key was given.
    """
    keys = examination.keys_with(Capability.RAW, Capability.ENVELOPE, Capability.ENVELOPE_FOR_BLOB)
    if examination.capabilities & {Capability.RAW, Capability.ENVELOPE_FOR_BLOB}:
        command, request = Command.DESCRIBE_KEY, keys[0].request()
    else:
        command, request = Command.GENERATE_ENVELOPE, keys[0].envelope_request(JWS, b'{"targetArtifact":{}}')
    return command, request if key_id is None else request | {"keyId": key_id}


@rule("request.unknown-members", MUST, "Plugin contract")
def unknown_members_are_ignored(examination: Examination) -> str | None:
    """Members of a request that a later minor version may bring are ignored."""
    reply = examination.ask(Command.GET_METADATA, _NEW_MEMBERS)
    if reply.failed and not examination.metadata.failed:
        return str(reply)
    try:
        keys = examination.keys_with(Capability.RAW)
    except DoesNotApply:
        return None
    for key in keys:
        reply = examination.ask(Command.DESCRIBE_KEY, key.request(**_NEW_MEMBERS))
        if reply.failed and not key.description.failed:
            return str(reply)
        request = key.signature_request(SAMPLES[0], key.request_spec) | _NEW_MEMBERS
        reply = examination.use_key(Command.GENERATE_SIGNATURE, request)
        if reply.failed and not key.signature(SAMPLES[0]).failed:
            return str(reply)
    return None


@rule("request.huge", SHOULD, "(notarykit)")
def huge_requests_do_no_harm(examination: Examination) -> str | None:
    """A request of 64 MiB is answered, or refused with VALIDATION_ERROR."""
    command, request = describing(examination)
    if command != Command.DESCRIBE_KEY:
        raise DoesNotApply("the plugin has no describe-key")
    reply = examination.ask(command, request | {"notarykitTest": "x" * (_HUGE - 4096)})
    if reply.failed and reply.code != "VALIDATION_ERROR":
        return str(reply)
    return None


RULES = (unknown_members_are_ignored, huge_requests_do_no_harm)
