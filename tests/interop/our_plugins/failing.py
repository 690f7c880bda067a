"""A plugin that fails, and how: the key id says it."""

import sys

from notarykit import plugin

SECRET = "swordfish"  # what no error may show
REQUEST_ID = {"requestId": "42"}

REFUSALS: dict[str, type[plugin.PluginError]] = {
    kind.code: kind
    for kind in (
        plugin.PluginError,
        plugin.PluginValidationError,
        plugin.PluginContractVersionError,
        plugin.PluginAccessDeniedError,
        plugin.PluginTimeoutError,
        plugin.PluginThrottledError,
    )
}


class _MuteError(Exception):
    """An exception that cannot even be shown."""

    def __str__(self) -> str:
        raise ValueError(SECRET)


ACCIDENTS: dict[str, BaseException] = {
    "an exception": RuntimeError(SECRET),
    "an exception in two lines": OSError(f"{SECRET}\n{SECRET}"),
    "one that cannot be shown": _MuteError(),
    "an interruption": KeyboardInterrupt(SECRET),
    "an end that claims success": SystemExit(0),
    "an end with a text": SystemExit(SECRET),
}

NO_ANSWER = "nothing is answered"


class FailingPlugin(plugin.Plugin):
    """Lists a capability, and fails where it is asked."""

    name = "our-failing"
    description = "Fails"
    version = "0.0.1-rc.1"
    url = "https://example.com/our-failing"

    def describe_key(self, request: plugin.DescribeKeyRequest) -> plugin.KeyDescription:
        """Never describes a key."""
        print(SECRET, file=sys.stderr)
        if request.key_id in REFUSALS:
            raise REFUSALS[request.key_id](f"refused: ü <&> {request.key_id}", metadata=REQUEST_ID)
        if request.key_id in ACCIDENTS:
            raise ACCIDENTS[request.key_id]
        return None  # type: ignore[return-value]

    def generate_signature(self, request: plugin.GenerateSignatureRequest) -> plugin.GeneratedSignature:
        """Never signs."""
        raise AssertionError(SECRET)
