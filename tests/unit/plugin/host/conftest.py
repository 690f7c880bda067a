"""What the tests of asking share."""

from collections.abc import Iterator

import pytest

from unit.plugin.host.clock import Clock, a_clock


@pytest.fixture
def clock() -> Iterator[Clock]:
    """A clock that moves when somebody waits."""
    with a_clock() as clock:
        yield clock
