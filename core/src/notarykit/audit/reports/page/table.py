"""Table of all artifacts: the first rows as HTML, all of them as data for the script."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from notarykit.audit.record import ArtifactRecord, SignatureOutcome, SignatureRecord
from notarykit.audit.reports.page.markup import Element, counted, element, filter_of, foreign, mark, put, visible
from notarykit.audit.reports.page.tally import BY_URGENCY, LABELS, Entry

_FIRST, _MOST_TAGS, _SHORT_DIGEST = 25, 50, 19
_COLUMNS = ("status", "artifact", "signer", "ends", "reason")
_RECORD = (
    "name", "digest", "mediaType", "artifactType", "size", "tags", "platform", "parent", "status", "label", "policy",
    "level", "reason", "advice", "ends", "endsBy", "auditedAt", "kind", "signer", "signerOutcome", "signatures",
)  # fmt: skip
_KINDS = {
    "application/vnd.oci.image.config.v1+json": "image",
    "application/vnd.docker.container.image.v1+json": "image",
    "application/vnd.cncf.helm.config.v1+json": "Helm chart",
    "application/vnd.oci.image.manifest.v1+json": "manifest",
    "application/vnd.oci.image.index.v1+json": "index",
    "application/vnd.docker.distribution.manifest.list.v2+json": "index",
}
_SIGNATURE = tuple(SignatureRecord(digest="").to_json())


def section(entries: Sequence[Entry]) -> Element:
    """Builds the section; the entries are in the order of the rows."""
    return element(
        "section",
        element("h2", "Artifacts", id="artifacts", tabindex="-1"),
        element("noscript", element("p", _without_script(len(entries)), class_="lead")),
        _filters(entries),
        element("p", id="count", role="status"),
        element(
            "table",
            element("thead", element("tr", *map(_head, _COLUMNS), role="row"), role="rowgroup"),
            element("tbody", *map(_first_row, entries[:_FIRST]), role="rowgroup", id="rows"),
            class_="artifacts",
            role="table",
            aria_labelledby="artifacts",
        ),
        element("nav", id="pages", aria_label="Pages of the table", hidden=True),
        element("template", _row(), id="row"),
        aria_labelledby="artifacts",
    )


def data(entries: Iterable[Entry]) -> Element:
    """Builds the element with the records as JSON that no HTML parser mistakes for markup.

    Each text is kept once; rows have the places of their texts.
    """
    places: dict[object, int] = {}

    def packed(value: object) -> Any:
        if isinstance(value, (list, tuple)):
            return [packed(item) for item in value]
        return places.setdefault(value, len(places))

    rows = [packed(_values(entry)) for entry in entries]
    content = {"record": _RECORD, "signature": _SIGNATURE, "rows": rows, "texts": list(map(_text, places))}
    # Escapes also keep U+2028 and everything else that is not ASCII out.
    document = json.dumps(content, ensure_ascii=True, separators=(",", ":"))
    for character in "<>&":
        document = document.replace(character, f"\\u{ord(character):04x}")
    return element("script", document, type="application/json", id="data")


def signer_of(record: ArtifactRecord) -> tuple[str, str]:
    """Returns the subject of the signer and the outcome of that signature: of the best one, and empty without any."""
    order = (SignatureOutcome.ACCEPTED, SignatureOutcome.AUDITED, SignatureOutcome.REFUSED)
    for outcome in order:
        for signature in record.signatures:
            if signature.outcome is outcome and signature.signer:
                return signature.signer, outcome.value
    return "", ""


def kind_of(record: ArtifactRecord) -> str:
    """Returns the platform, the artifact's type, or the manifest's media type, the first that is there."""
    kind = record.platform or record.artifact_type or record.media_type
    return _KINDS.get(kind, kind)


def _values(entry: Entry) -> list[object]:
    record, status = entry
    signer, outcome = signer_of(record)
    hidden = len(record.tags) - _MOST_TAGS
    members = record.to_json() | {
        "name": record.name,
        "status": status,
        "label": LABELS[status],
        "kind": kind_of(record),
        "signer": signer,
        "signerOutcome": outcome,
        "tags": [*record.tags[:_MOST_TAGS], *([f"and {counted(hidden)} more"] if hidden > 0 else [])],
        "signatures": [list(signature.to_json().values()) for signature in record.signatures],
    }
    return [members[name] for name in _RECORD]


def _text(value: object) -> str:
    return "" if value is None else visible(str(value))


def _without_script(number: int) -> str:
    if number <= _FIRST:
        return "Searching needs JavaScript."
    return f"The {_FIRST} most urgent of {counted(number)} rows. The others, and searching, need JavaScript."


def _filters(entries: Iterable[Entry]) -> Element:
    present = {entry.status for entry in entries}
    choices = [
        element("label", element("input", type="checkbox", name="status", value=status), mark(status), LABELS[status])
        for status in BY_URGENCY
        if status in present
    ]
    places = "repository, tag, digest, signer, reason"
    return element(
        "form",
        _field("Search", type="search", name="text", autocomplete="off", spellcheck="false", placeholder=places),
        _field("Ends from", type="date", name="from"),
        _field("to", type="date", name="to"),
        element("fieldset", element("legend", "Status"), *choices),
        element("div", id="chosen"),
        id="filters",
        role="search",
        aria_label="Artifacts",
        hidden=True,
    )


def _head(column: str) -> Element:
    return element("th", column.capitalize(), scope="col", role="columnheader", data_column=column)


def _field(label: str, **attributes: object) -> Element:
    return element(
        "label", element("span", label), element("input", **attributes), class_=f"field {attributes['name']}"
    )


def _row() -> Element:
    """Builds a row with empty slots, which the script and `_first_row` fill."""
    status = element("svg", element("use", data_slot="mark"), class_="mark", aria_hidden="true")
    more = element("button", "Details", type="button", class_="more", aria_expanded="false", data_slot="more")
    about = element("div", element("a", data_slot="digest"), element("bdi", data_slot="kind"), more, class_="about")
    name = element("a", element("bdi", data_slot="name"), data_slot="repository", class_="repository")
    return element(
        "tr",
        element("td", status, element("span", data_slot="label"), class_="status", role="cell"),
        element("th", name, element("span", data_slot="tags"), about, scope="row", role="rowheader"),
        element("td", element("bdi", data_slot="signer"), class_="signer", role="cell"),
        element("td", element("time", data_slot="ends"), class_="end", role="cell"),
        element("td", element("bdi", data_slot="reason"), class_="reason", role="cell"),
        role="row",
    )


def _first_row(entry: Entry) -> Element:
    record, status = entry
    row = _row()
    row.set("data-status", status)
    slots = {slot: node for node in row.iter() if (slot := node.attrib.pop("data-slot", None))}
    signer, outcome = signer_of(record)
    slots["mark"].set("href", f"#mark-{status}")
    slots["repository"].set("href", filter_of(repository=visible(record.name)))
    slots["digest"].set("href", filter_of(digest=visible(record.digest)))
    slots["tags"].extend(foreign(tag, class_="tag") for tag in record.tags[:_MOST_TAGS])
    texts = {
        "label": LABELS[status], "name": record.name, "digest": record.digest[:_SHORT_DIGEST],
        "kind": kind_of(record), "signer": signer, "reason": record.reason,
        "ends": str(record.ends.date()) if record.ends else "",
    }  # fmt: skip
    for slot, text in texts.items():
        put(slots[slot], text)
    slots["signer"].set("class", outcome)
    slots["more"].set("hidden", "")
    return row
