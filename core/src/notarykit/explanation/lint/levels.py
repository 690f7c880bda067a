"""Verification levels and overrides that check less than the rest of the statement lets one expect."""

from collections.abc import Iterator

from notarykit.explanation.lint.finding import Found, Severity, Statement
from notarykit.trust.policy import LEVELS, Action, Validation


def levels(statement: Statement) -> Iterator[Found]:
    """Yields findings about the level and its overrides."""
    level = statement.policy.level
    if level.actions[Validation.AUTHENTICITY] is not Action.ENFORCE:
        yield Found(
            Severity.WARNING,
            "strangers-pass",
            "signatureVerification",
            "signatures of anyone are accepted: trustStores and trustedIdentities only decide about a warning",
            'use the level "permissive" or "strict", unless this is to try a policy out',
        )
    if level.actions[Validation.REVOCATION] is Action.SKIP:
        yield Found(
            Severity.WARNING,
            "revocation-skipped",
            "signatureVerification",
            "revoked certificates are trusted until they expire",
            "have revocation logged at least; without a network, 'revocation fetch' and 'verify --evidence' check it",
        )
    usual = LEVELS[level.name]
    relaxed = [
        str(each)
        for each in (Validation.EXPIRY, Validation.AUTHENTIC_TIMESTAMP, Validation.REVOCATION)
        if usual[each] is Action.ENFORCE and level.actions[each] is Action.LOG
    ]
    if relaxed:
        yield Found(
            Severity.WARNING,
            "weaker-than-its-level",
            "signatureVerification",
            f"the level is called {level.name}, and {' and '.join(relaxed)} {'is' if len(relaxed) == 1 else 'are'} "
            "only logged",
            'leave the override out, or say so by the level "permissive"',
        )
