"""A deliberately wrong plugin, which keeps every rule but one."""

from datetime import UTC, datetime
from typing import NamedTuple

from tests.kit.reference import Variant
from tests.kit.wrong import (
    Mutation,
)
from tests.support.envelopes import ABSENT


class Mutant(NamedTuple):
    """A wrong plugin.

    Attributes:
        rule: The name of the rule that it breaks.
        face: How it breaks it.
        variant: What it is made of.
        mutate: Makes it wrong.
    """

    rule: str
    face: str
    variant: Variant
    mutate: Mutation

    @property
    def name(self) -> str:
        """What it is called in the names of tests."""
        return f"{self.rule}: {self.face} ({self.variant.name})"


def text(value: object) -> str:
    """A value in a mutant's name."""
    return "absent" if value is ABSENT else repr(value)


CHECKS = ("SIGNATURE_VERIFIER.TRUSTED_IDENTITY", "SIGNATURE_VERIFIER.REVOCATION_CHECK")
NOW = datetime.now(UTC).replace(microsecond=0)
