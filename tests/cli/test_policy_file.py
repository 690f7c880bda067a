"""`policy` and `blob policy`: init, import and show."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.cli.world import VERIFY, World
from tests.support.homes import IDENTITY, OTHER_IDENTITY, blob_policy_document, policy_document


class Kind(NamedTuple):
    """A kind of trust policy file, and what its commands say.

    Attributes:
        words: The group's words.
        file: Name of the file.
        document: Makes a good document for an identity.
        question: Question before the file is overwritten.
        overwritten: Warning where it is overwritten by force.
        name: What messages call the document.
        imported: Message after an import; `{}` is the path.
        scope: Members of a new statement that say where it applies.
    """

    words: tuple[str, ...]
    file: str
    document: Callable[..., dict[str, Any]]
    question: str
    overwritten: str
    name: str
    imported: str
    scope: dict[str, Any]

    def init(self, *flags: str) -> tuple[str, ...]:
        """The command line that writes a policy, but for the identity."""
        return (*self.words, "init", "--name", "mine", "--trust-store", "ca:tests", *flags, "--trusted-identity")


ARTIFACTS = Kind(
    ("policy",),
    "trustpolicy.json",
    policy_document,
    "The trust policy file already exists, do you want to overwrite it? [y/N] ",
    "Warning: existing trust policy configuration file will be overwritten\n",
    "trust policy",
    "Trust policy configuration imported successfully.\n",
    {"registryScopes": ["*"]},
)
BLOBS = Kind(
    ("blob", "policy"),
    "trustpolicy.blob.json",
    blob_policy_document,
    "The blob trust policy configuration already exists, do you want to overwrite it? [y/N] ",
    "Warning: existing blob trust policy configuration will be overwritten\n",
    "blob trust policy",
    "Successfully imported blob trust policy configuration to {}.\n",
    {},
)
KINDS = pytest.mark.parametrize("kind", [ARTIFACTS, BLOBS], ids=lambda kind: kind.words[0])


def _file(world: World, kind: Kind) -> Path:
    """The policy, which is there and good."""
    world.home.set_policy()
    world.home.set_blob_policy()
    return world.home.folder / kind.file


@KINDS
def test_init_writes_a_strict_statement(world: World, kind: Kind) -> None:
    """A new policy has one strict statement, and its owner alone can read it."""
    path = _file(world, kind)
    path.unlink()
    assert world.did(*kind.init(), IDENTITY) == f"Successfully initialized {kind.name} file to {path}.\n"
    assert json.loads(path.read_bytes()) == {
        "version": "1.0",
        "trustPolicies": [
            {
                "name": "mine",
                **kind.scope,
                "signatureVerification": {"level": "strict"},
                "trustStores": ["ca:tests"],
                "trustedIdentities": [IDENTITY],
            }
        ],
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_new_policy_verifies(world: World) -> None:
    """What `policy init` writes is what `verify` reads."""
    world.home.policy_file.unlink()
    world.did(*ARTIFACTS.init(), IDENTITY)
    world.sign()
    world.verify()


def test_new_policy_verifies_blobs(world: World) -> None:
    """What `blob policy init` writes is what `blob verify` reads: by its name, and without one where it is global."""
    blob = world.folder / "notes.txt"
    blob.write_text("hello")
    world.did("blob", "sign", str(blob))
    world.did(*BLOBS.init(), IDENTITY)
    world.did("blob", "verify", "--policy-name", "mine", str(blob))
    assert "no global blob trust policy" in world.run("blob", "verify", str(blob)).err
    world.run(*BLOBS.init("--global", "--force"), IDENTITY)
    world.did("blob", "verify", str(blob))
    world.run(*BLOBS.init("--global", "--force"), OTHER_IDENTITY)
    assert world.run("blob", "verify", str(blob)).code == 1


def test_init_with_scopes(world: World) -> None:
    """Scopes, stores and identities may be several."""
    world.home.policy_file.unlink()
    world.did(
        *ARTIFACTS.init("--scope", "a/b", "--scope=c/d"), IDENTITY, "--trusted-identity", OTHER_IDENTITY,
        "--trust-store=tsa:t",
    )  # fmt: skip
    (statement,) = json.loads(world.home.policy_file.read_bytes())["trustPolicies"]
    assert statement["registryScopes"] == ["a/b", "c/d"]
    assert statement["trustStores"] == ["ca:tests", "tsa:t"]
    assert statement["trustedIdentities"] == [IDENTITY, OTHER_IDENTITY]


@pytest.mark.parametrize(("flag", "is_global"), [("--global", True), ("--global=true", True), ("--global=false", None)])
def test_init_of_a_global_statement(world: World, flag: str, is_global: bool | None) -> None:
    """A statement for blobs is the global one where that is asked for."""
    world.did(*BLOBS.init(flag), IDENTITY)
    (statement,) = json.loads(world.home.blob_policy_file.read_bytes())["trustPolicies"]
    assert statement.get("globalPolicy") is is_global


@KINDS
@pytest.mark.parametrize("absent", ["name", "trust-store", "trusted-identity"])
def test_init_requires_name_store_and_identity(world: World, kind: Kind, absent: str) -> None:
    """A statement without one of its three parts is not guessed at."""
    flags = {"name": "mine", "trust-store": "ca:tests", "trusted-identity": IDENTITY}
    line = [word for flag, value in flags.items() if flag != absent for word in (f"--{flag}", value)]
    assert world.refused(2, *kind.words, "init", *line) == f'required flag(s) "{absent}" not set'


@KINDS
@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (["x509.subject: CN=a"], "identity 'x509.subject: CN=a': the mandatory attribute C is missing"),
        (["*", "--trusted-identity", IDENTITY], "'*' stands for every identity and must stand alone"),
        ([IDENTITY, "--trust-store", "tests"], "trust store 'tests' is not of the form type:name"),
        (["\udcff:a"], "half of a surrogate pair"),
    ],
)
def test_malformed_init_is_refused(world: World, kind: Kind, flags: list[str], reason: str) -> None:
    """A policy against the rules is not written."""
    path = _file(world, kind)
    before = path.read_bytes()
    error = world.refused(2, *kind.init(), *flags, "--force")
    assert error.startswith(f"the new {kind.name} is malformed: ")
    assert reason in error
    assert path.read_bytes() == before


def test_malformed_scope_is_refused(world: World) -> None:
    """A scope that is no repository's name is not written."""
    error = world.refused(2, *ARTIFACTS.init("--scope", "nowhere"), IDENTITY, "--force")
    assert error.endswith("scope 'nowhere' is neither '*' nor registry/repository in full")


