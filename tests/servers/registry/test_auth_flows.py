"""Commands against registries that want to know who asks, with names, passwords and tokens from all their places."""

import base64
import json
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.docker import DockerRegistries
from tests.servers.registry.factories import TokenServers
from tests.servers.registry.http_server import Seen
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.running import CREDENTIALS, Registry
from tests.servers.registry.scenes import NAME, run
from tests.servers.registry.token_server import TokenServer
from tests.support.ca import TestChain, make_chain
from tests.support.homes import Home, complete_home
from tests.support.registries import push_artifacts

WRONG = "not the password"
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


class Guarded(NamedTuple):
    """An artifact in a registry that wants to know who asks.

    Attributes:
        registry: The registry.
        tokens: Where it sends clients for tokens, or None where it takes the name and the password itself.
        digest: The artifact's digest.
    """

    registry: Registry
    tokens: TokenServer | None
    digest: str

    @property
    def reference(self) -> str:
        """How a user names the artifact."""
        return f"{self.registry.host}/{NAME}@{self.digest}"


class User:
    """Somebody at a command line, with a credential helper.

    Attributes:
        home: The settings.
        helper_file: What the helper has been told.
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
        """The exit code, the output and the errors of a command."""
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
        """The one line with which a command is refused for want of credentials."""
        code, out, err = self.run(*arguments, stdin=stdin, **variables)
        assert (code, out) == (3, ""), (code, out, err)
        (line,) = err.splitlines()
        return line.removeprefix("Error: ")

    def set_auths(self, path: Path, host: str, entry: dict[str, str]) -> None:
        """Writes a file of credentials as Docker does."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"auths": {host: entry}}))


ENVIRONMENT = {"NOTATION_USERNAME": CREDENTIALS.name, "NOTATION_PASSWORD": CREDENTIALS.password}
ENTRY = {"auth": base64.b64encode(":".join(CREDENTIALS).encode()).decode()}


@pytest.fixture(scope="module")
def chain() -> TestChain:
    """Return the signer's chain."""
    return make_chain()


@pytest.fixture
def user(tmp_path: Path, chain: TestChain) -> User:
    """Return a user with a key, whose chain is trusted."""
    return User(complete_home(tmp_path / "home", chain))


@pytest.fixture(params=["basic", "tokens", "docker basic", "docker tokens"])
def guarded(request: pytest.FixtureRequest, token_server: TokenServers, user: User, registry_ca: RegistryCA) -> Guarded:
    """Return each kind of registry that wants to know who asks; the user trusts its token server."""
    guarded = _guarded(request, token_server, request.param)
    if guarded.tokens is not None:
        user.trusts(guarded.tokens.host, registry_ca.ca_file)
    return guarded


@pytest.fixture(params=["tokens", "docker tokens"])
def with_tokens(
    request: pytest.FixtureRequest, token_server: TokenServers, user: User, registry_ca: RegistryCA
) -> tuple[Guarded, TokenServer]:
    """Return each kind of registry that takes tokens, and who issues them."""
    guarded = _guarded(request, token_server, request.param)
    assert guarded.tokens is not None
    user.trusts(guarded.tokens.host, registry_ca.ca_file)
    return guarded, guarded.tokens


def _scopes(seen: Seen) -> list[str]:
    fields = seen.form if seen.method == "POST" else seen.query
    return [scope for value in fields.get("scope", []) for scope in value.split()]


def _guarded(request: pytest.FixtureRequest, token_server: TokenServers, kind: str) -> Guarded:
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


def test_environment(user: User, guarded: Guarded) -> None:
    """The variables that notation knows are enough to sign and to verify."""
    user.signs_and_verifies(guarded, **ENVIRONMENT)


def test_flags(user: User, guarded: Guarded) -> None:
    """What flags say counts before the variables."""
    flags = ("--username", CREDENTIALS.name, "--password", CREDENTIALS.password)
    user.signs_and_verifies(guarded, *flags, NOTATION_USERNAME="somebody", NOTATION_PASSWORD=WRONG)


@pytest.mark.parametrize("place", ["notation", "docker", "podman"])
def test_files(user: User, guarded: Guarded, place: str) -> None:
    """The files of notation, Docker and podman are read where they are."""
    folder = user.home.folder
    paths = {"notation": "config.json", "docker": ".docker/config.json", "podman": ".config/containers/auth.json"}
    user.set_auths(folder / paths[place], guarded.registry.host, ENTRY)
    user.signs_and_verifies(guarded)


