"""The base of plugins for services: which version signs, with which chain, and what is remembered of it."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notarykit.errors import (
    CertificateError,
    NotarykitError,
    PluginAccessDeniedError,
    PluginThrottledError,
    PluginTimeoutError,
    PluginValidationError,
    SigningKeyError,
)
from notarykit.keys.signature import check
from notarykit.keys.spec import KEY_SPECS
from notarykit.plugin import DescribeKeyRequest, GeneratedSignature, GenerateSignatureRequest
from notarykit.plugin.deadline import deadline
from notarykit.plugin.host.signer import plugin_signer
from notarykit.plugin.service import provider
from tests.support.ca import SPECS, Changes, TestChain, make_chain, name, new_key
from tests.support.services import KEY_ID, KeepingPlugin, Key, Service, ServicePlugin, Version

_OLD, _NEW = make_chain("EC-256"), make_chain("EC-384")
_PAYLOAD = b"payload"


def _described(plugin: ServicePlugin, **config: str) -> str:
    answer = plugin.describe_key(DescribeKeyRequest(KEY_ID, config))
    assert answer.key_id == KEY_ID
    return answer.key_spec


def _signed(plugin: ServicePlugin, spec: str = "EC-256", **config: str) -> GeneratedSignature:
    hash_name = KEY_SPECS[spec].hash_name
    return plugin.generate_signature(GenerateSignatureRequest(KEY_ID, spec, hash_name, _PAYLOAD, config))


def _file(folder: Path, *ders: bytes, name: str = "chain.der") -> str:
    (folder / name).write_bytes(b"".join(ders))
    return str(folder / name)


def _fingerprint(key: Any) -> str:
    return sha256(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()[:16]


def _keeping(*chains: TestChain) -> Service:
    """A service with a version for each chain, the oldest first, that keeps them all."""
    service = Service(*(chain.leaf_key for chain in chains))
    service.kept = dict(zip(service.versions, (chain.ders for chain in chains), strict=True))
    return service


# What is known for how long


def test_a_key_is_looked_up_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the service says of a key is not believed for ever: it may have been disabled since."""
    service = _keeping(_OLD)
    plugin = KeepingPlugin(service)
    for _ in range(3):
        _signed(plugin)
    assert service.asked["versions"] == 1
    monkeypatch.setattr(provider, "FRESH_SECONDS", -1.0)
    plugin = KeepingPlugin(service)
    for _ in range(3):
        _signed(plugin)
    assert service.asked["versions"] == 4


def test_the_same_id_at_another_service() -> None:
    """Where the surroundings lead a key id elsewhere, nothing is used that was known of the other key."""
    service = _keeping(_OLD)
    plugin = KeepingPlugin(service)
    assert _described(plugin) == "EC-256"
    service.where, service.versions = "there", {}
    service.kept = {service.rotate(_NEW.leaf_key): _NEW.ders}
    assert _described(plugin) == "EC-384"


def test_keys_do_not_wait_for_each_other() -> None:
    """While one key's service takes its time, another key signs; who needs the same key waits no longer than it may."""
    service = _keeping(_OLD)
    plugin = KeepingPlugin(service)
    _signed(plugin)
    asked, go_on = Event(), Event()

    def wait() -> None:
        asked.set()
        go_on.wait(60)

    service.where, service.wait = "slow", wait
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(_signed, plugin)
        assert asked.wait(60)
        with deadline(0.01), pytest.raises(PluginTimeoutError):
            _signed(plugin)
        service.where = "here"
        _signed(plugin)
        go_on.set()
        slow.result()


# Which version, and with which chain


@pytest.mark.parametrize("spec", SPECS)
def test_a_key_is_described_and_signs(spec: str) -> None:
    """A signature holds under the leaf's key, and comes with the algorithm and the chain."""
    chain = make_chain(spec)
    plugin = KeepingPlugin(_keeping(chain))
    assert _described(plugin) == spec
    answer = _signed(plugin, spec)
    assert (answer.key_id, answer.certificate_chain) == (KEY_ID, chain.ders)
    assert answer.signing_algorithm == KEY_SPECS[spec].signing_algorithm
    check(chain.leaf_key.public_key(), KEY_SPECS[spec], answer.signature, _PAYLOAD)


