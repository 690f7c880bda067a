"""Findings, and those of a plugin without a `diagnose` of its own."""

from notarykit.plugin import (
    Finding,
    GeneratedSignature,
    GenerateSignatureRequest,
    Plugin,
    PluginValidationError,
)


def test_a_plugin_without_a_doctor() -> None:
    """A plugin that looks at nothing by itself is asked what it is; without a key nothing of it is used."""

    class Plain(Plugin):
        name, description, version, url = "plain", "d", "1.0.0", "u"

        def generate_signature(self, request: GenerateSignatureRequest) -> GeneratedSignature:
            raise AssertionError

    assert [(each.step, each.result) for each in Plain().diagnose(None, {})] == [("metadata", "ok"), ("key", "warning")]


def test_finding_of_an_error() -> None:
    """The error of a step becomes a failed finding, with its advice."""
    error = PluginValidationError("no such key", advice="look again")
    assert Finding.of_error("key", error) == Finding("key", "FAILED", "no such key", "look again")


def test_a_finding() -> None:
    """A finding is a record that JSON can have; advice may be missing."""
    members = {"step": "token", "result": "ok", "detail": "there", "advice": ""}
    assert Finding("token", "ok", "there")._asdict() == members
