"""What a plugin without a doctor says."""

import pytest

from notarykit.plugin import Finding, Plugin, PluginValidationError


def test_a_plugin_without_a_doctor() -> None:
    """A plugin has none unless it implements it."""

    class Plain(Plugin):
        name = "plain"

    with pytest.raises(PluginValidationError, match="plugin plain has no doctor"):
        Plain().diagnose(None, {})


def test_a_finding() -> None:
    """A finding is a record that JSON can have; advice may be missing."""
    members = {"step": "token", "result": "ok", "detail": "there", "advice": ""}
    assert Finding("token", "ok", "there")._asdict() == members