def test_podman_s_paths(user: User, guarded: Guarded) -> None:
    """What podman keeps for a path is for the repositories below it, whatever there is for the registry."""
    path, host = user.home.folder / ".config" / "containers" / "auth.json", guarded.registry.host
    wrong = base64.b64encode(f"{CREDENTIALS.name}:{WRONG}".encode()).decode()
    path.parent.mkdir(parents=True)
    path.write_text(
        json.dumps({"auths": {host: {"auth": wrong}, f"{host}/{NAME.partition('/')[0]}": ENTRY, f"{host}/other": {}}})
    )
    user.signs_and_verifies(guarded)


def test_tokens_for_the_registry(user: User, with_tokens: tuple[Guarded, TokenServer]) -> None:
    """A token for the registry itself is shown to it, and the token server is not asked."""
    guarded, tokens = with_tokens
    token = tokens.token(f"repository:{NAME}:pull,push")
    user.set_auths(user.home.folder / ".docker" / "config.json", guarded.registry.host, {"registrytoken": token})
    user.signs_and_verifies(guarded)
    assert tokens.seen == []
    user.set_auths(user.home.folder / ".docker" / "config.json", guarded.registry.host, {"registrytoken": "wrong"})
    assert "does not accept the credentials" in user.refused("verify", guarded.reference)


def test_nobody(user: User, guarded: Guarded) -> None:
    """Without credentials the registry's refusal comes with the ways to log in, and with none that would be refused."""
    host = guarded.registry.host
    for login in ("", f" or 'notarykit login {host}'"):
        line = user.refused("sign", guarded.reference)
        assert host in line
        for way in ("--username and --password", "$NOTATION_USERNAME and $NOTATION_PASSWORD", f"'docker login {host}'"):
            assert way in line
        assert ("notarykit login" in line) is bool(login)
        assert login in line
        (user.home.folder / "config.json").write_text('{"credsStore": "tests"}')
    (user.home.folder / "config.json").write_text('{"credsStore": "absent"}')
    assert "notarykit login" not in user.refused("sign", guarded.reference)


def test_a_wrong_password(user: User, guarded: Guarded) -> None:
    """A wrong password is told as that, and not shown, not even when much else is."""
    variables = ENVIRONMENT | {"NOTATION_PASSWORD": WRONG}
    line = user.refused("verify", guarded.reference, **variables)
    assert "does not accept the credentials" in line
    code, out, err = user.run("verify", "--debug", guarded.reference, **variables)
    assert code == 3
    secrets = (WRONG, base64.b64encode(f"{CREDENTIALS.name}:{WRONG}".encode()).decode())
    assert not any(secret in out + err for secret in secrets)


def test_secrets_are_not_in_the_log(user: User, guarded: Guarded) -> None:
    """What is shown of a run that goes well has neither the password nor a token."""
    code, out, err = user.run("sign", "--debug", guarded.reference, **ENVIRONMENT)
    assert code == 0
    shown = out + err
    assert CREDENTIALS.password not in shown
    assert CREDENTIALS.basic.split()[1] not in shown
    assert "eyJ" not in shown  # with which each of the tokens begins


def test_login_and_logout(user: User, guarded: Guarded) -> None:
    """After a login the helper has the password and no file has it; after a logout it is gone."""
    host = guarded.registry.host
    (user.home.folder / "config.json").write_text('{"credsStore": "tests", "signatureFormat": "jws"}')
    login = ("login", "--username", CREDENTIALS.name, "--password-stdin", host)
    assert user.run(*login, stdin=f"{CREDENTIALS.password}\n") == (0, "Login Succeeded\n", "")
    stored = json.loads(user.helper_file.read_text())[host]
    assert (stored["Username"], stored["Secret"]) == tuple(CREDENTIALS)
    user.signs_and_verifies(guarded)
    assert user.run("logout", host) == (0, "Logout Succeeded\n", "")
    assert json.loads(user.helper_file.read_text()) == {}
    assert "notarykit login" in user.refused("verify", guarded.reference)
    for path in user.home.folder.rglob("*"):
        assert not path.is_file() or CREDENTIALS.password.encode() not in path.read_bytes()


def test_a_login_that_fails(user: User, guarded: Guarded) -> None:
    """The registry is asked before anything is stored."""
    (user.home.folder / "config.json").write_text('{"credsStore": "tests"}')
    login = ("login", "--username", CREDENTIALS.name, "--password-stdin", guarded.registry.host)
    assert "does not accept the credentials" in user.refused(*login, stdin=WRONG)
    assert not user.helper_file.exists()


