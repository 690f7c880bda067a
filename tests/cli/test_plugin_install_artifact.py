"""`plugin install --artifact`: plugins that are OCI artifacts, here in image layouts."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from notarykit.envelope.descriptor import Descriptor
from tests.cli.publishing import STATEMENT, installed, published
from tests.cli.test_json import schema
from tests.cli.world import World
from tests.support.executables import shell_plugin
from tests.support.homes import OTHER_IDENTITY, policy_document
from tests.support.layouts import INDEX_TYPE, add_image_index, blob_path
from tests.support.plugin_artifacts import IMAGE_CONFIG, add_plugin

_SCOPE = "registry.example.com/plugins/acme"
_INSTALL = ("plugin", "install", "--artifact", "--oci-layout", "--scope", _SCOPE)
_WITH = (*_INSTALL, "--verify-with", STATEMENT)


def _policy(world: World, name: str = STATEMENT, **changes: Any) -> None:
    """Sets a trust policy with a statement for the plugin's repository, and the usual one for all others."""
    document = policy_document(**{"scopes": [_SCOPE], **changes})
    document["trustPolicies"][0]["name"] = name
    document["trustPolicies"] += policy_document()["trustPolicies"]
    world.home.set_policy(document)


def _signed(world: World, form: str = "tar.gz", **changes: Any) -> str:
    """Adds a plugin to the layout, signs it, and returns its reference."""
    _policy(world)
    path = published(world, form)
    artifact = add_plugin("hello", "plugin", [path.read_bytes()], **{"title": f"dist/{path.name}", **changes})
    return _sign(world, artifact)


def _sign(world: World, artifact: Descriptor) -> str:
    reference = f"hello@{artifact.digest}"
    world.sign(reference=reference)
    return reference


def _nothing_is_installed(world: World) -> bool:
    return not installed(world).exists()


@pytest.mark.parametrize("form", ["zip", "tar.gz", "executable"])
def test_signed_artifact(world: World, form: str) -> None:
    """The single layer is the plugin; an executable has its name from the layer's title."""
    reference = _signed(world, form)
    assert world.did(*_WITH, reference) == (
        f"Successfully verified signature for {reference}\nSuccessfully installed plugin acme, version 1.0.0\n"
    )
    assert installed(world).read_text() == shell_plugin("acme")
    document = json.loads(world.did(*_WITH, "--force", "-o", "json", reference))
    schema("plugin-install").validate(document)
    assert document["verification"]["artifact"]["digest"] == reference.partition("@")[2]


def test_tag(world: World) -> None:
    """A tag is resolved once, and brings the usual warning."""
    _signed(world)
    done = world.run(*_WITH, "hello:plugin")
    assert (done.code, done.err.count("\n")) == (0, 1)
    assert done.err.startswith("Warning: Always verify the artifact using digest")


def test_required_by_the_setting(world: World) -> None:
    """The setting's name applies to artifacts as well, and without either an artifact is refused."""
    reference = _signed(world)
    assert "--artifact requires --verify-with" in world.refused(2, *_INSTALL, reference)
    (world.home.folder / "notarykit.json").write_text(json.dumps({"verifyPluginsWith": STATEMENT}))
    assert "Successfully installed plugin acme" in world.did(*_INSTALL, reference)


def test_metadata(world: World) -> None:
    """Metadata that is asked for must have been signed."""
    _policy(world)
    artifact = add_plugin("hello", "plugin", [published(world).read_bytes()])
    reference = f"hello@{artifact.digest}"
    world.sign("-m", "plugin=acme", reference=reference)
    assert "metadata" in world.refused(1, *_WITH, "-m", "plugin=other", reference)
    assert _nothing_is_installed(world)
    assert "plugin   acme\n" in world.did(*_WITH, "-m", "plugin=acme", reference)


def test_unsigned_artifact(world: World) -> None:
    """What nobody signed, or a stranger, is refused, forced or not."""
    _policy(world)
    artifact = add_plugin("hello", "plugin", [published(world).read_bytes()])
    reference = f"hello@{artifact.digest}"
    assert "no signature is associated with" in world.refused(1, *_WITH, "--force", reference)
    _sign(world, artifact)
    _policy(world, identities=[OTHER_IDENTITY])
    assert "trustedIdentities" in world.refused(1, *_WITH, "--force", reference)
    assert _nothing_is_installed(world)


