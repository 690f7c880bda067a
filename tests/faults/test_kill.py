"""A process that is killed at any moment leaves the old state or the new one, and the next run clears up after it."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from notarykit.keys.local import LocalSigner
from notarykit.oci.layout import ImageLayout
from notarykit.signing.artifact import sign_artifact
from notarykit.trust.parsing import parse_policy_document
from notarykit.trust.store import DirectoryTrustStore
from notarykit.verification.verdict import Verified
from notarykit.verification.verifier import verify_envelope
from tests.faults.mortal import Mortal
from tests.support.ca import TestChain, make_chain
from tests.support.homes import OTHER_IDENTITY, SCOPE, Home, complete_home, policy_document
from tests.support.layouts import Layout, add_blob, blob_path, make_layout, read_index
from tests.support.signatures import damaged_blobs

TEMPORARY = ".notarykit-tmp-"
# No command makes as many calls; a loop that does not come to an end is a mistake of the test.
MOST_MOMENTS = 200


@pytest.fixture(scope="module")
def chain() -> TestChain:
    """The signer's chain."""
    return make_chain("EC-256", 2)


@pytest.fixture
def home(tmp_path: Path, chain: TestChain) -> Home:
    """The settings before anything happens."""
    return complete_home(tmp_path / "home", chain)


@pytest.fixture
def mortal(home: Home) -> Iterator[Mortal]:
    """Runs command lines under these settings."""
    with Mortal(home.environment()) as running:
        yield running


def _remains(folder: Path) -> list[str]:
    return [str(each) for each in folder.rglob(f"{TEMPORARY}*")]


def _signatures(home: Home, layout: Layout) -> int:
    """How many signatures a layout has, each of which holds."""
    place = ImageLayout(layout.path)
    artifact = place.resolve(layout.digest)
    policy = parse_policy_document(json.dumps(policy_document()).encode()).applicable(SCOPE)
    store = DirectoryTrustStore(str(home.folder / "truststore"))
    found = [place.fetch_signature(manifest) for manifest in place.signatures(artifact)]
    for signature in found:
        verdict = verify_envelope(signature.envelope, signature.media_type, artifact, policy, store)
        assert isinstance(verdict, Verified)
    assert len(read_index(layout.path)["manifests"]) == 1 + len(found)
    return len(found)


def _every_moment(
    mortal: Mortal, prepare: Callable[[], None], arguments: list[str], check: Callable[[str], bool], warning: str = ""
) -> list[str]:
    """Kills a command at every moment of its life, each time from the same beginning.

    Args:
        mortal: Runs the command.
        prepare: Makes the old state.
        arguments: The command line.
        check: Fails for any state but the old and the new one, and says whether it is the new one.
        warning: What the command says on standard error when it lives.

    Returns:
        The moments, in order.
    """
    signing_times = []
    states = []
    for moment in range(MOST_MOMENTS):
        prepare()
        end = mortal.run(*arguments, moment=moment)
        if not end.killed:
            assert (end.code, end.err) == (0, warning)
            break
        signing_times.append(end.moment)
        states.append(check(end.moment))
    else:
        pytest.fail("the command does not come to an end")
    assert states == sorted(states), "the new state is there once and for all"
    assert not states[0]
    assert {"before open", "after open", "amid write", "before fsync", "before replace", "after replace"} <= set(
        signing_times
    )
    return signing_times


@pytest.mark.slow
@pytest.mark.parametrize("signed_before", [0, 1])
def test_killed_sign_leaves_the_layout_whole(
    tmp_path: Path, home: Home, mortal: Mortal, chain: TestChain, signed_before: int
) -> None:
    """At every death of `sign` the layout is whole, and the next run signs and cleans up."""
    clean = make_layout(tmp_path / "clean")
    signer = LocalSigner.from_files(str(home.folder / "build.key"), str(home.folder / "build.chain.pem"))
    for _ in range(signed_before):
        sign_artifact(ImageLayout(clean.path), clean.digest, signer)
    layout = Layout(str(tmp_path / "layout"), clean.digest)
    command = ["sign", "--oci-layout", f"{layout.path}@{layout.digest}"]

    def prepare() -> None:
        shutil.rmtree(layout.path, ignore_errors=True)
        shutil.copytree(clean.path, layout.path)

    def check(moment: str) -> bool:
        count = _signatures(home, layout)
        assert count in (signed_before, signed_before + 1), moment
        assert damaged_blobs(layout.path) == [name for name in damaged_blobs(layout.path) if name.startswith(TEMPORARY)]
        end = mortal.run(*command)
        assert (end.killed, end.code, end.err) == (False, 0, ""), moment
        assert _signatures(home, layout) == count + 1
        assert _remains(tmp_path) == []
        assert damaged_blobs(layout.path) == []
        return count > signed_before

    signing_times = _every_moment(mortal, prepare, command, check)
    # The envelope, the manifest and the index; the empty config is the artifact's own already.
    assert signing_times.count("before replace") == 3


