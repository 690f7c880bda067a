"""The Go side has plugins made with notarykit verify."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from notarykit.verification.verdict import Verified
from tests.interop.our_plugin_host import Host, make_scene
from tests.interop.our_plugins.verifying import IDENTITY, REVOKED, UNDERSTOOD, VerifyingPlugin
from tests.interop.plugin_scene import REVOCATION_CHECK, TRUSTED_IDENTITY, push_needing
from tests.interop.scene import METADATA, Scene
from tests.support.ca import make_chain
from tests.support.envelopes import FORMATS, JWS
from tests.support.homes import policy_document

CRITICAL = "com.example.region"


def _verified(
    host: Host, scene: Scene, identities: list[str], *, level: str = "strict", **config: str
) -> dict[str, Any]:
    return host.peer.ask(
        "verify-with-plugins",
        folder=str(host.plugins),
        layout=scene.layout.path,
        digest=scene.layout.digest,
        scope="local/tests",
        policy=policy_document(identities, level=level),
        trustStore=str(scene.home.folder),
        metadata=METADATA,
        pluginConfig=config,
    )


def _steps(answer: Mapping[str, Any]) -> dict[str, str]:
    return {each["type"]: each["error"] for each in answer["results"]}


TRUSTED = f"{IDENTITY}:wabbit-networks.io"
STRANGER = f"{IDENTITY}:acme-rockets.io"


@pytest.mark.parametrize("critical", [{}, {CRITICAL: UNDERSTOOD}], ids=["nothing critical", "critical attribute"])
@pytest.mark.parametrize("media_type", FORMATS)
def test_go_has_a_plugin_verify(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, media_type: str, critical: Mapping[str, str]
) -> None:
    """Either side accepts a signature whose identity, revocation and attributes only the executable can judge."""
    scene = make_scene(tmp_path, media_type)
    push_needing(
        scene.layout, scene.chain, media_type, VerifyingPlugin.name, minimum=VerifyingPlugin.version, critical=critical
    )
    answer = _verified(host, scene, [STRANGER, TRUSTED])
    assert answer["ok"], answer["error"]
    assert answer["metadata"] == METADATA
    assert set(_steps(answer)) >= {"authenticity", "revocation"}
    assert set(_steps(answer).values()) == {""}
    monkeypatch.setenv("NOTATION_LIBEXEC", str(host.plugins.parent))
    here = scene.question()._replace(policy=policy_document([STRANGER, TRUSTED])).ask_us()
    assert isinstance(here.verdict, Verified)


def test_go_hears_of_a_stranger(host: Host, tmp_path: Path) -> None:
    """An identity that the plugin refuses fails authenticity, with the plugin's reason."""
    scene = make_scene(tmp_path)
    push_needing(scene.layout, scene.chain, JWS, VerifyingPlugin.name)
    answer = _verified(host, scene, [STRANGER])
    assert not answer["ok"]
    assert f"refused: {TRUSTED_IDENTITY}" in _steps(answer)["authenticity"]


@pytest.mark.parametrize("place", [0, 1], ids=["leaf", "intermediate"])
@pytest.mark.parametrize("level", ["strict", "permissive"])
def test_go_hears_of_a_revoked_certificate(host: Host, tmp_path: Path, level: str, place: int) -> None:
    """A certificate that the plugin calls revoked fails that step, and the policy decides what follows."""
    scene = make_scene(tmp_path)
    push_needing(scene.layout, scene.chain, JWS, VerifyingPlugin.name)
    serial = str(scene.chain.certificates[place].serial_number)
    answer = _verified(host, scene, [TRUSTED], level=level, **{REVOKED: serial})
    assert answer["ok"] == (level == "permissive")
    assert f"refused: {REVOCATION_CHECK}" in _steps(answer)["revocation"]
    assert _steps(answer)["authenticity"] == ""


@pytest.mark.parametrize("is_critical", [True, False], ids=["critical", "not critical"])
@pytest.mark.parametrize("media_type", FORMATS)
def test_go_hears_of_an_attribute_that_is_not_processed(
    host: Host, tmp_path: Path, media_type: str, *, is_critical: bool
) -> None:
    """An attribute whose value the plugin does not understand is fatal; for the Go side every one is critical."""
    scene = make_scene(tmp_path, media_type)
    attributes = {CRITICAL: "another value"}
    push_needing(
        scene.layout,
        scene.chain,
        media_type,
        VerifyingPlugin.name,
        critical=attributes if is_critical else {},
        other={} if is_critical else attributes,
    )
    answer = _verified(host, scene, [TRUSTED])
    assert not answer["ok"]
    assert f"{CRITICAL!r} was not processed".replace("'", '"') in answer["error"]


def test_go_hears_that_the_plugin_is_too_old(host: Host, tmp_path: Path) -> None:
    """A lowest version above the plugin's own refuses the signature; versions are no texts."""
    scene = make_scene(tmp_path)
    push_needing(scene.layout, scene.chain, JWS, VerifyingPlugin.name, minimum="1.9.0")
    answer = _verified(host, scene, [TRUSTED])
    assert answer["ok"], answer["error"]
    late = make_scene(tmp_path / "late")
    push_needing(late.layout, late.chain, JWS, VerifyingPlugin.name, minimum="1.10.1")
    answer = _verified(host, late, [TRUSTED])
    assert not answer["ok"]
    assert f"version {VerifyingPlugin.version}" in answer["error"]


def test_go_does_not_believe_a_plugin_for_what_it_checks_itself(host: Host, tmp_path: Path) -> None:
    """A root that is not in the trust store stays a failure whatever the plugin says."""
    scene = make_scene(tmp_path)
    push_needing(scene.layout, make_chain(), JWS, VerifyingPlugin.name)
    answer = _verified(host, scene, [TRUSTED])
    assert not answer["ok"]
    assert _steps(answer)["authenticity"]