def test_a_login_finds_the_system_s_helper(user: User, guarded: Guarded) -> None:
    """Where no file names a helper, one that is installed is taken and remembered, and nothing else changes."""
    settings = user.home.folder / "config.json"
    settings.write_text('{"signatureFormat": "cose", "unknown": [1]}')
    user.install_helper("secretservice")
    login = ("login", "--username", CREDENTIALS.name, "--password-stdin", guarded.registry.host)
    assert user.run(*login, stdin=CREDENTIALS.password) == (0, "Login Succeeded\n", "")
    assert json.loads(settings.read_text()) == {
        "signatureFormat": "cose",
        "unknown": [1],
        "credsStore": "secretservice",
    }
    assert settings.stat().st_mode & 0o077 == 0
    user.signs_and_verifies(guarded)


def test_a_login_without_a_helper(user: User, guarded: Guarded) -> None:
    """Where nothing can keep a secret, the login fails, and nothing is written."""
    before = {path: path.read_bytes() for path in user.home.folder.rglob("*") if path.is_file()}
    code, _, err = user.run(
        "login", "--username", CREDENTIALS.name, "--password-stdin", guarded.registry.host, stdin=CREDENTIALS.password
    )
    assert code == 2
    assert "no credential helper is installed" in err
    assert {path: path.read_bytes() for path in user.home.folder.rglob("*") if path.is_file()} == before


def test_a_helper_for_one_host(user: User, guarded: Guarded) -> None:
    """The helper that a file names for the host counts before the one for all, which is not even there."""
    helpers = {"credHelpers": {guarded.registry.host: "tests"}, "credsStore": "absent"}
    (user.home.folder / "config.json").write_text(json.dumps(helpers))
    entry = {"ServerURL": guarded.registry.host, "Username": CREDENTIALS.name, "Secret": CREDENTIALS.password}
    user.helper_file.write_text(json.dumps({guarded.registry.host: entry}))
    user.signs_and_verifies(guarded)


def test_identity_tokens(user: User, with_tokens: tuple[Guarded, TokenServer]) -> None:
    """A password without a name is an identity token: the helper keeps it as that, and it is exchanged by POST."""
    guarded, tokens = with_tokens
    (user.home.folder / "config.json").write_text('{"credsStore": "tests"}')
    host = guarded.registry.host
    done = user.run("login", "--password-stdin", host, stdin=tokens.identity_token)
    assert done == (0, "Login Succeeded\n", "")
    stored = json.loads(user.helper_file.read_text())[host]
    assert (stored["Username"], stored["Secret"]) == ("<token>", tokens.identity_token)
    user.signs_and_verifies(guarded)
    assert {seen.method for seen in tokens.seen} == {"POST"}


def test_only_what_is_needed_is_asked_for(user: User, with_tokens: tuple[Guarded, TokenServer]) -> None:
    """Verifying asks for a token to pull, signing for one to push too, and each is asked for once."""
    guarded, tokens = with_tokens
    user.signs_and_verifies(guarded, **ENVIRONMENT)
    asked = [set(scope.rpartition(":")[2].split(",")) for seen in tokens.seen for scope in _scopes(seen)]
    assert asked[-1] == {"pull"}
    assert {"pull", "push"} in asked[:-1]
    assert len(asked) <= 3


def test_who_may_only_pull(user: User, with_tokens: tuple[Guarded, TokenServer]) -> None:
    """Who may not push can verify and is refused when signing."""
    guarded, tokens = with_tokens
    user.signs_and_verifies(guarded, **ENVIRONMENT)
    tokens.allowed = ("pull",)
    assert user.run("verify", guarded.reference, **ENVIRONMENT)[0] == 0
    line = user.refused("sign", guarded.reference, **ENVIRONMENT)
    assert guarded.registry.host in line


def test_everybody_may_pull(user: User, with_tokens: tuple[Guarded, TokenServer]) -> None:
    """Where everybody may pull, nobody needs credentials to verify."""
    guarded, tokens = with_tokens
    user.signs_and_verifies(guarded, **ENVIRONMENT)
    tokens.anonymous = ("pull",)
    code, _, err = user.run("verify", guarded.reference)
    assert (code, err) == (0, "")
    assert tokens.seen[-1].authorization is None


def test_credentials_are_for_one_registry(user: User, with_tokens: tuple[Guarded, TokenServer]) -> None:
    """What is given for one registry is not shown to another, so that references in both are refused at once."""
    guarded, tokens = with_tokens
    other = guarded.reference.replace("localhost:", "127.0.0.1:")
    code, out, err = user.run("verify", guarded.reference, other, **ENVIRONMENT)
    assert (code, out) == (2, "")
    assert err.startswith("Error: credentials for one registry, and references to 2: use ")
    assert tokens.seen == []
