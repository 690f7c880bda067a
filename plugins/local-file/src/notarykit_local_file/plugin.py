"""The plugin: the key id is a file's path, and everything else is plugin configuration.

Configuration: `certificate_chain`, the file with the key's certificates (by default one beside the key: `key.crt`,
`.pem`, `.cer` or `.chain.pem`); `ca_certs`, another file with certificates to complete the chain from;
`passphrase_env`, the name of an environment variable with the passphrase; `passphrase_file`, a file with it. Without
the latter two the passphrase comes from `$NOTARYKIT_KEY_PASSPHRASE`, and else from a person at the terminal.
"""

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from notarykit.errors import (
    CertificateError,
    NotarykitError,
    PassphraseError,
    PluginAccessDeniedError,
    PluginContractVersionError,
    PluginError,
    PluginValidationError,
    SigningKeyError,
)
from notarykit.plugin import (
    CONTRACT_VERSION,
    DescribeKeyRequest,
    GeneratedSignature,
    GenerateSignatureRequest,
    KeyDescription,
    Plugin,
    hookimpl,
)

if TYPE_CHECKING:
    from notarykit.keys.local import LocalSigner

_SETTINGS = ("certificate_chain", "ca_certs", "passphrase_env", "passphrase_file")


class LocalFilePlugin(Plugin):
    """Signs with keys in PEM and PKCS#12 files. A key that was loaded stays in memory until its file changes."""

    name = "local-file"
    description = "Sign with keys in PEM and PKCS#12 files"
    version = "0.1.0"
    url = "https://pypi.org/project/notarykit-local-file/"

    def __init__(self, passphrase: Callable[[], bytes] | None = None) -> None:
        """Takes a callback for passphrases that comes before all other places, for programs that have their own."""
        self._passphrase = passphrase
        self._lock = threading.Lock()
        self._loaded: dict[object, tuple[object, LocalSigner]] = {}

    def describe_key(self, request: DescribeKeyRequest) -> KeyDescription:
        """The spec of the key in a file."""
        _check_contract(request.contract_version)
        return KeyDescription(request.key_id, self._load(request.key_id, request.plugin_config).key_spec().name)

    def generate_signature(self, request: GenerateSignatureRequest) -> GeneratedSignature:
        """A signature with the key in a file."""
        _check_contract(request.contract_version)
        loaded = self._load(request.key_id, request.plugin_config)
        spec = loaded.key_spec()
        if (request.key_spec, request.hash_algorithm) != (spec.name, spec.hash_name):
            raise PluginValidationError(
                f"key spec {request.key_spec!r} with {request.hash_algorithm!r} is not the {spec.name} with "
                f"{spec.hash_name} of {request.key_id}"
            )
        signature, chain = loaded.sign(request.payload)
        return GeneratedSignature(request.key_id, signature, spec.signing_algorithm, chain)

    def _load(self, key_id: str, config: Mapping[str, str]) -> "LocalSigner":
        unknown = [name for name in config if name not in _SETTINGS]
        if unknown:
            raise PluginValidationError(
                f"plugin configuration {unknown[0]!r} is not known", advice=f"use {', '.join(_SETTINGS)}"
            )
        from notarykit_local_file.keyfile import fingerprint, load

        try:
            with self._lock:
                where, mark = (key_id, tuple(sorted(config.items()))), fingerprint(key_id, config)
                loaded = self._loaded.get(where)
                if loaded is None or loaded[0] != mark:
                    loaded = self._loaded[where] = (mark, load(key_id, config, self._passphrase))
                return loaded[1]
        except PassphraseError as error:
            raise PluginAccessDeniedError(error.message, advice=error.advice) from None
        except (SigningKeyError, CertificateError) as error:
            raise PluginValidationError(error.message, advice=error.advice) from None
        except NotarykitError as error:
            raise PluginError(error.message, advice=error.advice) from None


def _check_contract(version: str) -> None:
    if version != CONTRACT_VERSION:
        raise PluginContractVersionError(
            f"contract version {version!r} is not supported", advice=f"use {CONTRACT_VERSION}"
        )


@hookimpl
def notarykit_plugin() -> Plugin:
    """Hands the plugin over."""
    return LocalFilePlugin()
