"""Errors: their texts, what is put in front of them, and what plugins give along."""

import pytest

from notarykit import errors
from notarykit.errors import NotarykitError, PluginError, PluginTimeoutError


def test_one_line() -> None:
    """The advice follows the message, where there is one."""
    assert NotarykitError("what").one_line() == "what"
    assert NotarykitError("what", advice="do").one_line() == "what: do"


def test_within() -> None:
    """Where it happened comes in front, once for each place, and everything else stays."""
    error = PluginError("what", advice="do", metadata={"id": "7"})
    error.within("inner")
    error.within("outer")
    assert error.message == str(error) == "outer: inner: what"
    assert error.args == ("outer: inner: what",)
    assert (error.advice, error.metadata) == ("do", {"id": "7"})


def test_a_long_message_is_cut() -> None:
    """What a message quotes may be of any length."""
    error = NotarykitError("x" * 5000)
    assert len(error.message) == 1001
    error.within("somewhere")
    assert error.message.startswith("somewhere: xxx")


def test_metadata() -> None:
    """An error's metadata is its own: later changes of what it was made of do not reach it."""
    given = {"id": "7"}
    error = PluginTimeoutError("what", metadata=given)
    given["id"] = "8"
    assert error.metadata == {"id": "7"}
    assert PluginError("what").metadata == {}
    assert PluginError("what").metadata is not PluginError("what").metadata


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("PluginError", "ERROR"),
        ("PluginValidationError", "VALIDATION_ERROR"),
        ("PluginContractVersionError", "UNSUPPORTED_CONTRACT_VERSION"),
        ("PluginAccessDeniedError", "ACCESS_DENIED"),
        ("PluginTimeoutError", "TIMEOUT"),
        ("PluginThrottledError", "THROTTLED"),
        ("PluginNotFoundError", "ERROR"),
        ("PluginResponseError", "ERROR"),
    ],
)
def test_codes_of_plugins(name: str, code: str) -> None:
    """Each code of the contract has its class, and all end the command line with 4."""
    kind = getattr(errors, name)
    assert issubclass(kind, PluginError)
    assert (kind.code, kind("x").exit_code) == (code, 4)
