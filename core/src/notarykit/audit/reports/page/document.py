"""The page as a whole."""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from importlib import resources

from notarykit._internal.rfc3339 import format_rfc3339
from notarykit.audit.counts import Counts, ends_until
from notarykit.audit.header import AuditHeader
from notarykit.audit.record import ArtifactRecord, SignatureOutcome
from notarykit.audit.reports.page import coverage, signers, table, timeline
from notarykit.audit.reports.page.markup import (
    Element,
    counted,
    element,
    filter_of,
    foreign,
    link,
    mark,
    parsed,
    serialize,
    share,
    visible,
)
from notarykit.audit.reports.page.tally import LABELS, STATUSES, UNCOVERED, Coverage, Entry, entries_of
from notarykit.audit.reports.page.tally import coverage as coverage_of
from notarykit.audit.reports.page.tally import signers as signers_of
from notarykit.audit.reports.page.timeline import Window

_POLICY = (
    "default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; base-uri 'none'; "
    "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
_SECTIONS = (("coverage", "Coverage"), ("timeline", "Timeline"), ("signers", "Signers"), ("artifacts", "Artifacts"))
_CLAIMED = frozenset({SignatureOutcome.AUDITED, SignatureOutcome.REFUSED})


def document(records: Iterable[ArtifactRecord], header: AuditHeader) -> str:
    """Returns the page of an audit."""
    counts = Counts(header)
    entries = entries_of(records, counts)
    script, style = _file("page.js"), _file("page.css")
    policy = _POLICY.format(script=_hash(script), style=_hash(style))
    title = f"Signature audit of {', '.join(map(visible, header.registries))}"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
        element("style", style),
    )
    body = element("body", *_body(entries, counts, header), table.data(entries), element("script", script))
    return f"<!DOCTYPE html>\n{serialize(element('html', head, body, lang='en'))}\n"


def _file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _body(entries: Sequence[Entry], counts: Counts, header: AuditHeader) -> list[Element]:
    window = Window(header.started_at, ends_until(header))
    trusted = signers_of(entries, frozenset({SignatureOutcome.ACCEPTED}))
    places = [element("li", link(f"#{place}", text)) for place, text in _SECTIONS]
    return [
        link("#artifacts", "Skip to the artifacts", class_="skip"),
        parsed(_file("marks.svg")),
        element(
            "header",
            element("p", "Signature audit", class_="kicker"),
            element("h1", *map(foreign, header.registries)),
            _facts(header),
            element("nav", element("ul", *places), aria_label="Sections"),
        ),
        element(
            "main",
            _summary(counts, window),
            coverage.section(coverage_of(counts)),
            _timeline(entries, window),
            signers.section(trusted, signers_of(entries, _CLAIMED), window),
            table.section(entries),
        ),
    ]


def _facts(header: AuditHeader) -> Element:
    start = element("time", f"{header.started_at:%Y-%m-%d %H:%M} UTC", datetime=format_rfc3339(header.started_at))
    facts = [("Time", start), ("Trust policy", foreign(header.policy, class_="digest"))]
    if header.shard.total > 1:
        facts.append(("Shard", element("span", str(header.shard))))
    pairs = [element("div", element("dt", name), element("dd", value)) for name, value in facts]
    return element("dl", *pairs, class_="facts")


def _summary(counts: Counts, window: Window) -> Element:
    total = Coverage("", counts.statuses)
    verified, places = total.statuses["verified"], counted(len(counts.repositories), "repository", "repositories")
    sentence = element(
        "p",
        element("strong", f"{counted(verified)} of {counted(total.total, 'artifact')}"),
        f" in {places} {'is' if verified == 1 else 'are'} verified. ",
        link(filter_of(status=UNCOVERED), counted(total.uncovered, "is not covered", "are not covered")),
        " by the trust policy. ",
        link(filter_of(ends=f"..{window.end.date()}"), counted(counts.ending, "verdict ends", "verdicts end")),
        f" within {window.words}.",
        class_="sentence",
    )
    numbers = [_count(status, total) for status in STATUSES if total.statuses[status]]
    return element(
        "section",
        element("h2", "Summary", id="summary", class_="unseen"),
        sentence,
        coverage.bar(total, 20) if total.total else None,
        element("ul", *numbers, class_="counts"),
        aria_labelledby="summary",
    )


def _count(status: str, total: Coverage) -> Element:
    number = total.statuses[status]
    content = (
        mark(status),
        element("b", counted(number)),
        element("span", LABELS[status]),
        element("span", share(number, total.total), class_="share"),
    )
    return element("li", link(filter_of(status=status), *content))


def _timeline(entries: Sequence[Entry], window: Window) -> Element:
    ends = [entry.record for entry in entries if entry.record.ends]
    near, all_ends = timeline.weeks(ends, window), timeline.months(ends, window)
    return element(
        "section",
        element("h2", "What ends when", id="timeline"),
        element(
            "p",
            "Ends of good verdicts, by the signature's own expiry or the end of a certificate. ",
            element("span", f"Those within {window.words} stand out.", class_="soon"),
            class_="lead",
        ),
        element("div", timeline.chart(near, "By week"), timeline.chart(all_ends, "By month"), class_="charts"),
        _keys(),
        element("details", element("summary", "The numbers as a table"), timeline.figures(all_ends)),
        aria_labelledby="timeline",
    )


def _keys() -> Element:
    """Explains the fillings of the columns."""
    keys = [
        element(
            "li", element("svg", element("rect", width="100%", height="100%", class_=kind), aria_hidden="true"), text
        )
        for kind, text in (("expiry", "expiry of the signature"), ("certificate", "end of a certificate"))
    ]
    return element("ul", *keys, class_="keys")
