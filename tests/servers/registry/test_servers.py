"""The registries of the tests behave as the tests of the client assume."""

import ssl
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.docker import DockerRegistries
from tests.servers.registry.factories import TokenServers
from tests.servers.registry.faults import OCI_INDEX, OCI_MANIFEST
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.raw_client import NO_HEADERS, Answer, ask, basic, bearer, digest_of, push, trusting
from tests.servers.registry.running import CREDENTIALS, Credentials, Registry

BLOB = b'{"a":"blob"}'


def post_blob(registry: Registry) -> Answer:
    """Upload a blob by a single POST."""
    target = f"/v2/some/name/blobs/uploads/?{urlencode({'digest': digest_of(BLOB)})}"
    return ask(registry, "POST", target, BLOB, {"Content-Type": "application/octet-stream"})


class TestMemory:
    """The registry that does all that OCI 1.1 says about referrers."""

    def test_subject_and_filter(self, memory_registry: Registry) -> None:
        """It confirms subjects, lists what refers to them and applies the filter."""
        pushed = push(memory_registry, "some/name")
        assert pushed.answer.headers["OCI-Subject"] == digest_of(pushed.image)
        target = f"/v2/some/name/referrers/{digest_of(pushed.image)}"
        found = ask(memory_registry, "GET", f"{target}?artifactType=application/signature")
        assert [entry["digest"] for entry in found.json["manifests"]] == [digest_of(pushed.referrer)]
        assert found.headers["OCI-Filters-Applied"] == "artifactType"
        assert found.headers["Content-Type"] == OCI_INDEX
        assert found.json["manifests"][0]["artifactType"] == "application/signature"
        none = ask(memory_registry, "GET", f"{target}?artifactType=application/other")
        assert (none.status, none.json["manifests"]) == (200, None)
        tagged = ask(memory_registry, "HEAD", "/v2/some/name/manifests/v1")
        assert tagged.headers["Docker-Content-Digest"] == digest_of(pushed.image)

    def test_single_post(self, memory_registry: Registry) -> None:
        """It takes blobs by a single POST."""
        posted = post_blob(memory_registry)
        assert (posted.status, posted.headers["Location"]) == (201, f"/v2/some/name/blobs/{digest_of(BLOB)}")
        assert ask(memory_registry, "GET", posted.headers["Location"]).body == BLOB


