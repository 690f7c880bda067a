"""Semantic versions (semver.org), as plugins and signatures write them: without a leading `v`."""

import re
from functools import total_ordering

_LONGEST = 256
_PATTERN = re.compile(
    r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    r"(?:-((?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*))?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)


@total_ordering
class SemanticVersion:
    """Semantic version, ordered by precedence (section 11)."""

    def __init__(self, text: str) -> None:
        """Reads a version; raises ValueError where it is none."""
        match = _PATTERN.fullmatch(text) if len(text) <= _LONGEST else None
        if match is None:
            raise ValueError(f"{text!r} is not a semantic version")
        numbers = tuple(int(part) for part in match.groups()[:3])
        # A release comes after its own pre-releases; numbers among their parts come before words.
        parts = (match[4] or "").split(".")
        before = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts)
        self._key = (numbers, match[4] is None, before if match[4] else ())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SemanticVersion) and self._key == other._key

    def __lt__(self, other: "SemanticVersion") -> bool:
        return self._key < other._key

    def __hash__(self) -> int:
        return hash(self._key)
