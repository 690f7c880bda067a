"""Output streams and exit codes of all commands: plugin specification, "Plugin contract"."""

import json

from notarykit._internal.strict_json import DocumentError, loads
from notarykit.plugin.conformance.response import forms_of
from notarykit.plugin.conformance.rule import MUST, SHOULD, rule
from notarykit.plugin.conformance.session import DoesNotApply, Session
from notarykit.plugin.protocol.fields import Command

_SECTION = "Plugin contract"
_CODES = {"VALIDATION_ERROR", "UNSUPPORTED_CONTRACT_VERSION", "ACCESS_DENIED", "TIMEOUT", "THROTTLED", "ERROR"}


@rule("output.one-document", MUST, _SECTION)
def answers_are_one_document(session: Session) -> str | None:
    """An answer is one JSON document on standard output, and nothing else is there."""
    for response in session.responses:
        if response.ended is None or response.failed or response.command not in tuple(Command):
            continue
        try:
            value = loads(response.ended.output)
        except DocumentError as error:
            return f"{response.command}: {error}"
        if type(value) is not dict:
            return f"{response.command}: the answer is not an object"
    return None


@rule("output.exit-code", MUST, _SECTION)
def errors_have_an_exit_code(session: Session) -> str | None:
    """An error ends with an exit code other than 0."""
    for response in session.responses:
        if response.ended is not None and response.error is not None and response.ended.code == 0:
            return f"{response} with exit code 0"
    return None


@rule("output.ends", MUST, _SECTION)
def every_command_ends(session: Session) -> str | None:
    """Every command ends by itself, in time, and not by a signal."""
    for response in session.responses:
        if response.ended is None:
            return str(response)
        if response.ended.code < 0:
            return f"{response.command} ended by signal {-response.ended.code}"
    return None


@rule("output.error-form", SHOULD, _SECTION)
def errors_are_json(session: Session) -> str | None:
    """An error is one JSON document on standard error, with a code of the specification and a message, exit code 1."""
    seen = False
    for response in session.responses:
        if not response.failed or response.ended is None or response.ended.code <= 0:
            continue
        seen = True
        try:
            value = loads(response.ended.errors)
        except DocumentError as error:
            return f"{response.command}: standard error: {error}"
        code, message = (value.get("errorCode"), value.get("errorMessage")) if type(value) is dict else (None, None)
        if not (isinstance(code, str) and code in _CODES):
            return f"{response.command}: the code {code!r} is not one of {', '.join(sorted(_CODES))}"
        if not (isinstance(message, str) and message):
            return f"{response.command}: there is no message"
        if response.ended.code != 1:
            return f"{response.command}: the exit code is {response.ended.code}"
    if not seen:
        raise DoesNotApply("nothing was refused")
    return None


@rule("output.secrets", MUST, "Plugin configuration; (notarykit)")
def secrets_stay_secret(session: Session) -> str | None:
    """No output shows a secret, as it is, in base64, or as JSON writes it."""
    forms = [form for secret in session.target.secrets if secret for form in forms_of(secret)]
    if not forms:
        raise DoesNotApply("no secret was named")
    for response in session.responses:
        streams = [response.ended.output, response.ended.errors] if response.ended else []
        streams.append(json.dumps(response.documents, ensure_ascii=False).encode("utf-8", "surrogatepass"))
        if any(form in stream for form in forms for stream in streams):
            return f"{response.command} shows one"
    return None
