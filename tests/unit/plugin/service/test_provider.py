"""Commands of a provider, and certificates in the service."""

from collections.abc import Callable
from pathlib import Path

import pytest

from notarykit.errors import (
    PluginValidationError,
)
from notarykit.keys.signature import verify_raw
from notarykit.keys.spec import KEY_SPECS
from notarykit.plugin import GenerateSignatureRequest
from notarykit.plugin.host.signer import plugin_signer
from tests.support.ca import SPECS, TestChain, make_chain
from tests.support.services import KEY_ID, KeepingPlugin, Key, Service, ServicePlugin, Version
from tests.unit.plugin.service.provided import NEW, OLD, PAYLOAD, certificate_file, described, keeping, signed


@pytest.mark.parametrize("spec", SPECS)
def test_key_is_described_and_signs(spec: str) -> None:
    """A signature holds under the leaf's key, and comes with the algorithm and the chain."""
    chain = make_chain(spec)
    plugin = KeepingPlugin(keeping(chain))
    assert described(plugin) == spec
    answer = signed(plugin, spec)
    assert (answer.key_id, answer.certificate_chain) == (KEY_ID, chain.ders)
    assert answer.signing_algorithm == KEY_SPECS[spec].signing_algorithm
    verify_raw(chain.leaf_key.public_key(), KEY_SPECS[spec], answer.signature, PAYLOAD)


@pytest.mark.parametrize("spec", SPECS)
def test_host_signs_with_a_provider(spec: str) -> None:
    """A provider passes the checks of a host."""
    chain = make_chain(spec)
    signature, ders, _ = plugin_signer(KeepingPlugin(keeping(chain)), KEY_ID, {}, seconds=60).sign(PAYLOAD)  # type: ignore[union-attr]
    assert ders == chain.ders
    verify_raw(chain.leaf_key.public_key(), KEY_SPECS[spec], signature, PAYLOAD)


def test_rotation_after_describe_key_changes_nothing() -> None:
    """The version that was described signs, though the service has rotated the key since."""
    service = keeping(OLD)
    plugin = KeepingPlugin(service)
    assert described(plugin) == "EC-256"
    service.kept[service.rotate(NEW.leaf_key)] = NEW.ders
    assert signed(plugin).certificate_chain == OLD.ders
    assert service.signed_with == [f"{KEY_ID}/1"]


def test_rotation_between_two_processes_changes_nothing(tmp_path: Path) -> None:
    """With a configured chain, a new object, as in an executable, signs with the version that was described."""
    service = Service(OLD.leaf_key)
    config = {"certificate_chain": certificate_file(tmp_path, *OLD.ders)}
    assert described(ServicePlugin(service), **config) == "EC-256"
    service.rotate(NEW.leaf_key)
    assert signed(ServicePlugin(service), **config).certificate_chain == OLD.ders


@pytest.mark.parametrize("config", [{"Region": "x"}, {"chain": "x"}, {"region": "x", "certificate-chain": "y"}])
def test_unknown_setting_is_refused(config: dict[str, str]) -> None:
    """A misspelt setting is refused with the list of settings, before any request."""
    service = keeping(OLD)
    plugin = KeepingPlugin(service)
    commands: list[Callable[[], object]] = [
        lambda: described(plugin, **config),
        lambda: signed(plugin, **config),
        lambda: plugin.open_key(KEY_ID, config),
        lambda: plugin.attach_certificates(KEY_ID, config, OLD.ders),
    ]
    for command in commands:
        with pytest.raises(PluginValidationError, match=r"^unknown plugin configuration ") as caught:
            command()
        assert caught.value.advice == "use region, profile, certificate_chain, ca_certs"
    assert not service.asked


def test_request_with_another_spec_is_refused() -> None:
    """A request whose spec or hash is not the key's is refused, and nothing is signed."""
    service = keeping(OLD)
    plugin = KeepingPlugin(service)
    for spec, hash_name in (("EC-384", "SHA-384"), ("EC-256", "SHA-384"), ("RSA-2048", "SHA-256")):
        with pytest.raises(PluginValidationError, match="is not the EC-256 with SHA-256"):
            plugin.generate_signature(GenerateSignatureRequest(KEY_ID, spec, hash_name, PAYLOAD))
    assert service.asked["sign"] == 0


def test_key_without_versions_is_refused() -> None:
    """A key of which no version may be used is refused by every command."""
    plugin = KeepingPlugin(Service())
    commands: list[Callable[[], object]] = [
        lambda: described(plugin),
        lambda: plugin.open_key(KEY_ID, {}),
        lambda: plugin.attach_certificates(KEY_ID, {}, OLD.ders),
    ]
    for command in commands:
        with pytest.raises(PluginValidationError):
            command()


def test_key_is_opened_without_a_certificate() -> None:
    """The service's present version is opened, with or without a certificate, and signs."""
    for service in (Service(OLD.leaf_key, NEW.leaf_key), keeping(OLD, NEW)):
        version = ServicePlugin(service).open_key(KEY_ID, {"region": "x"})
        assert (version.name, version.public_key) == (f"{KEY_ID}/2", NEW.leaf_key.public_key())
        signature = version.sign(PAYLOAD, KEY_SPECS["EC-384"])
        verify_raw(version.public_key, KEY_SPECS["EC-384"], signature, PAYLOAD)
        assert service.signed_with == [f"{KEY_ID}/2"]


def test_service_without_certificates_gets_no_chain() -> None:
    """A service that keeps no certificates gets no request."""
    service = Service(OLD.leaf_key)
    assert ServicePlugin(service).attach_certificates(KEY_ID, {}, OLD.ders) == ""
    assert not service.asked


def test_chain_is_not_attached_beside_a_configured_file() -> None:
    """With a configured file, the service gets no chain: the file's would still be used."""
    service = Service(OLD.leaf_key)
    config = {"certificate_chain": "/none"}
    assert KeepingPlugin(service).attach_certificates(KEY_ID, config, OLD.ders) == ""
    assert service.kept == {}


@pytest.mark.parametrize(("chain", "version"), [(OLD, f"{KEY_ID}/1"), (NEW, f"{KEY_ID}/2")])
def test_chain_is_attached_to_its_version(chain: TestChain, version: str) -> None:
    """A chain goes to the version that its leaf belongs to, the latest or not."""
    service = Service(OLD.leaf_key, NEW.leaf_key)
    assert KeepingPlugin(service).attach_certificates(KEY_ID, {}, chain.ders) == version
    assert service.kept == {version: chain.ders}


def test_chain_of_no_version_is_not_attached() -> None:
    """A chain of another key is refused, and nothing is stored."""
    service = Service(OLD.leaf_key)
    with pytest.raises(PluginValidationError, match=f"belongs to no version of key '{KEY_ID}'$"):
        KeepingPlugin(service).attach_certificates(KEY_ID, {}, NEW.ders)
    assert service.kept == {}


def test_fake_service_returns_new_objects() -> None:
    """The service of these tests returns new objects for each request, as an SDK does."""
    key: Key = ServicePlugin(Service(OLD.leaf_key)).find(KEY_ID, {})
    (one,), (two,) = key.versions(), key.versions()
    assert isinstance(one, Version)
    assert one is not two
