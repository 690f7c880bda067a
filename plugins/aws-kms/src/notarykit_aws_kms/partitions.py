"""Which partition of AWS a region is in, as far as the SDK's data say."""

from __future__ import annotations

from functools import cache

from notarykit.plugin.service.logging import unheard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def partition_of(region: str) -> str | None:
    """The partition that a region is in, or None for a region of a form that the SDK does not know yet."""
    from botocore.exceptions import UnknownRegionError  # type: ignore[import-untyped]

    try:
        with unheard("botocore"):
            return str(_resolver().get_partition_for_region(region))
    except UnknownRegionError:
        return None


@cache
def _resolver() -> Any:
    from botocore.loaders import Loader  # type: ignore[import-untyped]
    from botocore.regions import EndpointResolver  # type: ignore[import-untyped]

    return EndpointResolver(Loader().load_data("endpoints"))
