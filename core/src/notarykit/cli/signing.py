"""Signing by flags: the signer, which each process opens for itself, and the options of the signatures."""

import os
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from notarykit.cli.batch.operation import AnOperation
from notarykit.cli.options import Flag, Options
from notarykit.cli.revocation_flags import LIMIT_FLAGS, limits
from notarykit.cli.signing_key import SIGNING_KEY_FLAGS, passphrase_of, selected_key
from notarykit.config.key_access import PASSPHRASE_VARIABLE, environment_passphrase, open_signer
from notarykit.config.settings import FORMATS, load_settings
from notarykit.signing.options import SignOptions, TimestampSource

if TYPE_CHECKING:
    from notarykit.envelope.integrity import IntactEnvelope
    from notarykit.envelope.signer import EnvelopeSigner, Signer

SIGNING_FLAGS = (
    *LIMIT_FLAGS,
    *SIGNING_KEY_FLAGS,
    Flag("expiry", 'optional expiry that provides a "best by use" time, such as 30d, 12h, 3h20m', "duration", "e"),
    Flag(
        "plugin-timeout",
        "time limit for each response of a plugin, such as 30s or 10m; it includes the entry of a PIN",
        "duration",
        default=300,
    ),
    Flag("signature-format", 'signature envelope format, "jws" or "cose"', choices=tuple(FORMATS)),
    Flag("timestamp-root-cert", "filepath of the timestamp authority's root certificate, one for each URL", "texts"),
    Flag("timestamp-url", "RFC 3161 Timestamping Authority (TSA) server URL; repeatable, tried in order", "texts"),
    Flag("user-metadata", "{key}={value} pair to add to the signed payload", "texts", "m"),
)


def sign_options(options: Options) -> SignOptions:
    """Returns the options of the signatures that a command line asks for.

    Raises:
        UsageError: Flags are malformed, or do not go together.
        ConfigurationError: The settings, which have the format where no flag has, are malformed.
    """
    media_type = FORMATS[options["signature-format"] or load_settings().signature_format]
    metadata = options.pairs("user-metadata")
    expires_in = timedelta(seconds=options["expiry"]) if options["expiry"] else None
    return SignOptions(media_type, expires_in, metadata, _timestamp_source(options))


def _timestamp_source(options: Options) -> TimestampSource | None:
    if not (options.given("timestamp-url") or options.given("timestamp-root-cert")):
        return None
    from notarykit.cli.timestamps import timestamp_client

    return timestamp_client(options["timestamp-url"], options["timestamp-root-cert"], limits(options))


def signature_members(content: "IntactEnvelope") -> dict[str, Any]:
    """Returns the members of JSON output that describe a new signature, without the one that says where it is."""
    return {
        "mediaType": content.media_type,
        "signatureAlgorithm": content.chain.key_spec.signing_algorithm,
        "certificateThumbprints": list(content.chain.thumbprints()),
    }


class ChosenSigner:
    """Signer of the key that a command line chooses.

    In another process the key is opened anew; its passphrase comes from the environment there.

    Args:
        options: Options of the command.
        for_blob: True to sign blobs, False to sign artifacts.

    Attributes:
        key: The key.
        signer: Its signer.

    Raises:
        UsageError: Flags contradict each other.
        SigningKeyError: The key is not on the list, or cannot be read.
        PluginError: Its plugin is not installed, or cannot sign.
    """

    signer: "Signer | EnvelopeSigner"

    def __init__(self, options: Options, *, for_blob: bool = False) -> None:
        self.key = selected_key(options)
        self._plugin_config = options.pairs("plugin-config")
        self._seconds: int = options["plugin-timeout"]
        self._for_blob = for_blob
        self._was_prompted = False
        self.signer = self._opened(self._prompted_passphrase)

    def _opened(self, passphrase: Callable[[], bytes]) -> "Signer | EnvelopeSigner":
        return open_signer(self.key, self._plugin_config, passphrase, self._seconds, for_blob=self._for_blob)

    def _prompted_passphrase(self) -> bytes:
        self._was_prompted = PASSPHRASE_VARIABLE not in os.environ
        return passphrase_of(self.key)()

    def __getstate__(self) -> dict[str, Any]:
        """Supports pickling, without the signer."""
        return {name: value for name, value in self.__dict__.items() if name != "signer"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Opens the key again."""
        self.__dict__.update(state)
        self.signer = self._opened(environment_passphrase)

    def keep_here(self, operation: AnOperation) -> None:
        """Has an operation done in this process alone where the key was unlocked on a terminal, or may have to be."""
        operation.is_quiet = bool(self.key.plugin)
        operation.is_local = operation.is_local or self._was_prompted
        if operation.is_quiet and (sys.stdin.isatty() or sys.stderr.isatty()):  # the plugin may ask for a PIN
            operation.is_local = True
            operation.jobs = operation.jobs or 1