class TestPlain:
    """The registry with all ways of authentication."""

    def test_referrers_without_filter(self, plain_registry: GoRegistries) -> None:
        """It lists what refers to a subject, whatever the filter, and does not confirm subjects."""
        registry = plain_registry()
        pushed = push(registry, "some/name")
        assert pushed.answer.headers["OCI-Subject"] is None
        found = ask(registry, "GET", f"/v2/some/name/referrers/{digest_of(pushed.image)}?artifactType=other")
        assert [entry["digest"] for entry in found.json["manifests"]] == [digest_of(pushed.referrer)]
        assert found.headers["OCI-Filters-Applied"] is None

    def test_no_referrers(self, plain_registry: GoRegistries) -> None:
        """Without the API, asking for referrers is not found."""
        registry = plain_registry(referrers=False)
        pushed = push(registry, "some/name")
        assert ask(registry, "GET", f"/v2/some/name/referrers/{digest_of(pushed.image)}").status == 404

    def test_single_post(self, plain_registry: GoRegistries) -> None:
        """It takes blobs by a single POST, and does not say where they are."""
        registry = plain_registry()
        posted = post_blob(registry)
        assert (posted.status, posted.headers["Location"]) == (201, None)
        assert ask(registry, "GET", f"/v2/some/name/blobs/{digest_of(BLOB)}").body == BLOB

    def test_basic(self, plain_registry: GoRegistries) -> None:
        """Only the right name and password are let in."""
        registry = plain_registry(basic=CREDENTIALS)
        for headers in (NO_HEADERS, basic(Credentials("tester", "wrong")), bearer("x")):
            refused = ask(registry, "GET", "/v2/", headers=headers)
            assert refused.status == 401
            assert refused.headers["WWW-Authenticate"].startswith('Basic realm="registry"')
        assert ask(registry, "GET", "/v2/", headers=basic(CREDENTIALS)).status == 200
        push(registry, "some/name", basic(CREDENTIALS))

    def test_bearer_challenges(self, plain_registry: GoRegistries, token_server: TokenServers) -> None:
        """A challenge names what the request needs, and says what is wrong with a token."""
        tokens = token_server()
        registry = plain_registry(tokens=tokens)
        start = f'Bearer realm="{tokens.realm}",service="registry.tests"'
        upload = "/v2/a/manifests/blobs/uploads/"
        pull, push_pull = tokens.token("repository:a:pull"), tokens.token("repository:a:pull,push")
        cases = [
            ("GET", "/v2/", NO_HEADERS, ""),
            ("GET", "/v2/_catalog", NO_HEADERS, ',scope="registry:catalog:*"'),
            ("HEAD", "/v2/a/b/manifests/v1", NO_HEADERS, ',scope="repository:a/b:pull"'),
            ("GET", "/v2/a/b/referrers/sha256:0", NO_HEADERS, ',scope="repository:a/b:pull"'),
            ("POST", upload, NO_HEADERS, ',scope="repository:a/manifests:pull,push"'),
            (
                "POST",
                f"{upload}?mount=sha256:0&from=b/c",
                NO_HEADERS,
                ',scope="repository:a/manifests:pull,push repository:b/c:pull"',
            ),
            (
                "DELETE",
                "/v2/a/manifests/v1",
                bearer(push_pull),
                ',scope="repository:a:delete",error="insufficient_scope"',
            ),
            ("PUT", "/v2/a/manifests/v1", bearer(pull), ',scope="repository:a:pull,push",error="insufficient_scope"'),
            ("GET", "/v2/b/manifests/v1", bearer(pull), ',scope="repository:b:pull",error="insufficient_scope"'),
            ("GET", "/v2/", bearer(f"{pull}x"), ',error="invalid_token"'),
            ("GET", "/v2/", bearer(tokens.token(lifetime=0)), ',error="invalid_token"'),
            ("GET", "/v2/", bearer(tokens.token(service="other")), ',error="invalid_token"'),
        ]
        for method, target, headers, rest in cases:
            refused = ask(registry, method, target, headers=headers)
            assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, start + rest)
        push(registry, "a", bearer(push_pull))
        assert ask(registry, "GET", "/v2/a/manifests/v1", headers=bearer(pull)).status == 200

    def test_tls(self, plain_registry: GoRegistries, registry_ca: RegistryCA) -> None:
        """Its certificate is good for those who trust the authority, and for nobody else."""
        registry = plain_registry(tls=True)
        assert registry.url.startswith("https://127.0.0.1:")
        push(registry, "some/name", context=trusting(registry, registry_ca))
        with pytest.raises(ssl.SSLCertVerificationError):
            ask(registry, "GET", "/v2/", context=ssl.create_default_context())

    @pytest.mark.parametrize("wrong", ["expired", "name"])
    def test_bad_certificates(self, plain_registry: GoRegistries, registry_ca: RegistryCA, wrong: str) -> None:
        """A particular certificate may be wrong in one way."""
        expired = wrong == "expired"
        pair = registry_ca.server(expired=True) if expired else registry_ca.server(["registry.example"])
        registry = plain_registry(tls=pair)
        with pytest.raises(ssl.SSLCertVerificationError, match="expired" if expired else "mismatch"):
            ask(registry, "GET", "/v2/", context=trusting(registry, registry_ca))

    def test_client_certificate(self, plain_registry: GoRegistries, registry_ca: RegistryCA) -> None:
        """Without the client's certificate there is no answer."""
        registry = plain_registry(tls=True, client_certificates=True)
        assert ask(registry, "GET", "/v2/", context=trusting(registry, registry_ca)).status == 200
        without = trusting(registry._replace(client=None), registry_ca)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            ask(registry, "GET", "/v2/", context=without)


