"""`notarykit revocation`: fetch."""

import os
import shlex
import sys
from typing import TYPE_CHECKING, Any

from notarykit._internal import files
from notarykit._internal.paths import trust_store_root
from notarykit._internal.rfc3339 import format_rfc3339
from notarykit.cli.options import Command, Flag, Group, Options
from notarykit.cli.output import shown
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
from notarykit.cli.revocation_flags import LIMIT_FLAGS, SIGNATURE_FLAGS, limits, max_envelope_size
from notarykit.cli.spinner import position, progress
from notarykit.config.policy import load_policy
from notarykit.errors import NetworkError, NoSignatureError, NotarykitError, RevocationError, UsageError
from notarykit.revocation.evidence import evidence_file
from notarykit.trust.store import DirectoryTrustStore

if TYPE_CHECKING:
    from notarykit.revocation.result import Evidence
    from notarykit.verification.collect import Collected


def _fetch(options: Options) -> int:
    from notarykit.verification.collect import collect_evidence

    options.required("directory")
    folder = options["directory"]
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise UsageError(f"--directory {folder} is not a directory")
    scope = scope_of(options)
    named = targets(options)
    policy, store, costs = load_policy(), DirectoryTrustStore(trust_store_root()), limits(options)
    largest = max_envelope_size(options)
    codes: list[int] = []
    results: list[dict[str, Any]] = []
    count = 0
    for number, each in enumerate(named, 1):
        try:
            with progress(f"Asking for {each.text}{position(number, len(named))}"):
                collected = collect_evidence(
                    each.open(),
                    each.tag_or_digest,
                    each.scope or scope,
                    policy,
                    store,
                    limits=costs,
                    max_signatures=options["max-signatures"],
                    max_envelope_size=largest,
                )
                written = [(_write(evidence, folder), evidence) for evidence in collected.evidence]
        except NotarykitError as error:
            print_error(error, options, each.text if len(named) > 1 else "")
            codes.append(error.exit_code)
            results.append({"reference": each.text, "error": error_json(error)})
            continue
        count += len(written)
        codes.append(_report(each, collected, written, options))
        results.append(_json(each, collected, written))
    if options["output"] == "json":
        print_json({"results": results})
    elif count:
        print(f"On the other side, verify with --evidence {shlex.quote(folder)}")
    return gravest(codes)


def _write(evidence: "Evidence", folder: str) -> str:
    path = os.path.join(folder, evidence_file(evidence.kind, evidence.der))
    files.write(path, evidence.der)
    return path


def _report(each: Target, collected: "Collected", written: list[tuple[str, "Evidence"]], options: Options) -> int:
    if options["output"] == "text":
        reference = shown(each.resolved(collected.artifact))
        print(f"Collected {len(written)} file(s) for {reference}")
        for path, evidence in written:
            print(f"  {shown(path)}  until {format_rfc3339(evidence.until)}  {shown(evidence.url)}")
        if not written and collected.is_complete:
            print("None of its certificates names an OCSP responder or a CRL")
        if written:
            print(f"  All of it counts until {format_rfc3339(min(evidence.until for _, evidence in written))}")
    for digest, problem in collected.problems:
        text = problem.message if isinstance(problem, RevocationError) else problem.one_line()
        print(f"Warning: {digest}: {shown(text)}", file=sys.stderr)
    if collected.is_complete:
        return 0
    error: NotarykitError = NetworkError(
        f"{each.text}: not all that a verification needs could be collected",
        advice="see the warnings above, and run it again",
    )
    if not collected.asked:
        error = NoSignatureError(
            f"{each.text} has no signature whose signer is trusted, so nothing was asked",
            advice="see the warnings above, and the trust policy",
        )
    print_error(error, options)
    return error.exit_code


def _json(each: Target, collected: "Collected", written: list[tuple[str, "Evidence"]]) -> dict[str, Any]:
    return {
        "reference": each.text,
        "artifact": collected.artifact.to_json(),
        "files": [
            {"path": path, "kind": evidence.kind, "url": evidence.url, "until": format_rfc3339(evidence.until)}
            for path, evidence in written
        ],
        "isComplete": collected.is_complete,
        "problems": [{"signature": digest, "error": error_json(error)} for digest, error in collected.problems],
    }


COMMAND = Group(
    "Collect what a verification without a network needs.",
    {
        "fetch": Command(
            "[flags] --directory <directory> <reference>...",
            "Fetch the OCSP responses and CRLs for the signatures of artifacts",
            _fetch,
            (
                *REGISTRY_FLAGS,
                OUTPUT_FLAG,
                *LIMIT_FLAGS,
                Flag("directory", "where the files are put"),
                *SIGNATURE_FLAGS,
                Flag("oci-layout", "the artifact is in an OCI image layout", "switch"),
                Flag("scope", "trust policy scope of the artifact, registry/repository; required with --oci-layout"),
            ),
            arguments=(1, 1000),
            missing="missing reference to the artifact",
            examples=(
                (
                    "Collect for an artifact in a registry",
                    "notarykit revocation fetch --directory evidence registry.example.com/hello@<digest>",
                ),
                (
                    "Collect for an artifact in an image layout",
                    "notarykit revocation fetch --directory evidence --oci-layout --scope local/hello hello@<digest>",
                ),
            ),
        ),
    },
)
