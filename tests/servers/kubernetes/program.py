"""notarykit-admission as its users run it: a process, with a folder of policies and files of TLS."""

import contextlib
import http.client
import json
import os
import ssl
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.servers.kubernetes.api import API
from tests.servers.kubernetes.objects import pod, webhook_configuration
from tests.servers.registry.certificates import KeyPair
from tests.servers.registry.running import started
from tests.support.ca import TestChain
from tests.support.homes import policy_document
from tests.support.polling import poll
from tests.support.processes import descendants
from tests.support.requirements import program

VALIDATE, PIN = "validate", "pin"
_SECONDS = 60
_KINDS = {VALIDATE: "ValidatingWebhookConfiguration", PIN: "MutatingWebhookConfiguration"}


class Replica(NamedTuple):
    """Program that runs.

    Attributes:
        port: Its port, on 127.0.0.1.
        log: File with its log.
        pid: Its process.
    """

    port: int
    log: str
    pid: int

    def said(self) -> str:
        """Returns what it has logged until now."""
        return Path(self.log).read_text()

    def verdicts(self, reference: str) -> list[dict[str, Any]]:
        """Returns the lines of its log about a reference, in their order, as soon as there is one."""

        def found() -> list[dict[str, Any]]:
            lines = [
                json.loads(line) for line in self.said().splitlines() if line.startswith("{") and reference in line
            ]
            return [line for line in lines if line.get("reference") == reference]

        poll(lambda: bool(found()))
        return found()


@contextlib.contextmanager
def running(policies: Path, pair: KeyPair, *flags: str) -> Iterator[Replica]:
    """Runs the program while the context is active; SIGTERM ends it.

    Args:
        policies: Folder of the policies.
        pair: Certificate of the server.
        flags: Further arguments.
    """
    command = [
        *(program("setpriv"), "--pdeathsig", "TERM", str(Path(sys.executable).with_name("notarykit-admission"))),
        *("--policy", str(policies), "--certificate", pair.certificate, "--key", pair.key),
        *("--address", "127.0.0.1", "--port", "0", "--drain", "0", *flags),
    ]
    # Without the user's settings.
    nowhere = str(policies.with_name("home"))
    before = descendants(os.getpid())
    with started(command, {"HOME": nowhere, "NOTATION_CONFIG": nowhere}, "Listening at ") as (port, log):
        (pid,) = set(descendants(os.getpid())) - set(before)
        yield Replica(port, log, pid)


def ask(port: int, ca_file: str, path: str, body: Any = None, *, client: KeyPair | None = None) -> tuple[int, bytes]:
    """Asks a program once, and returns the status and the content of its answer.

    Args:
        port: Its port, on 127.0.0.1.
        ca_file: CA of its certificate.
        path: Path of a door; without a body, of a page.
        body: Request that is sent as JSON.
        client: Certificate that is shown.
    """
    context = ssl.create_default_context(cafile=ca_file)
    if client is not None:
        context.load_cert_chain(*client)
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=_SECONDS)
    with contextlib.closing(connection):
        connection.request("GET", path) if body is None else connection.request("POST", path, json.dumps(body))
        answer = connection.getresponse()
        return answer.status, answer.read()


def policy_files(chain: TestChain, rules: Mapping[str, Any] | None = None) -> dict[str, bytes]:
    """Returns the files of a folder of policies.

    Args:
        chain: Chain of the signer whose root is trusted.
        rules: Rules of namespaces; none without a file of them.
    """
    files = {"trustpolicy.json": _policy("ca:acme"), "truststore/x509/ca/acme/root.pem": chain.pems[-1]}
    return files | ({} if rules is None else {"rules.json": json.dumps({"version": "1", **rules}).encode()})


def further_policy(name: str, chain: TestChain) -> dict[str, bytes]:
    """Returns the files of one more policy, `NAME.json`, that trusts the signer of a chain."""
    return {f"{name}.json": _policy(f"ca:{name}"), f"truststore/x509/ca/{name}/root.pem": chain.pems[-1]}


def skipping_policy(repository: str) -> bytes:
    """Returns a policy for one repository, of which it verifies nothing."""
    statement = {"name": "skip", "registryScopes": [repository], "signatureVerification": {"level": "skip"}}
    return json.dumps({"version": "1.0", "trustPolicies": [statement]}).encode()


def _policy(store: str) -> bytes:
    return json.dumps(policy_document(["*"], [store])).encode()


def register(api: API, name: str, door: str, port: int, ca_file: str, timeout: int = 10) -> None:
    """Has the API server ask a door of the program for namespaces with the label `admission/NAME`.

    Args:
        api: Client of the API server.
        name: Name of the webhook's configuration.
        door: `VALIDATE` or `PIN`.
        port: Port of the program.
        ca_file: Certificate of its CA.
        timeout: Seconds after which the API server has waited long enough.
    """
    url = f"https://127.0.0.1:{port}/kubernetes/{door}"
    api.apply(webhook_configuration(_KINDS[door], name, url, ca_file, timeout))


def wait_for(api: API, name: str, namespace: str) -> None:
    """Waits until the API server knows of a webhook, in a namespace with its label."""
    malformed = pod(namespace, "no reference")
    poll(lambda: f'"{name}.notarykit.test"' in api.create(malformed, dry_run=True).message)
