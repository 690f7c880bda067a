"""From a key on the list to the key itself, without a certificate, and to the place for one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from notarykit._internal.paths import attached_chain_file
from notarykit.config.key_access import attach_chain, open_key
from notarykit.config.signing_keys import SigningKey, load_signing_keys
from notarykit.errors import (
    NotarykitError,
    PassphraseError,
    PluginAccessDeniedError,
    PluginError,
    PluginNotFoundError,
    PluginValidationError,
    SigningKeyError,
)
from notarykit.keys.issue import make_csr
from notarykit.keys.remote import RemoteECKey, RemoteRSAKey
from notarykit.plugin import Plugin
from tests.support.ca import SPECS, make_chain, name, new_key, pem_of
from tests.support.executables import add_executable, shell_plugin
from tests.support.homes import Home
from tests.support.services import KEY_ID, KeepingPlugin, Service, ServicePlugin

_CHAIN = make_chain()
Use = Callable[[Plugin], None]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Settings with one local key, `build`."""
    home = Home(tmp_path / "home")
    for variable, value in home.environment().items():
        monkeypatch.setenv(variable, value)
    home.add_key(_CHAIN)
    return home


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Use:
    """Installs a plugin under every name."""

    def found(plugin: Plugin) -> None:
        monkeypatch.setattr("notarykit.plugin.discovery.locate.load_plugin", lambda _: plugin)

    return found


def _on_list(home: Home, **config: str) -> SigningKey:
    """Puts a key of the pretended plugin on the list."""
    document = json.loads(home.keys_file.read_bytes())
    entry: dict[str, Any] = {"name": "kms", "id": KEY_ID, "pluginName": "pretended"}
    document["keys"].append(entry | ({"pluginConfig": config} if config else {}))
    home.keys_file.write_text(json.dumps(document))
    return load_signing_keys().get("kms")


def _attach(key: SigningKey, **config: str) -> str:
    return attach_chain(key, config, _CHAIN.ders, _CHAIN.chain_pem)


# The key


@pytest.mark.parametrize("spec", SPECS)
def test_local_key_is_opened(spec: str, tmp_path: Path) -> None:
    """A key in a file is the private key itself; it needs no certificate."""
    key = new_key(spec)
    (tmp_path / "my.key").touch(mode=0o600)
    (tmp_path / "my.key").write_bytes(pem_of(key))
    opened = open_key(SigningKey("build", str(tmp_path / "my.key"), str(tmp_path / "absent.pem")), {})
    assert opened.private_numbers() == key.private_numbers()


def test_encrypted_local_key_is_opened(tmp_path: Path) -> None:
    """An encrypted key is opened with what the callback says, and refused without one."""
    (tmp_path / "my.key").touch(mode=0o600)
    (tmp_path / "my.key").write_bytes(pem_of(_CHAIN.leaf_key, b"secret"))
    key = SigningKey("build", str(tmp_path / "my.key"))
    assert open_key(key, {}, lambda: b"secret").public_key() == _CHAIN.leaf_key.public_key()
    for passphrase in (None, lambda: b"wrong"):
        with pytest.raises(PassphraseError, match=f"^private key {tmp_path}/my.key "):
            open_key(key, {}, passphrase)


@pytest.mark.parametrize("content", [None, b"", b"hello", _CHAIN.pems[0]])
def test_file_without_key_is_refused(content: bytes | None, tmp_path: Path) -> None:
    """A file that is not there or has no key in it is named."""
    if content is not None:
        (tmp_path / "my.key").touch(mode=0o600)
        (tmp_path / "my.key").write_bytes(content)
    with pytest.raises(SigningKeyError, match=f"^private key {tmp_path}/my.key "):
        open_key(SigningKey("build", str(tmp_path / "my.key")), {})


@pytest.mark.parametrize("spec", SPECS)
def test_service_key_signs(spec: str, use: Use) -> None:
    """A key that a plugin holds signs requests where it is, without a certificate."""
    private_key = new_key(spec)
    service = Service(private_key)
    use(ServicePlugin(service))
    key = open_key(SigningKey("", id=KEY_ID, plugin="pretended"), {})
    assert isinstance(key, RemoteRSAKey if spec.startswith("RSA") else RemoteECKey)
    made = make_csr(key, name("build"))
    assert made.is_signature_valid
    assert made.public_key() == private_key.public_key()
    assert service.signed_with == [f"{KEY_ID}/1"]


