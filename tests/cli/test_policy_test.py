"""`policy test`: a table of references with what is expected of the trust policy."""

import json
from pathlib import Path
from typing import Any

from tests.cli.test_json import schema
from tests.cli.world import World
from tests.support.homes import OTHER_IDENTITY, SCOPE, policy_document

TEST = ("policy", "test")


def _cases(world: World, **changes: Any) -> str:
    """A table with three cases that pass, but for the changes to the last."""
    cases: list[dict[str, Any]] = [
        {"reference": "r.test/team/a", "statement": "tests"},
        {"name": "an artifact", "reference": world.reference, "layout": True, "scope": SCOPE, "verdict": "verified"},
        {"name": "the level", "reference": "r.test/a", "level": "strict", **changes},
    ]
    Path("cases.json").write_text(json.dumps({"cases": cases}))
    return "cases.json"


def test_all_pass(world: World) -> None:
    """Where all is as expected, the command ends with 0 and counts the cases."""
    world.sign()
    out = world.did(*TEST, _cases(world))
    assert out == "RESULT   CASE\npassed   r.test/team/a\npassed   an artifact\npassed   the level\n\n3 passed\n"


def test_differences_come_first_and_end_with_1(world: World) -> None:
    """A case that is different is FAILED, with what is different, and comes first."""
    world.sign()
    done = world.run(*TEST, _cases(world, level="audit"))
    assert (done.code, done.err) == (1, "")
    assert done.out.splitlines()[1:3] == ["FAILED   the level", "         the level is strict, and not audit"]
    assert done.out.endswith("\n1 FAILED, 2 passed\n")


def test_another_policy(world: World) -> None:
    """A policy is tested before it is imported, and a verdict is what `verify` would give under it."""
    world.sign()
    Path("new.json").write_text(json.dumps(policy_document([OTHER_IDENTITY])))
    done = world.run(*TEST, "--policy", "new.json", _cases(world))
    assert done.code == 1
    assert "FAILED   an artifact\n         the verdict is failed, and not verified: " in done.out


def test_json(world: World) -> None:
    """Each case has its result in the order of the table, and the schema is kept, for errors too."""
    world.sign()
    done = world.run(*TEST, "-o", "json", _cases(world, statement="other"))
    document = json.loads(done.out)
    schema("policy-test").validate(document)
    assert done.code == 1
    assert [each["result"] for each in document["cases"]] == ["passed", "passed", "FAILED"]
    assert document["cases"][2]["differences"] == ["statement 'tests' applies, and not 'other'"]
    done = world.run(*TEST, "-o", "json", "absent.json")
    document = json.loads(done.out)
    schema("policy-test").validate(document)
    assert (done.code, document["error"]["message"]) == (2, "absent.json does not exist")
    assert not schema("policy-test").is_valid({"policy": "a", "cases": []})


def test_table_is_checked_before_anything_is_tried(world: World) -> None:
    """A malformed table, none, and two are refused."""
    Path("bad.toml").write_text("[[cases]]\nreference = 'r.test/a'\n")
    assert "bad.toml is malformed: case 'r.test/a' expects nothing" in world.refused(2, *TEST, "bad.toml")
    assert world.refused(2, *TEST).startswith("missing file with cases")
