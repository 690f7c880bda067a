"""The plugin: the key id is a file's path, and everything else is plugin configuration.

Configuration: `certificate_chain`, the file with the key's certificates (by default one beside the key: `key.crt`,
`.pem`, `.cer` or `.chain.pem`); `ca_certs`, another file with certificates to complete the chain from;
`passphrase_env`, the name of an environment variable with the passphrase; `passphrase_file`, a file with it. Without
the latter two the passphrase comes from `$NOTARYKIT_KEY_PASSPHRASE`, and else from a person at the terminal.
"""

from __future__ import annotations

from notarykit import plugin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notarykit.keys.local import LocalSigner

_SETTINGS = ("certificate_chain", "ca_certs", "passphrase_env", "passphrase_file")


class LocalFilePlugin(plugin.Plugin):
    """Signs with keys in PEM and PKCS#12 files. A key that was loaded stays in memory until its file changes."""

    name = "local-file"
    description = "Sign with keys in PEM and PKCS#12 files"
    version = "0.1.0"
    url = "https://github.com/notarykit/notarykit/tree/main/plugins/local-file"

    def __init__(self, passphrase: Callable[[], bytes] | None = None) -> None:
        """Takes a callback for passphrases that comes before all other places, for programs that have their own."""
        import threading

        self._passphrase = passphrase
        self._lock = threading.Lock()
        self._loaded: dict[object, tuple[object, LocalSigner]] = {}

    def describe_key(self, request: plugin.DescribeKeyRequest) -> plugin.KeyDescription:
        """The spec of the key in a file."""
        return plugin.KeyDescription(request.key_id, self._load(request.key_id, request.plugin_config).key_spec().name)

    def generate_signature(self, request: plugin.GenerateSignatureRequest) -> plugin.GeneratedSignature:
        """A signature with the key in a file."""
        loaded = self._load(request.key_id, request.plugin_config)
        spec = loaded.key_spec()
        plugin.check_key_spec(request, spec)
        signature, chain = loaded.sign(request.payload)
        return plugin.GeneratedSignature(request.key_id, signature, spec.signing_algorithm, chain)

    def open_key(self, key_id: str, config: Mapping[str, str]) -> plugin.KeyVersion:
        """A key in a file, with or without a certificate."""
        from notarykit_local_file.keyfile import FileKey, load_key

        plugin.check_settings(config, _SETTINGS)
        return FileKey(key_id, load_key(key_id, config, self._passphrase)[0])

    def _load(self, key_id: str, config: Mapping[str, str]) -> LocalSigner:
        plugin.check_settings(config, _SETTINGS)
        from notarykit_local_file.keyfile import fingerprint, load

        with self._lock:
            where, mark = (key_id, tuple(sorted(config.items()))), fingerprint(key_id, config)
            loaded = self._loaded.get(where)
            if loaded is None or loaded[0] != mark:
                loaded = self._loaded[where] = (mark, load(key_id, config, self._passphrase))
            return loaded[1]