@pytest.mark.parametrize("spec", SPECS)
def test_a_host_signs_with_it(spec: str) -> None:
    """What a host asks for and checks, such a plugin answers."""
    chain = make_chain(spec)
    signature, ders = plugin_signer(KeepingPlugin(_keeping(chain)), KEY_ID, {}, seconds=60).sign(_PAYLOAD)  # type: ignore[union-attr]
    assert ders == chain.ders
    check(chain.leaf_key.public_key(), KEY_SPECS[spec], signature, _PAYLOAD)


def test_the_certificate_decides_the_version(tmp_path: Path) -> None:
    """The version whose certificate is given signs, whether it is the latest or an older one."""
    service = Service(_OLD.leaf_key, _NEW.leaf_key)
    for chain, version in ((_OLD, f"{KEY_ID}/1"), (_NEW, f"{KEY_ID}/2")):
        plugin = ServicePlugin(service)
        config = {"certificate_chain": _file(tmp_path, *chain.ders, name=chain.spec)}
        assert _described(plugin, **config) == chain.spec
        assert _signed(plugin, chain.spec, **config).certificate_chain == chain.ders
        assert service.signed_with[-1] == version


def test_the_latest_version_comes_first() -> None:
    """Where the service keeps certificates for all versions, its present one signs."""
    service = _keeping(_OLD, _NEW)
    assert _described(KeepingPlugin(service)) == "EC-384"
    _signed(KeepingPlugin(service), "EC-384")
    assert service.signed_with == [f"{KEY_ID}/2"]


def test_the_latest_without_a_certificate() -> None:
    """After a rotation, the older version signs until the new one has its certificate."""
    service = _keeping(_OLD)
    service.rotate(_NEW.leaf_key)
    assert _described(KeepingPlugin(service)) == "EC-256"
    assert _signed(KeepingPlugin(service)).certificate_chain == _OLD.ders
    assert service.signed_with == [f"{KEY_ID}/1"]
    service.kept[f"{KEY_ID}/2"] = _NEW.ders
    assert _described(KeepingPlugin(service)) == "EC-384"


def test_a_rotation_between_the_two_questions() -> None:
    """What was described is what signs, though the service has rotated the key meanwhile."""
    service = _keeping(_OLD)
    plugin = KeepingPlugin(service)
    assert _described(plugin) == "EC-256"
    service.kept[service.rotate(_NEW.leaf_key)] = _NEW.ders
    assert _signed(plugin).certificate_chain == _OLD.ders
    assert service.signed_with == [f"{KEY_ID}/1"]


def test_a_rotation_between_two_processes(tmp_path: Path) -> None:
    """An executable, which is a new object for each question, signs with what was described too, for a given chain."""
    service = Service(_OLD.leaf_key)
    config = {"certificate_chain": _file(tmp_path, *_OLD.ders)}
    assert _described(ServicePlugin(service), **config) == "EC-256"
    service.rotate(_NEW.leaf_key)
    assert _signed(ServicePlugin(service), **config).certificate_chain == _OLD.ders


def test_the_chain_given_comes_before_the_one_kept(tmp_path: Path) -> None:
    """A chain that the user names is used, and the service's own certificates are not asked for."""
    renewed = make_chain("EC-256", leaf=Changes(key=_OLD.leaf_key), subject=name("renewed"))
    service = _keeping(_OLD)
    answer = _signed(KeepingPlugin(service), certificate_chain=_file(tmp_path, *renewed.ders))
    assert answer.certificate_chain == renewed.ders
    assert service.asked["certificates"] == 0


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (2, 0, 1)])
@pytest.mark.parametrize("in_pem", [True, False])
def test_a_chain_in_any_order(order: tuple[int, ...], in_pem: bool, tmp_path: Path) -> None:
    """A file may have the certificates in any order, and others besides."""
    parts = _OLD.pems if in_pem else _OLD.ders
    others = _NEW.pems if in_pem else _NEW.ders
    path = _file(tmp_path, others[1], *(parts[place] for place in order), others[0])
    assert _signed(ServicePlugin(Service(_OLD.leaf_key)), certificate_chain=path).certificate_chain == _OLD.ders


