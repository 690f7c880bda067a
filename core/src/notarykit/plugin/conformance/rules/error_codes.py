"""Requests that a plugin refuses, and the error codes: plugin specification, "Error codes"."""

from notarykit.plugin.conformance.response import Response
from notarykit.plugin.conformance.rule import MUST, SHOULD, rule
from notarykit.plugin.conformance.rules.compatibility import describing
from notarykit.plugin.conformance.session import Session
from notarykit.plugin.protocol.fields import Command

_SECTION = "Error codes for describe-key and generate-signature"
_NO_KEY = "notarykit-test-there-is-no-such-key"


def _validation_error(response: Response, what: str) -> str | None:
    """Returns the problem of a refusal; the form of the error is another rule's subject."""
    if not response.failed:
        return f"{what} is accepted"
    return None if response.code in ("", "VALIDATION_ERROR") else f"{what}: the code is {response.code}"


@rule("refuse.unknown-key", MUST, _SECTION)
def unknown_keys_are_refused(session: Session) -> str | None:
    """A key id that does not exist is a VALIDATION_ERROR."""
    response = session.ask(*describing(session, _NO_KEY))
    return _validation_error(response, f"the key {_NO_KEY!r}")


@rule("refuse.empty-member", MUST, _SECTION)
def empty_members_are_refused(session: Session) -> str | None:
    """A required member that is empty, absent or of a wrong type is a VALIDATION_ERROR."""
    command, request = describing(session)
    absent = {name: value for name, value in request.items() if name != "keyId"}
    changes = {
        "an empty keyId": request | {"keyId": ""},
        "no keyId": absent,
        "a keyId that is a number": request | {"keyId": 5},
    }
    problems = (_validation_error(session.ask(command, changed), kind) for kind, changed in changes.items())
    return next(filter(None, problems), None)


@rule("refuse.malformed", MUST, _SECTION)
def malformed_json_is_refused(session: Session) -> str | None:
    """A request that is not one JSON object is a VALIDATION_ERROR."""
    command, _ = describing(session)
    contents = (b'{"contractVersion":"1.0",', b"[]", b"")
    problems = (_validation_error(session.ask(command, each), f"the request {each.decode()!r}") for each in contents)
    return next(filter(None, problems), None)


@rule("refuse.contract-version", SHOULD, _SECTION)
def other_contract_versions_are_refused(session: Session) -> str | None:
    """A contract version that is not supported is an UNSUPPORTED_CONTRACT_VERSION."""
    command, request = describing(session)
    ask = session.ask if command == Command.DESCRIBE_KEY else session.use_key  # one who accepts it would sign
    response = ask(command, request | {"contractVersion": "2.0"})
    if not response.failed:
        return "the contract version 2.0 is accepted"
    return None if response.code in ("", "UNSUPPORTED_CONTRACT_VERSION") else f"the code is {response.code}"


@rule("refuse.unknown-command", SHOULD, "Plugin contract")
def unknown_commands_are_refused(session: Session) -> str | None:
    """A command that does not exist is refused."""
    response = session.ask("notarykit-test-no-such-command", {"contractVersion": "1.0"})
    return None if response.failed else "it is accepted"
