"""`plugin list` and `plugin use`, and keys that plugins hold: failures of plugins are errors of one line."""

import json
from pathlib import Path

import pytest

from notarykit.plugin.host.retry import SHOWS_WHERE
from tests.cli.world import World, error_of
from tests.support.ca import make_chain, pem_of
from tests.support.distributions import add_distribution, signing_plugin
from tests.support.executables import (
    add_executable,
    answering,
    failing,
    guarded_plugin,
    metadata,
    shell_plugin,
    write_program,
)

_UGLY = "A \x1b[31mtest\n\u202e"
_ESCAPED = "A \\x1b[31mtest\\n\\u202e"


def _plugins(world: World) -> Path:
    return world.home.folder / "plugins"


def _package(world: World, name: str, source: str | None = None) -> str:
    """Installs a distribution with one plugin, and returns the folder that has to be on the path."""
    return str(add_distribution(world.folder / "site", f"{name}-dist", name, source, version="7"))


def _rows(world: World, path: str) -> dict[str, str]:
    done = world.process("plugin", "list", PYTHONPATH=path)
    assert (done.code, done.err) == (0, "")
    assert done.out.split()[:6] == ["NAME", "DESCRIPTION", "VERSION", "CAPABILITIES", "SOURCE", "ERROR"]
    return {line.split()[0]: line for line in done.out.splitlines()[1:]}


def test_list_has_broken_packages(world: World) -> None:
    """A plugin that is broken is a line with its error, and the others are listed as ever."""
    path = _package(world, "good", signing_plugin("good", description=_UGLY))
    _package(world, "absent", "import a_module_that_is_not_there\n")
    _package(world, "empty", "")
    _package(world, "another", signing_plugin("other"))
    _package(world, "function", "def Found(): pass")
    metadata_fails = "    @classmethod\n    def get_metadata(cls, *_):\n        raise RuntimeError('no\\nmetadata')\n"
    _package(world, "raising", signing_plugin("raising") + metadata_fails)
    rows = _rows(world, path)
    assert set(rows) >= {"absent", "another", "empty", "function", "good", "raising", "local-file"}
    assert rows["good"].split("   ")[-1].strip() == "<nil>"
    for text in (_ESCAPED, "[SIGNATURE_GENERATOR.RAW]", "package good-dist 7", "1.2.3"):
        assert text in rows["good"]
    assert "ModuleNotFoundError" in rows["absent"]
    assert "cannot be loaded: AttributeError" in rows["empty"]
    assert "names itself 'other'" in rows["another"]
    assert "is no notarykit Plugin" in rows["function"]
    assert "get-plugin-metadata: the plugin failed with RuntimeError" in rows["raising"]


@pytest.mark.requirement("plugin:answers-metadata")
def test_list_has_broken_executables(world: World) -> None:
    """So it is with executables, whose texts are shown and not obeyed."""
    plugins = _plugins(world)
    good = answering(metadata("good", "A.B", "C", description=_UGLY, version="9.9.9"))
    paths = {
        "good": add_executable(plugins, "good", shell_plugin("good", get_plugin_metadata=good)),
        "fails": add_executable(plugins, "fails", "#!/bin/sh\nprintf 'oh \\033[31m\\nno' >&2; exit 1\n"),
        "modeless": add_executable(plugins, "modeless", "", 0o644),
        "other": add_executable(plugins, "other", shell_plugin("another")),
    }
    (plugins / "empty").mkdir()
    (plugins / "link").symlink_to(plugins / "good")
    (plugins / "a\x1b[31mb").mkdir()
    rows = _rows(world, "")
    assert set(rows) >= set(paths) | {"empty"}
    assert not set(rows) & {"link", "a\x1b[31mb"}
    for text in (_ESCAPED, "9.9.9", "[A.B C]", f"executable {paths['good']}", "<nil>"):
        assert text in rows["good"]
    assert "oh \\x1b[31m\\nno (exit code 1)" in rows["fails"]
    assert f"{paths['modeless']} may not be run: make it executable (chmod u+x)" in rows["modeless"]
    assert "its metadata name it 'another'" in rows["other"]
    assert "No such file or directory" in rows["empty"]


