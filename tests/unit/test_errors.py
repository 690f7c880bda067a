"""Errors: their texts, what is put in front of them, and what plugins give along."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import notarykit
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
