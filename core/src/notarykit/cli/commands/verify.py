"""`notarykit verify`."""

import sys
from collections.abc import Mapping
from typing import Any

from notarykit._internal.paths import trust_store_root
from notarykit._internal.rfc3339 import format_rfc3339
from notarykit.cli.options import Command, Flag, Options
from notarykit.cli.output import shown, table
from notarykit.cli.references import (
    OUTPUT_FLAG,
    REGISTRY_FLAGS,
    Target,
    error_json,
    gravest,
    print_error,
    print_json,
    scope_of,
    targets,
)
from notarykit.cli.revocation_flags import FILE_FLAGS, LIMIT_FLAGS, SIGNATURE_FLAGS, max_envelope_size, revocation
from notarykit.cli.spinner import position, progress
from notarykit.cli.warned import about
from notarykit.config.policy import load_policy
from notarykit.errors import NotarykitError, VerificationError, own_error
from notarykit.keys.certificate import subject_of
from notarykit.trust.store import DirectoryTrustStore, read_once
from notarykit.verification import Skipped, StepResult, Verified, VerifiedArtifact, verify_artifact


def _run(options: Options) -> int:
    scope = scope_of(options)
    named = targets(options)
    metadata, plugin_config = options.pairs("user-metadata"), options.pairs("plugin-config")
    policy, store = load_policy(), read_once(DirectoryTrustStore(trust_store_root()))
    largest, checks = max_envelope_size(options), revocation(options)
    codes: list[int] = []
    results: list[dict[str, Any]] = []
    for number, each in enumerate(named, 1):
        each.warn_of_tag("verify")
        try:
            with about(each.text), progress(f"Verifying {each.text}{position(number, len(named))}"):
                found = verify_artifact(
                    each.open,
                    each.tag_or_digest,
                    each.scope or scope,
                    policy,
                    store,
                    user_metadata=metadata,
                    max_signatures=options["max-signatures"],
                    max_envelope_size=largest,
                    plugin_config=plugin_config,
                    revocation=checks,
                )
                result = _json(each, found)
        except Exception as raised:  # noqa: BLE001 - what goes wrong with one does not cost the others their verdicts
            error = own_error(raised)
            _print_failure(each, error, options, len(named) > 1)
            codes.append(error.exit_code)
            results.append(_failure_json(each, error))
            continue
        codes.append(0)
        results.append(result)
        _print(each, found, options)
    if options["output"] == "json":
        print_json({"results": results})
    return gravest(codes)


def _print(each: Target, found: VerifiedArtifact, options: Options) -> None:
    verdict = found.verdict
    if isinstance(verdict, Skipped):
        if options["output"] == "text":
            print(f"Trust policy is configured to skip signature verification for {shown(each.text)}")
        return
    assert found.artifact is not None
    assert found.signature is not None
    reference = shown(each.resolved(found.artifact))
    signature = f"{reference}: signature {found.signature.digest}"
    if options["verbose"] or options["debug"]:
        for digest, error in found.failures:
            print(f"{reference}: not accepted: signature {digest}: {shown(error.one_line())}", file=sys.stderr)
        _print_steps(f"{signature}, {_policy(verdict.policy, verdict.level.name)}", verdict.results, options)
    for result in verdict.results:
        if result.outcome == "failed" and result.error is not None:
            text = shown(result.error.one_line())
            problem = f'{result.step} was set to "log" and failed with error: {text}'
            print(f"Warning: {signature}: {problem}", file=sys.stderr)
    if options["output"] == "json":
        return
    if not isinstance(verdict, Verified):
        print(f"Audited signature for {reference}: its signer is not trusted, and the policy lets it pass")
        return
    print(f"Successfully verified signature for {reference}")
    if verdict.user_metadata:
        print("\nThe artifact was signed with the following user metadata.\n")
        print(table([("KEY", "VALUE"), *sorted(verdict.user_metadata.items())]), end="")


