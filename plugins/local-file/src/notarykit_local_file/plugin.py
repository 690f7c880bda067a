"""Plugin `local-file`: the key id is the path of a file with a private key.

Configuration: `certificate_chain`, the file with the key's certificates (by default one beside the key: `key.crt`,
`.pem`, `.cer` or `.chain.pem`); `ca_certs`, another file with certificates to complete the chain from;
`passphrase_env`, the name of an environment variable with the passphrase; `passphrase_file`, a file with it. Without
the latter two the passphrase comes from `$NOTARYKIT_KEY_PASSPHRASE`, or else from the user at the terminal.
"""

from __future__ import annotations

from notarykit import plugin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SETTINGS = ("certificate_chain", "ca_certs", "passphrase_env", "passphrase_file")


class LocalFilePlugin(plugin.Plugin):
    """Signs with keys in PEM and PKCS#12 files. A loaded key stays in memory until its file changes."""

    name = "local-file"
    description = "Sign with keys in PEM and PKCS#12 files"
    version = "0.1.0"
    url = "https://github.com/notarykit/notarykit/tree/main/plugins/local-file"

    def __init__(self, passphrase: Callable[[], bytes] | None = None) -> None:
        """Sets the source of passphrases for programs that have their own; it comes before the configuration's."""
        import threading

        self._passphrase = passphrase
        self._lock = threading.Lock()
        self._signers: dict[object, tuple[object, plugin.LocalSigner]] = {}

    def describe_key(self, request: plugin.DescribeKeyRequest) -> plugin.KeyDescription:
        """Returns the spec of the key in a file."""
        spec = self._signer(request.key_id, request.plugin_config).key_spec()
        return plugin.KeyDescription(request.key_id, spec.name)

    def generate_signature(self, request: plugin.GenerateSignatureRequest) -> plugin.GeneratedSignature:
        """Signs with the key in a file."""
        signer = self._signer(request.key_id, request.plugin_config)
        spec = signer.key_spec()
        plugin.check_key_spec(request, spec)
        signed = signer.sign(request.payload)
        return plugin.GeneratedSignature(request.key_id, signed.signature, spec.signing_algorithm, signed.chain)

    def open_key(self, key_id: str, config: Mapping[str, str]) -> plugin.KeyVersion:
        """Opens the key in a file, with or without a certificate."""
        from notarykit_local_file.key import FileKey, load_key

        plugin.check_settings(config, _SETTINGS)
        return FileKey(key_id, load_key(key_id, config, self._passphrase)[0])

    def _signer(self, key_id: str, config: Mapping[str, str]) -> plugin.LocalSigner:
        plugin.check_settings(config, _SETTINGS)
        from notarykit_local_file.key import fingerprint, load_signer

        with self._lock:
            where, state = (key_id, tuple(sorted(config.items()))), fingerprint(key_id, config)
            loaded = self._signers.get(where)
            if loaded is None or loaded[0] != state:
                loaded = self._signers[where] = (state, load_signer(key_id, config, self._passphrase))
            return loaded[1]
