"""The admission program as a process, at registries of the tests, and a signer whom it trusts."""

import contextlib
import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import notarykit
from notarykit import LocalSigner
from tests.servers.kubernetes.program import Replica, ask, policy_files, running
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.running import CREDENTIALS, Credentials, Registry
from tests.support.ca import TestChain, make_chain
from tests.support.homes import Home
from tests.support.registries import push_artifacts
from tests.unit.admission.policy.volumes import write_files

NAME = "team/app"


class Program(NamedTuple):
    """Program that runs.

    Attributes:
        replica: Its process.
        ca: CA of its certificate.
    """

    replica: Replica
    ca: RegistryCA

    def verify(self, reference: str, query: str = "") -> Mapping[str, Any]:
        """Returns the verdict on an image.

        Args:
            reference: Reference to it.
            query: Query of the address, such as `?timeout=1s`.
        """
        body = {"references": [reference]}
        _, content = ask(self.replica.port, self.ca.ca_file, f"/v1/verify{query}", body)
        found: Mapping[str, Any]
        (found,) = json.loads(content)["results"]
        return found

    def accepts(self, reference: str) -> bool:
        """Tells whether an image is accepted."""
        return self.verify(reference).get("verdict") == "verified"

    def page(self, path: str) -> str:
        """Returns a page."""
        return ask(self.replica.port, self.ca.ca_file, path)[1].decode()


class Setting:
    """Signer, and what makes programs that trust it.

    Args:
        stack: Ends the programs.
        ca: CA of the programs' certificate.
        folder: Folder for all files.
        chain: Chain of the signer; by default one that names no responder and no CRL.

    Attributes:
        folder: The folder.
    """

    def __init__(
        self, stack: contextlib.ExitStack, ca: RegistryCA, folder: Path, chain: TestChain | None = None
    ) -> None:
        self._stack = stack
        self._ca = ca
        chain = chain or make_chain()
        key, certificates = Home(folder / "signer").add_key(chain)
        self._signer = LocalSigner.from_files(str(key), str(certificates))
        self._policies = write_files(folder / "policy", policy_files(chain))
        self.folder = folder

    def run(self, *flags: str, **variables: str) -> Program:
        """Runs the program until the test ends."""
        with pytest.MonkeyPatch.context() as changes:
            for name, value in variables.items():
                changes.setenv(name, value)
            replica = self._stack.enter_context(running(self._policies, self._ca.server(), *flags))
        return Program(replica, self._ca)

    def config(self, content: Any) -> str:
        """Writes a file of Docker's form."""
        path = self.folder / "config.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    def push(
        self, registry: Registry, authorization: str = "", login: Credentials = CREDENTIALS, name: str = NAME
    ) -> str:
        """Pushes an image and signs it, and returns its reference."""
        context = ssl.create_default_context(cafile=registry.ca_file) if registry.ca_file else None
        (digest,) = push_artifacts(registry.address, name, ["v1"], context, authorization)
        reference = f"{registry.address}/{name}@{digest}"
        with notarykit.load_registries(
            credentials=lambda _: notarykit.Credentials(*login),
            ca_file=registry.ca_file or "",
            plain_http=() if registry.ca_file else (registry.address,),
        ) as registries:
            notarykit.sign(reference, self._signer, registries=registries)
        return reference
