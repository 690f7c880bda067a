"""`policy export`: notation's form for repositories that are named."""

import json
from pathlib import Path

from tests.cli.world import World
from tests.support.homes import policy_document

_PREFIXED = policy_document(scopes=["r.test/team/*", "r.test/one"]) | {"version": "notarykit/1"}


def test_exported_policy_is_on_standard_output(world: World) -> None:
    """The document is notation's, for the repositories of the flags and of the file, and can be imported."""
    world.home.set_policy(_PREFIXED)
    Path("repositories").write_text("# ours\nr.test/team/b\n\n  r.test/team/c  \n")
    done = world.run("policy", "export", "--for", "r.test/team/a", "--from", "repositories")
    assert (done.code, done.err) == (0, "Note: 'tests': for the repositories that were named, and no others\n")
    document = json.loads(done.out)
    scopes = ["r.test/one", "r.test/team/a", "r.test/team/b", "r.test/team/c"]
    assert document == policy_document(scopes=scopes)
    Path("exported.json").write_text(done.out)
    assert world.run("policy", "import", "--force", "exported.json").code == 0
    assert world.home.policy_file.read_text() == done.out


def test_repositories_come_from_standard_input(world: World) -> None:
    """A list of repositories may be what another program writes."""
    world.home.set_policy(_PREFIXED)
    done = world.run("policy", "export", "--from", "-", stdin="r.test/team/a\n")
    assert "r.test/team/a" in done.out


def test_another_policy_is_exported(world: World) -> None:
    """A file may be exported that is not the user's own policy; statements that fall away are told."""
    document = policy_document(scopes=["r.test/x/*"]) | {"version": "notarykit/1"}
    document["trustPolicies"].append({**document["trustPolicies"][0], "name": "all", "registryScopes": ["*"]})
    Path("other.json").write_text(json.dumps(document))
    done = world.run("policy", "export", "--policy", "other.json", "--for", "r.test/x/a")
    assert done.code == 0
    assert "Warning: statement 'all' is for none of the repositories: left out\n" in done.err
    assert "Note: 'tests': for the repositories that were named, and no others\n" in done.err
    assert [each["name"] for each in json.loads(done.out)["trustPolicies"]] == ["tests"]
    del document["trustPolicies"][1]
    Path("other.json").write_text(json.dumps(document))
    done = world.run("policy", "export", "--policy", "other.json", "--for", "r.test/x/a", "--for", "r.test/y")
    assert "Warning: no statement applies to r.test/y, in other.json too\n" in done.err


def test_what_cannot_be_exported(world: World) -> None:
    """Without repositories, with a malformed one or for none of the statements nothing is written."""
    world.home.set_policy(_PREFIXED)
    export = ("policy", "export")
    assert world.refused(2, *export) == "missing repositories: name them with --for, or in a file with --from"
    assert "'r.test/team/*' is not of the form" in world.refused(2, *export, "--for", "r.test/team/*")
    assert "nothing to export" in world.refused(2, *export, "--for", "s.test/a", "--policy", _prefix_alone())
    assert world.refused(2, *export, "--from", "absent") == "--from absent: No such file or directory"
    assert "--from hello: Is a directory" in world.refused(2, *export, "--from", "hello")
    Path("latin").write_bytes(b"r.test/\xe9\n")
    assert world.refused(2, *export, "--from", "latin") == "latin, line 1: not UTF-8 at byte 7"
    assert "absent does not exist" in world.refused(2, *export, "--for", "r.test/a", "--policy", "absent")
    Path("bad.json").write_text("{}")
    assert "bad.json is malformed" in world.refused(2, *export, "--for", "r.test/a", "--policy", "bad.json")


def _prefix_alone() -> str:
    Path("prefix.json").write_text(json.dumps(policy_document(scopes=["r.test/*"]) | {"version": "notarykit/1"}))
    return "prefix.json"


def test_names_in_messages_are_visible(world: World) -> None:
    """Control characters in a statement's name reach the terminal as escapes, in all that tells of a policy."""
    document = policy_document(["*"], scopes=["r.test/x/*"]) | {"version": "notarykit/1"}
    document["trustPolicies"][0]["name"] = "a\x1b[31m\u202e"
    Path("other.json").write_text(json.dumps(document))
    policy = ("--policy", "other.json")
    for line in (
        ("export", *policy, "--for", "r.test/x/a"),
        ("explain", *policy, "r.test/x/a"),
        ("lint", "other.json"),
    ):
        done = world.run("policy", *line)
        assert "\\x1b[31m\\u202e" in (done.err if line[0] == "export" else done.out)
        assert not set(done.out + done.err) & {"\x1b", "\u202e"}
