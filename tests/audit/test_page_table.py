"""Table of an audit's page: search, filters, order, pages and links."""

from urllib.parse import quote

import pytest

from notarykit.audit.record import ArtifactRecord, ArtifactVerdict, SignatureOutcome
from tests.audit.conftest import Open
from tests.support.chromium import Tab

_COUNT = "Number(document.querySelector('#count').textContent.split(' ')[0].replace(',', ''))"
_SIGNER = "CN=platform-ci,O=Example Corp,L=Seattle,ST=WA,C=US"


def _column(tab: Tab, number: int) -> list[str]:
    """The texts of a column of the rows that are shown."""
    cells = f"[...document.querySelectorAll('#rows > tr:not(.record)')].map((row) => row.cells[{number}].innerText)"
    return list(tab.run(cells))


def _input(tab: Tab, name: str, value: str) -> None:
    tab.run(
        f"(() => {{ const field = document.querySelector('[name={name}]'); field.value = {value!r};"
        " field.dispatchEvent(new Event('input', { bubbles: true })) })()"
    )


def test_search_finds_all_words(opened: Open, audit: list[ArtifactRecord]) -> None:
    """A row is found if it has all words, each one anywhere and in any case."""
    tab = opened()
    tab.run("document.querySelector('[name=text]').focus()")
    tab.type("BUILD-AGENT trusted")
    expected = [
        record for record in audit
        if "trusted" in str(record) and any("build-agent" in signature.signer for signature in record.signatures)
    ]  # fmt: skip
    assert expected
    assert tab.run(_COUNT) == len(expected)
    assert tab.run("location.hash") == "#text=BUILD-AGENT+trusted"


@pytest.mark.parametrize("verdicts", [["failed"], ["unsigned", "unknown"], ["verified", "audited"]])
def test_statuses_are_alternatives(opened: Open, audit: list[ArtifactRecord], verdicts: list[str]) -> None:
    """Rows of all chosen statuses are shown, and no others."""
    tab = opened()
    for verdict in verdicts:
        tab.run(f"document.querySelector('[value={verdict}]')?.click()")
    statuses = {text.strip() for text in _column(tab, 0)}
    assert statuses == {verdict for verdict in verdicts if any(record.verdict == verdict for record in audit)}


def test_dates_bound_the_ends(opened: Open, audit: list[ArtifactRecord]) -> None:
    """Both days of a range of ends are part of it."""
    days = sorted({f"{record.ends:%Y-%m-%d}" for record in audit if record.ends})
    first, last = days[3], days[20]
    tab = opened()
    _input(tab, "from", first)
    _input(tab, "to", last)
    expected = [f"{record.ends:%Y-%m-%d}" for record in audit if record.ends]
    assert tab.run(_COUNT) == sum(first <= day <= last for day in expected)
    assert tab.run("location.hash") == f"#ends={first}..{last}"


def test_fragment_is_a_link_to_a_finding(opened: Open, audit: list[ArtifactRecord]) -> None:
    """A link with a digest shows that artifact alone, with its details open."""
    record = next(record for record in audit if record.verdict is ArtifactVerdict.FAILED)
    tab = opened(fragment=f"#digest={record.digest}")
    assert tab.run(_COUNT) == 1
    details = tab.run("document.querySelector('.record').innerText")
    for text in (record.digest, record.reason, record.advice, record.signatures[-1].thumbprint):
        assert text in details
    assert tab.run("document.activeElement.id") == "artifacts"


def test_link_of_a_repository_filters(opened: Open, audit: list[ArtifactRecord]) -> None:
    """The name of a repository leads to its artifacts, and its filter can be removed."""
    tab = opened()
    name = tab.run("document.querySelector('.coverage a').textContent")
    tab.run("document.querySelector('.coverage a').click()")
    tab.run("new Promise((done) => requestAnimationFrame(done))")
    assert tab.run(_COUNT) == sum(record.name == name for record in audit)
    assert tab.run("location.hash") == f"#repository={quote(name, safe='')}"
    tab.run("document.querySelector('#chosen button').click()")
    assert tab.run(_COUNT) == len(audit)


@pytest.mark.parametrize(("name", "is_accepted"), [("signer", True), ("claimed", False)])
def test_signers_and_claims_are_two_filters(
    opened: Open, audit: list[ArtifactRecord], name: str, is_accepted: bool
) -> None:
    """A signer's filter shows artifacts with an accepted signature, the other filter those with a claim."""
    tab = opened(fragment=f"#{name}={quote(_SIGNER)}")
    expected = sum(
        any(
            signature.signer == _SIGNER and (signature.outcome is SignatureOutcome.ACCEPTED) is is_accepted
            for signature in record.signatures
        )
        for record in audit
    )
    assert 0 < expected == tab.run(_COUNT)


