"""Mutants that refuse or accept the wrong requests."""

import functools
from collections.abc import Iterator

from notarykit.plugin import Command
from notarykit.plugin.conformance.target import Run
from notarykit.plugin.discovery.process import Ended
from tests.kit.envelope_mutants import coded
from tests.kit.mutant import Mutant
from tests.kit.reference import BLOB, EC, ENVELOPE, RSA, VERIFIER, Variant
from tests.kit.wrong import (
    DESCRIBE,
    MAKE,
    METADATA,
    SIGN,
    VERIFY,
    Members,
    Mutation,
    ending,
    members_of,
    reading,
    refusal,
    refusing,
)


def _has_new_members(members: Members) -> bool:
    known = {
        "contractVersion", "keyId", "pluginConfig", "keySpec", "hashAlgorithm", "payload", "payloadType",
        "signatureEnvelopeType", "expiryDurationInSeconds", "signature", "trustPolicy",
    }  # fmt: skip
    return not known.issuperset(members)


def _out_of_memory(ended: Ended, command: str, request: bytes) -> Ended:
    return refusal("ERROR", "out of memory") if command == DESCRIBE and len(request) > 1 << 16 else ended


def _known_key(request: Members) -> Members:
    key_id = request.get("keyId")
    return request | {"keyId": "ec"} if isinstance(key_id, str) and key_id else request


def _any_json(run: Run) -> Run:
    """Takes what it was asked before where a request is malformed."""
    kept: list[bytes] = []

    def run_kept(command: str, request: bytes) -> Ended:
        if command == DESCRIBE and members_of(request):
            kept.append(request)
        return run(command, request if members_of(request) or command != DESCRIBE else kept[0])

    return run_kept


def _coded_malformed(ended: Ended, command: str, request: bytes) -> Ended:
    return refusal("ERROR") if command == DESCRIBE and not members_of(request) else ended


def about_requests() -> Iterator[Mutant]:
    """Yields the mutants about requests."""
    for variant, commands in (
        (EC, (METADATA, DESCRIBE, SIGN)),
        (RSA, (SIGN,)),
        (ENVELOPE, (METADATA, MAKE)),
        (BLOB, (DESCRIBE, MAKE)),
        (VERIFIER, (METADATA, VERIFY)),
    ):
        for command in commands:
            mutation = refusing(functools.partial(_is_strict, command))
            yield Mutant("request.unknown-members", f"refused by {command}", variant, mutation)
    yield Mutant("request.huge", "out of memory", EC, ending(_out_of_memory))
    yield Mutant("request.huge", "out of memory", BLOB, ending(_out_of_memory))


def _is_strict(strict: str, command: str, request: Members) -> bool:
    """Whether a command's request has new members and is not huge, which is another rule's matter."""
    return command == strict and _has_new_members(request) and len(str(request)) < 1 << 16


def about_refusals() -> Iterator[Mutant]:
    """Yields the mutants about refusals."""

    def mutant(rule: str, face: str, mutation: Mutation, variant: Variant = EC) -> Mutant:
        return Mutant(f"refuse.{rule}", face, variant, mutation)

    missing = "notarykit-test-there-is-no-such-key"
    for variant, command in ((EC, DESCRIBE), (BLOB, DESCRIBE), (ENVELOPE, MAKE)):
        yield mutant("unknown-key", "answered", reading(command, _known_key), variant)
        yield mutant("unknown-key", "another code", coded("keyId", missing, "ACCESS_DENIED"), variant)
        for face, key_id in (("empty", ""), ("a number", 5), ("absent", None)):
            taken = _taking(command, key_id)
            yield mutant("empty-member", f"{face} is taken for the usual key", taken, variant)
        yield mutant("empty-member", "another code", coded("keyId", "", "ERROR"), variant)
        version = reading(command, lambda request: request | {"contractVersion": "1.0"})
        yield mutant("contract-version", "not looked at", version, variant)
        yield mutant("contract-version", "another code", coded("contractVersion", "2.0", "VALIDATION_ERROR"), variant)
    yield mutant("malformed", "accepted", _any_json)
    yield mutant("malformed", "another code", ending(_coded_malformed))
    for face, output in (
        ("an empty answer", b"{}"),
        ("its usage", b"usage: notation-reference COMMAND\n"),
        ("nothing", b""),
    ):
        yield mutant("unknown-command", face, ending(functools.partial(_answer_unknown, output)))


def _taking(command: str, value: object) -> Mutation:
    return reading(command, lambda request: request | {"keyId": "ec"} if request.get("keyId") == value else request)


def _answer_unknown(output: bytes, ended: Ended, command: str, _: bytes) -> Ended:
    return ended if command in tuple(Command) else Ended(0, output, b"")
