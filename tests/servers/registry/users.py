"""User at a command line, and artifacts in registries that require credentials."""

import json
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.servers.registry.docker import DockerRegistries
from tests.servers.registry.factories import TokenServers
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.running import CREDENTIALS, Registry
from tests.servers.registry.scenes import NAME, run
from tests.servers.registry.token_server import TokenServer
from tests.support.homes import Home
from tests.support.registries import push_artifacts

HELPER = f"""#!{sys.executable}
import json, os, sys
path, request = os.environ["HELPER_FILE"], sys.stdin.read()
known = json.load(open(path)) if os.path.exists(path) else {{}}
if sys.argv[1] == "store":
    entry = json.loads(request)
    known[entry["ServerURL"]] = entry
elif sys.argv[1] == "erase":
    known.pop(request, None)
elif request in known:
    print(json.dumps(known[request]))
else:
    print("credentials not found in native keychain")
    sys.exit(1)
json.dump(known, open(path, "w"))
"""
ENVIRONMENT = {"NOTATION_USERNAME": CREDENTIALS.name, "NOTATION_PASSWORD": CREDENTIALS.password}


class Guarded(NamedTuple):
    """Artifact in a registry that requires credentials.

    Attributes:
        registry: The registry.
        tokens: Its token server, or None where it takes the name and the password itself.
        digest: The artifact's digest.
    """

    registry: Registry
    tokens: TokenServer | None
    digest: str

    @property
    def reference(self) -> str:
        """Reference of the artifact."""
        return f"{self.registry.host}/{NAME}@{self.digest}"


class User:
    """User at a command line, with a credential helper.

    Attributes:
        home: The settings.
        helper_file: The helper's store.
    """

    def __init__(self, home: Home) -> None:
        """Installs the helper, which no settings name."""
        self.home = home
        self.helper_file = home.folder / "helper.json"
        self._programs = home.folder / "bin"
        self._programs.mkdir()
        self.install_helper("tests")

    def install_helper(self, name: str) -> None:
        """Puts the helper on the path under a name."""
        program = self._programs / f"docker-credential-{name}"
        program.write_text(HELPER)
        program.chmod(0o755)

    def trusts(self, host: str, ca_file: str) -> None:
        """Trusts an authority for one host."""
        folder = self.home.folder / "certs.d" / host
        folder.mkdir(parents=True)
        (folder / "ca.crt").write_bytes(Path(ca_file).read_bytes())

    def run(self, *arguments: str, stdin: str = "", **variables: str) -> tuple[int, str, str]:
        """Runs a command and returns its exit code, output and errors."""
        done = run(
            self.home,
            *arguments,
            stdin=stdin,
            PATH=str(self._programs),
            HELPER_FILE=str(self.helper_file),
            **variables,
        )
        return done.returncode, done.stdout, done.stderr

    def signs_and_verifies(self, guarded: Guarded, *flags: str, **variables: str) -> None:
        """Signs the artifact and verifies it."""
        code, out, err = self.run("sign", *flags, guarded.reference, **variables)
        assert (code, err, out) == (0, "", f"Successfully signed {guarded.reference}\n")
        code, out, err = self.run("verify", *flags, guarded.reference, **variables)
        assert (code, err, out) == (0, "", f"Successfully verified signature for {guarded.reference}\n")

    def refused(self, *arguments: str, stdin: str = "", **variables: str) -> str:
        """Returns the error line of a command that ends for want of credentials."""
        code, out, err = self.run(*arguments, stdin=stdin, **variables)
        assert (code, out) == (3, ""), (code, out, err)
        (line,) = err.splitlines()
        return line.removeprefix("Error: ")

    def set_auths(self, path: Path, host: str, entry: dict[str, str]) -> None:
        """Writes a file of credentials as Docker does."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"auths": {host: entry}}))


def make_guarded(request: pytest.FixtureRequest, token_server: TokenServers, kind: str) -> Guarded:
    """Starts a registry of a kind and pushes an artifact to it."""
    tokens, realm = None, None
    if kind.endswith("tokens"):
        tokens = token_server("ES256" if kind.startswith("docker") else "HS256", tls=True)
        realm = f"https://{tokens.host}/token"
    if kind.startswith("docker"):
        docker: DockerRegistries = request.getfixturevalue("docker_registry")
        registry = docker(htpasswd=tokens is None, tokens=tokens, realm=realm)
    else:
        plain: GoRegistries = request.getfixturevalue("plain_registry")
        registry = plain(basic=CREDENTIALS if tokens is None else None, tokens=tokens, realm=realm)
    allowed = f"Bearer {tokens.token(f'repository:{NAME}:pull,push')}" if tokens else CREDENTIALS.basic
    (digest,) = push_artifacts(registry.address, NAME, ["v1"], authorization=allowed)
    return Guarded(registry, tokens, digest)
