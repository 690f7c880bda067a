"""`plugin test`: output, flags and keys, with plugins that run in this process."""

import json
from collections.abc import Callable

import pytest

from notarykit.plugin.conformance import report, session
from notarykit.plugin.conformance.report import Judgement
from notarykit.plugin.conformance.rules import RULES, compatibility
from notarykit.plugin.conformance.target import Run, Target
from notarykit.plugin.discovery.process import Ended
from tests.cli.plugin_test_output import results_of
from tests.cli.test_json import schema
from tests.cli.world import Done, World
from tests.kit.reference import ENVELOPE, NAME, SECRET, Envelope, Raw, serve, uses
from tests.kit.wrong import METADATA, Mutation, giving, members_of

Use = Callable[[Run], None]


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Use:
    """Makes the command judge something that runs in this process."""
    monkeypatch.setattr(compatibility, "_HUGE", 128 * 1024)

    def make(run: Run) -> None:
        monkeypatch.setattr(session, "runner", lambda _name, _seconds: run)

    return make


def _words(done: Done) -> str:
    """What is printed, as if every line were long."""
    return " ".join(done.out.split())


def _counted(done: Done) -> dict[str, int]:
    """What the last line says."""
    parts = done.out.split("\n\n")[1].removesuffix("\n").split(", ")
    return {name: int(count) for count, name in (part.split(" ", 1) for part in parts)}


# What is shown


def test_a_plugin_that_is_right(world: World, use: Use) -> None:
    """A list with every rule in order, those that do not apply last, a line with the counts, and the exit code 0."""
    use(serve(Raw))
    done = world.run("plugin", "test", NAME, "--key-id", "ec")
    assert (done.code, done.err) == (0, "")
    results = results_of(done)
    passed = [rule for rule, result in results.items() if result == "passed"]
    rest = [rule for rule, result in results.items() if result == "does not apply"]
    assert list(results) == [*passed, *rest]
    for some in (passed, rest):
        assert some == [rule.id for rule in RULES if rule.id in some]
    assert {*passed, *rest} == {rule.id for rule in RULES}
    assert _counted(done) == {name: list(results.values()).count(name) for name in ("passed", "does not apply")}
    for rule in RULES:
        (row,) = [row for row in done.out.splitlines() if row.endswith(f" {rule.id}")]
        assert f" {rule.level} " in row


_MISNAMED = f"it is 'a', but the executable is notation-{NAME}"


@pytest.mark.parametrize(
    ("mutation", "code", "expected"),
    [
        (giving(METADATA, name="a"), 4, ("metadata.name", "FAILED", _MISNAMED)),
        (giving(METADATA, version="1"), 0, ("metadata.version", "warning", "'1' is not a semantic version")),
        (giving(METADATA, name="\x1b[31m"), 4, ("metadata.name", "FAILED", "it is '\\x1b[31m'")),
    ],
    ids=["must", "should", "an escape sequence"],
)  # fmt: skip
def test_a_plugin_that_is_wrong(
    world: World, use: Use, mutation: Mutation, code: int, expected: tuple[str, str, str]
) -> None:
    """A MUST that is broken ends with 4, a SHOULD with 0; both come first, with the reason and what is demanded."""
    rule, result, reason = expected
    use(mutation(serve(Envelope)))
    done = world.run("plugin", "test", NAME, "--key-id", *ENVELOPE.key_ids)
    assert (done.code, done.err) == (code, "")
    assert {name: each for name, each in results_of(done).items() if each not in ("passed", "does not apply")} == {
        rule: result
    }
    assert _counted(done)[result] == 1
    assert next(iter(results_of(done))) == rule
    (demanded,) = [each for each in RULES if each.id == rule]
    text = " ".join(demanded.text.split())
    assert f"{result} {demanded.level} {rule} {reason}" in _words(done)
    assert f" {text} (see: {demanded.section}) " in _words(done)


# Flags


def test_several_keys_and_settings(world: World, use: Use) -> None:
    """Every key id is tested, and the settings go with every request that is about one."""
    requests = []

    def run(command: str, request: bytes) -> Ended:
        requests.append(members_of(request))
        return serve(Raw)(command, request)

    use(run)
    keys = ("--key-id", "rsa", "--key-id=ec")
    done = world.run("plugin", "test", *keys, "--plugin-config", "a=b=c", "--plugin-config", "d=e", NAME)
    assert (done.code, done.err) == (0, "")
    about_keys = [each for each in requests if each.get("keyId") in ("rsa", "ec")]
    assert {each["keyId"] for each in about_keys} == {"rsa", "ec"}
    assert all(each["pluginConfig"] == {"a": "b=c", "d": "e"} for each in about_keys)
    assert {results_of(done)[f"generate-signature.{name}"] for name in ("ecdsa-form", "pss-salt")} == {"passed"}


def test_a_key_that_does_not_exist(world: World, use: Use) -> None:
    """A key id that the plugin does not know is the user's mistake, and the plugin's words are in the table."""
    use(serve(Raw))
    done = world.run("plugin", "test", NAME, "--key-id", "dsa")
    assert done.code == 4
    assert "describe-key failed: VALIDATION_ERROR there is no key 'dsa'" in _words(done)


