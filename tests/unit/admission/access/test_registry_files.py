"""The program's own settings for registries, while their files change."""

import json
from pathlib import Path
from typing import Any

import pytest

from notarykit import Credentials, Reference, Tag
from notarykit.errors import ConfigurationError, NetworkError
from notarykit.oci.manifest import IMAGE_MANIFEST
from notarykit_admission.access.registry_files import RegistryFiles
from notarykit_admission.access.settings import AccessSettings
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.http_server import Reply
from tests.unit.oci.registry.fake import FakeRegistry

_REPOSITORY = "r.test/team/app"


def _config(path: Path, name: str) -> str:
    path.write_text(json.dumps({"auths": {"r.test": {"username": name, "password": "secret"}}}))
    return str(path)


def _credentials(own: RegistryFiles) -> Any:
    with own.open() as registries:
        return registries._settings.credentials(_REPOSITORY)


def test_docker_configuration(tmp_path: Path) -> None:
    """The credentials of the file count, and those that are in it after a change, under another identity."""
    own = RegistryFiles(AccessSettings(_config(tmp_path / "config.json", "alice")))
    assert _credentials(own) == Credentials("alice", "secret")
    identity = own.identity
    assert own.refresh() is False
    assert own.identity == identity
    _config(tmp_path / "config.json", "bob")
    assert own.refresh() is True
    assert own.refresh() is False
    assert own.identity != identity
    assert _credentials(own) == Credentials("bob", "secret")


def test_secrets_in_front() -> None:
    """Registries are opened with another look-up where one is given."""
    with RegistryFiles(AccessSettings()).open(lambda _: Credentials("bob", "x")) as registries:
        assert registries._settings.credentials(_REPOSITORY) == Credentials("bob", "x")


def test_registry_that_sends_much() -> None:
    """A document of a MiB is read and a larger one is not, whoever names the registry."""
    with FakeRegistry() as registry:
        for tag, size in (("small", 1024 * 1024), ("large", 1024 * 1024 + 1)):
            content = json.dumps({"mediaType": IMAGE_MANIFEST}).encode().ljust(size)
            registry.at[f"manifests/{tag}"] = Reply(200, (("Content-Type", IMAGE_MANIFEST),), content)
        with RegistryFiles(AccessSettings(plain_http=(registry.host,))).open() as registries:
            small, large = (Reference(registry.host, "a/b", Tag(tag)) for tag in ("small", "large"))
            assert registries.repository(small).resolve(small.identifier).size == 1024 * 1024
            with pytest.raises(NetworkError, match="more than"):
                registries.repository(large).resolve(large.identifier)


def test_other_settings(tmp_path: Path) -> None:
    """The file of CAs, the hosts without TLS and the time limit are those of the settings."""
    ca_file = RegistryCA(str(tmp_path)).ca_file
    settings = AccessSettings(registry_ca=ca_file, plain_http=("plain.test:5000",), registry_timeout=7.0)
    with RegistryFiles(settings).open() as registries:
        assert registries._settings.tls.added_ca_file == ca_file
        assert registries._settings.is_plain("plain.test:5000")
        assert not registries._settings.is_plain("r.test")
        assert registries._timeout == 7.0


def test_other_cas_are_other_settings(tmp_path: Path) -> None:
    """Other certificates in the file of CAs count as a change."""
    ca_file = Path(RegistryCA(str(tmp_path)).ca_file)
    (tmp_path / "other").mkdir()
    own = RegistryFiles(AccessSettings(registry_ca=str(ca_file)))
    ca_file.write_bytes(Path(RegistryCA(str(tmp_path / "other")).ca_file).read_bytes())
    assert own.refresh() is True


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (AccessSettings(docker_config="missing"), "missing cannot be read: No such file"),
        (AccessSettings(docker_config="broken"), "broken"),
        (AccessSettings(registry_ca="missing"), "missing cannot be read: No such file"),
        (AccessSettings(registry_ca="broken"), "broken holds no CA certificates in PEM"),
    ],
)
def test_unusable_to_begin_with(
    settings: AccessSettings, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that cannot be used keeps the program from starting."""
    monkeypatch.chdir(tmp_path)
    Path("broken").write_text("{hunter2")
    with pytest.raises(ConfigurationError, match=message) as caught:
        RegistryFiles(settings)
    assert "hunter2" not in caught.value.one_line()


def test_empty_docker_configuration(tmp_path: Path) -> None:
    """An empty file has no credentials."""
    (tmp_path / "config.json").write_text("")
    assert _credentials(RegistryFiles(AccessSettings(str(tmp_path / "config.json")))) is None


def test_unusable_later(tmp_path: Path) -> None:
    """A file that is broken later is an error without its content, and no other settings than before count."""
    path = tmp_path / "config.json"
    own = RegistryFiles(AccessSettings(_config(path, "alice")))
    identity = own.identity
    path.write_text("{hunter2")
    for read in (own.refresh, lambda: _credentials(own)):
        with pytest.raises(ConfigurationError) as caught:
            read()
        assert str(path) in caught.value.one_line()
        assert "hunter2" not in caught.value.one_line()
    assert own.identity == identity
    _config(path, "alice")
    assert own.refresh() is False
