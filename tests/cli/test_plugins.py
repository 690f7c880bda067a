"""`plugin list`, and keys that plugins hold: whatever a plugin does, the command line survives it."""

from pathlib import Path

import pytest

from cli.world import World
from support.ca import make_chain, pem_of

GOOD = """
from notarykit.plugin import Plugin, hookimpl

class Good(Plugin):
    name, description, version, url = "{name}", "A \\x1b[31mtest", "1.2.3", "https://example.com"

    def generate_signature(self, request):
        raise {error}

    def describe_key(self, request):
        raise {error}

@hookimpl
def notarykit_plugin():
    return Good()
"""


def _install(world: World, name: str, source: str) -> str:
    """Installs a distribution with one plugin, and returns the folder that has to be on the path."""
    folder = world.folder / "site"
    info = folder / f"{name}_dist-7.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-dist\nVersion: 7\n")
    (info / "entry_points.txt").write_text(f"[notarykit.plugins]\n{name} = plugin_{name}\n")
    (folder / f"plugin_{name}.py").write_text(source)
    return str(folder)


def _rows(world: World, path: str) -> dict[str, str]:
    done = world.process("plugin", "list", PYTHONPATH=path)
    assert (done.code, done.err) == (0, "")
    assert done.out.split()[:6] == ["NAME", "DESCRIPTION", "VERSION", "CAPABILITIES", "SOURCE", "ERROR"]
    return {line.split()[0]: line for line in done.out.splitlines()[1:]}


def test_a_list_with_broken_plugins(world: World) -> None:
    """A plugin that is broken is a line with its error, and the others are listed as ever."""
    path = _install(world, "good", GOOD.format(name="good", error="RuntimeError()"))
    _install(world, "absent", "import a_module_that_is_not_there\n")
    _install(world, "empty", "")
    _install(world, "other", GOOD.format(name="another", error="RuntimeError()"))
    _install(world, "raising", GOOD.format(name="raising", error="RuntimeError()").replace(
        "    def gen", "    def get_metadata(self):\n        raise RuntimeError('no\\nmetadata')\n\n    def gen"
    ))  # fmt: skip
    rows = _rows(world, path)
    assert set(rows) >= {"absent", "empty", "good", "other", "raising"}
    assert rows["good"].split("   ")[-1].strip() == "<nil>"
    assert "A \\x1b[31mtest" in rows["good"]
    assert "[SIGNATURE_GENERATOR.RAW]" in rows["good"]
    assert "good-dist 7" in rows["good"]
    assert "ModuleNotFoundError" in rows["absent"]
    assert "hands over no notarykit Plugin" in rows["empty"]
    assert "calls itself 'another'" in rows["other"]
    assert "its metadata failed with RuntimeError" in rows["raising"]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ("RuntimeError('a secret')", "RuntimeError"),
        ("KeyError('x')", "KeyError"),
        ("__import__('notarykit.errors').errors.PluginAccessDeniedError('no entry')", "no entry"),
    ],
    ids=["crash", "another crash", "refusal"],
)
def test_a_plugin_that_fails(world: World, error: str, text: str) -> None:
    """A plugin that fails ends with 4 and one line, whatever it raised."""
    path = _install(world, "bad", GOOD.format(name="bad", error=error))
    done = world.process("sign", "--oci-layout", "--plugin", "bad", "--id", "1", world.reference, PYTHONPATH=path)
    assert (done.code, done.out, done.err.count("\n")) == (4, "", 1)
    assert done.err.startswith("Error: ")
    assert text in done.err
    assert "secret" not in done.err


def test_a_key_in_a_file_through_its_plugin(world: World) -> None:
    """The plugin for files signs with settings from the list of keys, and those of the command line come first."""
    chain = make_chain("EC-256", 2)
    world.home.trust(chain)
    Path("my.key").write_bytes(pem_of(chain.leaf_key))
    Path("my.key").chmod(0o600)
    Path("chain.pem").write_bytes(chain.chain_pem)
    key_id = str(world.folder / "my.key")
    config = ("--plugin-config", "certificate_chain=nowhere.pem")
    world.did("key", "add", "--plugin", "local-file", "--id", key_id, *config, "file")
    assert world.run("sign", "--oci-layout", "-k", "file", world.reference).code == 4
    world.sign("--key", "file", "--plugin-config", "certificate_chain=chain.pem")
    world.sign("--plugin", "local-file", "--id", key_id, "--plugin-config", "certificate_chain=chain.pem")
    world.verify()