def test_a_key_that_needs_a_touch(world: World, use: Use) -> None:
    """Keys are used as often as is allowed at most, and the table says what was not run."""
    use(serve(Raw))
    uses.clear()
    done = world.run("plugin", "test", NAME, "--key-id", "ec", "--max-signatures", "2")
    assert (done.code, done.err) == (0, "")
    assert 0 < len(uses) <= 2
    assert results_of(done)["generate-signature.at-once"] == "not run"
    assert _counted(done)["not run"] > 0


def test_secrets(world: World, use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret that is in an output is found, and the table does not show it."""
    monkeypatch.setenv("TOKEN_PIN", SECRET)
    monkeypatch.setenv("OTHER_PIN", "another secret")
    secrets = ("--secret-env", "OTHER_PIN", "--secret-env", "TOKEN_PIN")
    arguments = ("plugin", "test", NAME, "--key-id", "ec")
    use(serve(Envelope))
    assert results_of(world.run(*arguments))["output.secrets"] == "does not apply"
    assert results_of(world.run(*arguments, *secrets))["output.secrets"] == "passed"
    use(giving(METADATA, name=SECRET)(serve(Envelope)))
    done = world.run(*arguments, *secrets)
    assert done.code == 4
    assert (results_of(done)["output.secrets"], results_of(done)["metadata.name"]) == ("FAILED", "FAILED")
    assert SECRET not in done.out
    assert "it is '***'" in _words(done)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "missing plugin name: name a plugin, or one of its keys with --key"),
        ((NAME, "--key", "a", "--key-id", "b"), "flags --key and --key-id exclude each other"),
        ((NAME, "b"), "unexpected argument 'b' for 'notarykit plugin test': see 'notarykit plugin test --help'"),
        ((NAME, "--secret-env", "UNSET"), "$UNSET is not set: --secret-env names a variable that holds a secret"),
        ((NAME, "--secret-env", "HOME", "--secret-env", "EMPTY"), "$EMPTY is not set: "),
        ((NAME, "--plugin-config", "a"), "could not parse flag --plugin-config: not of the form key=value"),
        ((NAME, "--plugin-config", "a=b", "--plugin-config", "a=c"), "flag --plugin-config has the key 'a' twice"),
        ((NAME, "--max-signatures", "many"), "max-signatures value many must be a positive number"),
        ((NAME, "--max-signatures=-1"), "max-signatures value -1 must be a positive number"),
    ],
)
def test_usage(
    world: World, use: Use, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    """A call that is wrong in itself ends with 2 before the plugin is run."""
    monkeypatch.setenv("EMPTY", "")
    use(lambda *_: pytest.fail("it was run"))
    assert world.refused(2, "plugin", "test", *arguments).startswith(message)


# For programs, and with a key of the list


def test_for_programs(world: World, use: Use) -> None:
    """Every rule is JSON in the rules' order, in the schema's form, with the same exit code."""
    use(giving(METADATA, name="\x1b[31m")(serve(Raw)))
    done = world.run("plugin", "test", NAME, "--key-id", "ec", "-o", "json")
    document = json.loads(done.out)
    schema("plugin-test").validate(document)
    assert (done.code, done.err, document["plugin"]) == (4, "", NAME)
    assert [each["rule"] for each in document["rules"]] == [rule.id for rule in RULES]
    (failed,) = [each for each in document["rules"] if each["result"] == "FAILED"]
    assert failed == {
        "rule": "metadata.name",
        "level": "MUST",
        "section": "Plugin metadata",
        "text": "The name is that of the plugin's folder and executable.",
        "result": "FAILED",
        "reason": f"it is '\\x1b[31m', but the executable is notation-{NAME}",
    }


def test_a_key_of_the_list(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key's name stands for its plugin, its id and its settings, to which the command line adds."""
    targets: list[Target] = []

    def judge(target: Target, _: object) -> list[Judgement]:
        targets.append(target)
        return []

    monkeypatch.setattr(report, "judge", judge)
    world.did(
        "key", "add", "listed", "--plugin", "local-file", "--id", "/k.pem", "--plugin-config", "ca_certs=a",
        "--plugin-config", "certificate_chain=b",
    )  # fmt: skip
    assert world.run("plugin", "test", "--key", "listed", "--plugin-config", "ca_certs=c").code == 0
    assert world.run("plugin", "test", "local-file", "-k", "listed").code == 0
    assert world.run("plugin", "test", "-k", "build").code == 0
    assert [(each.name, each.key_ids, dict(each.plugin_config)) for each in targets] == [
        ("local-file", ("/k.pem",), {"ca_certs": "c", "certificate_chain": "b"}),
        ("local-file", ("/k.pem",), {"ca_certs": "a", "certificate_chain": "b"}),
        (
            "local-file",
            (str(world.home.folder / "build.key"),),
            {"certificate_chain": str(world.home.folder / "build.chain.pem")},
        ),
    ]
    assert world.refused(2, "plugin", "test", "pkcs11", "--key", "listed") == (
        "signing key 'listed' is of the plugin 'local-file', not of 'pkcs11'"
    )
    assert world.refused(4, "plugin", "test", "--key", "none").startswith("signing key 'none' is not on the list")


def test_progress(world: World, use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person at a terminal sees which rule is looked at; the line is gone at the end."""
    use(serve(Raw))
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    done = world.run("plugin", "test", NAME, "--key-id", "ec")
    assert f"\r\x1b[K1 of {len(RULES)}: metadata.members \r\x1b[K2 of {len(RULES)}: metadata.name " in done.err
    assert done.err.endswith("\r\x1b[K")
