"""A signed artifact in a real registry behind a server that can do wrong, and a client that notes its pauses."""

import contextlib
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from notarykit.config.policy import load_policy
from notarykit.errors import NoAcceptedSignatureError, NotarykitError
from notarykit.keys.local import LocalSigner
from notarykit.net.budget import Budget
from notarykit.oci.registry.host import RegistryHost, RegistrySettings
from notarykit.oci.registry.repository import RegistryRepository
from notarykit.signing.artifact import sign_artifact
from notarykit.trust.store import DirectoryTrustStore
from notarykit.verification.artifact import VerifiedArtifact
from notarykit.verification.verifier import verify_artifact
from tests.servers.registry import faults
from tests.servers.registry.fault_proxy import Condition, Fault, FaultProxy
from tests.servers.registry.faults import at
from tests.servers.registry.http_server import Reply
from tests.servers.registry.running import Registry
from tests.support.ca import TestChain
from tests.support.homes import Home, complete_home
from tests.support.pauses import noted_pauses
from tests.support.registries import push_artifacts

NAME = "some/thing"
# What verifying asks for, in this order.
PLACES = ("artifact", "list", "signature", "envelope")
SECONDS_TO_END = 60
# Faults that pass, and what is said of a connection that breaks.
PASSING = {
    "429": faults.too_many_requests(),
    "429 with a pause": faults.too_many_requests("1"),
    "503": faults.unavailable(),
    "503 with a pause": faults.unavailable("1"),
    "cut": faults.cut_before_headers(),
    "reset": faults.cut_before_headers(reset=True),
    "cut in head": faults.cut_in_headers(),
    "cut behind head": faults.cut_in_body(),
    "cut in body": faults.cut_in_body(10),
    "reset in body": faults.cut_in_body(10, reset=True),
}
BROKEN = "the connection was closed before the response was complete"


class Scene:
    """An artifact and one signature of it.

    Attributes:
        registry: Where they are.
        proxy: The server in front of the registry.
        home: The user's settings.
        host: A client of that server.
        pauses: The pauses that the client asked for and did not make.
        digest: The artifact's digest.
        signature: The signature manifest's digest.
        envelope: The envelope's digest.
    """

    def __init__(
        self, registry: Registry, proxy: FaultProxy, home: Home, settings: RegistrySettings | None = None
    ) -> None:
        """Pushes the artifact and signs it, past the server."""
        self.registry, self.proxy, self.home = registry, proxy, home
        self._signer = LocalSigner.from_files(str(home.folder / "build.key"), str(home.folder / "build.chain.pem"))
        (self.digest,) = push_artifacts(registry.address, NAME, ["v1"])
        self.signature, self.envelope = self.signed()
        settings = settings or RegistrySettings()
        self.host = RegistryHost(proxy.host, settings._replace(plain_http=frozenset([proxy.elsewhere.host])))
        self.pauses = noted_pauses(self.host._client)

    def signed(self, *, force_referrers_tag: bool = False) -> tuple[str, str]:
        """Signs the artifact past the server, and returns the digests of the signature's manifest and envelope."""
        with contextlib.closing(RegistryHost(self.registry.host, RegistrySettings())) as past:
            place = RegistryRepository(past, NAME, force_referrers_tag=force_referrers_tag)
            made = sign_artifact(place, self.digest, self._signer)
        return made.manifest.digest, f"sha256:{hashlib.sha256(made.signature.envelope).hexdigest()}"

    def sign(self) -> str:
        """Signs the artifact through the server, and returns the digest of the signature's manifest."""
        return sign_artifact(self.place(), self.digest, self._signer).manifest.digest

    def place(self, budget: Budget | None = None) -> RegistryRepository:
        """The repository behind the server."""
        return RegistryRepository(self.host, NAME, budget=budget)

    def verify(self, budget: Budget | None = None) -> VerifiedArtifact:
        """Verifies the artifact through the server, with the user's settings."""
        store = DirectoryTrustStore(str(self.home.folder / "truststore"))
        scope = f"{self.host.host}/{NAME}"
        return verify_artifact(self.place(budget), self.digest, scope, load_policy(), store)

    def reason(self, error: NotarykitError) -> NotarykitError:
        """Returns the reason of a failed verification: the error itself, or that of the one signature."""
        reason = error
        if isinstance(error, NoAcceptedSignatureError):
            ((digest, reason),) = error.failures
            assert digest == self.signature
        assert error.exit_code == reason.exit_code
        assert len(error.one_line().splitlines()) == 1
        return reason

    def listed(self) -> list[str]:
        """Returns the digests of the artifact's signatures, in the order of the list."""
        place = self.place()
        return [signature.digest for signature in place.signatures(place.resolve(self.digest))]

    def target(self, place: str) -> str:
        """What is asked for at one of the places, after the repository's name."""
        return {
            "artifact": f"/manifests/{self.digest}",
            "list": f"/referrers/{self.digest}",
            "signature": f"/manifests/{self.signature}",
            "envelope": f"/blobs/{self.envelope}",
        }[place]

    def at(self, place: str) -> Condition:
        """Takes the requests at one of the places."""
        return at(f"{self.target(place)}$", "GET")

    def requests(self) -> list[str]:
        """What the server was asked, in the order of coming."""
        with self.proxy.lock:
            return [f"{seen.method} {seen.path.removeprefix(f'/v2/{NAME}')}" for seen in self.proxy.seen]

    def methods(self) -> list[str]:
        """The methods of what the server was asked."""
        return [each.split()[0] for each in self.requests()]

    def put_first(self, digest: str) -> None:
        """Has the server list one signature before all others."""
        self.proxy.fault(_first(digest), self.at("list"))


def _first(digest: str) -> Fault:
    def sort(reply: Reply) -> Reply:
        index: dict[str, Any] = json.loads(reply.body)
        index["manifests"].sort(key=lambda each: bool(each["digest"] != digest))
        assert index["manifests"][0]["digest"] == digest
        return reply._replace(body=json.dumps(index, indent=1).encode())

    return faults.changed(sort)


def without_proxies() -> dict[str, None]:
    """The variables of the environment that name proxies, each to be removed."""
    return {name: None for name in os.environ if name.lower().endswith("_proxy") or name == "REQUEST_METHOD"}


def process_home(folder: Path, chain: TestChain, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Makes a user's settings those of this process, which goes without proxies; the chain is trusted."""
    for name in without_proxies():
        monkeypatch.delenv(name)
    home = complete_home(folder, chain)
    monkeypatch.setenv("NOTATION_CONFIG", str(home.folder))
    return home


def run(home: Home, *arguments: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs a command line in a process of its own, with the user's settings and no proxies but those that are named."""
    removed = without_proxies()
    environment = {name: value for name, value in home.environment().items() if name not in removed} | variables
    command = [sys.executable, "-m", "notarykit.cli", *arguments]
    return subprocess.run(
        command, env=environment, input=stdin, capture_output=True, text=True, check=False, timeout=SECONDS_TO_END
    )


def error_of(done: subprocess.CompletedProcess[str], code: int) -> str:
    """The one line on standard error of a command that failed with an exit code, without its first word."""
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: ")
    return line.removeprefix("Error: ")
