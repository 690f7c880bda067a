"""Imports of the command line: nothing heavy before it is needed, pluggy for packages and observers only."""

import json
import subprocess
import sys

import pytest

from tests.cli.blobs import make_blob
from tests.cli.world import VERIFY, World
from tests.support.executables import add_executable, answering, guarded_plugin, shell_plugin
from tests.support.signatures import ask_for_plugin

# Runs a command line and then prints the modules that it has loaded beyond those of the interpreter itself.
LOADED = """
import sys
before = set(sys.modules)
from notarykit.cli import main
code = main(sys.argv[1:])
print("\\n".join(["-- modules", *sorted(set(sys.modules) - before)]))
sys.exit(code)
"""


def _loaded(world: World, *arguments: str) -> set[str]:
    command = [sys.executable, "-c", LOADED, *arguments]
    done = subprocess.run(command, env=world.home.environment(), capture_output=True, text=True, check=True)
    return set(done.stdout.partition("-- modules\n")[2].split())


def _packages(modules: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


def test_version_imports_next_to_nothing(world: World) -> None:
    """`version` loads three modules of ours and nothing heavy."""
    loaded = _loaded(world, "version")
    assert not _packages(loaded) & {
        "re",
        "optparse",
        "cryptography",
        "json",
        "warnings",
        "importlib",
        "typing",
        "cbor2",
    }
    assert {each for each in loaded if each.startswith("notarykit")} == {
        "notarykit", "notarykit._internal", "notarykit._internal.version",
        "notarykit.cli", "notarykit.cli.commands", "notarykit.cli.commands.version",
    }  # fmt: skip


# Runs a command line as the command's own process does, and then prints how often garbage was collected.
COLLECTED = """
import gc, sys
from notarykit.cli import main
gc.collect()
collections = []
gc.callbacks.append(lambda phase, _: collections.append(phase))
code = main()
print(f"-- collections {len(collections)}")
sys.exit(code)
"""


@pytest.mark.parametrize("command", [("sign", "--oci-layout"), VERIFY], ids=lambda each: each[0])
def test_one_artifact_is_too_short_for_the_garbage_collector(world: World, command: tuple[str, ...]) -> None:
    """Looking for garbage among freshly imported modules takes a twentieth of the command's time."""
    world.sign()
    arguments = [sys.executable, "-c", COLLECTED, *command, world.reference]
    done = subprocess.run(arguments, env=world.home.environment(), capture_output=True, text=True, check=True)
    assert done.stdout.endswith("-- collections 0\n")


NEVER = {
    "pluggy", "importlib.metadata", "tarfile", "http", "asn1crypto", "rich", "urllib.request", "ssl", "asyncio",
    "argparse", "optparse", "gettext", "textwrap", "subprocess", "multiprocessing", "concurrent",
}  # fmt: skip


@pytest.mark.parametrize("short", ["jws", "cose"])
def test_signing_and_verifying_import_no_plugins_and_no_network(world: World, short: str) -> None:
    """With a local key and a folder, neither plugins nor archives nor anything of the network is loaded."""
    loaded = _loaded(world, "sign", "--oci-layout", "--signature-format", short, world.reference)
    assert not loaded & NEVER
    assert not _packages(loaded) & NEVER
    loaded = _loaded(world, *VERIFY, world.reference)
    assert not loaded & {*NEVER, "dataclasses", "inspect", "getpass", "logging"}
    assert not _packages(loaded) & NEVER
    assert ("cbor2" in _packages(loaded)) == (short == "cose")


@pytest.mark.parametrize("command", [("sign", "--oci-layout"), VERIFY], ids=lambda each: each[0])
def test_one_artifact_imports_nothing_of_many(world: World, command: tuple[str, ...]) -> None:
    """What reads files of references, keeps journals, prints several results and starts workers stays out."""
    world.sign()
    loaded = _loaded(world, *command, world.reference)
    assert {each for each in loaded if each.startswith(("notarykit.batch.", "notarykit.cli.batch."))} == {
        "notarykit.batch.work", "notarykit.cli.batch.items", "notarykit.cli.batch.operation",
        "notarykit.cli.batch.runner",
    }  # fmt: skip
    assert not {
        each for each in loaded if each.startswith(("notarykit.audit", "notarykit.net", "notarykit.revocation"))
    }


def test_command_of_a_group_imports_no_other(world: World) -> None:
    """A command within `blob` does not load those beside it, and a policy is read without cryptography."""
    world.home.set_blob_policy()
    loaded = _loaded(world, "blob", "policy", "show")
    assert not _packages(loaded) & {*NEVER, "cryptography", "difflib"}
    commands = "notarykit.cli.commands."
    assert {each for each in loaded if each.startswith(commands)} == {f"{commands}blob", f"{commands}blob.policy"}


def test_list_of_plugins_imports_nothing_of_installations(world: World) -> None:
    """A command within `plugin` does not load those beside it, nor what they verify with."""
    loaded = _loaded(world, "plugin", "list")
    commands = "notarykit.cli.commands."
    assert {each for each in loaded if each.startswith(commands)} == {
        f"{commands}plugin",
        f"{commands}plugin.installed",
    }
    assert not {each for each in loaded if each.startswith(("notarykit.verification", "notarykit.plugin.install"))}


def test_blobs_import_no_plugins_no_network_and_nothing_of_registries(world: World) -> None:
    """A blob is signed and verified with what an artifact needs, without registries, layouts and many items."""
    world.home.set_blob_policy()
    make_blob(world)
    for command in ("sign", "verify"):
        loaded = _loaded(world, "blob", command, "release.tar")
        assert not _packages(loaded) & NEVER
        assert not loaded & {*NEVER, "notarykit.cli.commands.blob.policy", "notarykit.cli.registries"}
        heavy = ("notarykit.oci.registry", "notarykit.oci.layout", "notarykit.net", "notarykit.audit")
        assert not {each for each in loaded if each.startswith(heavy)}
        assert {each for each in loaded if each.startswith(("notarykit.batch.", "notarykit.cli.batch."))} == {
            "notarykit.batch.work", "notarykit.cli.batch.items", "notarykit.cli.batch.operation",
            "notarykit.cli.batch.runner",
        }  # fmt: skip


_FAR = "from notarykit_local_file.plugin import LocalFilePlugin\nclass Found(LocalFilePlugin): name = 'far'\n"


def _sign(world: World, plugin: str) -> set[str]:
    key, chain = world.home.folder / "build.key", world.home.folder / "build.chain.pem"
    config = ("--id", str(key), "--plugin-config", f"certificate_chain={chain}")
    return _loaded(world, "sign", "--oci-layout", "--plugin", plugin, *config, world.reference)


def test_signing_with_an_executable_loads_no_pluggy(world: World) -> None:
    """An executable is called without pluggy, which is loaded for a package's plugin."""
    module = world.folder / "lib" / "far_module.py"
    add_executable(world.home.folder / "plugins", "far", guarded_plugin(module, _FAR))
    assert "pluggy" not in _packages(_sign(world, "far"))
    assert "pluggy" in _packages(_sign(world, "local-file"))


def test_verifying_with_an_executable_loads_no_pluggy(world: World) -> None:
    """So is a verification plugin that is an executable."""
    world.sign()
    ask_for_plugin(world.layout.path, world.chain, "checker")
    identity = "SIGNATURE_VERIFIER.TRUSTED_IDENTITY"
    answer = answering({"verificationResults": {identity: {"success": True}}, "processedAttributes": []})
    text = shell_plugin("checker", identity, verify_signature=answer)
    add_executable(world.home.folder / "plugins", "checker", text)
    assert "pluggy" not in _packages(_loaded(world, *VERIFY, world.reference))


_SERVED = """
import sys
from notarykit.plugin.server.dispatch import respond
target, command, request = sys.argv[1:]
print(respond(target, [command], request.encode)[0], "pluggy" in sys.modules)
"""


@pytest.mark.parametrize("command", ["get-plugin-metadata", "describe-key"])
def test_served_plugin_loads_no_pluggy(world: World, command: str) -> None:
    """A Python plugin that runs as `notation-NAME` never loads it."""
    key, chain = world.home.folder / "build.key", world.home.folder / "build.chain.pem"
    request = {"contractVersion": "1.0", "keyId": str(key), "pluginConfig": {"certificate_chain": str(chain)}}
    target = "notarykit_local_file.plugin:LocalFilePlugin"
    done = subprocess.run(
        [sys.executable, "-c", _SERVED, target, command, json.dumps(request)],
        env=world.home.environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "0 False\n"
