"""Commands against registries that require credentials: passwords from all their places, and logins."""

import base64
import json
from pathlib import Path

import pytest

from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.factories import TokenServers
from tests.servers.registry.running import CREDENTIALS
from tests.servers.registry.scenes import NAME
from tests.servers.registry.users import ENVIRONMENT, Guarded, User, make_guarded
from tests.support.ca import TestChain
from tests.support.homes import complete_home

WRONG = "not the password"
ENTRY = {"auth": base64.b64encode(":".join(CREDENTIALS).encode()).decode()}


@pytest.fixture
def user(tmp_path: Path, chain: TestChain) -> User:
    """Return a user with a key, whose chain is trusted."""
    return User(complete_home(tmp_path / "home", chain))


@pytest.fixture(params=["basic", "tokens", "docker basic", "docker tokens"])
def guarded(request: pytest.FixtureRequest, token_server: TokenServers, user: User, registry_ca: RegistryCA) -> Guarded:
    """Return each kind of registry that requires credentials; the user trusts its token server."""
    guarded = make_guarded(request, token_server, request.param)
    if guarded.tokens is not None:
        user.trusts(guarded.tokens.host, registry_ca.ca_file)
    return guarded


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
        json.dumps({"auths": {host: {"auth": wrong}, f"{host}/{NAME.partition('/')[0]}": ENTRY, f"{host}/other": {}}}),
    )
    user.signs_and_verifies(guarded)


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
        "login",
        "--username",
        CREDENTIALS.name,
        "--password-stdin",
        guarded.registry.host,
        stdin=CREDENTIALS.password,
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
