"""Errors: their texts, what is put in front of them, and what plugins give along."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import notarykit
from notarykit import errors
from notarykit.errors import NotarykitError, PluginError, PluginTimeoutError, RevocationError, TrustStoreError


def test_one_line() -> None:
    """The advice follows the message, where there is one."""
    assert NotarykitError("what").one_line() == "what"
    assert NotarykitError("what", advice="do").one_line() == "what: do"


def test_within_returns_a_copy() -> None:
    """The place of an error begins the message of a copy, once for each place, and everything else is as it was."""
    error = PluginTimeoutError("what", advice="do", metadata={"id": "7"})
    copied = error.within("inner").within("outer")
    assert type(copied) is PluginTimeoutError
    assert copied.message == str(copied) == "outer: inner: what"
    assert copied.args == ("outer: inner: what",)
    assert (copied.advice, copied.metadata) == ("do", {"id": "7"})
    assert (error.message, error.args) == ("what", ("what",))


def test_replace_returns_a_copy() -> None:
    """A copy may have another advice or exit code, and the error stays as it was."""
    error = TrustStoreError("what", advice="do")
    assert error.replace(advice="other").one_line() == "what: other"
    assert error.replace(exit_code=7).exit_code == 7
    assert error.replace().one_line() == error.one_line() == "what: do"
    assert error.exit_code == 2


def test_under_returns_a_copy() -> None:
    """A copy names the trust policy statement, and keeps what is known of the certificates."""
    result: Any = object()
    error = RevocationError("what", statuses=())
    copied = error.under("acme", "strict", (result,))
    assert (copied.policy, copied.level, copied.results, copied.statuses) == ("acme", "strict", (result,), ())
    assert (error.policy, error.level, error.results) == ("", "", ())


@pytest.mark.parametrize("name", ["message", "advice"])
def test_errors_cannot_be_written_to(name: str) -> None:
    """An error that was raised says the same to everyone who reads it."""
    with pytest.raises(AttributeError):
        setattr(NotarykitError("what"), name, "other")


def test_a_long_message_is_cut() -> None:
    """What a message quotes may be of any length."""
    error = NotarykitError("x" * 5000)
    assert len(error.message) == 1001
    assert error.within("somewhere").message.startswith("somewhere: xxx")


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


_SOURCE = Path(notarykit.__file__).parent
_FLAG = re.compile(r"(?<![-\w])--[a-z]")
_MESSAGES = ("message", "text", "problem", "reason")


def _messages(tree: ast.AST) -> Iterator[ast.expr]:
    """What errors and warnings are made of, their advice left out, and texts that are called messages."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if called.endswith(("Error", "warn", "DoesNotApply")):
                yield node.args[0]
        elif isinstance(node, ast.Assign) and any(getattr(each, "id", "") in _MESSAGES for each in node.targets):
            yield node.value


def test_messages_name_no_flags() -> None:
    """The library's messages are for programs too: what a flag of the command line is for is said in the advice."""
    found = [
        f"{path.relative_to(_SOURCE)}: {part.value}"
        for path in _SOURCE.rglob("*.py")
        if "cli" not in path.relative_to(_SOURCE).parts
        for message in _messages(ast.parse(path.read_text()))
        for part in ast.walk(message)
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and _FLAG.search(part.value)
    ]
    assert not found
