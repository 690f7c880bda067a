"""How the API server of a cluster is reached; from a pod, by the files that kubelet puts into each.

Kubernetes, "Accessing the Kubernetes API from a Pod".
"""

import os
import ssl
from collections.abc import Callable, Mapping
from typing import NamedTuple

from notarykit.errors import ConfigurationError
from notarykit_admission.files import read_file

SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
_POD = "a pod has it unless automountServiceAccountToken is false"


def _no_client(context: ssl.SSLContext) -> None:
    """Shows no client certificate."""


class ClusterConfig(NamedTuple):
    """How the API server of a cluster is reached.

    Attributes:
        server: Its address, `https://host[:port]`, with a path or without.
        cas: Function that returns the certificates in PEM of the CAs that it may have its own of.
        token: Function that returns the bearer token that is sent to it; without one, an empty string.
        show_client: Function that puts the client certificate into a TLS context, if there is one.
        server_name: Name in its certificate; empty for that in its address.
    """

    server: str
    cas: Callable[[], str]
    token: Callable[[], str]
    show_client: Callable[[ssl.SSLContext], None] = _no_client
    server_name: str = ""


def in_cluster_config(environment: Mapping[str, str] = os.environ, folder: str = SERVICE_ACCOUNT) -> ClusterConfig:
    """Returns how the cluster is reached that this pod runs in.

    Args:
        environment: Variables of the process.
        folder: Folder with the token and the CAs. Kubelet exchanges the token about once an hour.

    Raises:
        ConfigurationError: This is no pod, or one without a token.
    """
    host, port = (environment.get(f"KUBERNETES_SERVICE_{name}", "") for name in ("HOST", "PORT"))
    if not host or not port:
        raise ConfigurationError(
            "$KUBERNETES_SERVICE_HOST is not set, so this is no pod", advice="name the cluster with --kubeconfig"
        )
    cas, token = (os.path.join(folder, name) for name in ("ca.crt", "token"))
    config = ClusterConfig(
        f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        lambda: read_text(cas, _POD),
        lambda: read_token(token, _POD),
    )
    config.cas()
    config.token()
    return config


def read_text(path: str, advice: str = "") -> str:
    """Returns the text of a file.

    Args:
        path: The file.
        advice: What to do where it cannot be read.

    Raises:
        ConfigurationError: It cannot be read.
    """
    try:
        return read_file(path, advice).decode("utf-8")
    except ValueError:
        raise ConfigurationError(f"{path} cannot be read: it is no text", advice=advice) from None


def read_token(path: str, advice: str = "") -> str:
    """Returns the bearer token in a file.

    Args:
        path: The file.
        advice: What to do where it cannot be read.

    Raises:
        ConfigurationError: It cannot be read, or holds none.
    """
    token = read_text(path, advice).strip()
    if not is_token(token):
        raise ConfigurationError(f"{path} holds no token")
    return token


def is_token(text: str) -> bool:
    """Tells whether a text can stand as a bearer token in a header field."""
    return bool(text) and text.isascii() and text.isprintable()
