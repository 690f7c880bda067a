"""HTML as a tree: text becomes markup nowhere, since a serializer writes it.

Foreign text is in `bdi` elements, which keep its writing direction to itself, or in attributes; control characters are
visible escapes in both.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from notarykit._internal.printable import printable

Element = ET.Element
Content = Element | str | None
LONGEST_TEXT = 1000
"""Foreign text is cut at this number of characters."""
_SEPARATORS = re.compile(r"(?<=[/,@])(?=\w)", re.ASCII)


def visible(text: str) -> str:
    """Returns foreign text with visible control characters, cut where it is too long."""
    shown = printable(text[: LONGEST_TEXT + 1])
    return shown if len(shown) <= LONGEST_TEXT else f"{shown[: LONGEST_TEXT - 1]}…"


def element(tag: str, /, *content: Content, **attributes: object) -> Element:
    """Builds an element.

    Args:
        tag: The name.
        content: Elements and texts in their order; None is left out.
        attributes: An underscore in a name stands for a hyphen, and one at its end for nothing. True is an empty value;
            False and None leave the attribute out.
    """
    named = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
    node = Element(
        tag, {key: _value(value) for key, value in named.items() if value is not None and value is not False}
    )
    for part in content:
        if isinstance(part, str):
            _append_text(node, part)
        elif part is not None:
            node.append(part)
    return node


def parsed(markup: str) -> Element:
    """Parses markup of the page's own."""
    return ET.fromstring(markup)  # noqa: S314


def foreign(text: str, **attributes: object) -> Element:
    """Builds the element of a text from a registry or certificate."""
    node = element("bdi", **attributes)
    put(node, text)
    return node


def put(node: Element, text: str) -> None:
    """Gives an element a foreign text, whose lines may break behind separators."""
    first, *others = _SEPARATORS.split(visible(text))
    node.text = first
    for part in others:
        ET.SubElement(node, "wbr").tail = part


def serialize(node: Element) -> str:
    """Writes an element as HTML in ASCII, which no encoding of a file or terminal can spoil."""
    content: bytes = ET.tostring(node, encoding="us-ascii", method="html")
    return content.decode("ascii")


def _value(value: object) -> str:
    return "" if value is True else str(value)


def _append_text(node: Element, text: str) -> None:
    if len(node):
        node[-1].tail = (node[-1].tail or "") + text
    else:
        node.text = (node.text or "") + text


def link(fragment: str, *content: Content, **attributes: object) -> Element:
    """Builds a link to a place in the page, or to the table with filters."""
    return element("a", *content, href=fragment, **attributes)


def filter_of(**filters: str | Sequence[str]) -> str:
    """Returns the fragment of filters of the table."""
    from urllib.parse import urlencode

    return f"#{urlencode(filters, doseq=True)}"


def counted(number: int, one: str = "", many: str = "") -> str:
    """Returns a number with a comma for each thousand, and its noun.

    Args:
        number: The number.
        one: Noun for one.
        many: Noun for other numbers, `one` with an s by default.
    """
    noun = one if number == 1 else many or (one and f"{one}s")
    return f"{number:,} {noun}".rstrip()


def share(part: int, total: int) -> str:
    """Returns a percentage that is 100 only where nothing is missing, and 0 only where nothing is there."""
    if part in (0, total):
        return "100 %" if part else "0 %"
    return f"{min(99.9, max(0.1, 100 * part / total)):.1f} %"


def mark(status: str) -> Element:
    """Builds the sign of a status; the word stands beside it."""
    return element("svg", element("use", href=f"#mark-{status}"), class_=f"mark {status}", aria_hidden="true")
