"""Mutants of get-plugin-metadata."""

from collections.abc import Iterator

from notarykit.plugin.conformance.target import Run
from notarykit.plugin.discovery.process import Ended
from tests.kit.mutant import Mutant
from tests.kit.reference import EC
from tests.kit.wrong import (
    METADATA,
    Mutation,
    answering,
    giving,
    members_of,
    refusal,
)
from tests.support.envelopes import ABSENT

_NAMES = ("name", "description", "version", "url", "supportedContractVersions", "capabilities")


def _depending(name: str) -> Mutation:
    """A member of the metadata is another where there are settings."""
    return answering(
        METADATA,
        lambda answer, request: (
            answer | {name: ["1.0", "2.0"] if name in _NAMES[4:] else "2.0.0"} if "pluginConfig" in request else answer
        ),
    )


def _refusing_config(run: Run) -> Run:
    def run_changed(command: str, request: bytes) -> Ended:
        is_it = command == METADATA and "pluginConfig" in members_of(request)
        return refusal() if is_it else run(command, request)

    return run_changed


def about_metadata() -> Iterator[Mutant]:
    """Yields the mutants about metadata."""

    def mutant(rule: str, face: str, **members: object) -> Mutant:
        return Mutant(f"metadata.{rule}", face, EC, giving(METADATA, **members))

    for name in _NAMES:
        yield mutant("members", f"{name} is absent", **{name: ABSENT})
        yield mutant("members", f"{name} is empty", **{name: [] if name in _NAMES[4:] else ""})
    yield mutant("members", "a capability is a number", capabilities=["SIGNATURE_GENERATOR.RAW", 1])
    yield mutant("name", "that of the product", name="Reference")
    yield mutant("contract-version", "another", supportedContractVersions=["1.1"])
    yield mutant("contract-version", "two of one major version", supportedContractVersions=["1.0", "1.1", "2.0"])
    yield mutant("capabilities", "one unknown", capabilities=["SIGNATURE_GENERATOR.RAW", "SIGNATURE_GENERATOR.HASH"])
    yield mutant(
        "capabilities", "one in lower case", capabilities=["SIGNATURE_GENERATOR.RAW", "signature_generator.raw"]
    )
    for version in ("v1.2.3", "1.2", "latest"):
        yield mutant("version", version, version=version)
    for name in (*_NAMES[1:4], "supportedContractVersions"):
        yield Mutant("metadata.plugin-config", f"{name} depends on it", EC, _depending(name))
    yield Mutant("metadata.plugin-config", "it is refused", EC, _refusing_config)
