"""Commands as hook calls: arguments that must fit, answers that come through, and calls that are traced."""

import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from notarykit._internal.events import observed
from notarykit.errors import PluginAccessDeniedError, PluginError, PluginResponseError
from notarykit.plugin import (
    DescribeKeyRequest,
    GeneratedEnvelope,
    GenerateEnvelopeRequest,
    GenerateSignatureRequest,
    GetMetadataRequest,
    Metadata,
    Plugin,
    VerificationResult,
    VerifiedSignature,
    VerifySignatureRequest,
)
from notarykit.plugin.diagnosis import OK, Finding
from notarykit.plugin.hooks.call_trace import PluginCall
from notarykit.plugin.hooks.hooked_plugin import HookedPlugin, HookError
from notarykit.plugin.host.signer import PluginSigner, plugin_signer
from notarykit.plugin.protocol.metadata import NO_CONFIG
from tests.unit.plugin.plugins import KeyPlugin

DESCRIBE = DescribeKeyRequest("k", {"pin": "swordfish"})
SIGN = GenerateSignatureRequest("k", "EC-256", "SHA-256", b"payload", {})


class Everything(KeyPlugin):
    """Has every method of a plugin, and answers each with what it was called with."""

    @classmethod
    def get_metadata(cls, request: GetMetadataRequest = NO_CONFIG) -> Metadata:
        """Metadata that depend on the configuration."""
        return super().get_metadata()._replace(description=str(dict(request.plugin_config)))

    def generate_envelope(self, request: GenerateEnvelopeRequest) -> GeneratedEnvelope:
        """The payload as an envelope."""
        return GeneratedEnvelope(request.payload, request.signature_envelope_type)

    def verify_signature(self, request: VerifySignatureRequest) -> VerifiedSignature:
        """Success for everything."""
        return VerifiedSignature({check: VerificationResult(True) for check in request.signature_verification}, ())

    def open_key(self, *arguments: Any) -> Any:
        """The arguments."""
        return arguments

    def attach_certificates(self, key_id: str, config: Mapping[str, str], chain: Sequence[bytes]) -> str:
        """The arguments as a text."""
        return f"{key_id} {dict(config)} {len(chain)}"


def _hooked(plugin: Plugin | None = None, **observers: object) -> HookedPlugin:
    return HookedPlugin("acme", plugin or Everything(), observers)


def test_each_command_reaches_the_plugin() -> None:
    """Each method is called with the arguments of the caller, and its answer is that of the plugin."""
    hooked = _hooked()
    assert hooked.get_metadata().description == "{}"
    assert hooked.get_metadata(GetMetadataRequest({"a": "b"})).description == "{'a': 'b'}"
    assert hooked.describe_key(DESCRIBE).key_id == "k"
    assert hooked.generate_signature(SIGN).key_id == "k"
    envelope = GenerateEnvelopeRequest("k", b"payload", "p", "t", None, {})
    assert hooked.generate_envelope(envelope) == GeneratedEnvelope(b"payload", "t")
    verify = VerifySignatureRequest({}, (), (), (), ("C",), {})
    assert hooked.verify_signature(verify).verification_results == {"C": VerificationResult(True)}
    opened: object = hooked.open_key("k", {"a": "b"})
    assert opened == ("k", {"a": "b"})
    assert hooked.attach_certificates("k", {}, (b"",)) == "k {} 1"


def test_a_hooked_plugin_signs() -> None:
    """A host signs with a hooked plugin as with the plugin itself."""
    plugin = KeyPlugin()
    signer = plugin_signer(_hooked(plugin), "k", {})
    assert isinstance(signer, PluginSigner)
    assert signer.sign(b"message")[1] == plugin.chain.ders


def test_an_answer_of_none_is_refused_by_the_host() -> None:
    """None, which pluggy takes for no answer, is refused as an answer of the wrong type."""
    hooked = _hooked(KeyPlugin(change=lambda _: None))
    signer = plugin_signer(hooked, "k", {})
    assert isinstance(signer, PluginSigner)
    with pytest.raises(PluginResponseError, match="returned NoneType"):
        signer.key_spec()


