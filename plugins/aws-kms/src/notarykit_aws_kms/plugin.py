"""Plugin `aws-kms`: the key id is one of AWS KMS, and the chain comes from files, as AWS KMS keeps no certificates.

Configuration, besides `certificate_chain` and `ca_certs`: `region`, the key's region, if its id is no ARN; `profile`,
the profile of the AWS configuration to log in with; `endpoint`, the URL of the service, if it is not the region's own;
`grant_tokens`, tokens of grants that are not yet effective everywhere, separated by commas. The SDK finds the
credentials, and no secret is plugin configuration.
"""

from __future__ import annotations

from notarykit import plugin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from boto3.session import Session  # type: ignore[import-untyped]

    from notarykit_aws_kms.client import KMS, Limits
    from notarykit_aws_kms.settings import Account


class AWSKMSPlugin(plugin.Provider):
    """Signs with asymmetric keys in AWS KMS. Clients, connections and resolved keys are kept for later signatures."""

    name = "aws-kms"
    description = "Sign with keys in AWS KMS"
    version = "0.1.0"
    url = "https://github.com/notarykit/notarykit/tree/main/plugins/aws-kms"
    settings = ("region", "profile", "endpoint", "grant_tokens")

    def __init__(
        self, session: Session | None = None, *, connect: Callable[[Account, Limits], KMS] | None = None
    ) -> None:
        """Sets how the service is reached.

        Args:
            session: A session that makes all clients, with its own credentials and settings; the plugin alone uses it
                from here on, since sessions are not safe for threads. By default the environment's.
            connect: Makes the client of an account, in place of a session.
        """
        super().__init__()
        from notarykit_aws_kms.client import Clients

        self._clients = Clients(session, connect)

    def find(self, key_id: str, config: Mapping[str, str]) -> plugin.ServiceKey:
        """Finds the key of a key ARN, an alias ARN, a key id or `alias/NAME`."""
        from notarykit_aws_kms.key import Key
        from notarykit_aws_kms.key_id import parse_key_id

        return Key(parse_key_id(key_id, config), self._clients)