def test_a_chain_is_completed(tmp_path: Path) -> None:
    """CA certificates from another file complete what the user gives, and what the service keeps."""
    leaf = _file(tmp_path, _OLD.ders[0])
    others = _file(tmp_path, *reversed(_OLD.ders[1:]), name="others.der")
    plugin = ServicePlugin(Service(_OLD.leaf_key))
    assert _signed(plugin, certificate_chain=leaf, ca_certs=others).certificate_chain == _OLD.ders
    service = Service(_OLD.leaf_key)
    service.kept = {f"{KEY_ID}/1": _OLD.ders[:1]}
    assert _signed(KeepingPlugin(service), ca_certs=others).certificate_chain == _OLD.ders
    with pytest.raises(CertificateError) as caught:
        _described(KeepingPlugin(service))
    assert caught.value.rule == "ends_with_root"


def test_a_chain_that_breaks_a_rule(tmp_path: Path) -> None:
    """A chain with which nobody would accept a signature is refused before anything is signed."""
    bad = make_chain(purpose="timestamping")
    service = Service(bad.leaf_key)
    with pytest.raises(CertificateError) as caught:
        _signed(ServicePlugin(service), certificate_chain=_file(tmp_path, *bad.ders))
    assert caught.value.rule == "extended_key_usage_is_for_code"
    assert service.asked["sign"] == 0


def test_a_key_that_signs_no_artifacts(tmp_path: Path) -> None:
    """A service's key of another kind is refused as that."""
    chain = make_chain("EC-256K")
    with pytest.raises(SigningKeyError, match="EC on secp256k1 is not supported"):
        _described(ServicePlugin(Service(chain.leaf_key)), certificate_chain=_file(tmp_path, *chain.ders))


# What is missing or does not fit


def test_no_certificate() -> None:
    """Without a certificate the version is named, and what to do."""
    for plugin in (ServicePlugin(Service(_OLD.leaf_key)), KeepingPlugin(Service(_OLD.leaf_key))):
        with pytest.raises(PluginValidationError) as caught:
            _described(plugin)
        assert f"{KEY_ID}/1" in caught.value.message
        assert _fingerprint(_OLD.leaf_key) in caught.value.message
        assert "certificate_chain=FILE" in caught.value.advice
        for command in ("request", "generate", "attach"):
            assert f"notarykit certificate {command}" in caught.value.advice


def test_a_certificate_of_another_key(tmp_path: Path) -> None:
    """Both keys are named, and where the certificate came from."""
    path = _file(tmp_path, *_NEW.ders)
    with pytest.raises(PluginValidationError) as caught:
        _described(ServicePlugin(Service(_OLD.leaf_key)), certificate_chain=path)
    for text in (_fingerprint(_OLD.leaf_key), _fingerprint(_NEW.leaf_key), path, f"{KEY_ID}/1", "CN=wabbit-networks"):
        assert text in caught.value.message
    assert "other versions" not in caught.value.message


def test_a_certificate_of_none_of_the_versions(tmp_path: Path) -> None:
    """Where there are several versions, it is said that none of them was meant."""
    service = Service(new_key("EC-256"), new_key("EC-256"), _OLD.leaf_key)
    with pytest.raises(PluginValidationError) as caught:
        _described(ServicePlugin(service), certificate_chain=_file(tmp_path, *_NEW.ders))
    for text in (_fingerprint(_OLD.leaf_key), _fingerprint(_NEW.leaf_key), f"{KEY_ID}/3", "its 2 other versions"):
        assert text in caught.value.message


def test_a_certificate_of_another_key_at_the_service() -> None:
    """The service itself may keep a certificate that is not the key's."""
    service = Service(_OLD.leaf_key)
    service.kept = {f"{KEY_ID}/1": _NEW.ders}
    with pytest.raises(PluginValidationError, match="of the service is for another key"):
        _described(KeepingPlugin(service))


