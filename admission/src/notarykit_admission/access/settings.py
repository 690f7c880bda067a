"""Settings for access to registries."""

from typing import NamedTuple


class AccessSettings(NamedTuple):
    """Settings for access to registries, and to the API server for pull secrets.

    Attributes:
        docker_config: File of Docker's form with the program's own credentials, and with the names of helpers; by
            default the user's files count.
        registry_ca: File of CA certificates in PEM that count for registries beside the system's, or an empty string.
        plain_http: Hosts, `host[:port]`, that are used without TLS.
        registry_timeout: Seconds that reading one image's signatures may take.
        pull_secrets: True if pull secrets of pods are read.
        kubeconfig: File that says how the API server is reached; empty for the cluster that this pod runs in.
    """

    docker_config: str = ""
    registry_ca: str = ""
    plain_http: tuple[str, ...] = ()
    registry_timeout: float = 20.0
    pull_secrets: bool = False
    kubeconfig: str = ""
