"""What providers cost: get-plugin-metadata, the first signature in a process, and those after it."""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.bench import tokens
from tests.servers.aws import service as aws
from tests.servers.azure.keyvault import KeyVault
from tests.servers.azure.login import HOST
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.forward_proxy import ForwardProxy
from tests.servers.registry.running import started
from tests.servers.vault import build, server
from tests.support.ca import make_chain, pem_of

RUNS, LATER = 9, 20
_CHILD = """
import json, sys, time
start = time.perf_counter()
from notarykit import load_plugin, plugin_signer
name, key_id, config, later = json.loads(sys.argv[1])
signer = plugin_signer(load_plugin(name), key_id, config)
signer.sign(b"the first")
first, times = time.perf_counter() - start, []
for number in range(later):
    start = time.perf_counter()
    signer.sign(b"number %d" % number)
    times.append(time.perf_counter() - start)
print(json.dumps([first, sorted(times)[len(times) // 2]]))
"""


class Row(NamedTuple):
    """A provider's times in milliseconds, medians.

    Attributes:
        name: The provider.
        bare: A bare interpreter, in the same turns.
        metadata: The executable's get-plugin-metadata.
        first: From a started interpreter to the first signature, everything imported on the way.
        later: A later signature in the same process.
    """

    name: str
    bare: float
    metadata: float
    first: float
    later: float


class Subject(NamedTuple):
    """A key of a provider.

    Attributes:
        name: The plugin's name.
        key_id: The key.
        config: The plugin configuration.
        environment: What is set for it.
    """

    name: str
    key_id: str
    config: Mapping[str, str]
    environment: Mapping[str, str]


def measure(folder: str) -> Iterator[Row]:
    """Times each provider with an EC-256 key against the server of its tests."""
    for opened in (_local, _aws, _vault, _azure, _pkcs11):
        with contextlib.ExitStack() as stack:
            yield _row(opened(Path(tempfile.mkdtemp(dir=folder)), stack), folder)


def _row(subject: Subject, folder: str) -> Row:
    environment = {"PATH": os.environ["PATH"], "HOME": folder, **subject.environment}
    executable = os.path.join(os.path.dirname(sys.executable), f"notation-{subject.name}")
    child = [sys.executable, "-c", _CHILD, json.dumps([subject.name, subject.key_id, dict(subject.config), LATER])]
    times: dict[str, list[float]] = {"bare": [], "metadata": [], "first": [], "later": []}
    for turn in range(RUNS + 1):
        found = {
            "bare": _seconds([sys.executable, "-I", "-c", "pass"], environment)[0],
            "metadata": _seconds([executable, "get-plugin-metadata"], environment)[0],
        }
        _, out = _seconds(child, environment)
        found["first"], found["later"] = json.loads(out)
        if turn:  # the first turn warms the caches of the file system
            for name, seconds in found.items():
                times[name].append(seconds * 1000)
    return Row(subject.name, **{name: statistics.median(each) for name, each in times.items()})


def _seconds(command: list[str], environment: Mapping[str, str]) -> tuple[float, bytes]:
    start = time.perf_counter()
    done = subprocess.run(command, env=dict(environment), input=b"{}", capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.decode())
    return time.perf_counter() - start, done.stdout


def _local(folder: Path, _: contextlib.ExitStack) -> Subject:
    chain, key = make_chain("EC-256"), folder / "key.pem"
    key.touch(0o600)
    key.write_bytes(pem_of(chain.leaf_key))
    (folder / "key.crt").write_bytes(chain.chain_pem)
    return Subject("local-file", str(key), {}, {})


def _aws(folder: Path, stack: contextlib.ExitStack) -> Subject:
    script = Path(aws.__file__).with_name("moto_server.py")
    port, _ = stack.enter_context(started([sys.executable, str(script)], {}, "Running on http://"))
    key = aws.Service(f"http://127.0.0.1:{port}", folder).key()
    environment = {"AWS_ACCESS_KEY_ID": aws.ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": aws.SECRET_KEY}
    return Subject("aws-kms", key.arn, key.config, environment)


def _vault(folder: Path, stack: contextlib.ExitStack) -> Subject:
    running = stack.enter_context(server.running(build.build(), RegistryCA(str(folder))))
    running.attach(running.make_key("bench"))
    return Subject("hashicorp-vault", "bench", {}, {"VAULT_ADDR": running.url, "VAULT_TOKEN": running.root})


def _pkcs11(folder: Path, _: contextlib.ExitStack) -> Subject:
    return Subject("pkcs11", "pkcs11:object=EC-256", {}, tokens.environment_of(tokens.make_token(folder)))


def _azure(folder: Path, stack: contextlib.ExitStack) -> Subject:
    host, authority = "bench.vault.azure.net", RegistryCA(str(folder), "Network CA")
    stand_in = stack.enter_context(KeyVault(authority.server([HOST, host])))
    stand_in.add_certificate("bench", make_chain("EC-256"))
    routes = {f"{name}:443": stand_in.address for name in (HOST, host)}
    environment = {
        "HTTPS_PROXY": stack.enter_context(ForwardProxy(routes)).url,
        "REQUESTS_CA_BUNDLE": authority.ca_file,
        "AZURE_TENANT_ID": stand_in.login.tenant,
        "AZURE_CLIENT_ID": stand_in.login.client,
        "AZURE_CLIENT_SECRET": stand_in.login.secret,
    }
    config = {"credential_type": "environment"}
    return Subject("azure-keyvault", f"https://{host}/certificates/bench", config, environment)