@pytest.mark.parametrize(("settings", "flags"), [({"region": "a"}, {}), ({}, {"region": "a"})])
def test_plugin_config_reaches_the_plugin(settings: dict[str, str], flags: dict[str, str], use: Use) -> None:
    """The settings of the list and those of the call reach the plugin."""
    seen: list[dict[str, str]] = []

    class Noting(ServicePlugin):
        def find(self, key_id: str, config: Any) -> Any:
            seen.append(dict(config))
            return super().find(key_id, config)

    use(Noting(Service(_CHAIN.leaf_key)))
    open_key(SigningKey("kms", id=KEY_ID, plugin="pretended", plugin_config=settings), flags)
    assert seen == [{"region": "a"}]


def test_plugin_config_of_the_call_takes_precedence(use: Use) -> None:
    """Where both name a setting, the call's counts, for opening and for attaching."""
    seen: list[str] = []

    class Noting(KeepingPlugin):
        def find(self, key_id: str, config: Any) -> Any:
            seen.append(config["region"])
            return super().find(key_id, config)

    use(Noting(Service(_CHAIN.leaf_key)))
    key = SigningKey("kms", id=KEY_ID, plugin="pretended", plugin_config={"region": "list"})
    open_key(key, {"region": "call"})
    _attach(key, region="call")
    assert seen == ["call", "call"]


def test_plugin_without_key_access_is_refused(use: Use) -> None:
    """A plugin without keys that have no certificate says so."""

    class Signing(Plugin):
        name, description, version, url = "signing", "d", "1.0.0", "u"

    use(Signing())
    with pytest.raises(PluginValidationError, match=r"^plugin signing cannot sign with a key that has no certificate$"):
        open_key(SigningKey("", id="x", plugin="signing"), {})


def test_executable_plugin_is_refused(home: Home) -> None:
    """An executable has no way to give such a key, and the refusal says what has."""
    add_executable(home.folder / "plugins", "acme", shell_plugin("acme"))
    key = SigningKey("kms", id="x", plugin="acme")
    for ask in (lambda: open_key(key, {}), lambda: _attach(key)):
        with pytest.raises(PluginError, match=r"^plugin 'acme' is an executable") as caught:
            ask()
        assert "service's own tools" in caught.value.advice


def test_missing_plugin_is_named(home: Home) -> None:
    """A plugin that is not installed is missed by its name."""
    with pytest.raises(PluginNotFoundError, match=r"^plugin 'none' is not installed$"):
        open_key(SigningKey("", id="x", plugin="none"), {})


# The place for a chain


def test_chain_of_local_key_is_stored_beside_settings(home: Home) -> None:
    """A local key's chain is written among the settings, and the list names it; the rest stays."""
    before = json.loads(home.keys_file.read_bytes())
    path = _attach(load_signing_keys().get("build"))
    assert path == attached_chain_file("build")
    assert Path(path).read_bytes() == _CHAIN.chain_pem
    before["keys"][0]["certPath"] = path
    assert json.loads(home.keys_file.read_bytes()) == before


def test_chain_of_plugin_key_is_stored_beside_settings(home: Home, use: Use) -> None:
    """Where the service keeps nothing, a plugin key's chain is a file that its settings name; the others stay."""
    use(ServicePlugin(Service(_CHAIN.leaf_key)))
    key = _on_list(home, region="a")
    before = json.loads(home.keys_file.read_bytes())
    path = _attach(key, profile="for this call alone")
    assert Path(path).read_bytes() == _CHAIN.chain_pem
    before["keys"][1]["pluginConfig"] = {"region": "a", "certificate_chain": path}
    assert json.loads(home.keys_file.read_bytes()) == before


def test_chain_is_replaced(home: Home, use: Use) -> None:
    """A second chain takes the place of the first, in the file and on the list."""
    use(ServicePlugin(Service(_CHAIN.leaf_key)))
    key = _on_list(home, certificate_chain="/old/chain.pem")
    path = _attach(key)
    assert load_signing_keys().get("kms").plugin_config == {"certificate_chain": path}
    attach_chain(load_signing_keys().get("kms"), {}, _CHAIN.ders[:1], _CHAIN.pems[0])
    assert Path(path).read_bytes() == _CHAIN.pems[0]