def test_list_has_packages_and_executables(world: World) -> None:
    """A package, its launcher, and an executable of the same name are lines of their own."""
    world.did("plugin", "install", "--from-package", "local-file")
    path = _package(world, "both")
    add_executable(_plugins(world), "both", shell_plugin("both", version="4.0.0"))
    out = world.process("plugin", "ls", PYTHONPATH=path).out
    lines = [line.split() for line in out.splitlines()]
    assert [line[0] for line in lines if line[0] in ("both", "local-file")] == [
        "both",
        "local-file",
        "both",
        "local-file",
    ]
    assert f"launcher {_plugins(world) / 'local-file' / 'notation-local-file'}" in out
    assert "4.0.0" in out


def test_relative_plugin_folder_is_refused(world: World) -> None:
    """A plugin folder with a relative path is refused."""
    done = world.process("plugin", "list", NOTATION_LIBEXEC="here")
    assert (done.code, done.out) == (2, "")
    assert error_of(done.err).startswith("plugins would be run from the relative path 'here'")


@pytest.mark.parametrize(
    ("does", "text"),
    [
        ("raise RuntimeError('swordfish')", f"describe-key: the plugin failed with RuntimeError: {SHOWS_WHERE}"),
        ("raise KeyError('swordfish')", f"describe-key: the plugin failed with KeyError: {SHOWS_WHERE}"),
        ("raise __import__('notarykit.errors').errors.PluginAccessDeniedError('no entry')", "no entry"),
    ],
    ids=["crash", "another crash", "refusal"],
)
def test_failing_package_ends_with_4(world: World, does: str, text: str) -> None:
    """Any exception of a plugin ends with 4 and one line."""
    path = _package(world, "bad", signing_plugin("bad", does))
    done = world.process("sign", "--oci-layout", "--plugin", "bad", "--id", "1", world.reference, PYTHONPATH=path)
    assert (done.code, done.out) == (4, "")
    assert error_of(done.err) == text


@pytest.mark.requirement("plugin:configuration")
def test_plugin_config_of_the_command_takes_precedence(world: World) -> None:
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


# Executables


@pytest.mark.parametrize("short", ["jws", "cose"])
def test_executable_signs(world: World, short: str) -> None:
    """A plugin in a process of its own signs, named on the command line or on the list of keys."""
    source = "from notarykit_local_file.plugin import LocalFilePlugin\nclass Found(LocalFilePlugin): name = 'far'\n"
    add_executable(_plugins(world), "far", guarded_plugin(world.folder / "lib" / "far_module.py", source))
    key, chain = world.home.folder / "build.key", world.home.folder / "build.chain.pem"
    config = ("--plugin-config", f"certificate_chain={chain}")
    world.sign("--plugin", "far", "--id", str(key), *config, "--signature-format", short)
    world.did("key", "add", "--plugin", "far", "--id", str(key), *config, "far")
    world.sign("--key", "far", "--signature-format", short)
    world.verify()
    inspected = json.loads(world.did("inspect", "--oci-layout", "--output", "json", world.reference))
    assert "far/0.1.0" in json.dumps(inspected)


def test_launcher_signs_for_other_hosts(world: World) -> None:
    """The launcher of `install --from-package` signs as an executable if it is chosen."""
    world.did("plugin", "install", "--from-package", "local-file")
    path = _plugins(world) / "local-file" / "notation-local-file"
    foreign = write_program(_plugins(world) / "renamed" / "notation-renamed", path.read_text())
    done = world.run("sign", "--oci-layout", "--plugin", "renamed", "--id", "x", world.reference)
    assert (done.code, error_of(done.err)) == (4, "plugin renamed: its metadata name it 'local-file'")
    assert foreign.exists()
    key, chain = world.home.folder / "build.key", world.home.folder / "build.chain.pem"
    world.sign("--plugin", "local-file", "--id", str(key), "--plugin-config", f"certificate_chain={chain}")


