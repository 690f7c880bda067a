"""Hostile text in an audit's page: markup, script, control characters and length."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from notarykit.audit.header import AuditHeader
from notarykit.audit.record import ArtifactRecord, ArtifactVerdict, SignatureOutcome
from notarykit.audit.reports.page import write_page
from tests.audit.conftest import Open
from tests.support import audit_records
from tests.support.chromium import Chromium, Tab

_HOSTILE = (
    "<script>globalThis.ran = 1</script>",
    "</script><script>globalThis.ran = 1</script>",
    "<!--<script>",
    "--><img src=x onerror='globalThis.ran = 1'>",
    "<img src=http://127.0.0.1:9/planted onerror=globalThis.ran=1>",
    '"><svg onload=globalThis.ran=1><planted>',
    "' onmouseover='globalThis.ran=1' planted='",
    "</title><planted>",
    "</style><planted>",
    "</template><planted>",
    "]]><planted>",
    "javascript:globalThis.ran=1",
    "&lt;planted&gt;&#60;planted&#62;",
    "${globalThis.ran=1}`{{constructor.constructor('globalThis.ran=1')()}}",
    "\u2028globalThis.ran=1\u2029",
    "__proto__",
    "constructor",
    "\x00\x1b[31m\x7f\u009b",
    "%3Cplanted%3E&status=verified#",
)
_ELEMENTS = """
a b bdi button circle dd defs details div dl dt fieldset figcaption figure form h1 h2 h3 header input label legend li
line main nav noscript p path pattern rect script section span strong summary svg symbol table tbody td template text th
thead time title tr ul use wbr
"""
"""Elements of the page, of which none loads or runs anything but its two scripts."""
_BIDI = "\u202e\u2066\u2069\u200f\u061c\ufeff"


def _planted(text: str, number: int) -> ArtifactRecord:
    """A record with a text wherever a registry or certificate could have put it."""
    source = next(record for record in audit_records.records(20, 5) if record.verdict is ArtifactVerdict.VERIFIED)
    names = ("registry", "repository", "policy", "level", "artifact_type", "media_type", "platform", "parent", "advice")
    facts: dict[str, Any] = dict.fromkeys(("digest", "media_type", "signer", "issuer", "thumbprint", "reason"), text)
    accepted = source.signatures[-1]._replace(**facts)
    changes: dict[str, Any] = dict.fromkeys((*names, "reason"), text) | {
        "verdict": ArtifactVerdict.FAILED,
        "digest": f"sha256:{number:064x}",
        "tags": (text, f"{text}2"),
        "signatures": (accepted, accepted._replace(outcome=SignatureOutcome.REFUSED)),
    }
    return source._replace(**changes)


@pytest.fixture(scope="module")
def planted() -> list[ArtifactRecord]:
    """A record for each hostile text."""
    return [_planted(text, number) for number, text in enumerate(_HOSTILE)]


@pytest.fixture(scope="module")
def header() -> AuditHeader:
    """A header with all hostile texts."""
    return audit_records.header()._replace(registries=_HOSTILE, policy=_HOSTILE[1])


def _assert_quiet(tab: Tab) -> None:
    """Nothing ran, nothing was made, and nothing left."""
    assert tab.run("globalThis.ran") is None
    elements = "[...new Set([...document.querySelectorAll('body *')].map((node) => node.localName))].sort()"
    assert set(tab.run(elements)) <= set(_ELEMENTS.split())
    assert tab.run("document.scripts.length") == 2
    names = "[...document.querySelectorAll('*')].flatMap((node) => node.getAttributeNames())"
    handlers = f"{names}.filter((name) => /^on|planted/.test(name))"
    assert tab.run(handlers) == []
    assert tab.run("[...document.links].every((link) => link.protocol === location.protocol)")
    assert [url for url in tab.requests if not url.startswith("data:image/svg+xml")] == [
        tab.run("location.href.split('#')[0]")
    ]
    assert tab.complaints == []


def test_planted_markup_stays_text(opened: Open, planted: list[ArtifactRecord], header: AuditHeader) -> None:
    """Markup and script in all texts run nothing, make no element and load nothing, in the table and its details."""
    tab = opened(planted, header=header)
    tab.run("for (const more of document.querySelectorAll('.more')) more.click()")
    tab.run("for (const details of document.querySelectorAll('details')) details.open = true")
    _assert_quiet(tab)
    text = tab.run("document.body.innerText")
    for hostile in _HOSTILE[:14]:
        assert text.count(hostile) >= 10, hostile


def test_planted_markup_stays_text_without_script(
    opened: Open, planted: list[ArtifactRecord], header: AuditHeader
) -> None:
    """Markup stays text where the page's script does not run."""
    tab = opened(
        planted, header=header, prepare=lambda tab: tab.call("Emulation.setScriptExecutionDisabled", value=True)
    )
    tab.call("Emulation.setScriptExecutionDisabled", value=False)
    assert tab.run("globalThis.ran") is None
    assert tab.run("document.querySelectorAll('planted, img, iframe').length") == 0
    assert tab.run("document.querySelectorAll('#rows > tr').length") == len(planted)