def test_statement_for_other_artifacts(world: World) -> None:
    """The repository has to be one of the statement that is named: signers of other artifacts publish no plugins."""
    reference = _signed(world)
    _policy(world, "images")
    assert world.refused(1, *_WITH, reference) == (
        f"trust policy statement 'images' applies to {_SCOPE}, and not 'plugins': "
        "add a statement 'plugins' with the repository as a scope, or name another"
    )
    _policy(world, scopes=["registry.example.com/plugins/other"])
    text = world.refused(1, *_WITH, reference)
    assert text.startswith("trust policy statement 'tests' applies to")
    assert text.endswith("add the repository to the registryScopes of 'plugins'")
    assert _nothing_is_installed(world)


@pytest.mark.parametrize("changes", [{"level": "audit"}, {"level": "skip"}, {"override": {"authenticity": "log"}}])
def test_level_that_lets_strangers_pass(world: World, changes: Mapping[str, Any]) -> None:
    """A statement that does not enforce authenticity lets no plugin be installed, whoever signed."""
    reference = _signed(world)
    _policy(world, **changes)
    assert "which does not enforce authenticity: no plugin is installed under it" in world.refused(2, *_WITH, reference)
    assert _nothing_is_installed(world)


def test_what_is_no_plugin(world: World) -> None:
    """An image, an index, an artifact of several layers or none, and what has no plugin in it are refused."""
    content = published(world).read_bytes()
    for reference, text in (
        (_signed(world, config=IMAGE_CONFIG), "is a container image, and not a plugin"),
        (_sign(world, add_plugin("hello", "two", [content, b"x"])), "has 2 layers, and a plugin has one"),
        (_sign(world, add_plugin("hello", "none", [])), "has 0 layers, and a plugin has one"),
        (_sign(world, add_plugin("hello", "null", [content], layers=None)), "is malformed: "),
        (_sign(world, add_plugin("hello", "bad", [content], layers=["x"])), "is malformed: "),
        (_sign(world, add_plugin("hello", "text", [b"text"], title="x.txt")), "must be a zip or tar.gz with one"),
        (_sign(world, add_plugin("hello", "nameless", [b"#!/bin/sh"])), "must be a zip or tar.gz with one"),
        (_sign(world, add_plugin("hello", "up", [b"#!/bin/sh"], title="x/..")), "leads out of the archive"),
        (_sign(world, add_plugin("hello", "esc", [b"#!/bin/sh"], title="notation-a\x1b[31m")), "cannot be printed"),
    ):
        done = world.run(*_WITH, "--force", reference)
        assert (done.code, done.err.count("\n")) == (3, 1), done
        assert text in done.err
    digests = add_image_index("hello", "index", ["linux/amd64"])
    index = _sign(world, Descriptor(INDEX_TYPE, digests["index"], 0))
    assert "is an image index, and not a plugin: name the manifest for your platform" in world.refused(3, *_WITH, index)
    assert _nothing_is_installed(world)


def test_layer_of_any_size(world: World) -> None:
    """A layer that says that it is too large is not fetched."""
    content = published(world).read_bytes()
    layer = {"mediaType": "application/gzip", "digest": f"sha256:{'0' * 64}", "size": 256 << 20}
    reference = _sign(world, add_plugin("hello", "large", [content], layers=[layer]))
    _policy(world)
    assert "reaches the limit of 256 MiB" in world.refused(3, *_WITH, reference)


def test_layer_that_was_exchanged(world: World) -> None:
    """A layer that is not what the signed manifest says is refused."""
    reference = _signed(world)
    content = published(world).read_bytes()
    manifest = json.loads(blob_path("hello", reference.partition("@")[2]).read_bytes())
    blob_path("hello", manifest["layers"][0]["digest"]).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert "has another digest or size" in world.refused(1, *_WITH, reference)
    assert _nothing_is_installed(world)


def test_file_in_the_place_of_a_reference(world: World) -> None:
    """Who names a file as an artifact is told how files are installed."""
    _policy(world)
    flags = ("plugin", "install", "--verify-with", STATEMENT, "--artifact")
    text = world.refused(2, *flags, published(world).name)
    assert text == "reference 'acme.tar.gz' is malformed: a file is installed with --file"


def test_scope_of_a_layout(world: World) -> None:
    """An artifact in a layout needs a scope, and the statement is chosen by it."""
    reference = _signed(world)
    flags = ("plugin", "install", "--verify-with", STATEMENT, "--artifact")
    assert "--oci-layout requires --scope" in world.refused(2, *flags, "--oci-layout", reference)
    assert "--scope requires --oci-layout" in world.refused(2, *flags, "--scope", _SCOPE, f"localhost:1/a@{'x'}")
    assert Path("hello").exists()
