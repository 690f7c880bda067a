"""Malformed input of every kind: nothing but errors of ours is raised."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from notarykit.errors import NotarykitError
from notarykit.timestamp import cms, tsp
from tests.support.timestamp_responses import make_response
from tests.support.token_changes import EssCertificate
from tests.unit.timestamp.setting import MOMENT, info_with, token_with

_RICH: dict[str, Any] = {"ess_v1": (EssCertificate(),), "signing_time": MOMENT, "tsa": "right", "nonce": 1}


@pytest.mark.parametrize(
    ("read", "whole"),
    [
        (cms.read_token, token_with(**_RICH)),
        (tsp.read_response, make_response(token_with(**_RICH))),
        (cms.read_attributes, cms.read_token(token_with(**_RICH)).signed_attributes),
        (tsp.read_info, info_with(**_RICH)),
    ],
    ids=["token", "response", "attributes", "info"],
)
def test_changed_bytes_raise_no_other_error(read: Callable[[bytes], object], whole: bytes) -> None:
    """Bytes with any one change are read, or refused with an error of notarykit."""
    assert read(whole)
    for place in range(len(whole)):
        for spoiled in (whole[:place], whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]):
            with suppress(NotarykitError):
                read(spoiled)