def test_the_leaf_is_named_whatever_the_order(tmp_path: Path) -> None:
    """In a file with the root first, it is still the leaf that is said to be for another key."""
    path = _file(tmp_path, *reversed(_NEW.ders))
    with pytest.raises(PluginValidationError) as caught:
        _described(ServicePlugin(Service(_OLD.leaf_key)), certificate_chain=path)
    assert _fingerprint(_NEW.leaf_key) in caught.value.message
    assert "CN=wabbit-networks.io" in caught.value.message


@pytest.mark.parametrize("setting", ["certificate_chain", "ca_certs"])
def test_a_file_that_cannot_be_used(setting: str, tmp_path: Path) -> None:
    """A file with certificates that is missing or has none is named."""
    service = _keeping(_OLD)
    with pytest.raises(SigningKeyError, match=f"^certificate chain {tmp_path}/absent does not exist$"):
        _described(KeepingPlugin(service), **{setting: f"{tmp_path}/absent"})
    (tmp_path / "text").write_text("hello")
    with pytest.raises(CertificateError, match=f"^{tmp_path}/text is neither PEM nor DER"):
        _described(KeepingPlugin(service), **{setting: f"{tmp_path}/text"})


_STRANGE = Changes(swap=((bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06072a8648ce3d0277")),))


def test_a_stranger_in_the_file(tmp_path: Path) -> None:
    """A certificate with a key of a kind that nobody knows is another's, and no obstacle."""
    strange = make_chain(leaf=_STRANGE).ders[0]
    plugin = ServicePlugin(Service(_OLD.leaf_key))
    path = _file(tmp_path, strange, *_OLD.ders)
    assert _signed(plugin, certificate_chain=path).certificate_chain == _OLD.ders
    with pytest.raises(NotarykitError):
        _signed(plugin, certificate_chain=_file(tmp_path, strange, name="strange.der"))


@pytest.mark.parametrize("config", [{"Region": "x"}, {"chain": "x"}, {"region": "x", "certificate-chain": "y"}])
def test_settings_that_are_not_known(config: dict[str, str]) -> None:
    """A misspelt setting is refused, with all there are, before the service is asked anything."""
    service = _keeping(_OLD)
    plugin = KeepingPlugin(service)
    asking: list[Callable[[], object]] = [
        lambda: _described(plugin, **config),
        lambda: _signed(plugin, **config),
        lambda: plugin.open_key(KEY_ID, config),
        lambda: plugin.attach_certificates(KEY_ID, config, _OLD.ders),
    ]
    for ask in asking:
        with pytest.raises(PluginValidationError, match=r"^unknown plugin configuration ") as caught:
            ask()
        assert caught.value.advice == "use region, profile, certificate_chain, ca_certs"
    assert not service.asked


def test_a_request_for_another_spec() -> None:
    """A request whose spec or hash is not the key's is refused, and nothing is signed."""
    service = _keeping(_OLD)
    plugin = KeepingPlugin(service)
    for spec, hash_name in (("EC-384", "SHA-384"), ("EC-256", "SHA-384"), ("RSA-2048", "SHA-256")):
        with pytest.raises(PluginValidationError, match="is not the EC-256 with SHA-256"):
            plugin.generate_signature(GenerateSignatureRequest(KEY_ID, spec, hash_name, _PAYLOAD))
    assert service.asked["sign"] == 0


def test_a_key_without_versions() -> None:
    """A key of which no version may be used is refused, whatever it is for."""
    plugin = KeepingPlugin(Service())
    asking: list[Callable[[], object]] = [
        lambda: _described(plugin),
        lambda: plugin.open_key(KEY_ID, {}),
        lambda: plugin.attach_certificates(KEY_ID, {}, _OLD.ders),
    ]
    for ask in asking:
        with pytest.raises(PluginValidationError):
            ask()


# What is remembered


def _lookups(service: Service) -> int:
    return service.asked["versions"]


def test_a_key_is_looked_up_once() -> None:
    """However often it is described and signs, a key is looked up once in a process."""
    service = _keeping(_OLD)
    plugin = KeepingPlugin(service)
    for _ in range(5):
        assert _described(plugin) == "EC-256"
        _signed(plugin)
    assert _lookups(service) == 1
    assert service.asked["certificates"] == 1
    assert service.asked["sign"] == 5


def test_another_configuration_is_another_key() -> None:
    """What is known with one configuration is not known with another, and the order of settings is none."""
    service = _keeping(_OLD)
    plugin = KeepingPlugin(service)
    for number, config in enumerate(({}, {"region": "a"}, {"region": "b"}, {"region": "a", "profile": "p"}), 1):
        _described(plugin, **config)
        assert _lookups(service) == number
    _described(plugin, profile="p", region="a")
    _described(plugin)
    assert _lookups(service) == 4


@pytest.mark.parametrize("setting", ["certificate_chain", "ca_certs"])
def test_a_file_that_changes(setting: str, tmp_path: Path) -> None:
    """When a file with certificates changes, everything is looked up again."""
    service = _keeping(_OLD)
    plugin = KeepingPlugin(service)
    path = _file(tmp_path, *_OLD.ders)
    config = {setting: path}
    for _ in range(3):
        assert _signed(plugin, **config).certificate_chain == _OLD.ders
    assert _lookups(service) == 1
    status = Path(path).stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    for _ in range(3):
        _signed(plugin, **config)
    assert _lookups(service) == 2


def test_a_renewed_certificate_counts_at_once(tmp_path: Path) -> None:
    """A new chain in the file is the one that goes out with the next signature."""
    renewed = make_chain("EC-256", leaf=Changes(key=_OLD.leaf_key), subject=name("renewed"))
    plugin = ServicePlugin(Service(_OLD.leaf_key))
    path = _file(tmp_path, *_OLD.ders)
    assert _signed(plugin, certificate_chain=path).certificate_chain == _OLD.ders
    assert _file(tmp_path, *renewed.ders, b"") == path
    os.utime(path, ns=(1, 1))
    assert _signed(plugin, certificate_chain=path).certificate_chain == renewed.ders


@pytest.mark.parametrize("failure", [PluginAccessDeniedError("disabled"), PluginThrottledError("slowly")])
def test_an_error_makes_it_forget(failure: NotarykitError) -> None:
    """After a signature that failed, the key is looked up again: the version may be disabled by now."""
    service = _keeping(_OLD)
    plugin = KeepingPlugin(service)
    _signed(plugin)
    service.kept[service.rotate(_NEW.leaf_key)] = _NEW.ders
    service.failure = failure
    with pytest.raises(type(failure)) as caught:
        _signed(plugin)
    assert caught.value is failure
    assert _described(plugin) == "EC-384"
    assert _lookups(service) == 2


def test_a_failed_lookup_is_not_remembered() -> None:
    """A key whose certificate is missing is looked up again, and used as soon as the certificate is there."""
    service = Service(_OLD.leaf_key)
    plugin = KeepingPlugin(service)
    for number in (1, 2):
        with pytest.raises(PluginValidationError):
            _described(plugin)
        assert _lookups(service) == number
    service.kept[f"{KEY_ID}/1"] = _OLD.ders
    assert _described(plugin) == "EC-256"


def _at_once(count: int, work: Callable[[], object]) -> Iterable[object]:
    barrier = Barrier(count)

    def start(_: int) -> object:
        barrier.wait(60)
        return work()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(start, range(count)))


def test_many_threads_and_one_lookup() -> None:
    """Ten threads that begin at once look a key up once, and all of them sign."""
    service = _keeping(_OLD)
    plugin = KeepingPlugin(service)
    answers = _at_once(10, lambda: _signed(plugin))
    assert _lookups(service) == 1
    assert service.signed_with == [f"{KEY_ID}/1"] * 10
    for answer in answers:
        assert isinstance(answer, GeneratedSignature)
        check(_OLD.leaf_key.public_key(), KEY_SPECS["EC-256"], answer.signature, _PAYLOAD)


def test_many_threads_while_the_service_fails() -> None:
    """A failure in one thread spoils no other's signature."""
    service = _keeping(_OLD)
    plugin = KeepingPlugin(service)
    _signed(plugin)
    service.failure = PluginThrottledError("slowly")

    def tried() -> str:
        try:
            return str(_signed(plugin).certificate_chain == _OLD.ders)
        except PluginThrottledError:
            return "slowly"

    assert sorted(map(str, _at_once(10, tried))) == ["True"] * 9 + ["slowly"]


# Keys without certificates


def test_a_key_is_opened_without_a_certificate() -> None:
    """The version that the service would use now is opened, with or without a certificate, and signs."""
    for service in (Service(_OLD.leaf_key, _NEW.leaf_key), _keeping(_OLD, _NEW)):
        version = ServicePlugin(service).open_key(KEY_ID, {"region": "x"})
        assert (version.name, version.public_key) == (f"{KEY_ID}/2", _NEW.leaf_key.public_key())
        signature = version.sign(_PAYLOAD, KEY_SPECS["EC-384"])
        check(version.public_key, KEY_SPECS["EC-384"], signature, _PAYLOAD)
        assert service.signed_with == [f"{KEY_ID}/2"]


def test_a_service_that_keeps_nothing_is_not_asked_to() -> None:
    """Where the service keeps no certificates there is no place, and nothing is asked."""
    service = Service(_OLD.leaf_key)
    assert ServicePlugin(service).attach_certificates(KEY_ID, {}, _OLD.ders) == ""
    assert not service.asked


def test_a_chain_that_would_not_be_looked_at() -> None:
    """Where the settings name a file, the service gets no chain: the key would go on signing with the file's."""
    service = Service(_OLD.leaf_key)
    config = {"certificate_chain": "/none"}
    assert KeepingPlugin(service).attach_certificates(KEY_ID, config, _OLD.ders) == ""
    assert service.kept == {}


@pytest.mark.parametrize(("chain", "version"), [(_OLD, f"{KEY_ID}/1"), (_NEW, f"{KEY_ID}/2")])
def test_a_chain_is_attached_to_its_version(chain: TestChain, version: str) -> None:
    """A chain goes to the version whose key its leaf has, whether that is the latest or not."""
    service = Service(_OLD.leaf_key, _NEW.leaf_key)
    assert KeepingPlugin(service).attach_certificates(KEY_ID, {}, chain.ders) == version
    assert service.kept == {version: chain.ders}


def test_an_attached_chain_counts_at_once() -> None:
    """What was known of the key is forgotten with the new chain."""
    service = _keeping(_OLD)
    plugin = KeepingPlugin(service)
    assert _described(plugin) == "EC-256"
    service.rotate(_NEW.leaf_key)
    plugin.attach_certificates(KEY_ID, {}, _NEW.ders)
    assert _described(plugin) == "EC-384"


def test_a_chain_of_no_version_is_not_attached() -> None:
    """A chain of another key is refused, and nothing is kept."""
    service = Service(_OLD.leaf_key)
    with pytest.raises(PluginValidationError, match=f"is of no version of the key '{KEY_ID}'$"):
        KeepingPlugin(service).attach_certificates(KEY_ID, {}, _NEW.ders)
    assert service.kept == {}


def test_the_pretended_service_is_one() -> None:
    """The service of these tests gives new objects for each question, as a service's client does."""
    key: Key = ServicePlugin(Service(_OLD.leaf_key)).find(KEY_ID, {})
    (one,), (two,) = key.versions(), key.versions()
    assert isinstance(one, Version)
    assert one is not two


def test_a_fork_during_a_lookup() -> None:
    """A child that was forked while another thread looked a key up is not kept waiting by that."""
    service = _keeping(_OLD)
    plugin = KeepingPlugin(service)
    asked, go_on = Event(), Event()

    def wait() -> None:
        asked.set()
        go_on.wait(60)

    service.wait = wait
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(_signed, plugin)
        assert asked.wait(60)
        pid = os.fork()
        if pid == 0:
            service.wait = bool
            code = 1
            try:
                with deadline(20.0):
                    _signed(plugin)
                code = 0
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        go_on.set()
        slow.result()
