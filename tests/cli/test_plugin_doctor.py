"""`plugin doctor`: what a plugin finds out about itself is shown, for people and for programs."""

import json
from pathlib import Path

from cli.world import World, error_of
from support.distributions import add_distribution, signing_plugin
from support.executables import add_executable, shell_plugin

_DIAGNOSING = """
    def diagnose(self, key_id, config):
        from notarykit.plugin.diagnosis import FAILED, OK, WARNING, Finding
        yield Finding("first", OK, f"{{key_id}} {{sorted(config.items())}}")
        {rest}
"""
_UGLY = "'oh \\x1b[31m\\nno', 'do \\u202e this'"
_UGLY_SHOWN = ("oh \\x1b[31m\\nno", "do \\u202e this")


def _package(world: World, name: str, rest: str | None = None) -> str:
    """Installs a distribution with one plugin, which may have a doctor, and returns the folder for the path."""
    source = signing_plugin(name) + (_DIAGNOSING.format(rest=rest) if rest is not None else "")
    return str(add_distribution(world.folder / "site", f"{name}-dist", name, source))


def test_nothing_wrong(world: World) -> None:
    """Findings are rows of a table, and a warning is no failure."""
    path = _package(world, "well", "yield Finding('second', WARNING, 'not quite', 'look at it')")
    done = world.process("plugin", "doctor", "well", PYTHONPATH=path)
    assert (done.code, done.err) == (0, "")
    rows = [[cell.strip() for cell in line.split("   ") if cell.strip()] for line in done.out.splitlines()]
    assert rows == [
        ["STEP", "RESULT", "FOUND", "WHAT TO DO"],
        ["first", "ok", "None []"],
        ["second", "warning", "not quite", "look at it"],
    ]


def test_a_failure(world: World) -> None:
    """One failure among the findings is the end of the command with 4, and all are shown."""
    path = _package(world, "ill", f"yield Finding('second', FAILED, {_UGLY}); yield Finding('third', OK, 'fine')")
    done = world.process("plugin", "doctor", "ill", PYTHONPATH=path)
    assert (done.code, done.err) == (4, "")
    assert [line.split()[:2] for line in done.out.splitlines()[1:]] == [
        ["first", "ok"],
        ["second", "FAILED"],
        ["third", "ok"],
    ]
    for text in _UGLY_SHOWN:
        assert text in done.out
    assert "\x1b" not in done.out


def test_for_programs(world: World) -> None:
    """The same findings are JSON, with every member, and with the same exit code."""
    path = _package(world, "ill", "yield Finding('second', FAILED, 'bad', 'do this')")
    done = world.process("plugin", "doctor", "--output", "json", "ill", PYTHONPATH=path)
    assert (done.code, done.err) == (4, "")
    assert json.loads(done.out) == {
        "plugin": "ill",
        "findings": [
            {"step": "first", "result": "ok", "detail": "None []", "advice": ""},
            {"step": "second", "result": "FAILED", "detail": "bad", "advice": "do this"},
        ],
    }


def test_what_the_plugin_is_told(world: World) -> None:
    """The key and the plugin's configuration go to it as they are."""
    path = _package(world, "well", "pass")
    arguments = ("--key-id", "a=b c", "--plugin-config", "x=1", "--plugin-config", "y=a=b", "--output", "json", "well")
    done = world.process("plugin", "doctor", *arguments, PYTHONPATH=path)
    assert done.code == 0, done
    assert json.loads(done.out)["findings"][0]["detail"] == "a=b c [('x', '1'), ('y', 'a=b')]"


def test_no_findings(world: World) -> None:
    """A doctor that has nothing to say is no failure."""
    path = str(
        add_distribution(
            world.folder / "site", "mute-dist", "mute",
            signing_plugin("mute") + "    def diagnose(self, key_id, config):\n        return iter(())\n",
        )
    )  # fmt: skip
    done = world.process("plugin", "doctor", "mute", "--output", "json", PYTHONPATH=path)
    assert (done.code, json.loads(done.out)) == (0, {"plugin": "mute", "findings": []})


def test_a_refusal(world: World) -> None:
    """A doctor that refuses what it is told ends the command with one line, also where it had found something."""
    refuses = "raise __import__('notarykit.errors').errors.PluginValidationError('no such setting', advice='use x')"
    path = _package(world, "well", refuses)
    done = world.process("plugin", "doctor", "well", PYTHONPATH=path)
    assert (done.code, done.out) == (4, "")
    assert error_of(done.err) == "no such setting: use x"


def test_a_plugin_without_a_doctor(world: World) -> None:
    """A plugin that cannot look is refused, with what can be done instead."""
    path = _package(world, "plain")
    done = world.process("plugin", "doctor", "plain", PYTHONPATH=path)
    assert (done.code, done.out) == (4, "")
    assert error_of(done.err) == "plugin plain has no doctor: see 'notarykit plugin test'"


def test_an_executable(world: World) -> None:
    """An executable is not asked: the protocol has no question for it."""
    program = "#!/bin/sh\ntouch run\n"
    add_executable(world.home.folder / "plugins", "far", program)
    text = world.refused(4, "plugin", "doctor", "far")
    assert text == "no installed package announces the plugin 'far': only plugins in packages have a doctor"
    assert not Path("run").exists()


def test_an_executable_beside_a_package(world: World) -> None:
    """Where a package and an executable have one name, the package's doctor is asked."""
    path = _package(world, "both", "pass")
    add_executable(world.home.folder / "plugins", "both", shell_plugin("both"))
    assert world.process("plugin", "doctor", "both", PYTHONPATH=path).code == 0


def test_an_unknown_plugin(world: World) -> None:
    """A plugin that nobody has installed is an error, and so is a name that would lead elsewhere."""
    assert "no installed package announces the plugin 'nobody'" in world.refused(4, "plugin", "doctor", "nobody")
    done = world.run("plugin", "doctor", "../nobody")
    assert done.code != 0
    assert "../nobody" in error_of(done.err)


def test_a_package_that_is_broken(world: World) -> None:
    """A package that cannot be loaded is an error in one line."""
    path = str(add_distribution(world.folder / "site", "broken-dist", "broken", "import a_module_that_is_not_there\n"))
    done = world.process("plugin", "doctor", "broken", PYTHONPATH=path)
    assert (done.code, done.out) == (4, "")
    assert "broken" in error_of(done.err)


def test_usage(world: World) -> None:
    """Without a name, with two, or with another form of output, nothing is looked for."""
    assert "missing plugin name" in world.run("plugin", "doctor").err
    for arguments in ((), ("a", "b"), ("--output", "xml", "local-file"), ("--plugin-config", "x", "local-file")):
        done = world.run("plugin", "doctor", *arguments)
        assert (done.code, done.out) == (2, "")
