"""Cluster of the tests: etcd and the API server of Kubernetes, on this machine, without nodes or controllers."""

import contextlib
import json
import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tests.servers.kubernetes.api import API
from tests.servers.registry.certificates import KeyPair, RegistryCA
from tests.servers.registry.running import started
from tests.support.polling import poll
from tests.support.ports import ATTEMPTS, free_port
from tests.support.requirements import program


class Cluster(NamedTuple):
    """Cluster that runs.

    Attributes:
        port: Port of the API server, on 127.0.0.1.
        ca_file: Certificate of its CA.
        token: Token of the administrator.
        kubeconfig: File with all of that, for clients of Kubernetes.
        api: Client of the administrator.
        log: File with the API server's log.
    """

    port: int
    ca_file: str
    token: str
    kubeconfig: str
    api: API
    log: str

    @property
    def url(self) -> str:
        """Address of the API server."""
        return f"https://127.0.0.1:{self.port}"


@contextlib.contextmanager
def running(binary: str, ca: RegistryCA, *flags: str, accounts: bool = False) -> Iterator[Cluster]:
    """Runs a cluster while the context is active.

    Args:
        binary: Path of the API server.
        ca: CA of its certificate.
        flags: Further arguments of the API server.
        accounts: True if each pod needs a service account, which nobody makes, and gets what is the account's.
    """
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        etcd = _start_etcd(stack, folder)
        token = secrets.token_hex()
        pair = ca.server(("127.0.0.1", "localhost"))
        _write(folder, "tokens.csv", f"{token},admin,admin,system:masters\n")
        settings = _settings(folder, etcd, pair)
        # Nobody makes the accounts that it asks for.
        settings |= {} if accounts else {"disable-admission-plugins": "ServiceAccount"}
        port, log = _start_api_server(stack, binary, settings, flags)
        api = API(port, ca.ca_file, {"Authorization": f"Bearer {token}"})
        kubeconfig = _write(folder, "kubeconfig", json.dumps(_kubeconfig(port, ca.ca_file, token)))
        poll(lambda: api.request("GET", "/readyz").is_good)
        poll(lambda: api.request("GET", "/api/v1/namespaces/default").is_good)
        yield Cluster(port, ca.ca_file, token, kubeconfig, api, log)


def _start_etcd(stack: contextlib.ExitStack, folder: str) -> int:
    """Starts etcd, and returns its port."""
    anywhere = "http://127.0.0.1:0"
    settings = {
        "name": "tests",
        "data-dir": os.path.join(folder, "etcd"),
        "unsafe-no-fsync": "true",
        "enable-grpc-gateway": "false",
        "logger": "zap",
        "log-outputs": "stderr",
        "listen-client-urls": anywhere,
        "advertise-client-urls": anywhere,
        "listen-peer-urls": anywhere,
        "initial-advertise-peer-urls": anywhere,
        "initial-cluster": f"tests={anywhere}",
    }
    port, _ = stack.enter_context(started(_command(program("etcd"), settings), {}, 'discouraged!","address":"'))
    return port


def _start_api_server(
    stack: contextlib.ExitStack, binary: str, settings: Mapping[str, str], flags: Sequence[str]
) -> tuple[int, str]:
    """Starts the API server, and returns its port and the file with its log."""
    # It cannot choose a free port itself, so another process may take one meanwhile.
    for attempt in range(ATTEMPTS):
        command = [*_command(binary, {**settings, "secure-port": str(free_port())}), *flags]
        try:
            return stack.enter_context(started(command, {}, "Serving securely on "))
        except RuntimeError as error:
            if "address already in use" not in str(error) or attempt == ATTEMPTS - 1:
                raise
    raise AssertionError


def _command(binary: str, settings: Mapping[str, str]) -> list[str]:
    # Unlike what the tests wait for, it would outlive a test run that was killed.
    ended_with_the_tests = [program("setpriv"), "--pdeathsig", "TERM"]
    return [*ended_with_the_tests, binary, *(f"--{name}={value}" for name, value in settings.items())]


def _settings(folder: str, etcd: int, pair: KeyPair) -> dict[str, str]:
    return {
        "etcd-servers": f"http://127.0.0.1:{etcd}",
        "bind-address": "127.0.0.1",
        "advertise-address": "127.0.0.1",
        "endpoint-reconciler-type": "none",
        "tls-cert-file": pair.certificate,
        "tls-private-key-file": pair.key,
        "token-auth-file": os.path.join(folder, "tokens.csv"),
        "authorization-mode": "RBAC",
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": pair.certificate,
        "service-account-signing-key-file": pair.key,
        "service-cluster-ip-range": "10.0.0.0/24",
        "profiling": "false",
    }


def _kubeconfig(port: int, ca_file: str, token: str) -> Mapping[str, Any]:
    cluster = {"server": f"https://127.0.0.1:{port}", "certificate-authority": ca_file}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "tests", "cluster": cluster}],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "admin"}}],
        "current-context": "tests",
    }


def _write(folder: str, name: str, content: str) -> str:
    """Writes a file that only its owner reads, and returns its path."""
    path = os.path.join(folder, name)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(content)
    return path
