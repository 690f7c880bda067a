"""The minimum version of a verification plugin, by the precedence of semantic versions."""

from typing import Any

import pytest

from notarykit.errors import (
    ExtendedValidationError,
)
from notarykit.verification.verdict import Verified
from tests.support.envelopes import PLUGIN_VERSION
from tests.unit.verification.setting import (
    TRUSTED_IDENTITY,
    VERIFIER,
    Verifier,
    for_plugin,
    verify,
)


def _failed(plugin: Verifier, envelope: bytes | None = None, **changes: Any) -> ExtendedValidationError:
    with pytest.raises(ExtendedValidationError) as caught:
        verify(for_plugin() if envelope is None else envelope, find_plugin=plugin.find, **changes)
    assert caught.value.message.startswith("extendedValidation: ")
    assert caught.value.exit_code == 1
    return caught.value


# Each is lower than the next (semver.org, section 11).
_ASCENDING = [
    "0.0.0", "0.9.99", "1.0.0-0", "1.0.0-9", "1.0.0-10", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta",
    "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.0.9", "1.0.10", "1.2.0",
    "1.10.0", "2.0.0-x", "2.0.0",
]  # fmt: skip


def _at_least(version: str) -> bytes:
    """An envelope that asks for this version of the plugin or a later one."""
    attributes: dict[str, Any] = {PLUGIN_VERSION: version}
    return for_plugin(**attributes)


def _accepts(version: str, minimum: str) -> bool:
    plugin = Verifier(TRUSTED_IDENTITY, version=version)
    try:
        verify(_at_least(minimum), find_plugin=plugin.find)
    except ExtendedValidationError as error:
        assert error.message.endswith(f"plugin {VERIFIER!r} has version {version}, the signature needs {minimum}")  # noqa: PT017
        assert error.advice == "update the plugin"  # noqa: PT017
        return False
    return True


@pytest.mark.requirement(
    "plugin:minimum-version",
    "signature:plugin-minimum-version",
    "signature:plugin-attributes-are-processed",
    "jws:plugin-minimum-version",
)
@pytest.mark.parametrize("place", range(len(_ASCENDING)))
def test_the_minimum_version(place: int) -> None:
    """A version is high enough by the precedence of semantic versions, each against its neighbours and itself."""
    version = _ASCENDING[place]
    accepted = [other for other in _ASCENDING[max(0, place - 2) : place + 3] if _accepts(version, other)]
    assert accepted == _ASCENDING[max(0, place - 2) : place + 1]


@pytest.mark.parametrize(
    ("version", "minimum"), [("1.0.0+a", "1.0.0+b"), ("1.0.0", "1.0.0+9"), ("1.0.0-a+1", "1.0.0-a")]
)
def test_build_metadata_does_not_count(version: str, minimum: str) -> None:
    """What stands behind a plus sign makes a version neither higher nor lower."""
    assert _accepts(version, minimum)
    assert _accepts(minimum, version)


_NO_VERSIONS = [
    "1", "1.0", "v1.0.0", "1.0.0.0", "01.0.0", "1.0.0-", "1.0.0-01", "1.0.0-a..b", "1.0.0+", "1.0.0 ", " 1.0.0",
    "1.0.x", "-1.0.0", "1.0.0-é", "1.0.0\n", "latest", "1.0." + "9" * 260,
]  # fmt: skip


@pytest.mark.requirement("plugin:minimum-version", "signature:plugin-semantic-version")
@pytest.mark.parametrize("text", _NO_VERSIONS)
def test_what_is_no_semantic_version(text: str) -> None:
    """Both the signature's minimum and the plugin's version must be semantic versions."""
    wanted = f"the version of plugin {VERIFIER!r} cannot be compared: {text!r} is not a semantic version"
    for version, minimum in (("1.0.0", text), (text, "1.0.0")):
        plugin = Verifier(TRUSTED_IDENTITY, version=version)
        assert _failed(plugin, _at_least(minimum)).message.endswith(wanted)
        assert not plugin.requests


def test_without_a_minimum_any_version_will_do() -> None:
    """A plugin's version is not looked at where the signature sets no minimum."""
    assert isinstance(verify(for_plugin(), find_plugin=Verifier(TRUSTED_IDENTITY, version="x").find), Verified)


def test_versions_of_any_length_bring_no_other_error() -> None:
    """Numbers of more digits than are converted make no version."""
    _failed(Verifier(TRUSTED_IDENTITY), _at_least("1.0." + "9" * 5000))