def test_prefixes_are_for_documents_that_say_so(world: World) -> None:
    """A prefix is written and imported under the version that has prefixes, verifies so, and is refused otherwise."""
    line = ARTIFACTS.init("--force", "--scope", "local/*")
    error = world.refused(2, *line, IDENTITY)
    assert error.endswith("in full; prefixes are for documents of the version 'notarykit/1'")
    done = world.run(*line, IDENTITY, "--document-version", "notarykit/1")
    assert (done.code, "Note: notation, which reads the same file, refuses the version notarykit/1" in done.err) == (
        0,
        True,
    )
    document = json.loads(world.home.policy_file.read_bytes())
    assert (document["version"], document["trustPolicies"][0]["registryScopes"]) == ("notarykit/1", ["local/*"])
    world.sign()
    world.verify()
    done = world.run("verify", "--oci-layout", "--scope", "localx/tests", world.reference)
    assert (done.code, "no trust policy applies to localx/tests" in done.err) == (1, True)
    Path("good.json").write_text(json.dumps(document))
    Path("bad.json").write_text(json.dumps(document | {"version": "1.0"}))
    done = world.run("policy", "import", "--force", "good.json")
    assert (done.code, "refuses the version notarykit/1" in done.err) == (0, True)
    assert "prefixes are for documents of the version" in world.refused(2, "policy", "import", "--force", "bad.json")
    assert "unrecognized value 'notarykit/2'" in world.refused(2, *line, IDENTITY, "--document-version=notarykit/2")


@KINDS
@pytest.mark.parametrize("command", ["init", "import"])
def test_existing_policy_requires_confirmation(world: World, kind: Kind, command: str) -> None:
    """An existing policy is overwritten after a yes or by force, and by nothing else."""
    path = _file(world, kind)
    Path("new.json").write_text(json.dumps(kind.document(identities=[OTHER_IDENTITY])))
    arguments = (*kind.init(), OTHER_IDENTITY) if command == "init" else (*kind.words, "import", "new.json")
    before = path.read_bytes()
    for answer in ("n\n", "\n"):
        done = world.run(*arguments, stdin=answer)
        assert (done.code, done.err) == (0, f"The {kind.name} was not changed.\n")
        assert done.out == kind.question
        assert path.read_bytes() == before
    done = world.run(*arguments)
    assert (done.code, done.out) == (2, f"{kind.question}\n")
    assert done.err == "Error: nothing was changed: no answer on standard input: add --force\n"
    assert path.read_bytes() == before
    assert "uccessfully" in world.did(*arguments, stdin="y\n").removeprefix(kind.question)
    assert OTHER_IDENTITY.encode() in path.read_bytes()
    _file(world, kind)
    done = world.run(*arguments, "--force")
    assert (done.code, done.err) == (0, kind.overwritten)
    assert OTHER_IDENTITY.encode() in path.read_bytes()


@KINDS
def test_imported_policy_is_stored_byte_by_byte(world: World, kind: Kind) -> None:
    """A policy is imported byte by byte, and shown so."""
    path = _file(world, kind)
    path.unlink()
    content = json.dumps(kind.document(), indent=3).encode() + b"\n\n"
    Path("new.json").write_bytes(content)
    assert world.did(*kind.words, "import", "new.json") == kind.imported.format(path)
    assert path.read_bytes() == content
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert world.process(*kind.words, "show").out == content.decode()


