"""The admission program as a process, with a policy of the tests' own, and images for it in a registry."""

import contextlib
import http.client
import itertools
import json
import ssl
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from notarykit.keys.chain import check_chain
from notarykit.keys.local import LocalSigner
from notarykit.oci.reference import Digest
from notarykit.oci.registry.host import RegistryHost, RegistrySettings
from notarykit.oci.registry.repository import RegistryRepository
from notarykit.signing.artifact import sign_artifact
from notarykit.signing.options import SignOptions
from tests.servers.registry.certificates import KeyPair, RegistryCA
from tests.servers.registry.running import Registry, started
from tests.support.ca import TestChain
from tests.support.envelopes import JWS
from tests.support.homes import policy_document
from tests.support.registries import push_artifacts

TAG = "v1"
_NUMBERS = itertools.count()


class Image(NamedTuple):
    """Image in a registry.

    Attributes:
        host: Registry.
        name: Name of its repository there.
        digest: Its digest.
    """

    host: str
    name: str
    digest: Digest

    @property
    def tagged(self) -> str:
        """Reference by its tag."""
        return f"{self.host}/{self.name}:{TAG}"

    @property
    def pinned(self) -> str:
        """Reference by its digest."""
        return f"{self.host}/{self.name}@{self.digest}"

    @property
    def tagged_and_pinned(self) -> str:
        """Reference by both, of which the digest counts."""
        return f"{self.tagged}@{self.digest}"


class Images:
    """Images in a registry, each in a repository of its own.

    Args:
        registry: Registry that anybody may push to, by plain HTTP.
        host: Where the images are read, `localhost:port`.
        chain: Chain of whoever signs.
    """

    def __init__(self, registry: Registry, host: str, chain: TestChain) -> None:
        self._registry = registry
        self._host = host
        self._chain = chain
        self._numbers = itertools.count()

    def unsigned(self) -> Image:
        """Returns a new image without a signature."""
        name = f"tests/image-{next(self._numbers)}"
        (digest,) = push_artifacts(self._registry.address, name, [TAG])
        return Image(self._host, name, digest)

    def signed(self, chain: TestChain | None = None, media_type: str = JWS) -> Image:
        """Returns a new image with a signature, by default as everybody signs here."""
        image = self.unsigned()
        self.sign(image, chain, media_type)
        return image

    def sign(self, image: Image, chain: TestChain | None = None, media_type: str = JWS) -> None:
        """Signs an image."""
        chain = chain or self._chain
        signer = LocalSigner(chain.leaf_key, check_chain(chain.ders))
        with contextlib.closing(RegistryHost(self._registry.host, RegistrySettings())) as host:
            place = RegistryRepository(host, image.name)
            sign_artifact(place, image.digest, signer, SignOptions(media_type=media_type))


class Program(NamedTuple):
    """Admission program that runs.

    Attributes:
        port: Port on 127.0.0.1.
        ca_file: CA of its certificate.
        log: File with its log.
    """

    port: int
    ca_file: str
    log: str

    def url(self, path: str) -> str:
        """Returns the address of a door."""
        return f"https://127.0.0.1:{self.port}{path}"

    def ask(self, path: str, *keys: str, client: KeyPair | None = None) -> tuple[int, dict[str, Any]]:
        """Asks a door for external data about keys, and returns the status and the response's members."""
        context = ssl.create_default_context(cafile=self.ca_file)
        if client is not None:
            context.load_cert_chain(*client)
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=30)
        with contextlib.closing(connection):
            connection.request("POST", path, json.dumps({"request": {"keys": keys}}))
            answer = connection.getresponse()
            members: dict[str, Any] = json.loads(answer.read())["response"]
        return answer.status, members


def pod(
    *images: str, init: Sequence[str] = (), volumes: Sequence[str] = (), namespace: str = "default"
) -> dict[str, Any]:
    """Returns a pod of its own name: containers `c0`, init containers `i0` and image volumes `v0`, each numbered."""
    spec = {
        "containers": [{"name": f"c{number}", "image": image} for number, image in enumerate(images)],
        "initContainers": [{"name": f"i{number}", "image": image} for number, image in enumerate(init)],
        "volumes": [{"name": f"v{number}", "image": {"reference": image}} for number, image in enumerate(volumes)],
    }
    metadata = {"name": f"pod-{next(_NUMBERS)}", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def debugging(image: str) -> dict[str, Any]:
    """Returns the change of a pod, by its subresource `ephemeralcontainers`, that adds the container `e0`."""
    return {"spec": {"ephemeralContainers": [{"name": "e0", "image": image}]}}


def policy_files(
    trusted: TestChain, rules: Mapping[str, Any] | None = None, others: Mapping[str, TestChain] | None = None
) -> dict[str, bytes]:
    """Returns the files of a policy folder.

    Args:
        trusted: Chain whose root the policy trusts.
        rules: Document of rules of namespaces.
        others: Further policies, by file name, and whom they trust.
    """
    files = {"rules.json": json.dumps(rules).encode()} if rules is not None else {}
    for name, chain in {"trustpolicy.json": trusted, **(others or {})}.items():
        store = name.removesuffix(".json")
        files[name] = json.dumps(policy_document(["*"], [f"ca:{store}"])).encode()
        files[f"truststore/x509/ca/{store}/root.pem"] = chain.pems[-1]
    return files


@contextlib.contextmanager
def running(folder: Path, files: Mapping[str, bytes], ca: RegistryCA, *arguments: str) -> Iterator[Program]:
    """Runs the program while the context is active.

    Args:
        folder: Folder for its policy.
        files: Contents of the policy's files.
        ca: CA of its certificate.
        arguments: Further arguments.
    """
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    pair = ca.server()
    own = ("--policy", str(folder), "--certificate", pair.certificate, "--key", pair.key, "--drain", "0")
    command = [sys.executable, "-m", "notarykit_admission", *own, "--address", "127.0.0.1", "--port", "0", *arguments]
    environment = {"HOME": str(folder), "NOTATION_CONFIG": str(folder / "none"), "NO_PROXY": "*", "no_proxy": "*"}
    with started(command, environment, "Listening at ") as (port, log):
        yield Program(port, ca.ca_file, log)
