"""The ways in which notation's users write flags."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from notarykit.envelope.parsing import parse_envelope
from notarykit.oci.layout import ImageLayout
from tests.cli.world import VERIFY, World, error_of


def _signed(world: World, *arguments: str) -> tuple[timedelta | None, Any, str]:
    """Signs with an argument list of its own; returns the new signature's expiry, metadata and format."""
    world.did("sign", *arguments)
    place = ImageLayout(world.layout.path)
    *_, manifest = place.signatures(place.resolve(world.layout.digest))
    stored = place.fetch_signature(manifest)
    attributes = parse_envelope(stored.envelope, stored.media_type).unverified_attributes
    assert attributes.signing_time is not None
    expiry: datetime | None = attributes.expiry
    return (None if expiry is None else expiry - attributes.signing_time), _metadata(world), stored.media_type[12:]


def _metadata(world: World) -> Any:
    shown = json.loads(world.did("inspect", "--oci-layout", "-o", "json", world.reference))
    return shown["signatures"][-1]["userDefinedAttributes"]


@pytest.mark.parametrize(
    "before",
    [
        ["--expiry", "24h"],
        ["--expiry=24h"],
        ["-e", "24h"],
        ["-e24h"],
        ["-e=24h"],
        ["-e", "23h59m60s"],
        ["-e", "1440m"],
        ["-e", "86400000ms"],
        ["-e", "23.5h0.5h"],
        ["-e", "1h", "-e", "24h"],
    ],
    ids=" ".join,
)
def test_value_flag_has_all_forms(world: World, before: list[str]) -> None:
    """A value is written behind a blank, an equals sign, or the letter; the last one counts."""
    day = timedelta(hours=24)
    assert _signed(world, "--oci-layout", *before, world.reference) == (day, {}, "jose+json")
    assert _signed(world, world.reference, *before, "--oci-layout", "--signature-format=cose") == (day, {}, "cose")


@pytest.mark.parametrize("text", ["1.1h", "0.1h", "3960s", "66m", "1h6m", "1h5.9m6s"])
def test_duration_flag_takes_parts_of_an_hour(world: World, text: str) -> None:
    """Decimal fractions are counted exactly."""
    expected = timedelta(minutes=6) if text == "0.1h" else timedelta(minutes=66)
    assert _signed(world, "--oci-layout", "-e", text, world.reference)[0] == expected


@pytest.mark.parametrize(
    ("flags", "metadata"),
    [
        (["-m", "a=1", "--user-metadata", "b=2", "--user-metadata=c=3"], {"a": "1", "b": "2", "c": "3"}),
        (["-ma=1", "-m=b=2"], {"a": "1", "b": "2"}),
        (["-m", "-x=1"], {"-x": "1"}),
        (["-m", "--key=1"], {"--key": "1"}),
        (["-m", "--oci-layout=false"], {"--oci-layout": "false"}),
        (["-m", "a=b=c"], {"a": "b=c"}),
        (["-m", "a= "], {"a": " "}),
        (["-m", "--=1"], {"--": "1"}),
        (["-m", "ключ=значение"], {"ключ": "значение"}),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_pair_flag_is_repeatable(world: World, flags: list[str], metadata: dict[str, str]) -> None:
    """Pairs are taken as they are written: a value that looks like a flag is still a value."""
    assert _signed(world, "--oci-layout", *flags, world.reference)[1] == metadata
    world.verify(*flags)


@pytest.mark.parametrize("word", ["--oci-layout", "--oci-layout=true", "--oci-layout=1", "--oci-layout=T"])
def test_switch_is_on(world: World, word: str) -> None:
    """A switch may have a value, as pflag reads it."""
    assert world.did("list", word, world.reference).startswith(world.reference)
    assert world.did("list", world.reference, "--oci-layout=false", word).startswith(world.reference)


@pytest.mark.parametrize("word", ["--oci-layout=false", "--oci-layout=0", "--oci-layout=F", "--oci-layout=FALSE"])
def test_switch_is_off(world: World, word: str) -> None:
    """A switch that is turned off is off, and the reference is read as one of a registry, which it cannot be."""
    error = f"reference {world.reference!r} is malformed"
    assert world.refused(2, "list", word, world.reference).startswith(error)
    assert world.refused(2, "list", "--oci-layout", word, world.reference).startswith(error)


def test_double_dash_ends_flags(world: World) -> None:
    """Everything behind a double dash is an argument."""
    (world.folder / "hello").rename(world.folder / "-e")
    reference = f"-e@{world.layout.digest}"
    assert world.did("list", "--oci-layout", "--", reference).startswith(reference)
    assert world.sign("--", reference=reference) == f"Successfully signed {reference}\n"


def test_short_flags_combine(world: World) -> None:
    """Switches of one letter may stand behind one dash, the last letter with a value."""
    world.sign()
    done = world.run(*VERIFY, "-dvo", "json", world.reference)
    assert done.code == 0
    assert done.out.startswith("{")
    assert world.did("cert", "delete", "-yat", "ca", "-s=tests").startswith("Successfully deleted ")


def test_registry_flags_are_accepted(world: World) -> None:
    """Flags that mean nothing for a layout are taken without a word."""
    flags = ("--insecure-registry", "-u", "me", "-p", "secret")
    world.sign(*flags)
    assert "Successfully verified" in world.verify(*flags)


@pytest.mark.parametrize("value", ["", "=false", "=true"])
@pytest.mark.parametrize(
    "names",
    [
        ("force-referrers-tag", "allow-referrers-api"),
        ("oci-layout", "force-referrers-tag"),
        ("oci-layout", "allow-referrers-api"),
    ],
)
def test_written_flags_exclude_each_other_even_with_defaults(names: tuple[str, str], value: str, world: World) -> None:
    """As in notation, it does not matter which of the two values a switch is given."""
    done = world.run("sign", f"--{names[1]}{value}", f"--{names[0]}", "localhost:1/a@" + world.layout.digest)
    assert (done.code, done.out) == (2, "")
    assert error_of(done.err) == f"flags --{names[0]} and --{names[1]} exclude each other"
