"""`plugin doctor`: what a plugin finds out about itself is shown, for people and for programs."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.test_json import schema
from tests.cli.world import World, error_of
from tests.support.ca import Changes, make_chain
from tests.support.distributions import add_distribution, signing_plugin
from tests.support.executables import add_executable, guarded_plugin, shell_plugin

DAY = timedelta(days=1)
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
    """Findings are rows of a list, those that matter first, and a warning is no failure."""
    path = _package(world, "well", "yield Finding('second', WARNING, 'not quite', 'look at it')")
    done = world.process("plugin", "doctor", "well", PYTHONPATH=path)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "RESULT    STEP     FINDING AND REMEDY",
        "warning   second   not quite",
        "                   look at it",
        "ok        first    None []",
    ]


def test_a_failure(world: World) -> None:
    """One failure among the findings is the end of the command with 4; it is shown first, and then all others."""
    path = _package(world, "ill", f"yield Finding('second', FAILED, {_UGLY}); yield Finding('third', OK, 'fine')")
    done = world.process("plugin", "doctor", "ill", PYTHONPATH=path)
    assert (done.code, done.err) == (4, "")
    assert [line.split()[:2] for line in done.out.splitlines()[1:] if not line.startswith(" ")] == [
        ["FAILED", "second"],
        ["ok", "first"],
        ["ok", "third"],
    ]
    for text in _UGLY_SHOWN:
        assert text in done.out
    assert "\x1b" not in done.out


def test_for_programs(world: World) -> None:
    """The same findings are JSON, with every member, and with the same exit code."""
    path = _package(world, "ill", "yield Finding('second', FAILED, 'bad', 'do this')")
    done = world.process("plugin", "doctor", "--output", "json", "ill", PYTHONPATH=path)
    assert (done.code, done.err) == (4, "")
    schema("plugin-doctor").validate(json.loads(done.out))
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


_REFUSES = "raise __import__('notarykit.errors').errors.PluginValidationError('no such setting', advice='use x')"


def test_a_refusal(world: World) -> None:
    """A doctor that refuses what it is told ends the command with one line."""
    source = signing_plugin("well") + f"    def diagnose(self, key_id, config):\n        {_REFUSES}\n"
    add_distribution(world.folder / "site", "well-dist", "well", source)
    done = world.process("plugin", "doctor", "well", PYTHONPATH=str(world.folder / "site"))
    assert (done.code, done.out) == (4, "")
    assert error_of(done.err) == "no such setting: use x"


def test_a_refusal_after_a_finding(world: World) -> None:
    """A doctor that ends with an error keeps what it had found, and the error is the last finding."""
    found = _findings(world, 4, "well", path=_package(world, "well", _REFUSES))
    assert list(found) == ["first", "stopped"]
    assert found["stopped"] == ("FAILED", "no such setting", "use x")


def test_an_accident(world: World) -> None:
    """A doctor that fails by accident keeps what it had found, and no text that nobody chose is shown."""
    path = _package(world, "well", "raise RuntimeError('swordfish')")
    done = world.process("plugin", "doctor", "well", PYTHONPATH=path)
    assert (done.code, done.err) == (4, "")
    assert "swordfish" not in done.out
    assert [line.split()[:2] for line in done.out.splitlines() if not line.startswith(" ")][1:] == [
        ["FAILED", "stopped"],
        ["ok", "first"],
    ]


def _findings(world: World, code: int, *arguments: str, path: str = "") -> dict[str, tuple[str, str, str]]:
    """What is found at each step."""
    done = world.process("plugin", "doctor", *arguments, "-o", "json", PYTHONPATH=path)
    assert (done.code, done.err) == (code, ""), done
    document = json.loads(done.out)
    schema("plugin-doctor").validate(document)
    return {each["step"]: (each["result"], each["detail"], each["advice"]) for each in document["findings"]}


def test_a_plugin_without_a_doctor(world: World) -> None:
    """A plugin that cannot look is asked what every plugin is asked; without a key nothing is signed."""
    found = _findings(world, 0, "plain", path=_package(world, "plain"))
    assert list(found) == ["metadata", "key"]
    assert found["key"][0] == "warning"


@pytest.mark.parametrize("form", ["package", "executable"])
def test_one_trial_signature(world: World, form: str) -> None:
    """A key that is named makes one signature, and what is wrong with it, or with its chain, is found."""
    if form == "executable":
        source = (
            "from notarykit_local_file.plugin import LocalFilePlugin\nclass Found(LocalFilePlugin):\n    name = 'far'\n"
        )
        add_executable(world.home.folder / "plugins", "far", guarded_plugin(world.folder / "lib" / "far.py", source))
    name = "far" if form == "executable" else "local-file"
    key, chain = str(world.home.folder / "build.key"), str(world.home.folder / "build.chain.pem")
    named = (name, "--key-id", key, "--plugin-config")
    found = _findings(world, 0, *named, f"certificate_chain={chain}")
    assert {step: each[0] for step, each in found.items()} == dict.fromkeys(
        ("metadata", "key", "signature", "certificates"), "ok"
    )
    assert found["key"][1] == f"{key}: EC-256"
    assert "valid until" in found["certificates"][1]
    other = world.home.add_key(make_chain(), "other")[1]
    found = _findings(world, 4, *named, f"certificate_chain={other}")
    assert list(found)[-1] == "key"
    assert found["key"][0] == "FAILED"


def test_a_certificate_that_has_expired(world: World) -> None:
    """A trial signature is not enough: with a certificate that is not valid now, signing would fail."""
    now = datetime.now(UTC)
    world.home.add_key(make_chain(leaf=Changes(not_before=now - 9 * DAY, not_after=now - DAY)), "old")
    found = _findings(world, 4, "--key", "old")
    assert found["signature"][0] == "ok"
    assert found["certificates"][0] == "FAILED"
    assert "expired" in found["certificates"][1]


def test_a_plugin_that_makes_envelopes(world: World) -> None:
    """A plugin that makes whole envelopes makes one about no artifact, which is checked as one is."""
    tests = str(Path(__file__).parents[2])
    source = "from tests.interop.our_plugins.envelope import EnvelopePlugin as Found\n"
    path = str(add_distribution(world.folder / "site", "dist", "our-envelope", source))
    key = str(world.home.folder / "build.key")
    shutil.copy(world.home.folder / "build.chain.pem", f"{key}.crt")
    found = _findings(world, 0, "our-envelope", "--key-id", key, path=f"{path}:{tests}")
    assert {step: each[0] for step, each in found.items()} == dict.fromkeys(
        ("metadata", "signature", "certificates"), "ok"
    )


def test_a_plugin_that_only_verifies(world: World) -> None:
    """A plugin that signs nothing is told so, and nothing of it fails."""
    verifies = shell_plugin("far", "SIGNATURE_VERIFIER.TRUSTED_IDENTITY")
    add_executable(world.home.folder / "plugins", "far", verifies)
    assert _findings(world, 0, "far", "--key-id", "k")["key"] == ("ok", "the plugin does not sign", "")


def test_an_executable_that_fails(world: World) -> None:
    """Where a plugin does not even say what it is, that is the last finding."""
    add_executable(world.home.folder / "plugins", "far", "#!/bin/sh\necho no >&2; exit 1\n")
    found = _findings(world, 4, "far", "--key-id", "k")
    assert found == {"metadata": ("FAILED", "plugin far: get-plugin-metadata: no (exit code 1)", "")}


def test_a_key_of_the_list(world: World) -> None:
    """A key's name stands for its plugin, its id and its settings."""
    path = _package(world, "well", "pass")
    added = (
        "key",
        "add",
        "listed",
        "--plugin",
        "well",
        "--id",
        "k",
        "--plugin-config",
        "a=1",
        "--plugin-config",
        "b=2",
    )
    assert world.process(*added, PYTHONPATH=path).code == 0
    found = _findings(world, 0, "--key", "listed", "--plugin-config", "a=3", path=path)
    assert found["first"][1] == "k [('a', '3'), ('b', '2')]"
    assert _findings(world, 0, "--key", "build")["key"][1] == f"{world.home.folder / 'build.key'}: EC-256"


def test_long_lines(world: World) -> None:
    """What is found fits 100 columns, however long it is."""
    path = _package(world, "ill", "yield Finding('a-long-step', FAILED, 'some words ' * 40 + 'x' * 200, 'do it ' * 40)")
    done = world.process("plugin", "doctor", "ill", PYTHONPATH=path)
    assert max(map(len, done.out.splitlines())) <= 100
    assert "some words " * 40 + "x" in " ".join(done.out.split())


def test_an_executable_beside_a_package(world: World) -> None:
    """Where a package and an executable have one name, the package's doctor is asked."""
    path = _package(world, "both", "pass")
    add_executable(world.home.folder / "plugins", "both", shell_plugin("both"))
    assert world.process("plugin", "doctor", "both", PYTHONPATH=path).code == 0


def test_an_unknown_plugin(world: World) -> None:
    """A plugin that nobody has installed is an error that names its package, and so is a name that leads elsewhere."""
    assert world.refused(4, "plugin", "doctor", "nobody").startswith("plugin 'nobody' is not installed")
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
    both = world.refused(2, "plugin", "doctor", "--key", "build", "--key-id", "other")
    assert "--key" in both
    assert "--key-id" in both