def test_title_and_tooltips_have_the_text(opened: Open, planted: list[ArtifactRecord], header: AuditHeader) -> None:
    """The document's title, the labels of bars and columns and the tooltips have texts alone."""
    tab = opened(planted, header=header)
    assert _HOSTILE[0] in tab.run("document.title")
    assert _HOSTILE[7] in tab.run("document.title")
    assert tab.run("document.querySelectorAll('svg title *').length") == 0
    assert tab.run("document.head.childElementCount") == 7


@pytest.mark.parametrize("text", [*_HOSTILE[:8], _HOSTILE[15], _HOSTILE[18]])
def test_hostile_search_and_filters(opened: Open, planted: list[ArtifactRecord], text: str) -> None:
    """Search, the links of filters and their removal take every text for what it is."""
    tab = opened(planted)
    tab.run("document.querySelector('[name=text]').focus()")
    tab.type(text)
    assert tab.run("document.querySelectorAll('#rows > tr:not(.record)').length") >= 1
    place = _HOSTILE.index(text)
    digest = f"sha256%3A{place:064x}"
    tab.run(f"location.hash = '#digest={digest}'; new Promise((done) => requestAnimationFrame(done))")
    tab.run("document.querySelector('.repository').click(); new Promise((done) => requestAnimationFrame(done))")
    assert tab.run("document.querySelectorAll('#rows > tr:not(.record)').length") == 1
    assert f"{text}/{text}" in tab.run("document.querySelector('#chosen').innerText")
    _assert_quiet(tab)


@pytest.mark.parametrize(
    "fragment",
    [
        "#text=<img src=x onerror=globalThis.ran=1>",
        "#__proto__=1&sort=constructor",
        "#sort=-__proto__&page=-1",
        "#%",
        "#page=9e9&ends=x",
    ],
)
def test_hostile_fragment_is_harmless(opened: Open, fragment: str) -> None:
    """A link with a made-up fragment shows rows or none, and runs nothing."""
    tab = opened(fragment=fragment)
    assert tab.run("globalThis.ran") is None
    assert tab.complaints == []
    assert " of 400 artifacts" in tab.run("document.querySelector('#count').textContent")


