"""Explanations as text."""

from collections.abc import Iterable
from datetime import datetime

from notarykit._internal.printable import printable
from notarykit._internal.rfc3339 import format_rfc3339
from notarykit.cli.output import WIDTH, listing
from notarykit.errors import NotarykitError
from notarykit.explanation.artifact import ExplainedSignature, Explanation
from notarykit.explanation.document import SECTIONS, verdict_word
from notarykit.explanation.step_effects import SPECIFICATION
from notarykit.explanation.trust_in_sight import IdentityInSight, KnownCertificate

_MATCHES = {True: "yes", False: "no", None: "unknown"}


def print_explanation(reference: str, policy_path: str, explanation: Explanation) -> None:
    """Prints an explanation.

    Args:
        reference: The reference or the repository, as it was written.
        policy_path: Path of the trust policy.
        explanation: The explanation.
    """
    _print_wrapped(*_choice(reference, policy_path, explanation))
    _print_rest(explanation)


def print_blob_explanation(blob: str, policy_path: str, explanation: Explanation) -> None:
    """Prints an explanation of a trust policy for blobs.

    Args:
        blob: Path of the blob, or an empty string if none was asked about.
        policy_path: Path of the trust policy.
        explanation: The explanation.
    """
    _print_wrapped(*_blob_choice(blob, policy_path, explanation))
    _print_rest(explanation)


def _print_rest(explanation: Explanation) -> None:
    """Prints what follows the choice of the statement."""
    _print_policy(explanation)
    for signature in explanation.signatures:
        _print_signature(signature)
    if explanation.outcome is not None and not isinstance(explanation.outcome, NotarykitError):
        print(f"\nVerdict: {verdict_word(explanation.outcome.verdict)}")


def _print_wrapped(*paragraphs: str) -> None:
    from textwrap import wrap

    for paragraph in paragraphs:
        print("\n".join(wrap(printable(paragraph), WIDTH, break_long_words=False, break_on_hyphens=False)))


def _choice(reference: str, policy_path: str, explanation: Explanation) -> Iterable[str]:
    """Yields the sentences on the statement that applies."""
    choice, nearest = explanation.choice, explanation.nearest
    yield f"{reference}: trust policy {policy_path}"
    if choice.policy is None:
        yield f"No statement applies to {choice.repository}, so it is not trusted."
    else:
        level = choice.policy.level.name
        yield f"Statement {choice.policy.name!r} applies, at level {level}, by the scope {choice.scope!r}."
        if choice.policy.level.is_skip:
            yield "It skips verification: signatures are not looked at."
    if choice.candidates:
        yield f"Scopes that match, the first that a statement has decides: {', '.join(choice.candidates)}"
    else:
        yield "No scope matches what is not the name of a repository in full."
    if nearest is not None:
        scope = f"{nearest.scope} (statement {nearest.policy!r})"
        yield f"Nearest scope that does not match: {scope}: {nearest.difference}."


def _blob_choice(blob: str, policy_path: str, explanation: Explanation) -> Iterable[str]:
    """Yields the sentences on the statement that applies to a blob."""
    policy, name = explanation.choice.policy, explanation.choice.repository
    yield f"{blob or 'Blobs'}: blob trust policy {policy_path}"
    if policy is None:
        yield f"No statement has the name {name!r}, so blobs are not trusted." if name else "No statement is global."
        return
    reason = "by its name" if name else "since it is the global one"
    yield f"Statement {policy.name!r} applies, at level {policy.level.name}, {reason}."
    if policy.level.is_skip:
        yield "It skips verification: signatures are not looked at."


def _print_policy(explanation: Explanation) -> None:
    if explanation.steps:
        print(f"\nSteps ({SPECIFICATION}):")
        rows = [((each.section, str(each.action)), (each.effect,)) for each in explanation.steps]
        print(listing([(("STEP", "IF IT FAILS"), ("WHAT IS CHECKED",)), *rows]), end="")
    if explanation.stores:
        print()
        stores = []
        for store, certificates, problem in explanation.stores:
            texts = [problem.one_line()] if problem else [_of_certificate(each) for each in certificates]
            stores.append(((str(store),), texts))
        print(listing([(("TRUST STORE",), ("CERTIFICATES",)), *stores]), end="")
    if explanation.identities:
        print()
        _print_identities(explanation.identities)


def _print_identities(identities: Iterable[IdentityInSight]) -> None:
    rows = [((_MATCHES[each.is_match],), (each.identity, each.remark)) for each in identities]
    print(listing([(("MATCHES",), ("TRUSTED IDENTITY",)), *rows]), end="")


def _of_certificate(certificate: KnownCertificate) -> str:
    kind = ", a CA" if certificate.is_ca else ""
    return (
        f"{certificate.subject}{kind}, valid {_time(certificate.starts)} to {_time(certificate.ends)}, "
        f"SHA256 {certificate.thumbprint}"
    )


def _time(time: datetime | None) -> str:
    return "?" if time is None else format_rfc3339(time)


def _print_signature(signature: ExplainedSignature) -> None:
    print(f"\nSignature {printable(signature.name)}: {verdict_word(signature.outcome)}")
    chain = []
    for position, certificate in enumerate(signature.chain):
        role = "signer" if not position else "issuer"
        anchor = "It is in a trust store." if position == signature.anchor else ""
        chain.append(((role,), (_of_certificate(certificate), anchor)))
    if chain:
        print(listing([(("CHAIN",), ("CERTIFICATE, AS THE SIGNATURE HAS IT",)), *chain]), end="")
        _print_identities(signature.identities)
    rows = []
    for result in signature.results:
        text = result.error.one_line() if result.error else result.note
        rows.append(((SECTIONS[result.step], result.outcome, str(result.action)), (text,)))
    if rows:
        print(listing([(("STEP", "OUTCOME", "IF IT FAILS"), ("REASON",)), *rows]), end="")
    elif isinstance(signature.outcome, NotarykitError):
        _print_wrapped(signature.outcome.one_line())