def test_service_stores_the_chain(home: Home, use: Use) -> None:
    """Where the service keeps chains, it gets this one, and nothing is written here."""
    service = Service(_CHAIN.leaf_key)
    use(KeepingPlugin(service))
    key = _on_list(home)
    before = sorted(home.folder.rglob("*")), home.keys_file.read_bytes()
    assert _attach(key) == f"pretended: {KEY_ID}/1"
    assert service.kept == {f"{KEY_ID}/1": _CHAIN.ders}
    assert (sorted(home.folder.rglob("*")), home.keys_file.read_bytes()) == before


def test_refusal_of_the_service_changes_nothing(home: Home, use: Use) -> None:
    """When the service refuses a chain, nothing is changed here."""

    class Refusing(KeepingPlugin):
        def attach_certificates(self, *_: Any) -> str:
            raise PluginAccessDeniedError("not yours")

    use(Refusing(Service(_CHAIN.leaf_key)))
    key = _on_list(home)
    before = sorted(home.folder.rglob("*")), home.keys_file.read_bytes()
    with pytest.raises(PluginAccessDeniedError, match=r"^not yours$"):
        _attach(key)
    assert (sorted(home.folder.rglob("*")), home.keys_file.read_bytes()) == before


def test_unlisted_key_has_no_place_for_a_chain(home: Home, use: Use) -> None:
    """Without a name there is no place but the service, and the refusal says what else there is."""
    use(ServicePlugin(Service(_CHAIN.leaf_key)))
    before = sorted(home.folder.rglob("*"))
    with pytest.raises(SigningKeyError, match=r"^plugin 'pretended' keeps no certificates") as caught:
        _attach(SigningKey("", id=KEY_ID, plugin="pretended"))
    assert "notarykit key add" in caught.value.advice
    assert "certificate_chain=FILE" in caught.value.advice
    assert sorted(home.folder.rglob("*")) == before
    service = Service(_CHAIN.leaf_key)
    use(KeepingPlugin(service))
    assert _attach(SigningKey("", id=KEY_ID, plugin="pretended")) == f"pretended: {KEY_ID}/1"


_AWKWARD = ["team/build", "..", ".", "../../build", "a b", "Grüße", "%2F", "a%b", "-x", "c:\\x", "\n"]


@pytest.mark.parametrize("awkward", _AWKWARD)
def test_any_name_has_a_file(awkward: str, home: Home, use: Use) -> None:
    """A key of any name has one chain file beside those of other keys."""
    use(ServicePlugin(Service(_CHAIN.leaf_key)))
    document = json.loads(home.keys_file.read_bytes())
    document["keys"].append({"name": awkward, "id": KEY_ID, "pluginName": "pretended"})
    home.keys_file.write_text(json.dumps(document))
    path = Path(_attach(load_signing_keys().get(awkward)))
    assert path.parent == home.folder / "localkeys"
    assert path.resolve() == path
    assert path.read_bytes() == _CHAIN.chain_pem
    assert load_signing_keys().get(awkward).plugin_config == {"certificate_chain": str(path)}
    assert load_signing_keys().get("build").cert_path == str(home.folder / "build.chain.pem")


def test_names_do_not_share_files() -> None:
    """No two names share a file."""
    names = [*_AWKWARD, "team", "build", "team%2Fbuild", "team_build", "%252F"]
    assert len({attached_chain_file(each) for each in names}) == len(names)


def test_deleted_key_gets_no_chain(home: Home) -> None:
    """A key deleted by another process meanwhile gets no chain, and the call fails."""
    key = load_signing_keys().get("build")
    home.keys_file.write_text('{"keys": []}')
    with pytest.raises(NotarykitError):
        _attach(key)


def test_chain_file_is_readable(home: Home) -> None:
    """The attached file is PEM with the certificates in order."""
    path = _attach(load_signing_keys().get("build"))
    assert tuple(x509.load_pem_x509_certificates(Path(path).read_bytes())) == _CHAIN.certificates