@pytest.mark.parametrize(
    "error", [PluginAccessDeniedError("no", metadata={"id": "1"}), ValueError("x"), StopIteration()]
)
def test_an_error_of_the_plugin_stays_as_it_is(error: Exception) -> None:
    """What the plugin raises is what the caller gets: the same object."""

    def fail(_: object) -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        _hooked(KeyPlugin(change=fail)).describe_key(DESCRIBE)
    assert caught.value is error


def _describing(arguments: str, result: str = "None") -> HookedPlugin:
    """A hooked plugin whose describe_key is written with these arguments."""
    return _hooked(type("Changed", (KeyPlugin,), {"describe_key": eval(f"lambda {arguments}: {result}")})())


@pytest.mark.parametrize("arguments", ["req", "", "request, more", "*, request", "**kwargs"])
def test_arguments_that_do_not_fit_are_refused(arguments: str) -> None:
    """A method with other arguments than the contract's is named with what it has and what it must have."""
    with pytest.raises(HookError) as caught:
        _describing(f"self, {arguments}")
    declared = arguments.removeprefix("*, ").removeprefix("**")
    assert str(caught.value) == (
        f"has the method describe_key({declared}), where the contract has describe_key(request)"
    )


@pytest.mark.parametrize(
    "arguments", ["request", "request=None", "request, more=1", "request, /", "*any", "*any, **more"]
)
def test_arguments_that_fit(arguments: str) -> None:
    """Every way to write a method that can be called with the request is good, and it gets the request."""
    result = "any[0]" if "any" in arguments else "request"
    answer: object = _describing(f"self, {arguments}", result).describe_key(DESCRIBE)
    assert answer is DESCRIBE


def test_calls_are_traced_without_what_they_hold() -> None:
    """Each call is shown with its plugin, command, time and the class of its error, and nothing of its content."""
    hooked = _hooked(KeyPlugin())
    events: list[PluginCall] = []
    hooked.describe_key(DESCRIBE)
    with observed(events.append):
        hooked.describe_key(DESCRIBE)
        with pytest.raises(PluginError):
            hooked.verify_signature(VerifySignatureRequest({}, (), (), (), (), {}))
    assert [event._replace(seconds=0) for event in events] == [
        PluginCall("acme", "describe_key", 0),
        PluginCall("acme", "verify_signature", 0, "PluginValidationError"),
    ]
    assert all(0 <= event.seconds < 60 for event in events)
    assert "swordfish" not in str(events)


def test_the_time_of_calls_in_several_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls that overlap are timed each by itself."""
    times = {"a": [10.0, 11.0], "b": [20.0, 25.0]}
    monkeypatch.setattr(
        sys.modules[HookedPlugin.__module__], "monotonic", lambda: times[threading.current_thread().name].pop(0)
    )
    meet = threading.Barrier(2)
    hooked = _hooked(KeyPlugin(change=lambda answer: (meet.wait(30), answer)[1]))
    events: list[PluginCall] = []
    with observed(events.append):
        threads = [threading.Thread(target=hooked.describe_key, args=[DESCRIBE], name=name) for name in times]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(event.seconds for event in events) == [1.0, 5.0]


def test_the_doctor_of_a_plugin() -> None:
    """A plugin's own diagnosis is used; without one, the trial goes through the hooks, so that it is observed."""

    class Diagnosing(KeyPlugin):
        def diagnose(self, key_id: str | None, config: Mapping[str, str]) -> Any:
            yield Finding("own", OK, f"{key_id} {dict(config)}")

    assert list(_hooked(Diagnosing()).diagnose("k", {"a": "b"})) == [Finding("own", OK, "k {'a': 'b'}")]
    events: list[PluginCall] = []
    with observed(events.append):
        steps = [finding.step for finding in _hooked(KeyPlugin()).diagnose("k", {})]
    assert steps == ["metadata", "key", "signature", "certificates"]
    assert [event.command for event in events] == ["get_metadata", "describe_key", "generate_signature"]
