"""Choice of the version that signs, and its chain."""

from pathlib import Path

import pytest

from notarykit.errors import (
    CertificateError,
    NotarykitError,
    PluginValidationError,
    SigningKeyError,
)
from tests.support.ca import Changes, make_chain, name, new_key
from tests.support.services import KEY_ID, KeepingPlugin, Service, ServicePlugin
from tests.unit.plugin.service.provided import NEW, OLD, certificate_file, described, fingerprint, keeping, signed


def test_version_of_the_certificate_signs(tmp_path: Path) -> None:
    """The version that the configured certificate belongs to signs, the latest or an older one."""
    service = Service(OLD.leaf_key, NEW.leaf_key)
    for chain, version in ((OLD, f"{KEY_ID}/1"), (NEW, f"{KEY_ID}/2")):
        plugin = ServicePlugin(service)
        config = {"certificate_chain": certificate_file(tmp_path, *chain.ders, name=chain.spec)}
        assert described(plugin, **config) == chain.spec
        assert signed(plugin, chain.spec, **config).certificate_chain == chain.ders
        assert service.signed_with[-1] == version


def test_latest_version_comes_first() -> None:
    """Where the service keeps certificates for all versions, its present one signs."""
    service = keeping(OLD, NEW)
    assert described(KeepingPlugin(service)) == "EC-384"
    signed(KeepingPlugin(service), "EC-384")
    assert service.signed_with == [f"{KEY_ID}/2"]


def test_latest_version_without_a_certificate_is_passed_over() -> None:
    """After a rotation, the older version signs until the new one has a certificate."""
    service = keeping(OLD)
    service.rotate(NEW.leaf_key)
    assert described(KeepingPlugin(service)) == "EC-256"
    assert signed(KeepingPlugin(service)).certificate_chain == OLD.ders
    assert service.signed_with == [f"{KEY_ID}/1"]
    service.kept[f"{KEY_ID}/2"] = NEW.ders
    assert described(KeepingPlugin(service)) == "EC-384"


def test_configured_chain_comes_before_the_services(tmp_path: Path) -> None:
    """A configured chain is used, and the service's own certificates are not requested."""
    renewed = make_chain("EC-256", leaf=Changes(key=OLD.leaf_key), subject=name("renewed"))
    service = keeping(OLD)
    answer = signed(KeepingPlugin(service), certificate_chain=certificate_file(tmp_path, *renewed.ders))
    assert answer.certificate_chain == renewed.ders
    assert service.asked["certificates"] == 0


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (2, 0, 1)])
@pytest.mark.parametrize("in_pem", [True, False])
def test_chain_in_any_order_is_accepted(order: tuple[int, ...], in_pem: bool, tmp_path: Path) -> None:
    """A file may have the certificates in any order, and others besides."""
    parts = OLD.pems if in_pem else OLD.ders
    others = NEW.pems if in_pem else NEW.ders
    path = certificate_file(tmp_path, others[1], *(parts[place] for place in order), others[0])
    assert signed(ServicePlugin(Service(OLD.leaf_key)), certificate_chain=path).certificate_chain == OLD.ders


def test_chain_is_completed_from_ca_certs(tmp_path: Path) -> None:
    """CA certificates of another file complete the configured chain, and the service's."""
    leaf = certificate_file(tmp_path, OLD.ders[0])
    others = certificate_file(tmp_path, *reversed(OLD.ders[1:]), name="others.der")
    plugin = ServicePlugin(Service(OLD.leaf_key))
    assert signed(plugin, certificate_chain=leaf, ca_certs=others).certificate_chain == OLD.ders
    service = Service(OLD.leaf_key)
    service.kept = {f"{KEY_ID}/1": OLD.ders[:1]}
    assert signed(KeepingPlugin(service), ca_certs=others).certificate_chain == OLD.ders
    with pytest.raises(CertificateError) as caught:
        described(KeepingPlugin(service))
    assert caught.value.rule == "ends_with_root"


def test_chain_that_breaks_a_rule_is_refused(tmp_path: Path) -> None:
    """A chain that breaks a rule of the specification is refused before anything is signed."""
    bad = make_chain(purpose="timestamping")
    service = Service(bad.leaf_key)
    with pytest.raises(CertificateError) as caught:
        signed(ServicePlugin(service), certificate_chain=certificate_file(tmp_path, *bad.ders))
    assert caught.value.rule == "extended_key_usage_is_for_code"
    assert service.asked["sign"] == 0


