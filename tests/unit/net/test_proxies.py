"""Which proxy is for which address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notarykit.errors import ConfigurationError
from notarykit.net.proxies import Proxies, Proxy
from notarykit.net.urls import Origin, origin_of
from tests.support.proxy_rules import CASES, DIFFERENCES, DIRECT, REFUSED


def _taken(environment: dict[str, str], address: str) -> str:
    try:
        proxy = Proxies(environment).for_origin(origin_of(address))
    except ConfigurationError:
        return REFUSED
    return DIRECT if proxy is None else f"{proxy.host}:{proxy.port}"


@pytest.mark.parametrize(("environment", "address", "wanted"), CASES)
def test_proxies_are_chosen_as_in_go(environment: dict[str, str], address: str, wanted: str) -> None:
    """The rules are those of Go's programs; the interop tests ask one for each row."""
    assert _taken(environment, address) == wanted


@pytest.mark.parametrize(("environment", "address", "theirs", "ours"), DIFFERENCES)
def test_deliberate_differences_from_go(environment: dict[str, str], address: str, theirs: str, ours: str) -> None:
    """Where we differ, it is for a proxy that would otherwise be gone around, or for what people write."""
    assert _taken(environment, address) == ours


_REGISTRY = Origin("https", "registry.test", 443)


@pytest.mark.parametrize(
    ("address", "proxy"),
    [
        ("proxy.test", Proxy("proxy.test", 80, "", "HTTPS_PROXY")),
        ("http://proxy.test:3128/", Proxy("proxy.test", 3128, "", "HTTPS_PROXY")),
        ("http://[fd00::1]:3128", Proxy("fd00::1", 3128, "", "HTTPS_PROXY")),
        ("http://me%40w:p%20w:%25@proxy.test:1", Proxy("proxy.test", 1, "Basic bWVAdzpwIHc6JQ==", "HTTPS_PROXY")),
        ("http://me@proxy.test:1", Proxy("proxy.test", 1, "Basic bWU6", "HTTPS_PROXY")),
    ],
)  # fmt: skip
def test_proxy_url_is_parsed(address: str, proxy: Proxy) -> None:
    """An address has a scheme or none, a port or none, and a name and a password or none."""
    assert Proxies({"HTTPS_PROXY": address}).for_origin(_REGISTRY) == proxy


def test_proxy_password_is_not_shown() -> None:
    """Neither text of a proxy has what it is told in confidence."""
    proxy = Proxies({"HTTPS_PROXY": "http://me:secret@[fd00::1]:1"}).for_origin(_REGISTRY)
    assert str(proxy) == "http://[fd00::1]:1"
    assert repr(proxy) == "Proxy(http://[fd00::1]:1)"


@pytest.mark.parametrize(
    "address", ["socks5://me:secret@proxy.test", "socks5h://proxy.test", "https://proxy.test:1", "ftp://me:secret@x"]
)
def test_unsupported_proxy_scheme_is_refused(address: str) -> None:
    """A proxy that cannot be used is not gone around; the message has the variable, the kind, and no password."""
    kind = address.partition("://")[0]
    with pytest.raises(ConfigurationError) as caught:
        Proxies({"https_proxy": address}).for_origin(_REGISTRY)
    assert caught.value.message == f"$https_proxy: {kind}:// proxies are not supported"
    assert caught.value.advice == "set it to http://host:port, or except hosts with NO_PROXY"


@pytest.mark.parametrize(
    "address", ["http://", "http://:3128", "http://[::1", "http://me:secret@host:port", "http://a..b"]
)
def test_malformed_proxy_url_is_refused(address: str) -> None:
    """What is no address is told as that, without a password."""
    with pytest.raises(ConfigurationError, match=r"^\$https_proxy is not a proxy URL$"):
        Proxies({"https_proxy": address}).for_origin(_REGISTRY)


def test_http_proxy_is_refused_under_cgi() -> None:
    """Under CGI the message names both variables."""
    environment = {"HTTP_PROXY": "http://me:secret@proxy.test", "REQUEST_METHOD": "GET"}
    with pytest.raises(ConfigurationError) as caught:
        Proxies(environment).for_origin(Origin("http", "registry.test", 80))
    assert caught.value.message.startswith("$HTTP_PROXY is not used where $REQUEST_METHOD is set")
    assert "secret" not in caught.value.one_line()


@given(st.text(), st.sampled_from(["http://registry.test/", "https://10.1.2.3/", "https://[fd00::1]/"]))
def test_any_exceptions(entries: str, address: str) -> None:
    """Any text is a list of exceptions."""
    assert _taken({"HTTPS_PROXY": "proxy.test", "HTTP_PROXY": "proxy.test", "NO_PROXY": entries}, address)
