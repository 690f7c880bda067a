"""What a plugin says of itself, before it is asked for anything else."""

from typing import Any

import pytest

from notarykit.errors import PluginContractVersionError, PluginResponseError, PluginThrottledError
from notarykit.plugin import Metadata, seconds_left
from notarykit.plugin.host.metadata import read_metadata
from tests.unit.plugin.clock import Clock


class _Described:
    def __init__(self, *versions: str, error: Exception | None = None) -> None:
        self.metadata = Metadata("acme", "d", "1.0.0", "u", versions, ("X",))
        self.errors = [error] if error else []
        self.left: list[float] = []

    def get_metadata(self, *_: object) -> Metadata:
        self.left.append(seconds_left())
        if self.errors:
            raise self.errors.pop()
        return self.metadata


@pytest.mark.requirement("plugin:lower-minor-version")
@pytest.mark.parametrize("versions", [("1.0",), ("2.0", "1.0"), ("1.0", "1.1")])
def test_a_plugin_of_this_contract(versions: tuple[str, ...], clock: Clock) -> None:
    """A plugin that lists this version of the contract, beside others, is good; it has half a minute to say so."""
    plugin = _Described(*versions, error=PluginThrottledError("later"))
    assert read_metadata(plugin) == plugin.metadata
    assert plugin.left[0] == 30.0
    assert len(plugin.left) == 2
    assert len(clock.pauses) == 1


@pytest.mark.requirement("plugin:higher-version")
@pytest.mark.parametrize("versions", [("1.1",), ("2.0", "3.1"), ("1",), ("1.0 ",), ("01.0",)])
def test_plugins_of_another_contract(versions: tuple[str, ...]) -> None:
    """A plugin that does not speak this version is refused with the versions that it speaks."""
    with pytest.raises(PluginContractVersionError) as caught:
        read_metadata(_Described(*versions))
    assert caught.value.message == f"plugin acme supports contract versions {', '.join(versions)}, not 1.0"
    assert caught.value.advice == "install a version of the plugin that does"


class _Anything:
    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def get_metadata(self, *_: object) -> Any:
        """Whatever it is."""
        return self.answer


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {"name": "acme"},
        Metadata("acme", "d", 5, "u", ("1.0",), ("X",)),  # type: ignore[arg-type]
        Metadata("acme", "", "1.0.0", "u", ("1.0",), ("X",)),
        Metadata("acme", "d", "1.0.0", "u", ("1.0",), ()),
        Metadata("acme", "d", "1.0.0", "u", None, ("X",)),  # type: ignore[arg-type]
        Metadata("acme", "d", "1.0.0", "u", ("1.0",), (b"X",)),  # type: ignore[arg-type]
        Metadata("acme", "\udcff", "1.0.0", "u", ("1.0",), ("X",)),
    ],
    ids=str,
)
def test_what_is_no_metadata(answer: Any) -> None:
    """A plugin in this process can answer with anything: what is no metadata is refused as such."""
    with pytest.raises(PluginResponseError):
        read_metadata(_Anything(answer))
