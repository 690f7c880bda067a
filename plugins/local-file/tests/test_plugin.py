"""The plugin's commands: requests, configuration, what it remembers; and signing with it."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.integrity import check_integrity
from notarykit.envelope.parsing import parse_envelope
from notarykit.errors import (
    CertificateError,
    PluginValidationError,
    SigningKeyError,
)
from notarykit.plugin import DescribeKeyRequest, GenerateEnvelopeRequest, GenerateSignatureRequest
from notarykit.plugin.discovery.entry_points import packaged_plugin
from notarykit.plugin.host.signer import PluginEnvelopeSigner, PluginSigner
from notarykit.signing.envelope import sign_descriptor
from notarykit.signing.options import SignOptions
from notarykit_local_file.plugin import LocalFilePlugin
from tests.support.ca import SPECS, TestChain, make_chain, pem_of
from tests.support.envelopes import DIGEST, FORMATS, PAYLOAD, PAYLOAD_TYPE

_CHAIN = make_chain()
_OTHER = make_chain("EC-384")
_SECRET = b"sw\xc3\xb6rdfish"
_VARIABLE = "NOTARYKIT_KEY_PASSPHRASE"
_ARTIFACT = Descriptor("application/vnd.oci.image.manifest.v1+json", DIGEST, 16724)


@pytest.fixture(autouse=True)
def no_passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the environment nor a terminal has a passphrase."""
    monkeypatch.delenv(_VARIABLE, raising=False)
    monkeypatch.setattr("notarykit.plugin.service.terminal.TERMINAL", str(tmp_path / "no terminal"))


def _key(folder: Path, chain: TestChain = _CHAIN, passphrase: bytes | None = None, name: str = "my.pem") -> str:
    path = folder / name
    path.touch(mode=0o600)
    path.write_bytes(pem_of(chain.leaf_key, passphrase) + chain.chain_pem)
    return str(path)


def _spec(key: str, plugin: LocalFilePlugin | None = None, **config: str) -> str:
    return (plugin or LocalFilePlugin()).describe_key(DescribeKeyRequest(key, config)).key_spec


def test_metadata() -> None:
    """The plugin signs raw and is installed under its own name."""
    metadata = LocalFilePlugin.get_metadata()
    assert metadata.name == "local-file"
    assert metadata.capabilities == ("SIGNATURE_GENERATOR.RAW",)
    assert metadata.supported_contract_versions == ("1.0",)
    assert all(metadata)
    announced = packaged_plugin("local-file")
    assert announced is not None
    assert type(announced.load().plugin) is LocalFilePlugin


# Requests


@pytest.mark.parametrize(
    ("spec", "hash_name"),
    [
        ("EC-384", "SHA-384"),
        ("RSA-2048", "SHA-256"),
        ("EC-256", "SHA-384"),
        ("EC-256", ""),
        ("", "SHA-256"),
        ("EC-256", "sha-256"),
    ],
)
def test_request_with_another_spec_or_hash_is_refused(spec: str, hash_name: str, tmp_path: Path) -> None:
    """A request for another key spec or hash than the key's own is refused with both."""
    key = _key(tmp_path)
    with pytest.raises(PluginValidationError) as caught:
        LocalFilePlugin().generate_signature(GenerateSignatureRequest(key, spec, hash_name, b"message"))
    message = f"key spec {spec!r} with {hash_name!r} is not the EC-256 with SHA-256 of {key}"
    assert caught.value.message == message
    assert caught.value.code == "VALIDATION_ERROR"


@pytest.mark.parametrize("name", ["passphrase", "certificate-chain", "CA_CERTS", "self_signed", ""])
def test_unknown_setting_is_refused_and_not_shown(name: str, tmp_path: Path) -> None:
    """A misspelt setting is refused, and its value, which may be a secret, is not shown."""
    config = {name: "swordfish"}
    with pytest.raises(PluginValidationError) as caught:
        LocalFilePlugin().describe_key(DescribeKeyRequest(_key(tmp_path), config))
    assert caught.value.message == f"unknown plugin configuration {name!r}"
    assert caught.value.advice == "use certificate_chain, ca_certs, passphrase_env, passphrase_file"


# What is remembered


def test_key_is_loaded_once(tmp_path: Path) -> None:
    """The passphrase is needed once, however often the key signs."""
    asked: list[int] = []

    def passphrase() -> bytes:
        asked.append(1)
        return _SECRET

    plugin, key = LocalFilePlugin(passphrase), _key(tmp_path, passphrase=_SECRET)
    signer = PluginSigner(plugin, key, {})
    for _ in range(3):
        signer.sign(b"message")
    assert asked == [1]