def test_damaged_blob_is_written_again(tmp_path: Path, home: Home, mortal: Mortal) -> None:
    """A blob that signing needs and another program left damaged is written again."""
    layout = make_layout(tmp_path / "layout")
    blob_path(layout.path, add_blob(layout.path, b"{}")).write_bytes(b"{")
    assert mortal.run("sign", "--oci-layout", f"{layout.path}@{layout.digest}").code == 0
    assert damaged_blobs(layout.path) == []
    assert _signatures(home, layout) == 1


def test_killed_key_add_leaves_the_keys_whole(home: Home, mortal: Mortal) -> None:
    """At every death of `key add` the list of keys is the old one or the new one."""
    old = home.keys_file.read_bytes()
    names: Iterator[int] = iter(range(1000))

    def prepare() -> None:
        home.keys_file.write_bytes(old)

    def check(moment: str) -> bool:
        keys = [each["name"] for each in json.loads(home.keys_file.read_bytes())["keys"]]
        assert keys in (["build"], ["build", "far"]), moment
        end = mortal.run("key", "add", "--plugin", "local-file", "--id", "1", f"more{next(names)}")
        assert (end.code, end.err) == (0, ""), moment
        after = [each["name"] for each in json.loads(home.keys_file.read_bytes())["keys"]]
        assert after[:-1] == keys
        assert _remains(home.folder) == []
        return len(keys) > 1

    _every_moment(mortal, prepare, ["key", "add", "--plugin", "local-file", "--id", "1", "far"], check)


def test_killed_policy_import_leaves_the_policy_whole(tmp_path: Path, home: Home, mortal: Mortal) -> None:
    """At every death of `policy import` the policy is the old one or the new one, byte by byte."""
    new = json.dumps(policy_document([OTHER_IDENTITY]), indent=1).encode()
    (tmp_path / "new.json").write_bytes(new)
    command = ["policy", "import", str(tmp_path / "new.json")]

    def prepare() -> None:
        home.policy_file.unlink(missing_ok=True)

    def check(moment: str) -> bool:
        exists = home.policy_file.exists()
        assert not exists or home.policy_file.read_bytes() == new, moment
        end = mortal.run(*command, "--force")
        assert end.code == 0, moment
        assert home.policy_file.read_bytes() == new
        assert _remains(home.folder) == []
        return exists

    _every_moment(mortal, prepare, command, check)


def test_killed_forced_import_leaves_the_policy_whole(tmp_path: Path, home: Home, mortal: Mortal) -> None:
    """At every death of `policy import --force` the policy is the old one or the new one, byte by byte."""
    old = home.policy_file.read_bytes()
    new = json.dumps(policy_document([OTHER_IDENTITY]), indent=1).encode()
    (tmp_path / "new.json").write_bytes(new)
    command = ["policy", "import", "--force", str(tmp_path / "new.json")]

    def prepare() -> None:
        home.policy_file.write_bytes(old)

    def check(moment: str) -> bool:
        content = home.policy_file.read_bytes()
        assert content in (old, new), moment
        assert mortal.run(*command).code == 0, moment
        assert home.policy_file.read_bytes() == new
        assert _remains(home.folder) == []
        return content == new

    assert old != new
    warning = "Warning: existing trust policy configuration file will be overwritten\n"
    _every_moment(mortal, prepare, command, check, warning)


def test_killed_certificate_add_leaves_the_store_usable(tmp_path: Path, home: Home, mortal: Mortal) -> None:
    """At every death of `certificate add` the store is usable, without a partial certificate."""
    root = tmp_path / "root.pem"
    root.write_bytes(make_chain().pems[-1])
    added = home.store() / "root.pem"

    def prepare() -> None:
        added.unlink(missing_ok=True)

    def check(moment: str) -> bool:
        exists = added.exists()
        assert not exists or added.read_bytes() == root.read_bytes(), moment
        end = mortal.run("certificate", "add", "-t", "ca", "-s", "tests", str(root))
        assert end.code == (2 if exists else 0), moment
        assert added.read_bytes() == root.read_bytes()
        assert _remains(home.folder) == []
        return exists

    _every_moment(mortal, prepare, ["certificate", "add", "-t", "ca", "-s", "tests", str(root)], check)
