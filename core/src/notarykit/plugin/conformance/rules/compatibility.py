"""Compatibility with later minor versions and large requests: plugin specification, "Plugin contract"."""

from collections.abc import Iterator
from typing import Any

from notarykit.envelope.unverified import JWS
from notarykit.plugin.conformance.response import Response
from notarykit.plugin.conformance.rule import MUST, SHOULD, rule
from notarykit.plugin.conformance.rules.envelopes import PAYLOAD, formats
from notarykit.plugin.conformance.rules.verification import verified, verify_request
from notarykit.plugin.conformance.session import SAMPLES, DoesNotApply, Key, Session
from notarykit.plugin.protocol.fields import LARGEST_MESSAGE, Capability, Command

_NEW_MEMBERS = {"notarykitTest": {"of": ["a later", "minor version"], "number": 1}, "extendedThing": None}
_DESCRIBING = (Capability.RAW, Capability.ENVELOPE_FOR_BLOB)
_SIGNING = (*_DESCRIBING, Capability.ENVELOPE)
_HUGE = LARGEST_MESSAGE - 4096  # the request as a whole keeps the limit


def describing(session: Session, key_id: object = None) -> tuple[str, dict[str, Any]]:
    """Returns a command and request that need no signature if possible, about the first key or another.

    Raises:
        DoesNotApply: The plugin does not sign, or no key was given.
    """
    keys = session.keys_with(*_SIGNING)
    if not session.capabilities.isdisjoint(_DESCRIBING):
        command, request = Command.DESCRIBE_KEY, keys[0].request()
    else:
        command, request = Command.GENERATE_ENVELOPE, keys[0].envelope_request(JWS, PAYLOAD)
    return command, request if key_id is None else request | {"keyId": key_id}


@rule("request.unknown-members", MUST, "Plugin contract")
def unknown_members_are_ignored(session: Session) -> str | None:
    """Members of a request that a later minor version may bring are ignored."""

    def check(key: Key) -> str | None:
        return next(filter(None, (_difference(session, *each) for each in _about(session, key))), None)

    problem = _difference(session, session.metadata, session.metadata_request)
    if not problem and not session.capabilities.isdisjoint((Capability.TRUSTED_IDENTITY, Capability.REVOCATION_CHECK)):
        problem = _difference(session, verified(session), verify_request(session))
    try:
        return problem or session.each(check, *_SIGNING)
    except DoesNotApply:
        return None


def _about(session: Session, key: Key) -> Iterator[tuple[Response, dict[str, Any]]]:
    """Yields responses about a key, each with its request."""
    if not session.capabilities.isdisjoint(_DESCRIBING):
        yield key.description, key.request()
    if Capability.RAW in session.capabilities:
        yield key.signature(SAMPLES[0]), key.signature_request(SAMPLES[0], key.request_spec)
    else:
        media_type = formats(key)[0]
        yield key.envelope(media_type, PAYLOAD), key.envelope_request(media_type, PAYLOAD)


def _difference(session: Session, usual: Response, request: dict[str, Any]) -> str | None:
    """Returns the error that new members cause, or None."""
    if usual.failed:
        return None
    ask = session.use_key if usual.command.startswith("generate-") else session.ask
    response = ask(usual.command, request | _NEW_MEMBERS)
    return str(response) if response.failed else None


@rule("request.huge", SHOULD, "(notarykit)")
def huge_requests_do_no_harm(session: Session) -> str | None:
    """A request of nearly 64 MiB is answered, or refused with VALIDATION_ERROR."""
    command, request = describing(session)
    if command != Command.DESCRIBE_KEY:
        raise DoesNotApply("the plugin has no describe-key")
    if session.keys[0].description.failed:
        raise DoesNotApply("describe-key failed")
    response = session.ask(command, request | {"notarykitTest": "x" * (_HUGE)})
    if response.failed and response.code != "VALIDATION_ERROR":
        return str(response)
    return None
