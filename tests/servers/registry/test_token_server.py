"""The token server of the tests behaves as the tests of the client assume."""

from collections.abc import Mapping
from urllib.parse import urlencode

from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.docker import DockerRegistries
from tests.servers.registry.factories import TokenServers
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.raw_client import NO_HEADERS, Answer, ask, basic, bearer, push, trusting
from tests.servers.registry.running import CREDENTIALS, Credentials
from tests.servers.registry.token_server import TokenServer


class TestTokenServer:
    """The two ways to a token."""

    SCOPE = "repository:some/name:pull,push"

    def get(self, tokens: TokenServer, headers: Mapping[str, str] = NO_HEADERS, **more: str) -> Answer:
        """Ask by GET."""
        query = urlencode({"service": tokens.service, "scope": self.SCOPE} | more)
        return ask(tokens, "GET", f"/token?{query}", headers=headers)

    def post(self, tokens: TokenServer, **fields: str) -> Answer:
        """Ask by POST."""
        form = {"service": tokens.service, "scope": self.SCOPE, "client_id": "tests"} | fields
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return ask(tokens, "POST", "/token", urlencode(form).encode(), kind)

    def test_get(self, plain_registry: GoRegistries, token_server: TokenServers) -> None:
        """The name and password get what is asked for."""
        tokens = token_server()
        answer = self.get(tokens, basic(CREDENTIALS))
        assert (answer.status, answer.json["expires_in"]) == (200, 300)
        assert answer.json["token"] == answer.json["access_token"]
        push(plain_registry(tokens=tokens), "some/name", bearer(answer.json["token"]))
        assert self.get(tokens).status == 401
        assert self.get(tokens, basic(Credentials("tester", "wrong"))).status == 401
        assert self.get(tokens, basic(CREDENTIALS), service="other").status == 400
        assert [seen.path for seen in tokens.seen] == ["/token"] * 4
        assert tokens.seen[0].query == {"service": ["registry.tests"], "scope": [self.SCOPE]}
        assert tokens.seen[0].authorization == CREDENTIALS.basic

    def test_anonymous(self, plain_registry: GoRegistries, token_server: TokenServers) -> None:
        """Everybody may get a token that is worth less than what is asked for."""
        tokens = token_server(anonymous=["pull"], members="access_token", expires_in=None)
        registry = plain_registry(tokens=tokens)
        push(registry, "some/name", bearer(tokens.token(self.SCOPE)))
        answer = self.get(tokens).json
        assert list(answer) == ["access_token"]
        headers = bearer(answer["access_token"])
        assert ask(registry, "GET", "/v2/some/name/manifests/v1", headers=headers).status == 200
        assert ask(registry, "PUT", "/v2/some/name/manifests/v2", b"{}", headers).status == 401

    def test_oauth2(self, docker_registry: DockerRegistries, token_server: TokenServers) -> None:
        """An identity token or a password gets a token by POST, over TLS too."""
        tokens = token_server("ES256")
        offline = self.get(tokens, basic(CREDENTIALS), offline_token="true").json
        assert offline["refresh_token"] == tokens.identity_token
        by_token = self.post(tokens, grant_type="refresh_token", refresh_token=tokens.identity_token)
        push(docker_registry(tokens=tokens), "some/name", bearer(by_token.json["access_token"]))
        password = {"grant_type": "password", "username": CREDENTIALS.name, "password": CREDENTIALS.password}
        assert "refresh_token" not in self.post(tokens, **password).json
        assert self.post(tokens, **password, access_type="offline").json["refresh_token"] == tokens.identity_token
        assert tokens.seen[1].form["refresh_token"] == [tokens.identity_token]
        wrong = self.post(tokens, grant_type="refresh_token", refresh_token="wrong")
        assert (wrong.status, wrong.json["error"]) == (401, "invalid_grant")
        assert self.post(tokens, grant_type="refresh_token", client_id="").status == 400
        assert self.post(tokens, grant_type="other").status == 400
        assert self.post(token_server(oauth2=False), **password).status == 405

    def test_less_than_asked_for(self, plain_registry: GoRegistries, token_server: TokenServers) -> None:
        """A known user may be allowed less than what is asked for."""
        tokens = token_server(allowed=["pull"])
        token = self.get(tokens, basic(CREDENTIALS)).json["token"]
        refused = ask(plain_registry(tokens=tokens), "PUT", "/v2/some/name/manifests/v1", b"{}", bearer(token))
        assert refused.headers["WWW-Authenticate"].endswith('pull,push",error="insufficient_scope"')

    def test_lifetime(self, plain_registry: GoRegistries, token_server: TokenServers) -> None:
        """A token can live shorter than the answer promises."""
        tokens = token_server(lifetime=-1)
        answer = self.get(tokens, basic(CREDENTIALS))
        refused = ask(plain_registry(tokens=tokens), "GET", "/v2/", headers=bearer(answer.json["token"]))
        assert (refused.status, answer.json["expires_in"]) == (401, 300)

    def test_tls(self, token_server: TokenServers, registry_ca: RegistryCA) -> None:
        """The realm can be an address with TLS."""
        tokens = token_server(tls=True, anonymous=["pull"])
        assert tokens.realm == f"https://{tokens.address}/token"
        query = urlencode({"service": tokens.service, "scope": self.SCOPE})
        assert ask(tokens, "GET", f"/token?{query}", context=trusting(tokens, registry_ca)).status == 200
