"""Partitions of AWS, by the SDK's data: the small file that endpoint rule sets use, not the large list of endpoints."""

from __future__ import annotations

import re
from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def partition_of(region: str) -> str | None:
    """Returns the partition of a region, or None for a region of a form that the SDK does not know yet."""
    for partition in _partitions():
        if region in partition["regions"] or re.match(partition["regionRegex"], region):
            return str(partition["id"])
    return None


@cache
def _partitions() -> Sequence[Any]:
    from botocore.loaders import Loader  # type: ignore[import-untyped]

    partitions: Sequence[Any] = Loader().load_data("partitions")["partitions"]
    return partitions