def test_several_keys_stay_loaded(tmp_path: Path) -> None:
    """A second key does not replace the first one: the passphrase of each is needed once."""
    asked: list[int] = []

    def passphrase() -> bytes:
        asked.append(1)
        return _SECRET

    plugin = LocalFilePlugin(passphrase)
    one, two = _key(tmp_path, passphrase=_SECRET), _key(tmp_path, _OTHER, _SECRET, "other.pem")
    for _ in range(3):
        assert (_spec(one, plugin), _spec(two, plugin)) == ("EC-256", "EC-384")
    assert asked == [1, 1]


@pytest.mark.parametrize("which", ["key", "chain", "ca_certs"])
def test_changed_file_is_read_again(which: str, tmp_path: Path) -> None:
    """A change of the key file or of a file with its certificates is noticed."""
    key, chain, cas = (tmp_path / name for name in ("my.key", "my.crt", "cas"))
    key.touch(mode=0o600)
    renewed = make_chain()
    key.write_bytes(_CHAIN.key_pem)
    chain.write_bytes(_CHAIN.pems[0] if which == "ca_certs" else _CHAIN.chain_pem)
    cas.write_bytes(_CHAIN.chain_pem)
    config = {"ca_certs": str(cas)}
    plugin = LocalFilePlugin()
    assert PluginSigner(plugin, str(key), config).sign(b"message")[1] == _CHAIN.ders
    if which == "key":
        key.write_bytes(renewed.key_pem)
    elif which == "chain":
        chain.write_bytes(b"no certificate")
    else:
        cas.write_bytes(renewed.chain_pem)
    with pytest.raises(CertificateError):
        PluginSigner(plugin, str(key), config).key_spec()


def test_keys_are_not_mixed_up(tmp_path: Path) -> None:
    """One plugin object serves several keys, each as itself."""
    plugin = LocalFilePlugin()
    one, two = _key(tmp_path), _key(tmp_path, _OTHER, name="other.pem")
    for _ in range(2):
        assert (_spec(one, plugin), _spec(two, plugin)) == ("EC-256", "EC-384")


def test_threads_sign_at_once(tmp_path: Path) -> None:
    """Several threads sign through one object with two keys, and every signature holds."""
    plugin = LocalFilePlugin()
    keys = [(_key(tmp_path), _CHAIN), (_key(tmp_path, _OTHER, name="other.pem"), _OTHER)]
    found: list[bool] = []

    def sign(key: str, chain: TestChain) -> None:
        signer = PluginSigner(plugin, key, {})
        found.extend(signer.sign(b"message %d" % number)[1] == chain.ders for number in range(5))

    threads = [threading.Thread(target=sign, args=each) for each in keys * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 20


def test_relative_path_is_of_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path is of the working folder, and the response has it as in the request."""
    _key(tmp_path)
    monkeypatch.chdir(tmp_path)
    described = LocalFilePlugin().describe_key(DescribeKeyRequest("my.pem"))
    assert described.key_id == "my.pem"
    assert os.path.isfile(described.key_id)


# Signing with it


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("spec", SPECS)
def test_artifact_is_signed(media_type: str, spec: str, tmp_path: Path) -> None:
    """An artifact is signed in both envelope formats and with each key spec."""
    chain = make_chain(spec)
    signer = PluginSigner(LocalFilePlugin(lambda: _SECRET), _key(tmp_path, chain, _SECRET), {})
    signed = sign_descriptor(_ARTIFACT, signer, SignOptions(media_type=media_type, user_metadata={"a": "b"}))
    intact = check_integrity(parse_envelope(signed.envelope, media_type))
    assert intact.target == _ARTIFACT._replace(annotations={"a": "b"})
    assert intact.chain.ders == chain.ders


@pytest.mark.parametrize("media_type", FORMATS)
def test_generate_envelope(media_type: str, tmp_path: Path) -> None:
    """generate-envelope returns an envelope around the signature."""
    plugin, key = LocalFilePlugin(), _key(tmp_path)
    answer = plugin.generate_envelope(GenerateEnvelopeRequest(key, PAYLOAD, PAYLOAD_TYPE, media_type))
    assert check_integrity(parse_envelope(answer.signature_envelope, media_type)).target == _ARTIFACT
    signed = sign_descriptor(_ARTIFACT, PluginEnvelopeSigner(plugin, key, {}), SignOptions(media_type=media_type))
    assert signed.content.chain.ders == _CHAIN.ders


@pytest.mark.parametrize("command", ["describe", "sign"])
def test_error_reaches_the_host(command: str, tmp_path: Path) -> None:
    """An error of the plugin is raised at the host as it is."""
    use: dict[str, Callable[[PluginSigner], object]] = {
        "describe": lambda signer: signer.key_spec(),
        "sign": lambda signer: signer.sign(b"message"),
    }
    with pytest.raises(SigningKeyError, match="does not exist"):
        use[command](PluginSigner(LocalFilePlugin(), str(tmp_path / "none"), {}))
