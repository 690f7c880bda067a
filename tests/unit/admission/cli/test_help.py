"""Texts of the help."""

import re
from typing import Any, cast

from notarykit_admission.cli.help import DESCRIPTION
from notarykit_admission.program.routes import make_routes


def test_paths_are_those_that_are_served() -> None:
    """The help names every door, and no other path than the pages beside them."""
    doors = make_routes(lambda _: cast("Any", None), ())
    named = set(re.findall(r"^  (/\S+?),? ", DESCRIPTION, re.MULTILINE))
    assert named == {*doors, "/healthz", "/metrics"}
    assert "/readyz" in DESCRIPTION
