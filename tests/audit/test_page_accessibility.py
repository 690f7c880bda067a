"""Accessibility of an audit's page, by a checker that is not ours."""

import pytest

from tests.audit.conftest import Open
from tests.support import axe

_UNFOLD = "for (const details of document.querySelectorAll('details')) details.open = true"


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_page_violates_no_rule(opened: Open, width: int, scheme: str) -> None:
    """The whole page keeps the rules, contrast included, on a desktop in light colours and on a phone in dark ones."""
    tab = opened(width=width, scheme=scheme)
    tab.run(_UNFOLD)
    tab.run("for (const more of [...document.querySelectorAll('.more')].slice(0, 3)) more.click()")
    assert axe.violations(tab) == []


def test_filtered_page_violates_no_rule(opened: Open) -> None:
    """So does the page with filters, of which one has no rows."""
    tab = opened(fragment="#repository=harbor.corp.example%3A8443%2Fnone&status=failed&sort=-ends")
    assert axe.violations(tab) == []


def test_checker_sees_violations(opened: Open) -> None:
    """The checker reports what is wrong on purpose."""
    tab = opened()
    tab.run(
        "document.querySelector('.search, .field span').remove(); document.querySelector('.lead').className = 'number';"
    )
    tab.run("for (const input of document.querySelectorAll('input')) input.removeAttribute('placeholder')")
    assert any(violation.startswith("label:") for violation in axe.violations(tab))
