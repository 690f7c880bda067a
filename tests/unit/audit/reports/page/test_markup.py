"""HTML as a tree."""

import pytest

from notarykit.audit.reports.page.markup import counted, element, filter_of, foreign, serialize, share, visible


def test_text_and_attributes_are_escaped() -> None:
    """Text stays text in content and in attributes."""
    node = element("p", "<b>", element("br"), "&amp;", title="\"'><i>")
    assert serialize(node) == '<p title="&quot;\'&gt;<i&gt;">&lt;b&gt;<br>&amp;amp;</p>'


def test_names_and_values_of_attributes() -> None:
    """True is an empty value, False and None leave an attribute out, and zero stays."""
    node = element("input", class_="a", aria_label="b", hidden=True, checked=False, value=None, tabindex=0)
    assert serialize(node) == '<input class="a" aria-label="b" hidden="" tabindex="0">'


def test_lines_may_break_behind_separators() -> None:
    """Foreign text may break behind a slash, a comma or an at sign, and its text is unchanged."""
    node = foreign("a/b,c@d//")
    assert serialize(node) == "<bdi>a/<wbr>b,<wbr>c@<wbr>d//</bdi>"
    assert "".join(node.itertext()) == "a/b,c@d//"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x" * 1000, "x" * 1000),
        ("x" * 1001, "x" * 999 + "…"),
        ("\u202e" * 1000, "\\u202e" * 166 + "\\u2" + "…"),
        ("\ud800", "\\ud800"),
    ],
)
def test_foreign_text_is_cut_and_visible(text: str, expected: str) -> None:
    """Foreign text has at most a thousand characters, escapes included."""
    assert visible(text) == expected


def test_filter_is_a_fragment() -> None:
    """The values of a filter are encoded, several with the same name."""
    assert filter_of(status=("a", "b&c"), repository="r/é#") == "#status=a&status=b%26c&repository=r%2F%C3%A9%23"


@pytest.mark.parametrize(
    ("part", "total", "expected"),
    [(0, 0, "0 %"), (0, 9, "0 %"), (9, 9, "100 %"), (9_999, 10_000, "99.9 %"), (1, 10_000, "0.1 %"), (1, 3, "33.3 %")],
)
def test_share_is_whole_only_where_nothing_is_missing(part: int, total: int, expected: str) -> None:
    """A share is rounded, but neither to nothing nor to everything."""
    assert share(part, total) == expected


@pytest.mark.parametrize(
    ("number", "nouns", "expected"),
    [
        (1, ("day",), "1 day"),
        (0, ("day",), "0 days"),
        (12_345, ("repository", "repositories"), "12,345 repositories"),
        (1000, (), "1,000"),
    ],
)
def test_number_has_its_noun(number: int, nouns: tuple[str, ...], expected: str) -> None:
    """A noun is singular beside one alone."""
    assert counted(number, *nouns) == expected
