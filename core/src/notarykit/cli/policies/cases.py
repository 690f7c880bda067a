"""`policy test`: a table of references, with the statements and verdicts that are expected of a trust policy."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from notarykit.cli.options import Arguments, Command, Options
from notarykit.cli.output import OUTPUT_FLAG, listing, print_json
from notarykit.cli.policies.source import POLICY_FLAG, load
from notarykit.cli.references import REGISTRY_FLAGS
from notarykit.cli.verifiers import VERIFIER_FLAGS, artifact_verifier
from notarykit.config.policy import ARTIFACT_POLICY
from notarykit.oci.reference import LayoutReference, Reference, is_scope, parse_reference

if TYPE_CHECKING:
    from notarykit.cli.registries import NamedRegistries
    from notarykit.explanation.cases import CaseResult, PolicyCase
    from notarykit.oci.repository import Repository

_DIFFERENT = 1


class _Opener:
    """Opens repositories; registries are only set up where a case needs one."""

    def __init__(self, options: Options, cases: "Sequence[PolicyCase]") -> None:
        references = [each.reference for each in cases if not each.is_in_layout and not is_scope(each.reference)]
        self._hosts = list(dict.fromkeys(parse_reference(reference).registry for reference in references))
        self._options = options
        self._registries: NamedRegistries | None = None

    def open(self, reference: Reference | LayoutReference) -> "Repository":
        if isinstance(reference, LayoutReference):
            from notarykit.oci.layout import ImageLayout

            return ImageLayout(reference.path)
        if self._registries is None:
            from notarykit.cli.registries import NamedRegistries

            self._registries = NamedRegistries(self._options, self._hosts)
        return self._registries.open(reference)

    def close(self) -> None:
        if self._registries is not None:
            self._registries.close()


def _run(options: Options) -> int:
    """Prints what came of each case, differences first."""
    from notarykit.cli.diagnostics import warnings_about
    from notarykit.cli.spinner import steps
    from notarykit.explanation.cases import read_policy_cases, try_policy_case

    cases = read_policy_cases(options.arguments[0])
    path, document = load(ARTIFACT_POLICY, options["policy"])
    verifier = artifact_verifier(options, document)
    opener, results = _Opener(options, cases), []
    try:
        with steps() as say:
            for number, case in enumerate(cases, 1):
                say(f"{number} of {len(cases)}: {case.name}")
                with warnings_about(case.name):
                    results.append(try_policy_case(verifier, case, opener.open))
    finally:
        opener.close()
    if options["output"] == "json":
        print_json({"policy": path, "cases": list(map(_members, results))})
    else:
        _print(results)
    return 0 if all(result.is_as_expected for result in results) else _DIFFERENT


def _members(result: "CaseResult") -> dict[str, Any]:
    members: dict[str, Any] = {
        "name": result.case.name,
        "reference": result.case.reference,
        "result": _word(result),
        "differences": list(result.differences),
    }
    return members | ({"error": result.error.to_json()} if result.error else {})


def _word(result: "CaseResult") -> str:
    return "passed" if result.is_as_expected else "FAILED"


def _print(results: "list[CaseResult]") -> None:
    ordered = sorted(results, key=lambda result: result.is_as_expected)
    rows = [((_word(result),), (result.case.name, *result.differences)) for result in ordered]
    print(listing([(("RESULT",), ("CASE",)), *rows]), end="")
    failed = sum(not result.is_as_expected for result in results)
    counts = [f"{failed} FAILED" * bool(failed), f"{len(results) - failed} passed" * (failed < len(results))]
    print(f"\n{', '.join(filter(None, counts))}")


TEST = Command(
    "[flags] <file_path>",
    "Test the trust policy with a table of references: which statement applies, and which verdict is expected",
    _run,
    (
        POLICY_FLAG,
        OUTPUT_FLAG,
        *REGISTRY_FLAGS,
        *VERIFIER_FLAGS,
    ),
    arguments=Arguments(1, 1, "missing file with cases"),
    examples=(("Test a policy before it is imported", "notarykit policy test --policy trustpolicy.json cases.toml"),),
)
