"""`policy`: init, import and show."""

import json
from pathlib import Path

import pytest

from tests.cli.world import VERIFY, World
from tests.support.homes import IDENTITY, OTHER_IDENTITY, policy_document

INIT = ("policy", "init", "--name", "mine", "--trust-store", "ca:tests", "--trusted-identity")
QUESTION = "The trust policy file already exists, do you want to overwrite it? [y/N] "
OVERWRITTEN = "Warning: existing trust policy configuration file will be overwritten\n"


def test_init_writes_a_strict_statement(world: World) -> None:
    """A new policy has one strict statement, and is what `verify` asks for."""
    world.home.policy_file.unlink()
    text = world.did(*INIT, IDENTITY)
    assert text == f"Successfully initialized trust policy file to {world.home.policy_file}.\n"
    assert json.loads(world.home.policy_file.read_bytes()) == {
        "version": "1.0",
        "trustPolicies": [
            {
                "name": "mine",
                "registryScopes": ["*"],
                "signatureVerification": {"level": "strict"},
                "trustStores": ["ca:tests"],
                "trustedIdentities": [IDENTITY],
            }
        ],
    }
    assert world.home.policy_file.stat().st_mode & 0o777 == 0o600
    world.sign()
    world.verify()


def test_init_with_scopes(world: World) -> None:
    """Scopes, stores and identities may be several."""
    world.home.policy_file.unlink()
    world.did(
        *INIT, IDENTITY, "--trusted-identity", OTHER_IDENTITY, "--trust-store=tsa:t", "--scope", "a/b", "--scope=c/d"
    )
    (statement,) = json.loads(world.home.policy_file.read_bytes())["trustPolicies"]
    assert statement["registryScopes"] == ["a/b", "c/d"]
    assert statement["trustStores"] == ["ca:tests", "tsa:t"]
    assert statement["trustedIdentities"] == [IDENTITY, OTHER_IDENTITY]


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (["x509.subject: CN=a"], "identity 'x509.subject: CN=a': the mandatory attribute C is missing"),
        (["*", "--trusted-identity", IDENTITY], "'*' stands for every identity and must stand alone"),
        ([IDENTITY, "--trust-store", "tests"], "trust store 'tests' is not of the form type:name"),
        ([IDENTITY, "--scope", "nowhere"], "scope 'nowhere' is neither '*' nor registry/repository in full"),
        (["\udcff:a"], "half of a surrogate pair"),
    ],
)
def test_malformed_init_is_refused(world: World, flags: list[str], reason: str) -> None:
    """A policy against the rules is not written."""
    before = world.home.policy_file.read_bytes()
    error = world.refused(2, *INIT, *flags, "--force")
    assert error.startswith("the new trust policy is malformed: ")
    assert reason in error
    assert world.home.policy_file.read_bytes() == before


@pytest.mark.parametrize("command", ["init", "import"])
def test_existing_policy_requires_confirmation(world: World, command: str) -> None:
    """An existing policy is overwritten after a yes or by force, and by nothing else."""
    Path("new.json").write_text(json.dumps(policy_document([OTHER_IDENTITY])))
    arguments = (*INIT, OTHER_IDENTITY) if command == "init" else ("policy", "import", "new.json")
    before = world.home.policy_file.read_bytes()
    for answer in ("n\n", "\n"):
        done = world.run(*arguments, stdin=answer)
        assert (done.code, done.err) == (0, "The trust policy was not changed.\n")
        assert done.out == QUESTION
        assert world.home.policy_file.read_bytes() == before
    assert "uccessfully" in world.did(*arguments, stdin="y\n").removeprefix(QUESTION)
    assert OTHER_IDENTITY.encode() in world.home.policy_file.read_bytes()
    world.home.set_policy()
    done = world.run(*arguments, "--force")
    assert (done.code, done.err) == (0, OVERWRITTEN)
    assert OTHER_IDENTITY.encode() in world.home.policy_file.read_bytes()


def test_imported_policy_is_used(world: World) -> None:
    """A policy is imported byte by byte, and shown so."""
    world.home.policy_file.unlink()
    content = json.dumps(policy_document(), indent=3).encode() + b"\n\n"
    Path("new.json").write_bytes(content)
    assert world.did("policy", "import", "new.json") == "Trust policy configuration imported successfully.\n"
    assert world.home.policy_file.read_bytes() == content
    assert world.process("policy", "show").out == content.decode()


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (None, "failed to read trust policy file: new.json does not exist"),
        ("", "new.json is malformed: not JSON: "),
        ('{"version":"1.0","trustPolicies":[{"name":"a"}]}', "new.json is malformed: statement 'a' has no member "),
        (json.dumps(policy_document()) + "{}", "new.json is malformed: not JSON: "),
        (
            json.dumps(policy_document(override={"integrity": "log"})),
            "new.json is malformed: statement 'tests': 'signatureVerification': 'integrity' cannot be overridden",
        ),
    ],
)
def test_malformed_import_is_refused(world: World, content: str | None, error: str) -> None:
    """A policy against the rules is not imported, even by force."""
    if content is not None:
        Path("new.json").write_text(content)
    before = world.home.policy_file.read_bytes()
    assert world.refused(2, "policy", "import", "--force", "new.json").startswith(error)
    assert world.home.policy_file.read_bytes() == before


def test_folder_is_refused(world: World) -> None:
    """A folder in place of the file to import has another error than a missing file."""
    error = world.refused(2, "policy", "import", "hello")
    assert error == "failed to read trust policy file: hello is not a regular file"


def test_unknown_member_brings_a_warning(world: World) -> None:
    """An unknown member brings a warning, at import and whenever the policy is read."""
    document = policy_document()
    document["trustPolicies"][0]["registryScope"] = ["*"]
    Path("new.json").write_text(json.dumps(document))
    done = world.run("policy", "import", "new.json", stdin="y\n")
    assert done.code == 0
    assert done.err == "Warning: new.json: statement 'tests': member 'registryScope' is not known\n"
    world.sign()
    done = world.run(*VERIFY, world.reference)
    assert done.code == 0
    assert "member 'registryScope' is not known" in done.err


def test_show_prints_the_bytes(world: World) -> None:
    """The policy is shown as it is; one that is malformed is shown too, with the error and 2."""
    assert world.process("policy", "show").out == world.home.policy_file.read_text()
    world.home.policy_file.write_text("{}")
    done = world.process("policy", "show")
    assert (done.code, done.out) == (2, "{}")
    assert done.err == f"Error: trust policy {world.home.policy_file} is malformed: document has no member 'version'\n"
    world.home.policy_file.unlink()
    assert world.refused(2, "policy", "show").startswith("no trust policy: neither ")


def test_present_file_name_is_kept(world: World) -> None:
    """Where the newer policy file is in use, it is the one that is written and shown."""
    newer = world.home.policy_file.rename(world.home.folder / "trustpolicy.oci.json")
    Path("new.json").write_text(json.dumps(policy_document([OTHER_IDENTITY])))
    assert world.run("policy", "import", "--force", "new.json").code == 0
    assert OTHER_IDENTITY in newer.read_text()
    assert not world.home.policy_file.exists()
    assert world.process("policy", "show").out == newer.read_text()
