"""Fixtures of the tests of the checker."""

import pytest

from tests.support.responders import Responder
from tests.unit.revocation.checker.world import World


@pytest.fixture
def world(responder: Responder) -> World:
    """World whose certificates name a responder and a CRL each."""
    return World(responder)
