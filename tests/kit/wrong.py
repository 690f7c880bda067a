"""How a plugin is made wrong: what stands between it and its host changes requests, answers or how a command ends."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from notarykit.plugin.conformance.target import Run
from notarykit.plugin.discovery.process import Ended
from tests.support.envelopes import changed

Members = dict[str, Any]
Mutation = Callable[[Run], Run]

DESCRIBE, SIGN, MAKE = "describe-key", "generate-signature", "generate-envelope"
METADATA, VERIFY = "get-plugin-metadata", "verify-signature"


def error(code: object = "VALIDATION_ERROR", message: object = "refused") -> bytes:
    """An error as the protocol writes it."""
    return json.dumps({"errorCode": code, "errorMessage": message}).encode()


def refusal(code: str = "VALIDATION_ERROR", message: str = "refused") -> Ended:
    """How a command ends that is refused in the right form."""
    return Ended(1, b"", error(code, message))


def encoded(content: bytes) -> str:
    """Base64."""
    return base64.b64encode(content).decode()


def members_of(content: bytes) -> Members:
    """The members of a JSON object; none where it is not one."""
    try:
        value = json.loads(content)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def answering(command: str, change: Callable[[Members, Members], Mapping[str, Any]]) -> Mutation:
    """The answers to a command are changed; the change gets the members of the answer and of the request."""

    def mutate(run: Run) -> Run:
        def run_changed(argument: str, request: bytes) -> Ended:
            ended = run(argument, request)
            if argument != command or ended.code:
                return ended
            answer = change(members_of(ended.output), members_of(request))
            return ended._replace(output=json.dumps(answer).encode())

        return run_changed

    return mutate


def giving(command: str, **members: object) -> Mutation:
    """Members of the answers to a command have other values, or (`ABSENT`) are left out."""
    return answering(command, lambda answer, _: changed(answer, members))


def asked(change: Callable[[str, bytes], tuple[str, bytes]]) -> Mutation:
    """The plugin understands requests in another way: it is given others."""

    def mutate(run: Run) -> Run:
        return lambda command, request: run(*change(command, request))

    return mutate


def reading(command: str, change: Callable[[Members], Mapping[str, Any]]) -> Mutation:
    """The requests of a command that are JSON objects are read in another way."""

    def read(argument: str, request: bytes) -> tuple[str, bytes]:
        members = members_of(request)
        return argument, json.dumps(change(members)).encode() if argument == command and members else request

    return asked(read)


def ending(change: Callable[[Ended, str, bytes], Ended]) -> Mutation:
    """Commands end in another way."""

    def mutate(run: Run) -> Run:
        return lambda command, request: change(run(command, request), command, request)

    return mutate


def refusing(is_refused: Callable[[str, Members], bool], code: str = "VALIDATION_ERROR") -> Mutation:
    """Commands that would succeed are refused where something is so."""

    def end(ended: Ended, command: str, request: bytes) -> Ended:
        return refusal(code) if ended.code == 0 and is_refused(command, members_of(request)) else ended

    return ending(end)


def refused_as(change: Callable[[Ended, str], Ended]) -> Mutation:
    """Refusals have another form; the change gets the command too."""
    return ending(lambda ended, command, _: change(ended, command) if ended.code else ended)
