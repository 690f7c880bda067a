"""Shards of an audit: parts that several machines audit, each without knowing of the others."""

import re
from hashlib import sha256
from typing import NamedTuple

from notarykit.errors import UsageError

_FORM = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")


class Shard(NamedTuple):
    """Shard `number` of `total`, counted from 0 as Kubernetes' `JOB_COMPLETION_INDEX` is.

    An artifact falls to the shard whose number is the first 16 hexadecimal digits of its digest, as a number, modulo
    the total; so all repositories' copies of a manifest are in one shard. What has no digest (a repository or tag that
    cannot be read) goes by the SHA-256 of its reference in UTF-8.
    """

    number: int = 0
    total: int = 1

    def __str__(self) -> str:
        return f"{self.number}/{self.total}"

    def has(self, digest: str, reference: str) -> bool:
        """Returns True for the artifacts of the shard."""
        encoded = digest.partition(":")[2] or sha256(reference.encode("utf-8", "backslashreplace")).hexdigest()
        return int(encoded[:16], 16) % self.total == self.number


def parse_shard(text: str) -> Shard:
    """Parses `I/N`.

    Raises:
        UsageError: It is malformed, or the number is not below the total.
    """
    match = _FORM.fullmatch(text)
    if match is None or int(match[1]) >= int(match[2]):
        raise UsageError(f"shard {text!r} is not of the form I/N with I from 0 to N - 1", advice="such as 0/4")
    return Shard(int(match[1]), int(match[2]))
