"""Observers, the block list and `--debug` at the command line: for packages and executables alike."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.world import VERIFY, Done, World, error_of
from tests.support.distributions import add_distribution, signing_plugin
from tests.support.executables import add_executable, guarded_plugin, shell_plugin
from tests.support.signatures import ask_for_plugin

_FAR = "from notarykit_local_file.plugin import LocalFilePlugin\nclass Found(LocalFilePlugin): name = 'far'\n"
_COUNTING = """
from notarykit.plugin import hookimpl

class Found:
    @hookimpl(wrapper=True)
    def generate_signature(self, plugin, request):
        answer = yield
        print("signed by", plugin)
        return answer

    @hookimpl(wrapper=True)
    def get_metadata(self, plugin):
        {before}
        return (yield)
"""


def _settings(world: World, **settings: list[str]) -> Path:
    path = world.home.folder / "notarykit.json"
    path.write_text(json.dumps(settings))
    return path


def _observer(world: World, before: str = "pass") -> str:
    """Installs an observer `audit`, switches it on, and returns the folder for the path."""
    source = _COUNTING.format(before=before)
    site = add_distribution(world.folder / "site", "audit-dist", "audit", source, group="notarykit.observers")
    _settings(world, observers=["audit"])
    return str(site)


def _add_far(world: World) -> None:
    """Installs `far`, an executable that does what the package local-file does."""
    plugins = world.home.folder / "plugins"
    add_executable(plugins, "far", guarded_plugin(world.folder / "lib" / "far_module.py", _FAR))


def _sign(world: World, plugin: str, *flags: str, path: str = "") -> Done:
    key, chain = world.home.folder / "build.key", world.home.folder / "build.chain.pem"
    config = ("--plugin-config", f"certificate_chain={chain}")
    return world.process(
        "sign", "--oci-layout", "--plugin", plugin, "--id", str(key), *config, *flags, world.reference, PYTHONPATH=path
    )


@pytest.mark.parametrize("plugin", ["local-file", "far"], ids=["package", "executable"])
def test_an_observer_sees_a_signature(world: World, plugin: str) -> None:
    """An observer that the settings switch on sees the signature of a package and of an executable."""
    _add_far(world)
    path = _observer(world)
    done = _sign(world, plugin, path=path)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"signed by {plugin}\n")
    (world.home.folder / "notarykit.json").unlink()
    assert "signed by" not in _sign(world, plugin, path=path).out
    world.verify()


@pytest.mark.parametrize("plugin", ["local-file", "far"], ids=["package", "executable"])
def test_an_observer_that_fails_refuses(world: World, plugin: str) -> None:
    """An observer that fails ends every command with 4 and its name, and nothing is signed."""
    _add_far(world)
    done = _sign(world, plugin, path=_observer(world, "raise OSError('swordfish')"))
    assert (done.code, done.out) == (4, "")
    advice = "see --debug, or take it off 'observers' in notarykit.json"
    assert error_of(done.err) == f"observer 'audit' failed with OSError: {advice}"
    assert "no signature" in world.run(*VERIFY, world.reference).err


def test_an_observer_sees_lists_doctors_and_installations(world: World) -> None:
    """Commands that ask a plugin for its metadata are observed too; a refusal is a line of the list."""
    _add_far(world)
    path = _observer(world, "raise OSError")
    listed = world.process("plugin", "list", PYTHONPATH=path)
    assert listed.code == 0
    assert listed.out.count("observer 'audit' failed with OSError") >= 2
    for command in (("doctor", "far"), ("doctor", "local-file"), ("install", "--from-package", "local-file")):
        done = world.process("plugin", *command, PYTHONPATH=path)
        assert done.code == 4
        assert "observer 'audit' failed with OSError" in done.out + done.err


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (None, "observer 'audit' of notarykit.json is not installed: install its package, or take it out"),
        ("import a_module_that_is_not_there", "of audit-dist 1.0 cannot be loaded: ModuleNotFoundError"),
        ("def Found(): raise ValueError('swordfish')", "of audit-dist 1.0 cannot be loaded: ValueError"),
        ("class Found: pass", "observer 'audit' observes none of get_metadata, "),
    ],
)  # fmt: skip
def test_an_observer_that_cannot_be_loaded(world: World, source: str | None, text: str) -> None:
    """Without an observer that the settings name, no plugin is called, and the exit code is 2."""
    _add_far(world)
    _settings(world, observers=["audit"])
    if source:
        add_distribution(world.folder / "site", "audit-dist", "audit", source, group="notarykit.observers")
    for plugin in ("local-file", "far"):
        done = _sign(world, plugin, path=str(world.folder / "site"))
        assert (done.code, done.out) == (2, "")
        assert text in error_of(done.err)
        assert "swordfish" not in done.err


def test_debug_hides_the_text_of_an_observer_that_cannot_be_loaded(world: World) -> None:
    """`--debug` shows the class of what an observer raises while it is made, without its text."""
    path = _observer(world)
    (Path(path) / "audit_dist.py").write_text("def Found(): raise ValueError('sword' + 'fish')")
    done = _sign(world, "local-file", "--debug", path=path)
    assert done.code == 2
    assert "builtins.ValueError: (its text is not shown)" in done.err
    assert "swordfish" not in done.err


def test_settings_that_are_malformed(world: World) -> None:
    """Settings that cannot be understood end every use of a plugin, and nothing else."""
    _add_far(world)
    path = world.home.folder / "notarykit.json"
    path.write_text('{"blocked": ["far"]}')
    for plugin in ("local-file", "far"):
        done = _sign(world, plugin)
        assert (done.code, error_of(done.err).split(":")[0]) == (2, f"settings {path}")
    world.sign()
    world.verify()


# The block list


@pytest.fixture
def blocked(world: World) -> str:
    """Blocks a package `near` and an executable `far`, which leave a mark when they are imported or run."""
    site = add_distribution(world.folder / "site", "near-dist", "near", f"open('ran', 'w')\n{signing_plugin('near')}")
    add_executable(world.home.folder / "plugins", "far", "#!/bin/sh\ntouch ran\n")
    _settings(world, blockedPlugins=["Near", "far"])
    return str(site)


@pytest.mark.parametrize("name", ["near", "far"])
@pytest.mark.parametrize(
    "command",
    [
        ("sign", "--oci-layout", "--id", "1", "hello:v1", "--plugin"),
        ("certificate", "request", "--subject", "C=US, ST=WA, O=x, CN=x", "--id", "1", "--plugin"),
        ("key", "add", "--id", "1", "key", "--plugin"),
        ("plugin", "doctor"),
        ("plugin", "test"),
        ("plugin", "install", "--from-package"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_a_blocked_plugin_is_refused(world: World, blocked: str, name: str, command: Sequence[str]) -> None:
    """Every command refuses a blocked plugin with 4, and nothing of it is imported or run."""
    if command[-1] == "--from-package" and name == "far":
        name = "near"
    done = world.process(*command, name, PYTHONPATH=blocked)
    assert (done.code, done.out) == (4, "")
    settings = world.home.folder / "notarykit.json"
    assert f"plugin {name!r} is blocked in {settings}: take it off 'blockedPlugins'" in error_of(done.err)
    assert not Path("ran").exists()


def test_a_blocked_plugin_in_the_list(world: World, blocked: str) -> None:
    """The list says of a blocked plugin that it is, and does not run it."""
    done = world.process("plugin", "list", PYTHONPATH=blocked)
    rows = {line.split()[0]: line for line in done.out.splitlines()}
    for name in ("near", "far"):
        assert f"plugin {name!r} is blocked in " in rows[name]
    assert "blocked" not in rows["local-file"]
    assert not Path("ran").exists()


def test_a_blocked_plugin_is_not_installed(world: World, blocked: str) -> None:
    """What is installed is run once, and a blocked plugin is not run."""
    source = world.folder / "notation-far"
    source.write_text("#!/bin/sh\ntouch ran\n")
    source.chmod(0o755)
    done = world.process("plugin", "install", "--file", str(source), "--force")
    assert (done.code, done.out) == (4, "")
    assert "plugin 'far' is blocked in " in error_of(done.err)
    assert not Path("ran").exists()


def test_a_blocked_verification_plugin(world: World) -> None:
    """A signature that needs a blocked verification plugin is not accepted, and the plugin is not run."""
    world.sign()
    ask_for_plugin(world.layout.path, world.chain, "checker")
    text = shell_plugin("checker", "SIGNATURE_VERIFIER.TRUSTED_IDENTITY").replace("#!/bin/sh", "#!/bin/sh\ntouch ran")
    add_executable(world.home.folder / "plugins", "checker", text)
    world.run(*VERIFY, world.reference)
    assert Path("ran").exists()
    Path("ran").unlink()
    _settings(world, blockedPlugins=["checker"])
    done = world.run(*VERIFY, world.reference)
    assert (done.code, done.out) == (1, "")
    assert "plugin 'checker' is blocked in " in done.err
    assert not Path("ran").exists()


# --debug


@pytest.mark.parametrize("plugin", ["local-file", "far"], ids=["package", "executable"])
def test_calls_are_shown(world: World, plugin: str) -> None:
    """`--debug` shows each call of a plugin with its time, and neither settings nor payload."""
    _add_far(world)
    done = _sign(world, plugin, "-d", "--plugin-config", "swordfish=trout")
    assert done.code == 4
    assert f"> plugin {plugin}: get_metadata\n< ok, " in done.err
    assert f"> plugin {plugin}: describe_key\n< PluginValidationError, " in done.err
    assert "trout" not in done.err
    done = _sign(world, plugin, "--debug")
    assert done.code == 0
    assert f"> plugin {plugin}: generate_signature\n< ok, " in done.err
    assert done.err.count(" ms\n") == done.err.count("> plugin ")
    assert _sign(world, plugin).err == ""
