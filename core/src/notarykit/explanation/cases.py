"""Cases of a trust policy: what is expected of it for references, and whether it is so.

What is compared are explanations, whose statement and verdict are those of a verification.
"""

import json
import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from notarykit._internal import files
from notarykit._internal.strict_json import DocumentError, Members, loads
from notarykit.errors import NotarykitError, StorageError, UsageError, VerificationError
from notarykit.explanation.artifact import (
    Explanation,
    Options,
    explain_artifact,
    explain_envelope,
    explain_repository,
)
from notarykit.explanation.document import verdict_word
from notarykit.oci.reference import LayoutReference, Reference, is_scope, parse_layout_reference, parse_reference
from notarykit.oci.repository import Repository
from notarykit.trust.policy import LEVELS
from notarykit.verification.artifact import ArtifactRequest
from notarykit.verification.context import EnvelopeRequest
from notarykit.verification.verdict import Step

LARGEST_TABLE = 4 * 1024 * 1024
MOST_CASES = 100_000
VERDICTS = ("verified", "audited", "skipped", "failed")
NO_STATEMENT = ""

_MEMBERS = (
    "name", "reference", "scope", "statement", "level", "verdict", "step", "signature", "layout", "userMetadata",
)  # fmt: skip

OpenRepository = Callable[[Reference | LayoutReference], Repository]


class PolicyCase(NamedTuple):
    """What is expected of a trust policy for one reference. What is None may be anything.

    Attributes:
        name: Name of the case; the reference where none is given.
        reference: `registry/repository`, or the reference of an artifact if a verdict is expected.
        statement: Name of the statement that applies, or an empty string if none does.
        level: Its verification level.
        verdict: `verified`, `audited`, `skipped` or `failed`.
        step: Step by which the verification fails.
        signature: Path of a signature envelope that is verified in place of the artifact's signatures.
        scope: `registry/repository`, by which the statement for an artifact in an image layout is chosen.
        is_in_layout: True if the reference is one of an image layout.
        user_metadata: Metadata that the signature must carry.
    """

    name: str
    reference: str
    statement: str | None = None
    level: str | None = None
    verdict: str | None = None
    step: str | None = None
    signature: str | None = None
    scope: str = ""
    is_in_layout: bool = False
    user_metadata: Mapping[str, str] = {}


class CaseResult(NamedTuple):
    """What came of a case.

    Attributes:
        case: The case.
        differences: What is not as expected, a clause each; none if all is.
        error: Error that kept the case from being tried or made it fail, or None.
    """

    case: PolicyCase
    differences: tuple[str, ...]
    error: NotarykitError | None = None

    @property
    def is_as_expected(self) -> bool:
        """True if nothing is different."""
        return not self.differences


def read_policy_cases(path: str) -> tuple[PolicyCase, ...]:
    """Reads a table of cases: JSON, or TOML where the name ends with `.toml`.

    Args:
        path: Path of the file; those of signatures and layouts in it are relative to its folder.

    Raises:
        UsageError: It cannot be read, is malformed, or a case expects nothing.
    """
    try:
        content = files.read(path, LARGEST_TABLE)
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist") from None
    except (OSError, StorageError) as error:
        raise UsageError(str(error)) from None
    try:
        document = Members(_parsed(content, path), "table")
        document.only("cases")
        items = document.array("cases")
        if not 0 < len(items) <= MOST_CASES:
            raise DocumentError(f"'cases' has {len(items)} cases, and not 1 to {MOST_CASES}")
        folder = os.path.dirname(path)
        return tuple(_case(Members(item, f"case {number}"), folder) for number, item in enumerate(items, 1))
    except (DocumentError, UsageError) as error:
        raise UsageError(f"{path} is malformed: {error}") from None


def _parsed(content: bytes, path: str) -> Any:
    if not path.lower().endswith(".toml"):
        return loads(content)
    import tomllib

    try:
        table = tomllib.loads(content.decode("utf-8"))
        text = json.dumps(table, default=_refuse)  # of the types of JSON, and finite
    except DocumentError:
        raise
    except (ValueError, RecursionError) as error:  # of other text, too deep, or with a number of thousands of digits
        raise DocumentError(f"not TOML of a table: {error}") from None
    return loads(text.encode("ascii"))


def _refuse(value: object) -> None:
    raise DocumentError(f"a value of type {type(value).__name__} is none of a case")


def _case(members: Members, folder: str) -> PolicyCase:
    members.only(*_MEMBERS)
    reference = members.filled("reference")
    name = members.text("name", reference)
    members.where = f"case {name!r}"
    expected = {each: _optional(members, each) for each in ("statement", "level", "verdict", "step", "signature")}
    signature = expected["signature"]
    case = PolicyCase(
        name,
        reference,
        **{**expected, "signature": None if signature is None else os.path.join(folder, signature)},
        scope=members.text("scope", ""),
        is_in_layout=members.boolean("layout", otherwise=False),
        user_metadata=members.text_map("userMetadata"),
    )
    if case.is_in_layout and not os.path.isabs(reference):
        case = case._replace(reference=os.path.join(folder, reference))
    _check(case, members.where)
    return case