def test_key_of_an_unsupported_kind_is_refused(tmp_path: Path) -> None:
    """A key on a curve that the specification does not have is refused."""
    chain = make_chain("EC-256K")
    with pytest.raises(SigningKeyError, match="EC on secp256k1 is not supported"):
        described(ServicePlugin(Service(chain.leaf_key)), certificate_chain=certificate_file(tmp_path, *chain.ders))


def test_missing_certificate_is_refused_with_advice() -> None:
    """The error names the version, and the advice the commands."""
    for plugin in (ServicePlugin(Service(OLD.leaf_key)), KeepingPlugin(Service(OLD.leaf_key))):
        with pytest.raises(PluginValidationError) as caught:
            described(plugin)
        assert f"{KEY_ID}/1" in caught.value.message
        assert fingerprint(OLD.leaf_key) in caught.value.message
        assert "certificate_chain=FILE" in caught.value.advice
        for command in ("request", "generate", "attach"):
            assert f"notarykit certificate {command}" in caught.value.advice


def test_certificate_of_another_key_is_refused_with_both_fingerprints(tmp_path: Path) -> None:
    """The error has both fingerprints, and the source of the certificate."""
    path = certificate_file(tmp_path, *NEW.ders)
    with pytest.raises(PluginValidationError) as caught:
        described(ServicePlugin(Service(OLD.leaf_key)), certificate_chain=path)
    for text in (fingerprint(OLD.leaf_key), fingerprint(NEW.leaf_key), path, f"{KEY_ID}/1", "CN=wabbit-networks"):
        assert text in caught.value.message
    assert "other versions" not in caught.value.message


def test_certificate_of_no_version_is_refused(tmp_path: Path) -> None:
    """The error counts the other versions."""
    service = Service(new_key("EC-256"), new_key("EC-256"), OLD.leaf_key)
    with pytest.raises(PluginValidationError) as caught:
        described(ServicePlugin(service), certificate_chain=certificate_file(tmp_path, *NEW.ders))
    for text in (fingerprint(OLD.leaf_key), fingerprint(NEW.leaf_key), f"{KEY_ID}/3", "its 2 other versions"):
        assert text in caught.value.message


def test_certificate_of_another_key_in_the_service_is_refused() -> None:
    """The error names the service as the source of the certificate."""
    service = Service(OLD.leaf_key)
    service.kept = {f"{KEY_ID}/1": NEW.ders}
    with pytest.raises(PluginValidationError, match="of the service is for another key"):
        described(KeepingPlugin(service))


def test_leaf_is_named_in_any_order(tmp_path: Path) -> None:
    """In a file with the root first, the error still names the leaf."""
    path = certificate_file(tmp_path, *reversed(NEW.ders))
    with pytest.raises(PluginValidationError) as caught:
        described(ServicePlugin(Service(OLD.leaf_key)), certificate_chain=path)
    assert fingerprint(NEW.leaf_key) in caught.value.message
    assert "CN=wabbit-networks.io" in caught.value.message


@pytest.mark.parametrize("setting", ["certificate_chain", "ca_certs"])
def test_unusable_file_is_named(setting: str, tmp_path: Path) -> None:
    """A file that is missing or has no certificates is named."""
    service = keeping(OLD)
    with pytest.raises(SigningKeyError, match=f"^certificate chain {tmp_path}/absent does not exist$"):
        described(KeepingPlugin(service), **{setting: f"{tmp_path}/absent"})
    (tmp_path / "text").write_text("hello")
    with pytest.raises(CertificateError, match=f"^{tmp_path}/text is neither PEM nor DER"):
        described(KeepingPlugin(service), **{setting: f"{tmp_path}/text"})


_STRANGE = Changes(swap=((bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06072a8648ce3d0277")),))


def test_certificate_with_an_unknown_kind_of_key_is_ignored(tmp_path: Path) -> None:
    """A certificate with a key of an unknown kind belongs to another key, and is no obstacle."""
    strange = make_chain(leaf=_STRANGE).ders[0]
    plugin = ServicePlugin(Service(OLD.leaf_key))
    path = certificate_file(tmp_path, strange, *OLD.ders)
    assert signed(plugin, certificate_chain=path).certificate_chain == OLD.ders
    with pytest.raises(NotarykitError):
        signed(plugin, certificate_chain=certificate_file(tmp_path, strange, name="strange.der"))