@pytest.mark.parametrize(
    ("markup", "directive"),
    [
        ("<script>globalThis.ran = 1</script>", "script-src"),
        ("<script src='data:text/javascript,globalThis.ran=1'></script>", "script-src"),
        ("<svg onload='globalThis.ran = 1'>", "script-src"),
        ("<p style='color: red'>", "style-src"),
        ("<img src='http://127.0.0.1:9/'>", "img-src"),
        ("<link rel='stylesheet' href='http://127.0.0.1:9/'>", "style-src"),
        ("<iframe src='http://127.0.0.1:9/'></iframe>", "frame-src"),
    ],
)
def test_policy_of_the_page_stops_planted_markup(
    browser: Chromium, audit: list[ArtifactRecord], tmp_path: Path, markup: str, directive: str
) -> None:
    """Markup that got into the page nevertheless runs nothing and loads nothing, by the page's policy."""
    page = io.StringIO()
    write_page(audit[:3], audit_records.header(), page)
    path = tmp_path / "planted.html"
    path.write_text(page.getvalue().replace("</h1>", f"</h1>{markup}"), encoding="utf-8")
    tab = Tab(browser)
    tab.open(path.as_uri())
    assert tab.run("globalThis.ran") is None
    assert any("Content Security Policy" in text and directive in text for text in tab.complaints)
    tab.close()


def test_page_makes_no_markup_of_text(opened: Open) -> None:
    """The page's policy takes the functions that parse markup, or run text, away from its own script, too."""
    tab = opened()
    with pytest.raises(RuntimeError, match="TrustedHTML"):
        tab.run("document.body.innerHTML = '<b>'")
    with pytest.raises(RuntimeError, match="EvalError"):
        tab.run("eval('1')")


def test_control_and_direction_characters_are_visible(opened: Open) -> None:
    """Characters that change the direction of writing, and control characters, are shown as escapes."""
    record = _planted(f"a{_BIDI}b\x00\x1b\u2028", 1)
    tab = opened([record], fragment=f"#digest={record.digest}")
    text = tab.run("document.documentElement.textContent + document.title + location.hash")
    assert not set(text) & set(_BIDI + "\x00\x1b\u2028")
    assert r"a\u202e\u2066\u2069\u200f\u061c\ufeffb\x00\x1b\u2028" in tab.run(
        "document.querySelector('.record').innerText"
    )


def test_text_from_right_to_left_keeps_to_itself(opened: Open) -> None:
    """Each foreign text is isolated, so that one in Hebrew or Arabic changes the order of nothing beside it."""
    tab = opened([_planted("\u05d0\u05d1\u05d2", 1)])
    texts = (
        "(() => { const texts = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);"
        " while (walker.nextNode()) texts.push(walker.currentNode);"
        " return texts.filter((text) => /[\\u05d0-\\u05ea]/.test(text.data)).map((text) => text.parentElement) })()"
    )
    styles = tab.run(f"{texts}.map(getComputedStyle).map((style) => [style.unicodeBidi, style.direction])")
    assert len(styles) >= 20
    assert {*map(tuple, styles)} == {("isolate", "rtl")}


@pytest.mark.parametrize(
    "build", [lambda: "x" * 100_000, lambda: "a" + "\u0301" * 5000, lambda: "漢" * 5000, lambda: "\udfff" * 2000]
)
def test_long_text_is_cut(opened: Open, build: Callable[[], str]) -> None:
    """A text of any length and kind stays within the page, at the width of a phone."""
    tab = opened([_planted(build(), 1)], width=360, height=760)
    assert tab.run("document.querySelectorAll('.record').length") == 1
    assert tab.run("document.documentElement.scrollWidth") == 360
    texts = "[...document.querySelectorAll('#rows > tr:not(.record) bdi')].map((node) => node.textContent)"
    assert max(map(len, tab.run(texts))) <= 1000
    assert tab.complaints == []


def test_many_tags_are_bounded(opened: Open) -> None:
    """An artifact with thousands of tags has fifty in its row, and the number of the others."""
    record = _planted("r", 1)._replace(tags=tuple(f"t{number}" for number in range(3000)))
    tags = opened([record]).run("[...document.querySelectorAll('#rows .tag')].map((tag) => tag.textContent)")
    assert tags == [*(f"t{number}" for number in range(50)), "and 2,950 more"]
