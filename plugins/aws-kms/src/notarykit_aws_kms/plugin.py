"""The plugin: a key id is one of AWS KMS's own, and the chain comes from files, as AWS KMS keeps no certificates.

Configuration, besides `certificate_chain` and `ca_certs`: `region`, where the key is, if its id is no ARN; `profile`,
the profile of the AWS configuration to log in with; `endpoint`, the service's address, if it is not the usual one;
`grant_tokens`, tokens of grants that are too new to be known everywhere, with commas between them. How to log in is for
the SDK to find, and no secret is plugin configuration.
"""

from __future__ import annotations

from notarykit import plugin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notarykit_aws_kms.addresses import Account
    from notarykit_aws_kms.clients import KMS, Limits


class AWSKMSPlugin(plugin.Provider):
    """Signs with asymmetric keys in AWS KMS. Clients, connections and what is known of keys are kept for later."""

    name = "aws-kms"
    description = "Sign with keys in AWS KMS"
    version = "0.1.0"
    url = "https://github.com/notarykit/notarykit/tree/main/plugins/aws-kms"
    settings = ("region", "profile", "endpoint", "grant_tokens")

    def __init__(self, connect: Callable[[Account, Limits], KMS] | None = None) -> None:
        """Takes what makes the client of an account, in place of the SDK's."""
        super().__init__()
        from notarykit_aws_kms.clients import Clients

        self._clients = Clients(connect)

    def find(self, key_id: str, config: Mapping[str, str]) -> plugin.ServiceKey:
        """The key of a key ARN, an alias ARN, a key id or `alias/NAME`."""
        from notarykit_aws_kms.addresses import address_of
        from notarykit_aws_kms.key import Key

        return Key(address_of(key_id, config), self._clients)
