"""Error tables, and the guard around the reading of responses."""

import pytest

from notarykit.plugin import ErrorKind, PluginAccessDeniedError, PluginError, PluginValidationError, reject_malformed


def test_error_of_a_kind() -> None:
    """The error has the kind's class, the values in both texts, and the metadata that is there."""
    kind = ErrorKind(PluginAccessDeniedError, "access to {key} denied: {text}", "allow {action} on {key}")
    error = kind.to_error({"serviceError": "Denied", "requestId": ""}, key="k1", text="no {policy}", action="sign")
    assert type(error) is PluginAccessDeniedError
    assert (error.message, error.advice) == ("access to k1 denied: no {policy}", "allow sign on k1")
    assert error.metadata == {"serviceError": "Denied"}


def test_kind_without_values() -> None:
    """Advice, metadata and values may be missing."""
    error = ErrorKind(PluginError, "service failed").to_error()
    assert (error.message, error.advice, error.metadata) == ("service failed", "", {})


@pytest.mark.parametrize("error", [KeyError("swordfish"), ValueError("swordfish"), RecursionError(), AttributeError()])
def test_failure_to_read_is_the_responses_fault(error: Exception) -> None:
    """Any exception becomes the one error, and neither its text nor itself hangs on it."""
    with (
        pytest.raises(PluginError, match=r"^response is malformed$") as caught,
        reject_malformed("response is malformed"),
    ):
        raise error
    assert caught.value.advice == "try again"
    assert caught.value.__suppress_context__
    assert caught.value.__cause__ is None


def test_error_on_purpose_passes_the_guard() -> None:
    """An error of notarykit that is raised while reading stays what it is."""
    error = PluginValidationError("key is symmetric")
    with pytest.raises(PluginValidationError) as caught, reject_malformed("malformed", advice="none"):
        raise error
    assert caught.value is error