@KINDS
def test_folder_of_settings_is_made(world: World, kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first policy of a user finds no folder of settings."""
    folder = world.folder / "new" / "settings"
    monkeypatch.setenv("NOTATION_CONFIG", str(folder))
    world.did(*kind.init(), IDENTITY)
    assert [path.name for path in folder.iterdir()] == [kind.file]


@KINDS
@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("", "new.json is malformed: not JSON: "),
        ('{"version":"1.0","trustPolicies":[{"name":"a"}]}', "new.json is malformed: statement 'a' has no member "),
        ('{"version":"1.1","trustPolicies":[]}', "new.json is malformed: version '1.1' is not supported"),
        (
            json.dumps(policy_document(override={"integrity": "log"})).replace('"registryScopes": ["*"], ', "%s"),
            "new.json is malformed: statement 'tests': 'signatureVerification': 'integrity' cannot be overridden",
        ),
    ],
)
def test_malformed_import_is_refused(world: World, kind: Kind, content: str, error: str) -> None:
    """A policy against the rules is not imported, even by force."""
    path = _file(world, kind)
    before = path.read_bytes()
    Path("new.json").write_text(content.replace("%s", '"registryScopes": ["*"], ' if kind is ARTIFACTS else ""))
    assert world.refused(2, *kind.words, "import", "--force", "new.json").startswith(error)
    assert path.read_bytes() == before


@KINDS
def test_import_without_a_readable_file_is_refused(world: World, kind: Kind) -> None:
    """A file to import that is missing, not named, two files, and a folder have an error each."""
    command = (*kind.words, "import")
    failed = f"failed to read {kind.name} file: "
    assert world.refused(2, *command, "new.json") == f"{failed}new.json does not exist"
    assert world.refused(2, *command, "hello") == f"{failed}hello is not a regular file"
    assert world.refused(2, *command).startswith("missing trust policy file: ")
    assert world.refused(2, *command, "a", "b").startswith("unexpected argument 'b'")


def test_policy_of_the_other_kind_is_not_imported(world: World) -> None:
    """A policy for artifacts is refused as one for blobs, and the reverse, and the error says which it is."""
    Path("artifacts.json").write_text(json.dumps(policy_document()))
    Path("blobs.json").write_text(json.dumps(blob_policy_document()))
    world.home.policy_file.unlink()
    refused = world.refused(2, "blob", "policy", "import", "artifacts.json")
    reason = "statement 'tests' has 'registryScopes': this is a trust policy for artifacts"
    assert refused == f"artifacts.json is malformed: {reason}"
    done = world.run("policy", "import", "blobs.json")
    assert done.code == 2
    reason = "statement 'tests' has no member 'registryScopes': this is a trust policy for blobs"
    assert done.err.endswith(f"Error: blobs.json is malformed: {reason}\n")
    assert not world.home.policy_file.exists()
    assert not world.home.blob_policy_file.exists()


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


@KINDS
def test_show_prints_the_bytes(world: World, kind: Kind) -> None:
    """The policy is shown as it is; one that is malformed is shown too, with the error, advice and 2."""
    path = _file(world, kind)
    show = (*kind.words, "show")
    assert world.process(*show).out == path.read_text()
    path.write_text("{}")
    done = world.process(*show)
    assert (done.code, done.out) == (2, "{}")
    advice = f"correct it, or import another with 'notarykit {' '.join(kind.words)} import --force FILE'"
    assert done.err == f"Error: {kind.name} {path} is malformed: document has no member 'version': {advice}\n"
    path.unlink()
    error = world.refused(2, *show)
    assert error.startswith(f"no {kind.name}: ")
    assert f"'notarykit {' '.join(kind.words)} import FILE'" in error


@KINDS
def test_one_kind_leaves_the_other_alone(world: World, kind: Kind) -> None:
    """Commands for one kind of policy neither read nor write the other's file."""
    path = _file(world, kind)
    (other,) = {world.home.policy_file, world.home.blob_policy_file} - {path}
    other.write_text("{")
    world.run(*kind.init("--force"), IDENTITY)
    world.did(*kind.words, "show")
    assert other.read_text() == "{"


def test_present_file_name_is_kept(world: World) -> None:
    """Where the newer policy file is in use, it is the one that is written and shown."""
    newer = world.home.policy_file.rename(world.home.folder / "trustpolicy.oci.json")
    Path("new.json").write_text(json.dumps(policy_document([OTHER_IDENTITY])))
    assert world.run("policy", "import", "--force", "new.json").code == 0
    assert OTHER_IDENTITY in newer.read_text()
    assert not world.home.policy_file.exists()
    assert world.process("policy", "show").out == newer.read_text()