def test_rows_begin_with_what_failed(opened: Open) -> None:
    """Without a choice the most urgent rows come first."""
    statuses = [text.strip() for text in _column(opened(), 0)]
    assert statuses == sorted(statuses, key=["failed", "unknown", "unsigned"].index)


def test_heads_sort_in_both_directions(opened: Open) -> None:
    """A head sorts by its column, and when pressed again in the other direction."""
    tab = opened()
    head = "document.querySelector('[data-column=ends] button')"
    for direction, is_reversed in (("ascending", False), ("descending", True)):
        tab.run(f"{head}.click()")
        ends = _column(tab, 3)
        assert ends == sorted(ends, reverse=is_reversed)
        assert tab.run("document.querySelector('[data-column=ends]').getAttribute('aria-sort')") == direction
    assert len(tab.run("[...document.querySelectorAll('[aria-sort]')].map((head) => head.dataset.column)")) == 1


def test_pages_have_all_rows_once(opened: Open, audit: list[ArtifactRecord]) -> None:
    """The pages of the table together have each artifact once."""
    tab, digests = opened(), []
    while True:
        digests += tab.run("[...document.querySelectorAll('[data-slot=digest]')].map((link) => link.hash)")
        if tab.run("document.querySelector('#pages button:last-of-type').disabled"):
            break
        tab.run("document.querySelector('#pages button:last-of-type').click()")
    assert sorted(digests) == sorted(f"#digest={quote(record.digest, safe='')}" for record in audit)


def test_keyboard_reaches_and_works_everything(opened: Open) -> None:
    """Tab goes through all links, fields and buttons in the order of the page; Enter and Space work them."""
    tab, order = opened(fragment="#repository=harbor.corp.example:8443/none"), []
    tab.run("document.activeElement.blur(); scrollTo(0, 0)")
    tab.run("history.replaceState(null, '', '#status=failed'); dispatchEvent(new HashChangeEvent('hashchange'))")
    tab.run("document.querySelector('.skip').focus()")
    for _ in range(400):
        order.append(tab.run("document.activeElement.textContent || document.activeElement.name"))
        tab.press("Tab", code=9)
        if tab.run("document.activeElement === document.body"):
            break
    for text in ("Skip to the artifacts", "Coverage", "The numbers as a table", "text", "Reason", "Details"):
        assert text in order
    tab.run("document.querySelector('#rows .more').focus()")
    tab.press("Enter", code=13, text="\r")
    assert tab.run("document.querySelector('#rows .more').getAttribute('aria-expanded')") == "true"
    assert tab.run("document.querySelectorAll('.record').length") == 1
    tab.run("document.querySelector('[value=failed]').focus()")
    tab.press(" ", code=32, text=" ")
    assert tab.run("document.querySelector('[value=failed]').checked") is False


def test_focus_is_visible(opened: Open) -> None:
    """Whatever has the keyboard's focus has an outline or, in the timeline, a frame."""
    tab = opened()
    tab.run("document.querySelector('.skip').focus()")
    for _ in range(60):
        tab.press("Tab", code=9)
        widths = tab.run(
            "(() => { const focused = document.activeElement, style = getComputedStyle(focused);"
            " const room = focused.querySelector('.room');"
            " return [room && getComputedStyle(room).strokeWidth, style.outlineWidth, focused.outerHTML] })()"
        )
        assert "2px" in widths


def test_print_has_the_rows_of_all_pages(opened: Open, audit: list[ArtifactRecord]) -> None:
    """On paper the table goes on beyond its first page."""
    tab = opened()
    tab.run("dispatchEvent(new Event('beforeprint'))")
    assert len(_column(tab, 0)) == len(audit)
    tab.run("dispatchEvent(new Event('afterprint'))")
    assert len(_column(tab, 0)) == 50


@pytest.mark.parametrize("button", ["#pages button:last-of-type", "#chosen button"])
def test_focus_stays_at_the_table(opened: Open, button: str) -> None:
    """The keyboard goes on at the table after a button that is replaced."""
    tab = opened(fragment=f"#signer={quote(_SIGNER)}" if "chosen" in button else "")
    tab.run(f"document.querySelector('{button}').focus()")
    tab.press("Enter", code=13, text="\r")
    assert tab.run("document.activeElement.id") == "artifacts"


def test_search_takes_escapes_and_quotes_as_they_are_shown(opened: Open, audit: list[ArtifactRecord]) -> None:
    """A text with a backslash or quotes is found as it is shown."""
    record = audit[0]._replace(reason='a\u202eb "c" \\d')
    tab = opened([record, audit[1]])
    for text in (r"a\u202eb", '"c"', r"\d"):
        tab.run(f"location.hash = '#text={quote(text)}'; new Promise((done) => requestAnimationFrame(done))")
        assert tab.run(_COUNT) == 1