class TestDocker:
    """Debian's docker-registry."""

    def test_open(self, docker_registry: DockerRegistries) -> None:
        """Everybody may do everything, but there is no referrers API."""
        registry = docker_registry()
        pushed = push(registry, "some/name")
        assert pushed.answer.headers["OCI-Subject"] is None
        target = f"/v2/some/name/manifests/{digest_of(pushed.referrer)}"
        got = ask(registry, "GET", target, headers={"Accept": OCI_MANIFEST})
        assert got.body == pushed.referrer
        assert ask(registry, "GET", f"/v2/some/name/referrers/{digest_of(pushed.image)}").status == 404
        assert ask(registry, "DELETE", target).status == 202
        assert ask(registry, "GET", target, headers={"Accept": OCI_MANIFEST}).status == 404

    def test_single_post(self, docker_registry: DockerRegistries) -> None:
        """It begins a session in answer to a single POST, and drops the content."""
        registry = docker_registry()
        posted = post_blob(registry)
        session = urlsplit(posted.headers["Location"])
        assert (posted.status, posted.headers["Range"]) == (202, "0-0")
        assert ask(registry, "HEAD", f"/v2/some/name/blobs/{digest_of(BLOB)}").status == 404
        query = f"{session.query}&{urlencode({'digest': digest_of(BLOB)})}"
        assert ask(registry, "PUT", f"{session.path}?{query}", BLOB).status == 201

    def test_htpasswd(self, docker_registry: DockerRegistries) -> None:
        """Only the usual name and password are let in."""
        registry = docker_registry(htpasswd=True)
        assert registry.credentials == CREDENTIALS
        refused = ask(registry, "GET", "/v2/", headers=basic(Credentials("tester", "wrong")))
        assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, 'Basic realm="registry"')
        push(registry, "some/name", basic(CREDENTIALS))

    @pytest.mark.parametrize("key_hint", ["x5c", "kid"])
    def test_tokens(self, docker_registry: DockerRegistries, token_server: TokenServers, key_hint: Any) -> None:
        """Tokens of the token server are let in, for what they grant only."""
        tokens = token_server("ES256", key_hint=key_hint)
        registry = docker_registry(tokens=tokens)
        refused = ask(registry, "GET", "/v2/some/name/manifests/v1")
        start = f'Bearer realm="{tokens.realm}",service="registry.tests"'
        assert refused.headers["WWW-Authenticate"] == f'{start},scope="repository:some/name:pull"'
        granted = tokens.token("repository:some/name:pull,push")
        pushed = push(registry, "some/name", bearer(granted))
        target = f"/v2/some/name/manifests/{digest_of(pushed.referrer)}"
        refused = ask(registry, "DELETE", target, headers=bearer(granted))
        expected = f'{start},scope="repository:some/name:delete",error="insufficient_scope"'
        assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, expected)
        granted = tokens.token("repository:some/name:delete")
        assert ask(registry, "DELETE", target, headers=bearer(granted)).status == 202
        expired = ask(registry, "GET", "/v2/", headers=bearer(tokens.token(lifetime=-100)))
        assert (expired.status, expired.headers["WWW-Authenticate"]) == (401, f'{start},error="invalid_token"')

    def test_tls(self, docker_registry: DockerRegistries, registry_ca: RegistryCA) -> None:
        """It speaks TLS, and can want a certificate of the client."""
        registry = docker_registry(tls=True, client_certificates=True)
        push(registry, "some/name", context=trusting(registry, registry_ca))
        with pytest.raises((ssl.SSLError, ConnectionError)):
            ask(registry, "GET", "/v2/", context=trusting(registry._replace(client=None), registry_ca))
