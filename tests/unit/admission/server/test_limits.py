"""Limits of the server."""

import pytest

from notarykit_admission.server.limits import HTTPLimits


@pytest.mark.parametrize(("most", "share", "part"), [(200, 0.75, 150), (3, 0.5, 2), (1, 0.25, 1), (7, 1.0, 7)])
def test_share_of_one_client(most: int, share: float, part: int) -> None:
    """One client's part is rounded up, so that it is never so small that nothing can be asked."""
    assert HTTPLimits(share=share).share_of(most) == part
