"""Which proxy is for which address: what Go's programs do, as a table that is asked of them and of us."""

from typing import Final

DIRECT: Final = "direct"
REFUSED: Final = "refused"
_P: Final = "proxy.test:3128"

Case = tuple[dict[str, str], str, str]


def _excepted(entries: str, *addresses: str) -> list[Case]:
    return [_with(entries, address, DIRECT) for address in addresses]


def _proxied(entries: str, *addresses: str) -> list[Case]:
    return [_with(entries, address, _P) for address in addresses]


def _with(entries: str, address: str, wanted: str) -> Case:
    return {"HTTP_PROXY": f"http://{_P}", "HTTPS_PROXY": f"http://{_P}", "NO_PROXY": entries}, address, wanted


# The variables, an address, and the proxy.
CASES: Final[list[Case]] = [
    # What is on this machine is never behind a proxy.
    *_excepted("", "http://localhost/", "https://localhost:5000/", "http://127.0.0.1:5000/", "http://127.8.9.10/"),
    *_excepted("", "http://[::1]:5000/", "https://[::ffff:127.0.0.1]/"),
    *_proxied("", "http://localhost.example/", "http://my.localhost/", "http://0.0.0.0/", "http://registry.test/"),
    # Everything.
    *_excepted("*", "http://registry.test/", "https://10.1.2.3/"),
    *_excepted("a.test, * ,b.test", "http://registry.test/"),
    # Domains: themselves and what is below them; with a dot or `*.` in front, what is below them alone.
    *_excepted("example.com", "http://example.com/", "https://reg.example.com/", "https://a.b.example.com:5000/"),
    *_excepted("EXAMPLE.com", "http://Example.COM/"),
    *_excepted(" a.test , example.com,,", "http://example.com/"),
    *_proxied("example.com", "http://badexample.com/", "http://example.com.evil.test/", "http://example.co/"),
    *_excepted(".example.com", "https://reg.example.com/"),
    *_proxied(".example.com", "https://example.com/"),
    *_excepted("*.example.com", "https://reg.example.com/", "https://a.b.example.com/"),
    *_proxied("*.example.com", "https://example.com/", "https://badexample.com/"),
    *_proxied("reg.*", "https://reg.example.com/"),
    *_excepted("b\u00fccher.test", "https://xn--bcher-kva.test/"),
    # Ports.
    *_excepted("example.com:443", "https://example.com/", "https://reg.example.com/", "http://example.com:443/"),
    *_proxied("example.com:443", "http://example.com/", "https://example.com:5000/"),
    *_excepted("*.example.com:5000", "https://reg.example.com:5000/"),
    *_excepted("example.com:", "https://example.com:5000/"),
    *_proxied(":443", "https://example.com/"),
    *_excepted("10.1.2.3:80", "http://10.1.2.3/"),
    *_proxied("10.1.2.3:80", "http://10.1.2.3:81/"),
    *_excepted("[fd00::1]:5000", "http://[fd00::1]:5000/"),
    *_proxied("[fd00::1]:5000", "http://[fd00::1]:5001/"),
    # Addresses and networks, which are no names.
    *_excepted("10.1.2.3", "http://10.1.2.3:5000/"),
    *_proxied("10.1.2.3", "http://10.1.2.30/", "http://10.1.2.3.example.com/"),
    *_excepted("fd00::1", "http://[fd00::1]/", "http://[FD00:0::1]:5000/"),
    *_excepted("10.0.0.0/8", "http://10.1.2.3/", "https://10.255.255.255:5000/"),
    *_excepted("10.9.9.9/8", "http://10.1.2.3/"),
    *_proxied("10.0.0.0/8", "http://11.1.2.3/", "http://10.test/"),
    *_excepted("172.30.0.0/16", "http://172.30.171.142:5000/"),
    *_excepted("fd00::/8", "https://[fd00::1]/"),
    *_proxied("fd00::/8", "https://[fe80::1]/", "http://10.1.2.3/"),
    *_proxied("10.0.0.0/255.0.0.0", "http://10.1.2.3/"),
    *_proxied("10.0.0.0/40", "http://10.1.2.3/"),
    # Which variable counts: the one in capitals before the other, each scheme its own.
    ({"HTTPS_PROXY": _P, "https_proxy": "other.test:1"}, "https://registry.test/", _P),
    ({"HTTPS_PROXY": "", "https_proxy": _P}, "https://registry.test/", _P),
    ({"http_proxy": _P}, "http://registry.test/", _P),
    ({"http_proxy": _P}, "https://registry.test/", DIRECT),
    ({"https_proxy": _P}, "http://registry.test/", DIRECT),
    ({"HTTP_PROXY": _P, "NO_PROXY": "a.test", "no_proxy": "b.test"}, "http://a.test/", DIRECT),
    ({"HTTP_PROXY": _P, "NO_PROXY": "a.test", "no_proxy": "b.test"}, "http://b.test/", _P),
    # Under CGI a stranger's header `Proxy` becomes $HTTP_PROXY.
    ({"HTTP_PROXY": _P, "REQUEST_METHOD": "GET"}, "http://registry.test/", REFUSED),
    ({"http_proxy": _P, "REQUEST_METHOD": "GET"}, "http://registry.test/", REFUSED),
    ({"HTTP_PROXY": _P, "REQUEST_METHOD": "GET"}, "https://registry.test/", DIRECT),
    ({"HTTPS_PROXY": _P, "REQUEST_METHOD": "GET"}, "https://registry.test/", _P),
]

# Where we are not as Go's programs: what they do, and what we do.
DIFFERENCES: Final[list[tuple[dict[str, str], str, str, str]]] = [
    ({"ALL_PROXY": _P}, "https://registry.test/", DIRECT, _P),
    ({"HTTP_PROXY": _P, "NO_PROXY": "[fd00::1]"}, "http://[fd00::1]:5000/", _P, DIRECT),
    ({"HTTP_PROXY": "http://"}, "http://registry.test/", "http:", REFUSED),
    ({"HTTPS_PROXY": "http://proxy.test:port"}, "https://registry.test/", "http:", REFUSED),
    ({"HTTPS_PROXY": f"https://{_P}"}, "https://registry.test/", _P, REFUSED),
    ({"HTTPS_PROXY": f"socks5://{_P}"}, "https://registry.test/", _P, REFUSED),
]
