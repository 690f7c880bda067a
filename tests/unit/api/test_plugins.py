"""The functions that install plugins, with the user's settings."""

import json
from pathlib import Path

import pytest

import notarykit
from notarykit.errors import (
    ConfigurationError,
    IntegrityError,
    NoAcceptedSignatureError,
    NoApplicablePolicyError,
    NoSignatureError,
    StorageError,
    TrustPolicyError,
    UsageError,
)
from tests.support.archives import write_zip
from tests.support.ca import TestChain, make_chain
from tests.support.executables import shell_plugin
from tests.support.homes import SCOPE, Home, blob_policy_document, complete_home, policy_document
from tests.support.layouts import make_layout
from tests.support.plugin_artifacts import add_plugin


@pytest.fixture(scope="module")
def chain() -> TestChain:
    """The signer's chain."""
    return make_chain("EC-384")


@pytest.fixture
def home(tmp_path: Path, chain: TestChain, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The user's settings, whose statement `tests` of both kinds trusts the key."""
    home = complete_home(tmp_path / "home", chain)
    home.set_blob_policy()
    for name, value in (("NOTATION_CONFIG", str(home.folder)), ("HOME", str(tmp_path))):
        monkeypatch.setenv(name, value)
    return home


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """A published plugin."""
    return write_zip(tmp_path / "acme.zip", [("notation-acme", shell_plugin("acme"), 0o100755)])


def _sign(path: Path, **metadata: str) -> bytes:
    signed = notarykit.sign_blob(path, options=notarykit.SignOptions(user_metadata=metadata)).signature
    notarykit.write_signature(notarykit.signature_path(path, signed.media_type), signed.envelope, overwrite=True)
    return signed.envelope


@pytest.mark.parametrize("form", ["beside", "path", "bytes"])
def test_install(home: Home, plugin: Path, tmp_path: Path, form: str) -> None:
    """A plugin is installed by the signature beside it, by one that is named, or by the bytes of one."""
    envelope = _sign(plugin)
    moved = Path(f"{plugin}.jws.sig").rename(tmp_path / "moved.jws.sig") if form != "beside" else None
    done = notarykit.install_plugin(plugin, "tests", envelope if form == "bytes" else moved)
    assert (done.name, done.version, done.earlier) == ("acme", "1.0.0", "")
    assert (done.verdict.policy, done.target.size) == ("tests", plugin.stat().st_size)
    assert done.target.digest.startswith("sha384:")
    assert (home.folder / "plugins" / "acme" / "notation-acme").read_text() == shell_plugin("acme")
    assert notarykit.install_plugin(plugin, "tests", envelope, force=True).earlier == "1.0.0"


def test_demands(home: Home, plugin: Path) -> None:
    """Metadata and a media type can be asked for, too."""
    _sign(plugin, plugin="acme")
    demand = notarykit.PluginDemand("tests", {"plugin": "acme"}, "application/octet-stream")
    assert notarykit.install_plugin(plugin, demand).verdict.user_metadata == {"plugin": "acme"}
    for wrong in (demand._replace(user_metadata={"plugin": "b"}), demand._replace(content_media_type="a/b")):
        with pytest.raises(NoAcceptedSignatureError):
            notarykit.install_plugin(plugin, wrong, force=True)


def test_statement_is_required(home: Home, plugin: Path) -> None:
    """Without a name there has to be one in the settings, and another than that is refused."""
    _sign(plugin)
    for name in ("", notarykit.PluginDemand("")):
        with pytest.raises(UsageError, match="no trust policy statement is named"):
            notarykit.install_plugin(plugin, name)
    with pytest.raises(NoApplicablePolicyError):
        notarykit.install_plugin(plugin, "others")
    (home.folder / "notarykit.json").write_text(json.dumps({"verifyPluginsWith": "tests"}))
    assert notarykit.install_plugin(plugin).name == "acme"
    with pytest.raises(ConfigurationError, match="and not with 'others'"):
        notarykit.install_plugin(plugin, "others")


def test_refusals(home: Home, plugin: Path, tmp_path: Path) -> None:
    """What is missing or does not hold is told by the class of the error, and nothing is installed."""
    with pytest.raises(NoSignatureError) as caught:
        notarykit.install_plugin(plugin, "tests")
    assert (caught.value.policy, caught.value.level) == ("tests", "strict")
    with pytest.raises(IntegrityError):
        notarykit.install_plugin(plugin, "tests", b"no signature")
    envelope = _sign(plugin)
    with pytest.raises(StorageError, match=r"none\.zip does not exist"):
        notarykit.install_plugin(tmp_path / "none.zip", "tests", envelope)
    home.set_blob_policy(blob_policy_document(level="audit"))
    with pytest.raises(TrustPolicyError, match="does not enforce authenticity"):
        notarykit.install_plugin(plugin, "tests")
    home.set_blob_policy()
    write_zip(plugin, [("notation-acme", shell_plugin("acme", version="2.0.0"), 0o100755)])
    with pytest.raises(NoAcceptedSignatureError):
        notarykit.install_plugin(plugin, "tests")
    assert not (home.folder / "plugins").exists()


def test_install_an_artifact(home: Home, plugin: Path, tmp_path: Path) -> None:
    """A plugin in a layout is installed under the scope that is given, which the statement must have."""
    layout = make_layout(tmp_path / "hello")
    digest = add_plugin(layout.path, "plugin", [plugin.read_bytes()]).digest
    reference = notarykit.parse_layout_reference(f"{layout.path}@{digest}")
    with pytest.raises(NoSignatureError):
        notarykit.install_plugin_artifact(reference, "tests", scope=SCOPE)
    notarykit.sign(reference)
    done = notarykit.install_plugin_artifact(reference, "tests", scope=SCOPE)
    assert (done.name, done.target.digest) == ("acme", digest)
    with pytest.raises(NoApplicablePolicyError, match="statement 'tests' applies to local/tests, and not 'plugins'"):
        notarykit.install_plugin_artifact(reference, "plugins", scope=SCOPE)
    with pytest.raises(UsageError, match="is not of the form registry/repository"):
        notarykit.install_plugin_artifact(reference, "tests")
    demand = notarykit.PluginDemand("tests", {"version": "2.0.0"})
    with pytest.raises(NoAcceptedSignatureError):  # which the signature would have to carry
        notarykit.install_plugin_artifact(reference, demand, scope=SCOPE, force=True)
    notarykit.sign(reference, options=notarykit.SignOptions(user_metadata=demand.user_metadata))
    notarykit.install_plugin_artifact(reference, demand, scope=SCOPE, force=True)
    home.set_policy(policy_document(level="audit"))
    with pytest.raises(TrustPolicyError, match="level audit"):
        notarykit.install_plugin_artifact(reference, "tests", scope=SCOPE)
