"""What both hosts write to a plugin's standard input, side by side: plugins are made for what notation writes."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from notarykit.envelope.attributes import SIGNING_AUTHORITY
from notarykit.errors import PluginError
from notarykit.oci.layout import ImageLayout
from notarykit.plugin.discovery.executable import ExecutablePlugin
from notarykit.plugin.host.signer import plugin_signer
from notarykit.trust.parsing import parse_policy_document
from notarykit.trust.store import DirectoryTrustStore
from notarykit.verification.artifact import ArtifactRequest, VerifiedArtifact
from notarykit.verification.verifier import Verifier
from tests.interop.go_peer import Peer
from tests.interop.plugin_scene import REVOCATION_CHECK, TRUSTED_IDENTITY, descriptor_of, push_needing
from tests.interop.scene import DAY
from tests.support.ca import TestChain, make_chain
from tests.support.envelopes import FORMATS, JWS
from tests.support.executables import RAW, add_executable, answering, metadata
from tests.support.homes import SCOPE, Home, complete_home, policy_document
from tests.support.layouts import Layout, make_layout

NAME = "recorder"
CONFIG = {"z": "1", "a": "ü <&>"}
NO_EXPIRY = "0001-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def chain() -> TestChain:
    """The signer's chain."""
    return make_chain()


class Recorder:
    """A plugin that keeps what it is asked.

    Attributes:
        plugins: The folder where it is.
    """

    def __init__(self, folder: Path) -> None:
        """Takes the folder of its requests."""
        self.plugins = folder / "home" / "plugins"
        self._seen = folder

    def install(self, *capabilities: str, **answers: Any) -> None:
        """Puts it where hosts look for it, with its answers; to all other commands it answers with an error."""
        known = {"get_plugin_metadata": metadata(NAME, *capabilities), **answers}
        arms = "".join(f"{name.replace('_', '-')}) {answering(each)}\n;;\n" for name, each in known.items())
        add_executable(
            self.plugins,
            NAME,
            f'#!/bin/sh\ncat > "{self._seen}/$1"\ncase "$1" in\n{arms}*) echo no >&2; exit 1;;\nesac\n',
        )

    def take(self, command: str) -> bytes:
        """The last request of a command."""
        path = self._seen / command
        content = path.read_bytes()
        path.unlink()
        return content


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    """A plugin that keeps what it is asked."""
    return Recorder(tmp_path)


@pytest.fixture
def home(tmp_path: Path, chain: TestChain) -> Home:
    """The settings of somebody who trusts the signer, under both signing schemes."""
    made = complete_home(tmp_path / "home", chain)
    made.trust(chain, kind="signingAuthority")
    return made


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A layout with an artifact."""
    return make_layout(tmp_path / "hello")


@pytest.mark.requirement("plugin:describe-key-request", "plugin:versioned-contract")
@pytest.mark.parametrize("config", [{}, CONFIG])
def test_signing(peer: Peer, recorder: Recorder, layout: Layout, config: Mapping[str, str]) -> None:
    """Both hosts ask for metadata and describe a key with the same bytes, the settings included."""
    recorder.install(RAW)
    path = str(recorder.plugins / NAME / f"notation-{NAME}")
    answer = peer.ask(
        "plugin-sign", folder=str(recorder.plugins), name=NAME, keyId="k", mediaType=JWS, expirySeconds=0,
        descriptor=descriptor_of(layout), pluginConfig=config,
    )  # fmt: skip
    assert not answer["ok"]
    theirs = [json.loads(recorder.take(command)) for command in ("get-plugin-metadata", "describe-key")]
    with pytest.raises(PluginError):
        plugin_signer(ExecutablePlugin(NAME, path), "k", config).key_spec()
    assert [json.loads(recorder.take(command)) for command in ("get-plugin-metadata", "describe-key")] == theirs
    assert theirs[0] == ({"pluginConfig": config} if config else {})


CRITICAL, OTHER = {"com.example.a": "ü <&>", "com.example.b": 7}, {"com.example.c": "x", "com.example.d": None}
CASES: dict[str, dict[str, Any]] = {
    "no expiry": {},
    "an expiry": {"expires_in": DAY},
    "a signing authority": {"scheme": SIGNING_AUTHORITY},
    "critical attributes": {"critical": CRITICAL},
    "attributes that are not critical": {"other": OTHER},
    "both": {"critical": CRITICAL, "other": OTHER, "minimum": "1.0.0"},
}


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_verifying(
    peer: Peer, recorder: Recorder, home: Home, layout: Layout, chain: TestChain, case: dict[str, Any], media_type: str
) -> None:
    """Both hosts send one request to verify, but for what only the specification has and what is critical.

    As there, the year 1 stands for no expiry, and attributes that are not critical are among the extended ones: a
    plugin of the field, Venafi's, looks for its own there.
    """
    names = [*case.get("critical", {}), *case.get("other", {})]
    results = {name: {"success": True} for name in (TRUSTED_IDENTITY, REVOCATION_CHECK)}
    recorder.install(
        TRUSTED_IDENTITY, REVOCATION_CHECK,
        verify_signature={"verificationResults": results, "processedAttributes": names},
    )  # fmt: skip
    push_needing(layout, chain, media_type, NAME, **case)
    policy = policy_document(stores=["ca:tests", "signingAuthority:tests"])
    answer = peer.ask(
        "verify-with-plugins", folder=str(recorder.plugins), layout=layout.path, digest=layout.digest, scope=SCOPE,
        policy=policy, trustStore=str(home.folder), pluginConfig=CONFIG,
    )  # fmt: skip
    assert answer["ok"], answer
    theirs = [json.loads(recorder.take(command)) for command in ("get-plugin-metadata", "verify-signature")]
    verifier = Verifier(
        parse_policy_document(json.dumps(policy).encode()),
        DirectoryTrustStore(str(home.folder / "truststore")),
        plugin_config=CONFIG,
        find_plugin=lambda _: ExecutablePlugin(NAME, str(recorder.plugins / NAME / f"notation-{NAME}")),
    )
    found = verifier.artifact(ArtifactRequest(lambda: ImageLayout(layout.path), layout.digest, SCOPE))
    assert isinstance(found, VerifiedArtifact)
    ours = [json.loads(recorder.take(command)) for command in ("get-plugin-metadata", "verify-signature")]
    assert ours[0] == theirs[0] == {"pluginConfig": CONFIG}
    mine, other = (each[1].pop("signature") for each in (ours, theirs))
    assert ours[1] == theirs[1]
    assert mine["certificateChain"] == other["certificateChain"]
    assert mine["unprocessedAttributes"] == list(case.get("critical", {}))
    assert sorted(other["unprocessedAttributes"] or []) == sorted(names)
    wanted = _attributes(other["criticalAttributes"]) | {"verificationPlugin": NAME}
    if "minimum" in case:
        wanted["verificationPluginMinVersion"] = case["minimum"]
    assert _attributes(mine["criticalAttributes"]) == wanted
    assert (mine["criticalAttributes"]["expiry"] == NO_EXPIRY) is ("expires_in" not in case)


def _attributes(members: Mapping[str, Any]) -> dict[str, Any]:
    """The critical attributes, with times as moments, and an empty map where Go writes none."""
    times = {
        name: datetime.fromisoformat(members[name]) for name in ("expiry", "authenticSigningTime") if name in members
    }
    return {"extendedAttributes": {}, **members, **times}
