"""What a plugin without a doctor says."""

from notarykit.plugin import (
    Finding,
    GeneratedSignature,
    GenerateSignatureRequest,
    Plugin,
    PluginValidationError,
)
from notarykit.plugin.diagnosis import failure


def test_a_plugin_without_a_doctor() -> None:
    """A plugin that looks at nothing by itself is asked what it is; without a key nothing of it is used."""

    class Plain(Plugin):
        name, description, version, url = "plain", "d", "1.0.0", "u"

        def generate_signature(self, request: GenerateSignatureRequest) -> GeneratedSignature:
            raise AssertionError

    assert [(each.step, each.result) for each in Plain().diagnose(None, {})] == [("metadata", "ok"), ("key", "warning")]


def test_a_failure() -> None:
    """An error of a step becomes a finding, with its advice."""
    error = PluginValidationError("no such key", advice="look again")
    assert failure("key", error) == Finding("key", "FAILED", "no such key", "look again")


def test_a_finding() -> None:
    """A finding is a record that JSON can have; advice may be missing."""
    members = {"step": "token", "result": "ok", "detail": "there", "advice": ""}
    assert Finding("token", "ok", "there")._asdict() == members