def _print_failure(each: Target, error: NotarykitError, options: Options, is_one_of_several: bool) -> None:
    failures = getattr(error, "failures", ())
    tells_more = options["verbose"] or options["debug"]
    if tells_more:
        for digest, failure in failures:
            signature = f"{shown(each.text)}: signature {digest}"
            policy = f", {_policy(error.policy, error.level)}" if isinstance(error, VerificationError) else ""
            _print_steps(f"{signature}{policy}", getattr(failure, "results", ()), options)
    context = ""
    if isinstance(error, VerificationError) and error.policy:
        context = f"signature verification failed for {each.text} under {_policy(error.policy, error.level)}"
    hint = " (see --verbose for each)" if len(failures) > 1 and not tells_more else ""
    print_error(error, options, each.text if is_one_of_several else "", context, hint)


def _policy(name: str, level: str) -> str:
    return f"trust policy {shown(name)!r} at level {level}"


def _print_steps(signature: str, results: tuple[StepResult, ...], options: Options) -> None:
    """What each step found for a signature; under `--debug` also what it asked and was answered."""
    print(f"{signature}:", file=sys.stderr)
    for result in results:
        text = result.error.message if result.error else result.note
        print(f"  {result.step}: {result.outcome}{f' ({shown(text)})' if text else ''}", file=sys.stderr)
        for line in result.explained if options["debug"] else ():
            print(f"    {shown(line)}", file=sys.stderr)


def _json(each: Target, found: VerifiedArtifact) -> dict[str, Any]:
    verdict = found.verdict
    if isinstance(verdict, Skipped):
        return {"reference": each.text, "verdict": "skipped", "policy": verdict.policy}
    assert found.artifact is not None
    assert found.signature is not None
    members: dict[str, Any] = {
        "reference": each.text,
        "verdict": "verified" if isinstance(verdict, Verified) else "audited",
        "policy": verdict.policy,
        "level": verdict.level.name,
        "artifact": found.artifact.to_json(),
        "signature": found.signature.digest,
        "steps": _steps_json(verdict.results),
        "notAccepted": _failures_json(found.failures),
    }
    if isinstance(verdict, Verified):
        members["userMetadata"] = dict(verdict.user_metadata)
        members["signer"] = subject_of(verdict.chain.leaf)
        if verdict.timestamp is not None:
            members["timestamp"] = format_rfc3339(verdict.timestamp.time)
    return members


def _failure_json(each: Target, error: NotarykitError) -> dict[str, Any]:
    judged = {"policy": error.policy, "level": error.level} if isinstance(error, VerificationError) else {}
    return {
        "reference": each.text,
        "verdict": "failed",
        **{name: value for name, value in judged.items() if value},
        "error": error_json(error),
        "notAccepted": _failures_json(getattr(error, "failures", ())),
    }


def _failures_json(failures: tuple[tuple[str, NotarykitError], ...]) -> list[Mapping[str, Any]]:
    return [
        {"signature": digest, "error": error_json(error), "steps": _steps_json(getattr(error, "results", ()))}
        for digest, error in failures
    ]


def _steps_json(results: tuple[StepResult, ...]) -> list[Mapping[str, Any]]:
    return [
        {
            "step": result.step,
            "action": result.action,
            "outcome": result.outcome,
            "reason": result.error.message if result.error else result.note,
            "explained": list(result.explained),
        }
        for result in results
    ]


COMMAND = Command(
    "[flags] <reference>...",
    "Verify signatures associated with the artifact.",
    _run,
    (
        *REGISTRY_FLAGS,
        OUTPUT_FLAG,
        *FILE_FLAGS,
        *LIMIT_FLAGS,
        *SIGNATURE_FLAGS,
        Flag("oci-layout", "verify an artifact in an OCI image layout", "switch"),
        Flag("plugin-config", "{key}={value} pair that is passed as it is to a verification plugin", "texts"),
        Flag("scope", "trust policy scope of the artifact, registry/repository; required with --oci-layout"),
        Flag("user-metadata", "{key}={value} pair that the signature must carry", "texts", "m"),
    ),
    arguments=(1, 1000),
    missing="missing reference to the artifact",
    examples=(
        ("Verify an artifact in a registry", "notarykit verify registry.example.com/hello@<digest>"),
        ("Verify an artifact in an image layout", "notarykit verify --oci-layout --scope local/hello hello@<digest>"),
        (
            "Verify without a network, with what 'notarykit revocation fetch' has brought",
            "notarykit verify --oci-layout --scope local/hello --evidence <directory> hello@<digest>",
        ),
        ("Ask for signed metadata", "notarykit verify --oci-layout --scope local/hello -m build=123 hello@<digest>"),
    ),
)