def _optional(members: Members, name: str) -> str | None:
    return members.text(name) if name in members else None


def _check(case: PolicyCase, where: str) -> None:
    """Refuses a case that expects nothing, or what cannot be."""
    if case.statement is None and case.level is None and case.verdict is None:
        raise DocumentError(f"{where} expects nothing: give 'statement', 'level' or 'verdict'")
    choices = {
        "level": (case.level, tuple(LEVELS)),
        "verdict": (case.verdict, VERDICTS),
        "step": (case.step, tuple(map(str, Step))),
    }
    for name, (value, allowed) in choices.items():
        if value is not None and value not in allowed:
            raise DocumentError(f"{where}: {name} {value!r} is not one of {', '.join(allowed)}")
    _check_together(case, where)
    if case.is_in_layout:
        if not is_scope(case.scope):
            raise DocumentError(f"{where}: 'layout' needs a 'scope', registry/repository")
        parse_layout_reference(case.reference)
    elif case.scope:
        raise DocumentError(f"{where}: 'scope' goes with 'layout' alone")
    elif case.verdict is not None or not is_scope(case.reference):
        _with_identifier(case)


def _check_together(case: PolicyCase, where: str) -> None:
    """Refuses expectations that contradict each other."""
    if case.statement == NO_STATEMENT and (case.level or case.verdict not in (None, "failed")):
        raise DocumentError(f"{where}: without a statement there is no level, and the verdict is 'failed'")
    if case.step is not None and case.verdict != "failed":
        raise DocumentError(f"{where}: 'step' is for the verdict 'failed'")
    if case.verdict is None and (case.signature is not None or case.user_metadata):
        raise DocumentError(f"{where}: 'signature' and 'userMetadata' are for a case with a verdict")


def _with_identifier(case: PolicyCase) -> Reference | LayoutReference:
    """Returns the parsed reference of an artifact."""
    return parse_layout_reference(case.reference) if case.is_in_layout else parse_reference(case.reference)


def try_policy_case(options: Options, case: PolicyCase, open_repository: OpenRepository) -> CaseResult:
    """Compares what is expected with what is.

    Args:
        options: Options of the verifier.
        case: The case.
        open_repository: Opens the repository of a reference; not called where no verdict is expected.
    """
    try:
        explained = _explained(options, case, open_repository)
    except NotarykitError as error:
        return CaseResult(case, (f"it cannot be tried: {error.message}",), error)
    outcome = explained.outcome
    problem = outcome if isinstance(outcome, NotarykitError) else None
    return CaseResult(case, tuple(_differences(case, explained)), problem)


def _explained(options: Options, case: PolicyCase, open_repository: OpenRepository) -> Explanation:
    """Returns the explanation; without a verdict that is expected, of the policy alone."""
    if case.verdict is None:
        scope = case.scope or (case.reference if is_scope(case.reference) else parse_reference(case.reference).scope)
        return explain_repository(options, scope)
    reference = _with_identifier(case)
    scope, opened = reference.policy_scope(case.scope), partial(open_repository, reference)
    if case.signature is None:
        return explain_artifact(options, ArtifactRequest(opened, reference.identifier, scope), case.user_metadata)
    from notarykit.blob.signature_file import read_signature

    signature = read_signature(case.signature, options.max_envelope_size)
    artifact = opened().resolve(reference.identifier)
    request = EnvelopeRequest(signature.envelope, signature.media_type, artifact, case.user_metadata)
    return explain_envelope(options, scope, request, case.signature)


def _differences(case: PolicyCase, explained: Explanation) -> list[str]:
    policy, outcome = explained.choice.policy, explained.outcome
    found: list[str] = []
    name = NO_STATEMENT if policy is None else policy.name
    if case.statement is not None and case.statement != name:
        found.append(f"{_statement(name)} applies, and not {_statement(case.statement, is_expected=True)}")
    level = None if policy is None else policy.level.name
    if case.level is not None and case.level != level:
        found.append(f"the level is {level or 'none'}, and not {case.level}")
    if case.verdict is None or outcome is None:
        return found
    verdict = verdict_word(outcome if isinstance(outcome, NotarykitError) else outcome.verdict)
    if isinstance(outcome, NotarykitError) and not isinstance(outcome, VerificationError):
        found.append(f"there is no verdict: {outcome.message}")
    elif case.verdict != verdict:
        reason = f": {outcome.message}" if isinstance(outcome, NotarykitError) else ""
        found.append(f"the verdict is {verdict}, and not {case.verdict}{reason}")
    elif case.step is not None and case.step not in (steps := _failed_steps(explained)):
        found.append(f"it fails by {' and '.join(steps) or 'no step'}, and not by {case.step}")
    return found


def _statement(name: str, *, is_expected: bool = False) -> str:
    if name == NO_STATEMENT:
        return "none" if is_expected else "no statement"
    return repr(name) if is_expected else f"statement {name!r}"


def _failed_steps(explained: Explanation) -> list[str]:
    """Returns the steps that ended the signatures, each once."""
    refused = [each.results[-1] for each in explained.signatures if each.results]
    return list(dict.fromkeys(str(result.step) for result in refused if result.error))
