"""Selections of repositories, as arguments and lines of files name them."""

import pytest

from notarykit.audit.selection import Selection, parse_selection, select_repositories
from notarykit.errors import NetworkError, UsageError
from notarykit.net.budget import Budget
from notarykit.oci.registry.registries import Registries
from tests.servers.registry.http_server import Connection, Seen
from tests.unit.audit.hostile import HostileRegistry


@pytest.mark.parametrize(
    ("text", "selection"),
    [
        ("registry.example.com", Selection("registry.example.com")),
        ("localhost:5000", Selection("localhost:5000")),
        ("[::1]:5000/a", Selection("[::1]:5000", "a")),
        ("registry.example.com/team", Selection("registry.example.com", "team")),
        ("registry.example.com/team/app", Selection("registry.example.com", "team/app")),
    ],
)
def test_selection(text: str, selection: Selection) -> None:
    """The registry comes before the first slash, and a selection reads as it was written."""
    assert parse_selection(text) == selection
    assert str(selection) == text


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("https://registry.example.com", "leave out what is before the registry's name"),
        ("registry.example.com/app:v1", "leave out tag and digest"),
        (f"registry.example.com/app@sha256:{1:064x}", "leave out tag and digest"),
        ("registry.example.com/Team", "write a registry's host"),
        ("registry.example.com/../x", "write a registry's host"),
        ("registry.example.com//x", "write a registry's host"),
        ("a b", "write a registry's host"),
        ("", "write a registry's host"),
    ],
)
def test_malformed_selection(text: str, advice: str) -> None:
    """The error says what to write instead."""
    with pytest.raises(
        UsageError, match="is not of the form registry, registry/prefix or registry/repository"
    ) as caught:
        parse_selection(text)
    assert caught.value.advice.startswith(advice)


def test_line_of_a_file_names_a_repository() -> None:
    """A repository in full is no prefix, and a registry alone is no repository."""
    assert parse_selection("registry.example.com/a", is_repository=True).is_repository
    with pytest.raises(UsageError, match="names a registry and no repository"):
        parse_selection("registry.example.com", is_repository=True)


@pytest.mark.parametrize(
    ("path", "name", "is_covered"),
    [
        ("", "a", True),
        ("a", "a", True),
        ("a", "a/b", True),
        ("a", "ab", False),
        ("a/b", "a", False),
        ("a", "b/a", False),
    ],
)
def test_path_covers_what_is_below_it(path: str, name: str, is_covered: bool) -> None:
    """Whole components count, and only those of the same registry."""
    assert Selection("r", path).covers("r", name) is is_covered
    assert not Selection("r", path).covers("other", name)


class _Silent(HostileRegistry):
    """Registry that ends each connection without an answer."""

    def answer(self, seen: Seen, connection: Connection) -> None:
        """Gives none."""
        connection.close_connection = True


def test_registry_that_does_not_answer_is_not_one_without_a_catalogue() -> None:
    """Nothing is known of its repositories, so a path of it is not taken for one."""
    with _Silent() as silent, Registries() as registries, pytest.raises(NetworkError):
        list(select_repositories(Selection(silent.host, "team"), registries.host(silent.host), Budget, pytest.fail))
