"""`plugin test` with installed plugins: executables and packages."""

import json
import sys
from pathlib import Path

import pytest

from tests.cli.plugin_test_output import results_of
from tests.cli.test_json import schema
from tests.cli.world import World
from tests.kit.reference import NAME
from tests.support.ca import make_chain, pem_of

_VERIFIER = """#!{python} -I
import sys
sys.path.append({tests!r})
from notarykit.plugin.server.stdio import run
sys.exit(run("tests.kit.reference:Verifier"))
"""


def _install(world: World, name: str, text: str) -> None:
    place = world.home.folder / "plugins" / name / f"notation-{name}"
    place.parent.mkdir(parents=True)
    place.write_text(text)
    place.chmod(0o755)


@pytest.mark.parametrize(
    ("name", "message"),
    [("nobody", "plugin 'nobody' is not installed"), ("../nobody", "'../nobody' is no plugin name")],
)
def test_a_plugin_that_is_not_there(world: World, name: str, message: str) -> None:
    """A plugin that is not installed, or cannot be, ends with 4 and no table."""
    assert world.refused(4, "plugin", "test", name).startswith(message)
    document = json.loads(world.run("plugin", "test", name, "-o", "json").out)
    schema("plugin-test").validate(document)
    assert document["error"]["message"].startswith(message)


def test_a_plugin_that_is_there_twice(world: World) -> None:
    """Where a package and an executable have one name, nobody guesses which is meant."""
    _install(world, "local-file", "#!/bin/sh\n")
    assert "plugin 'local-file' is installed twice" in world.refused(4, "plugin", "test", "local-file")


def test_an_executable(world: World) -> None:
    """A Python plugin that is an executable in notation's folder is run as one, and keeps every rule."""
    tests = str(Path(__file__).parents[2])
    _install(world, NAME, _VERIFIER.format(python=sys.executable, tests=tests))
    done = world.run("plugin", "test", NAME)
    assert (done.code, done.err) == (0, ""), done.out
    assert results_of(done)["verify-signature.results"] == "passed"
    assert set(results_of(done).values()) == {"passed", "does not apply"}


def test_an_executable_in_another_language(world: World) -> None:
    """A shell script that knows one command is run as well; what it says of everything else is no error in JSON."""
    metadata = json.dumps({
        "name": "shell", "description": "In sh", "version": "1.0.0", "url": "https://example.com",
        "supportedContractVersions": ["1.0"], "capabilities": ["SIGNATURE_GENERATOR.RAW"],
    })  # fmt: skip
    _install(world, "shell", f"#!/bin/sh\n[ \"$1\" = get-plugin-metadata ] && echo '{metadata}' || exit 3\n")
    done = world.run("plugin", "test", "shell")
    assert done.code == 0, done.out
    assert done.err == "Warning: signing was not tested: no --key or --key-id\n"
    results = results_of(done)
    assert {name for name, result in results.items() if result == "warning"} == {"output.error-form"}
    assert {result for name, result in results.items() if name.startswith("metadata.")} == {"passed"}


def test_an_executable_that_is_no_plugin(world: World) -> None:
    """A program that says something else fails, and everything that needs its capabilities does not apply."""
    _install(world, "hello", "#!/bin/sh\necho hello\n")
    done = world.run("plugin", "test", "hello", "--key-id", "1")
    assert (done.code, done.err) == (4, "")
    results = results_of(done)
    assert {name for name, result in results.items() if result == "FAILED"} == {
        "metadata.members", "output.one-document",
    }  # fmt: skip
    assert results["generate-signature.signature"] == "does not apply"


def test_a_package(world: World) -> None:
    """A plugin that is installed as a package is run in its own process, with as many keys as are named."""
    keys = []
    for name, spec in (("one", "RSA-2048"), ("two", "EC-256")):
        chain = make_chain(spec, 2)
        path = world.folder / f"{name}.pem"
        path.touch(mode=0o600)
        path.write_bytes(pem_of(chain.leaf_key) + chain.chain_pem)
        keys += ["--key-id", str(path)]
    done = world.run("plugin", "test", "local-file", *keys, "--max-signatures", "2")
    assert (done.code, done.err) == (0, ""), done.out
    results = results_of(done)
    assert results["describe-key.key-spec"] == results["chain.requirements"] == "passed"
    assert set(results.values()) == {"passed", "does not apply", "not run"}
