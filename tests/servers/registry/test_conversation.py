"""What `--debug` shows of the conversation with registries, token servers and proxies, and what it does not."""

import base64
import ssl
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

import pytest

from tests.servers.registry import faults
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.factories import FaultProxies, ForwardProxies, TokenServers
from tests.servers.registry.http_server import Reply
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.running import CREDENTIALS, Registry
from tests.servers.registry.scenes import NAME, run
from tests.support.ca import make_chain
from tests.support.homes import Home, complete_home
from tests.support.registries import push_artifacts

_SECRET = "s3cr3t-0f-a-url"
_FAR = "registry.test"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A user with a key, whose chain is trusted."""
    return complete_home(tmp_path / "home", make_chain())


def _hidden(text: str, *more: str) -> None:
    """Fails where a secret is shown, in any of its forms."""
    pair = ":".join(CREDENTIALS)
    forms = [CREDENTIALS.password, quote(CREDENTIALS.password, safe=""), base64.b64encode(pair.encode()).decode()]
    for secret in (*forms, _SECRET, "eyJ", *more):  # each token begins with eyJ
        assert secret not in text


def _told(home: Home, *arguments: str, code: int = 0, variables: Mapping[str, str] = MappingProxyType({})) -> str:
    done = run(home, *arguments, **variables)
    assert done.returncode == code, done.stderr
    _hidden(done.stdout + done.stderr)
    return done.stderr


def test_tries_and_storage_elsewhere(memory_registry: Registry, fault_proxy: FaultProxies, home: Home) -> None:
    """Tries, pauses, redirects and sizes are shown; signatures of addresses and cookies are not."""
    (digest,) = push_artifacts(memory_registry.address, NAME, ["v1"])
    proxy = fault_proxy(memory_registry)
    there = proxy.elsewhere
    reference = f"{proxy.host}/{NAME}@{digest}"
    (home.folder / "config.json").write_text(f'{{"insecureRegistries": ["{there.host}"]}}')
    proxy.fault(faults.status(503, Retry_After="0", Set_Cookie=_SECRET), faults.at("/manifests/"), times=1)
    text = _told(home, "sign", "-d", reference)
    assert f"> GET http://{proxy.host}/v2/{NAME}/manifests/{digest}\n" in text
    assert f"> GET http://{proxy.host}/v2/{NAME}/manifests/{digest} (try 2, connection kept from before)\n" in text
    assert "\n< 503, " in text
    assert "\n<   Set-Cookie: (not shown)\n" in text
    assert "* pause of 0." in text
    assert "\n>   Host: " in text
    assert " ms\n" in text
    there.keep(f"/x?X-Amz-Signature={_SECRET}", Reply(404))
    proxy.fault(
        faults.redirected_to(f"http://{there.host}/x?X-Amz-Signature={_SECRET}&X-Amz-Security-Token={_SECRET}"),
        faults.at("/blobs/"),
    )
    text = _told(home, "verify", "-d", reference, code=3)
    where = f"http://{there.host}/x?X-Amz-Signature=…&X-Amz-Security-Token=…"
    assert f"\n<   Location: {where}\n" in text
    assert f"\n> GET {where}\n" in text


@pytest.mark.parametrize("known", ["password", "identity token", "wrong"])
def test_tokens(
    known: str, plain_registry: GoRegistries, token_server: TokenServers, registry_ca: RegistryCA, home: Home
) -> None:
    """The way to a token is shown, and neither what is given for it nor the token."""
    tokens = token_server(tls=True)
    registry = plain_registry(tokens=tokens, realm=f"https://{tokens.host}/token")
    allowed = f"Bearer {tokens.token(f'repository:{NAME}:pull,push')}"
    (digest,) = push_artifacts(registry.address, NAME, ["v1"], authorization=allowed)
    folder = home.folder / "certs.d" / tokens.host
    folder.mkdir(parents=True)
    (folder / "ca.crt").write_bytes(Path(registry_ca.ca_file).read_bytes())
    given = {
        "password": {"NOTATION_USERNAME": CREDENTIALS.name, "NOTATION_PASSWORD": CREDENTIALS.password},
        "identity token": {"NOTATION_PASSWORD": tokens.identity_token},
        "wrong": {"NOTATION_USERNAME": CREDENTIALS.name, "NOTATION_PASSWORD": _SECRET},
    }[known]
    reference = f"{registry.host}/{NAME}@{digest}"
    text = _told(home, "sign", "--debug", reference, code=3 if known == "wrong" else 0, variables=given)
    _hidden(text, tokens.identity_token, quote(tokens.identity_token, safe=""))
    assert f': Bearer realm="https://{tokens.host}/token" service="registry.tests"' in text
    assert f"\n> {'POST' if known == 'identity token' else 'GET'} https://{tokens.host}/token" in text
    assert ("\n< 401, " if known == "wrong" else "\n>   Authorization: (not shown)\n") in text


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_proxies(
    scheme: str, plain_registry: GoRegistries, registry_ca: RegistryCA, forward_proxy: ForwardProxies, home: Home
) -> None:
    """The proxy is shown, and not what it is told."""
    registry = plain_registry(tls=registry_ca.server([_FAR, "127.0.0.1"]) if scheme == "https" else False)
    context = ssl.create_default_context(cafile=registry_ca.ca_file) if scheme == "https" else None
    (digest,) = push_artifacts(registry.address, NAME, ["v1"], context)
    proxy = forward_proxy({f"{_FAR}:{443 if scheme == 'https' else 80}": registry.address}, CREDENTIALS)
    pair = ":".join(quote(each, safe="") for each in CREDENTIALS)
    flags = ("--ca-file", registry_ca.ca_file) if scheme == "https" else ("--insecure-registry",)
    variables = {f"{scheme.upper()}_PROXY": f"http://{pair}@{proxy.address}"}
    text = _told(home, "sign", "-d", *flags, f"{_FAR}/{NAME}@{digest}", variables=variables)
    assert f"(through the proxy {proxy.url})" in text
    if scheme == "https":
        assert f"* CONNECT {_FAR}:443 through the proxy {proxy.url}: 200\n" in text
    else:
        assert "\n>   Proxy-Authorization: (not shown)\n" in text


def test_without_debug_nothing_is_shown(memory_registry: Registry, home: Home) -> None:
    """Whoever does not ask does not see it."""
    (digest,) = push_artifacts(memory_registry.address, NAME, ["v1"])
    done = run(home, "sign", "-v", f"{memory_registry.host}/{NAME}@{digest}")
    assert (done.returncode, done.stderr) == (0, "")
