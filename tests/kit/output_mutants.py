"""Mutants with wrong output streams, exit codes or secrets in them."""

import functools
import json
from collections.abc import Iterator
from typing import NoReturn

from notarykit.errors import PluginTimeoutError
from notarykit.plugin import Command
from notarykit.plugin.discovery.process import Ended
from tests.kit.mutant import Mutant
from tests.kit.reference import EC, ENVELOPE, SECRET, VERIFIER, Variant
from tests.kit.wrong import (
    METADATA,
    Mutation,
    encoded,
    ending,
    error,
    giving,
    members_of,
    refused_as,
)


def _printing(before: bytes = b"", after: bytes = b"") -> Mutation:
    return ending(lambda ended, *_: ended if ended.code else ended._replace(output=before + ended.output + after))


def _hanging(*commands: str) -> Mutation:
    """Commands that are refused by a plugin that is right never end."""

    def hang(ended: Ended, command: str) -> Ended:
        return _no_answer() if not commands or command in commands else ended

    return refused_as(hang)


def _no_answer() -> NoReturn:
    raise PluginTimeoutError("no answer within 300 seconds")


def about_output_form() -> Iterator[Mutant]:
    """Yields the mutants about output form."""

    def mutant(rule: str, face: str, mutation: Mutation, variant: Variant = EC) -> Mutant:
        return Mutant(f"output.{rule}", face, variant, mutation)

    log = b'{"level":"info","time":"2025-01-01T00:00:00Z","msg":"opened","session":1,"slot":{"id":0},"retries":[]}\n'
    for variant in (EC, ENVELOPE, VERIFIER):
        yield mutant("one-document", "two documents", _printing(after=b'{"done":true}'), variant)
        yield mutant("one-document", "a print before it", _printing(before=b"opening {the} session\n"), variant)
        yield mutant("one-document", "a log in JSON before it", _printing(before=log), variant)
        yield mutant("one-document", "a print after it", _printing(after=b"\nbye\n"), variant)
        yield mutant("one-document", "a byte order mark", _printing(before=b"\xef\xbb\xbf"), variant)
        yield mutant("one-document", "a list", _printing(before=b"[", after=b"]"), variant)
        plain = refused_as(lambda *_: Ended(1, b"", b"panic: no such key\n"))
        yield mutant("error-form", "a plain text", plain, variant)
        yield mutant("error-form", "silence", refused_as(lambda *_: Ended(1, b"", b"")), variant)
        yield mutant("error-form", "exit code 2", refused_as(lambda ended, _: ended._replace(code=2)), variant)
        wrong_stream = refused_as(lambda ended, _: Ended(1, ended.errors, b""))
        yield mutant("error-form", "on standard output", wrong_stream, variant)
        log_first = refused_as(lambda ended, _: ended._replace(errors=log + ended.errors))
        yield mutant("error-form", "after a log", log_first, variant)
        yield mutant("exit-code", "0", refused_as(lambda ended, _: ended._replace(code=0)), variant)
        output = refused_as(lambda ended, _: Ended(0, ended.errors, b""))
        yield mutant("exit-code", "0, on standard output", output, variant)
        yield mutant("ends", "by a signal", refused_as(lambda *_: Ended(-11, b"", b"")), variant)
        yield mutant("ends", "not at all", _hanging(), variant)
    yield mutant("ends", "not where a command is unknown", _hanging("notarykit-test-no-such-command"))
    for code in ("NOT_FOUND", "", 5, ["ERROR"], None):
        unknown = refused_as(functools.partial(_unknown_command, error(code)))
        yield mutant("error-form", f"the code {code!r}", unknown)
    for message in ("", 5, None):
        silent = refused_as(functools.partial(_unknown_command, error("ERROR", message)))
        yield mutant("error-form", f"the message {message!r}", silent)


def _unknown_command(errors: bytes, ended: Ended, command: str) -> Ended:
    return ended if command in tuple(Command) else ended._replace(errors=errors)


def about_secrets() -> Iterator[Mutant]:
    """Yields the mutants about secrets."""

    def mutant(face: str, mutation: Mutation, variant: Variant) -> Mutant:
        return Mutant("output.secrets", face, variant, mutation)

    secret = SECRET.encode()
    go_json = json.dumps(SECRET).replace('\\"', "\\u0022")[1:-1]
    for variant in (EC, ENVELOPE, VERIFIER):
        standard_error = ending(lambda ended, *_: ended if ended.code else ended._replace(errors=b"PIN " + secret))
        yield mutant("on standard error", standard_error, variant)
        yield mutant("in a member", giving(METADATA, debug=SECRET), variant)
        yield mutant("in base64", giving(METADATA, debug=encoded(secret)), variant)
        yield mutant("in base64 without padding", giving(METADATA, debug=encoded(secret).rstrip("=")), variant)
        in_message = refused_as(lambda ended, _: ended._replace(errors=error(_code(ended), f"wrong: {SECRET}")))
        yield mutant("in an error's message", in_message, variant)
        yield mutant("in JSON as other programs write it", _escaping(go_json), variant)


def _escaping(text: str) -> Mutation:
    return ending(lambda ended, *_: ended if ended.code else ended._replace(errors=f'{{"pin":"{text}"}}'.encode()))


def _code(ended: Ended) -> str:
    return str(members_of(ended.errors)["errorCode"])
