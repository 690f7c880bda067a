"""Plugins on the Go framework sign for this side: the library, and the command line."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from notarykit._internal.version import signing_agent
from notarykit.envelope.descriptor import Descriptor
from notarykit.oci.layout import ImageLayout
from notarykit.plugin.discovery.locate import load_plugin
from notarykit.plugin.host.signer import plugin_signer
from notarykit.signing.envelope import sign_descriptor
from notarykit.signing.options import SignOptions
from notarykit.verification.verdict import Verified
from tests.interop import go_plugin
from tests.interop.go_peer import Peer
from tests.interop.go_plugin_users import Users, sign_as
from tests.interop.go_user import GoUser
from tests.interop.plugin_scene import agent_of
from tests.interop.scene import DAY, METADATA
from tests.support.ca import SPECS
from tests.support.envelopes import FORMATS, JWS
from tests.support.layouts import blob_path

SHORT = dict(zip(FORMATS, ("jws", "cose"), strict=True))
SIGNING = ("go-raw", "go-envelope", "go-all")


def _annotations(who: GoUser, manifest: str) -> dict[str, str]:
    """The annotations of a signature manifest, read without the code that is tested."""
    annotations: dict[str, str] = json.loads(blob_path(who.layout.path, manifest).read_bytes())["annotations"]
    return annotations


# Signing


@pytest.mark.requirement("plugin:raw-formats")
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("spec", SPECS)
def test_signing_with_a_plugin_for_signatures(peer: Peer, make_user: Users, spec: str, media_type: str) -> None:
    """With every key the library makes an envelope around the plugin's signature that both sides accept."""
    who = make_user(spec)
    signed = sign_as(who, "go-raw", media_type)
    content = signed.signature.content
    assert content.chain.key_spec.name == spec
    assert content.chain.ders == who.chain.ders
    assert agent_of(signed.signature.envelope, media_type) == signing_agent("go-raw", go_plugin.VERSION)
    who.go_accepts(peer)
    assert isinstance(who.question().ask_us().verdict, Verified)


@pytest.mark.requirement("plugin:envelope-annotations")
@pytest.mark.parametrize("expires_in", [None, DAY], ids=["without expiry", "with expiry"])
@pytest.mark.parametrize("media_type", FORMATS)
def test_signing_with_a_plugin_for_envelopes(
    peer: Peer, make_user: Users, media_type: str, expires_in: timedelta | None
) -> None:
    """The plugin's envelope is taken as it is, expires when it should, and its annotations are on the manifest."""
    who = make_user()
    signed = sign_as(who, "go-envelope", media_type, expires_in)
    attributes = signed.signature.content.attributes
    assert attributes.signing_time is not None
    assert attributes.expiry == (attributes.signing_time + expires_in if expires_in else None)
    assert agent_of(signed.signature.envelope, media_type) == f"go-envelope/{go_plugin.VERSION}"
    assert signed.signature.content.target.annotations == METADATA
    assert _annotations(who, signed.manifest.digest)[go_plugin.MADE_BY] == "go-envelope"
    who.go_accepts(peer)
    assert isinstance(who.question().ask_us().verdict, Verified)


@pytest.mark.parametrize(
    ("name", "commands"),
    [
        ("go-raw", ["get-plugin-metadata", "describe-key", "generate-signature"]),
        ("go-all", ["get-plugin-metadata", "describe-key", "generate-signature"]),
        ("go-envelope", ["get-plugin-metadata", "generate-envelope"]),
    ],
)
def test_each_command_is_asked_once(make_user: Users, runs: list[str], name: str, commands: list[str]) -> None:
    """A plugin is run once for each command of its workflow, and one that signs is never asked for envelopes."""
    sign_as(make_user(), name)
    assert runs == commands


@pytest.mark.parametrize(
    ("config", "command"),
    [({}, "generate-signature"), ({"only": "SIGNATURE_GENERATOR.ENVELOPE"}, "generate-envelope")],
)
def test_what_a_plugin_can_do_depends_on_its_configuration(
    make_user: Users, runs: list[str], config: dict[str, str], command: str
) -> None:
    """The settings go with get-plugin-metadata, and the plugin is asked for what it can do with them."""
    sign_as(make_user(), "go-depends", JWS, DAY, **config)
    assert (runs[0], runs[-1]) == ("get-plugin-metadata", command)


@pytest.mark.requirement("plugin:key-of-plugin")
@pytest.mark.parametrize("is_listed", [False, True], ids=["by flags", "by the key's name"])
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("name", SIGNING)
def test_signing_at_the_command_line(
    peer: Peer, make_user: Users, name: str, media_type: str, *, is_listed: bool
) -> None:
    """The command line signs with a plugin's key, whether flags name it or the list of keys, and Go accepts it."""
    who = make_user()
    key: tuple[str, ...] = ("--plugin", name, "--id", who.key_id)
    if is_listed:
        who.did("key", "add", *key, "plugged")
        key = ("--key", "plugged")
    pairs = [text for pair in METADATA.items() for text in ("-m", "=".join(pair))]
    shown = json.loads(who.sign(*key, "--signature-format", SHORT[media_type], "-e24h", *pairs, "-o", "json"))
    ((result),) = shown["results"]
    signature = result["signature"]
    assert signature["mediaType"] == media_type
    made_by = _annotations(who, signature["manifest"]["digest"]).get(go_plugin.MADE_BY)
    assert made_by == ("go-envelope" if name == "go-envelope" else None)
    who.go_accepts(peer)


@pytest.mark.parametrize("name", SIGNING)
def test_signing_from_several_threads(make_user: Users, name: str) -> None:
    """One plugin object and one signer serve several threads at once, with payloads that no pipe holds."""
    who = make_user()
    signer = plugin_signer(load_plugin(name), who.key_id, {})
    artifact = ImageLayout(who.layout.path).resolve(who.layout.digest)

    def sign(number: int) -> Descriptor:
        metadata = {"number": str(number), "long": "x" * 300_000}
        return sign_descriptor(artifact, signer, SignOptions(user_metadata=metadata)).content.target

    with ThreadPoolExecutor(4) as threads:
        targets = list(threads.map(sign, range(8)))
    assert [target.annotations["number"] for target in targets] == [str(number) for number in range(8)]


@pytest.mark.requirement("plugin:configuration")
def test_settings_on_the_list_and_at_the_command_line(make_user: Users) -> None:
    """Settings for the plugin come from the list of keys, and those of the command line come before them."""
    who = make_user()
    refused = ("--plugin-config", "fail=ACCESS_DENIED")
    who.did("key", "add", "--plugin", "go-raw", "--id", who.key_id, *refused, "plugged")
    assert "the configuration says that this fails" in who.refused(
        4, "sign", "--oci-layout", "--key", "plugged", who.reference
    )
    other = ("--plugin-config", "fail=VALIDATION_ERROR")
    text = who.refused(4, "sign", "--oci-layout", "--key", "plugged", *other, who.reference)
    assert text.count("VALIDATION_ERROR") == 1
    assert "ACCESS_DENIED" not in text


@pytest.mark.requirement("plugin:signed-metadata")
def test_descriptor_is_signed_with_nothing_else(make_user: Users) -> None:
    """What an envelope plugin signs is the artifact's descriptor and the metadata alone."""
    who = make_user()
    target = sign_as(who, "go-envelope").signature.content.target
    artifact = ImageLayout(who.layout.path).resolve(who.layout.digest)
    assert target == Descriptor(artifact.media_type, artifact.digest, artifact.size, METADATA)