def test_error_of_an_executable_is_escaped(world: World) -> None:
    """The error of an executable is one line with its code, escaped."""
    error = {"errorCode": "ACCESS_DENIED", "errorMessage": "no \x1b[31mentry\nhere"}
    add_executable(_plugins(world), "bad", shell_plugin("bad", describe_key=failing(error)))
    text = world.refused(4, "sign", "--oci-layout", "--plugin", "bad", "--id", "1", world.reference)
    assert text == "plugin bad: describe-key: no \\x1b[31mentry\\nhere (ACCESS_DENIED)"


def test_plugin_timeout_ends_a_plugin(world: World) -> None:
    """`--plugin-timeout` is how long an answer may take; afterwards nothing of the plugin is left."""
    add_executable(_plugins(world), "slow", shell_plugin("slow", describe_key="echo $$ > pid; exec sleep 600"))
    text = world.refused(
        4, "sign", "--oci-layout", "--plugin", "slow", "--id", "1", "--plugin-timeout", "1s", world.reference
    )
    assert text == "plugin slow: describe-key: no answer within 1 seconds: try again, or allow more time"
    assert not Path("/proc", Path("pid").read_text().strip()).exists()
    told = answering({"keyId": "1", "keySpec": "$NOTARYKIT_PLUGIN_SECONDS"}).replace("'END'", "END")
    add_executable(_plugins(world), "slow", shell_plugin("slow", describe_key=told))
    for flags, seconds in (((), ("299", "300")), (("--plugin-timeout", "1h"), ("3599", "3600"))):
        text = world.refused(4, "sign", "--oci-layout", "--plugin", "slow", "--id", "1", *flags, world.reference)
        assert any(repr(each) in text for each in seconds), text


@pytest.mark.parametrize("value", ["x", "10", "-1s", ""])
def test_malformed_plugin_timeout_is_refused(world: World, value: str) -> None:
    """A malformed duration is a usage error."""
    world.refused(2, "sign", "--oci-layout", "--plugin", "a", "--id", "1", f"--plugin-timeout={value}", world.reference)


def test_plugin_does_not_inherit_credentials(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry's credentials in the environment do not reach a plugin."""
    monkeypatch.setenv("NOTATION_USERNAME", "swordfish")
    monkeypatch.setenv("NOTATION_PASSWORD", "swordfish")
    add_executable(_plugins(world), "env", shell_plugin("env", describe_key="cat > /dev/null; env > seen; exit 1"))
    world.refused(4, "sign", "--oci-layout", "--plugin", "env", "--id", "1", world.reference)
    assert "PATH=" in Path("seen").read_text()
    assert "swordfish" not in Path("seen").read_text()


# What the user chooses


def test_use_selects_package_or_executable(world: World) -> None:
    """A package and a foreign executable of one name are an error until the user chooses one of them."""
    path = _package(
        world, "both", signing_plugin("both", "raise __import__('notarykit.plugin').plugin.PluginError('package')")
    )
    error = {"errorCode": "ERROR", "errorMessage": "executable"}
    executable = add_executable(_plugins(world), "both", shell_plugin("both", describe_key=failing(error)))
    command = ("sign", "--oci-layout", "--plugin", "both", "--id", "1", world.reference)
    text = error_of(world.process(*command, PYTHONPATH=path).err)
    assert text.startswith(
        f"plugin 'both' is installed twice: in the package both-dist 7, and as {executable}: choose with"
    )
    assert world.did("plugin", "use", "both", "package") == "both: the package is used\n"
    assert error_of(world.process(*command, PYTHONPATH=path).err) == "package"
    world.did("plugin", "use", "both", "executable")
    assert error_of(world.process(*command, PYTHONPATH=path).err) == "plugin both: describe-key: executable"


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("both",), 2, "missing plugin name, or what to use"),
        ((), 2, "missing plugin name, or what to use"),
        (("both", "none"), 2, "'none' is neither 'package' nor 'executable'"),
        (("../both", "package"), 4, "'../both' is no plugin name"),
    ],
)
def test_malformed_use_is_refused(world: World, arguments: tuple[str, ...], code: int, text: str) -> None:
    """A choice that is none is refused, and nothing is written."""
    assert world.refused(code, "plugin", "use", *arguments).startswith(text)
    assert not (world.home.folder / "pluginchoices.json").exists()
