"""What leaves a plugin, over everything that was asked: plugin specification, "Plugin contract"."""

import json

from notarykit._internal.strict_json import DocumentError, loads
from notarykit.plugin.conformance.response import forms_of
from notarykit.plugin.conformance.rule import MUST, SHOULD, rule
from notarykit.plugin.conformance.session import DoesNotApply, Examination
from notarykit.plugin.protocol.fields import Command

_SECTION = "Plugin contract"
_CODES = {"VALIDATION_ERROR", "UNSUPPORTED_CONTRACT_VERSION", "ACCESS_DENIED", "TIMEOUT", "THROTTLED", "ERROR"}


@rule("output.one-document", MUST, _SECTION)
def answers_are_one_document(examination: Examination) -> str | None:
    """An answer is one JSON document on standard output, and nothing else is there."""
    for reply in examination.replies:
        if reply.ended is None or reply.failed or reply.command not in tuple(Command):
            continue
        try:
            value = loads(reply.ended.output)
        except DocumentError as error:
            return f"{reply.command}: {error}"
        if type(value) is not dict:
            return f"{reply.command}: the answer is not an object"
    return None


@rule("output.exit-code", MUST, _SECTION)
def errors_have_an_exit_code(examination: Examination) -> str | None:
    """An error ends with an exit code other than 0."""
    for reply in examination.replies:
        if reply.ended is not None and reply.error is not None and reply.ended.code == 0:
            return f"{reply} with exit code 0"
    return None


@rule("output.ends", MUST, _SECTION)
def every_command_ends(examination: Examination) -> str | None:
    """Every command ends by itself, in time, and not by a signal."""
    for reply in examination.replies:
        if reply.ended is None:
            return str(reply)
        if reply.ended.code < 0:
            return f"{reply.command} ended by signal {-reply.ended.code}"
    return None


@rule("output.error-form", SHOULD, _SECTION)
def errors_are_json(examination: Examination) -> str | None:
    """An error is one JSON document on standard error, with a code of the specification and a message, exit code 1."""
    seen = False
    for reply in examination.replies:
        if not reply.failed or reply.ended is None or reply.ended.code <= 0:
            continue
        seen = True
        try:
            value = loads(reply.ended.errors)
        except DocumentError as error:
            return f"{reply.command}: standard error: {error}"
        code, message = (value.get("errorCode"), value.get("errorMessage")) if type(value) is dict else (None, None)
        if not (isinstance(code, str) and code in _CODES):
            return f"{reply.command}: the code {code!r} is not one of {', '.join(sorted(_CODES))}"
        if not (isinstance(message, str) and message):
            return f"{reply.command}: there is no message"
        if reply.ended.code != 1:
            return f"{reply.command}: the exit code is {reply.ended.code}"
    if not seen:
        raise DoesNotApply("nothing was refused")
    return None


@rule("output.secrets", MUST, "Plugin configuration; (notarykit)")
def secrets_stay_secret(examination: Examination) -> str | None:
    """No output shows a secret, as it is, in base64, or as JSON writes it."""
    forms = [form for secret in examination.subject.secrets if secret for form in forms_of(secret)]
    if not forms:
        raise DoesNotApply("no secret was named")
    for reply in examination.replies:
        streams = [reply.ended.output, reply.ended.errors] if reply.ended else []
        streams.append(json.dumps(reply.documents, ensure_ascii=False).encode("utf-8", "surrogatepass"))
        if any(form in stream for form in forms for stream in streams):
            return f"{reply.command} shows one"
    return None


RULES = (
    answers_are_one_document,
    errors_have_an_exit_code,
    every_command_ends,
    errors_are_json,
    secrets_stay_secret,
)
