"""Shards: each artifact falls to one, by its digest alone."""

from hashlib import sha256

import pytest

from notarykit.audit.shard import Shard, parse_shard
from notarykit.errors import UsageError


@pytest.mark.parametrize(
    ("text", "shard"), [("0/1", (0, 1)), ("3/8", (3, 8)), ("007/8", (7, 8)), ("99/100000", (99, 100000))]
)
def test_shard(text: str, shard: tuple[int, int]) -> None:
    """Numbers are counted from 0, as Kubernetes counts the pods of an Indexed Job."""
    assert parse_shard(text) == shard


@pytest.mark.parametrize(
    "text", ["", "1", "8/8", "1/0", "0/0", "-1/8", "1/-8", "a/b", "1 / 8", "0x1/8", "1/8/9", "\u0661/8"]
)
def test_malformed_shard(text: str) -> None:
    """What is no shard is refused, the number behind the last included."""
    with pytest.raises(UsageError, match=r"is not of the form I/N with I from 0 to N - 1"):
        parse_shard(text)


@pytest.mark.parametrize(
    ("digest", "number"),
    [
        (f"sha256:{'0' * 15}1{'f' * 48}", 1),
        (f"sha256:{'0' * 15}9{'f' * 48}", 1),
        (f"sha256:{'f' * 64}", (2**64 - 1) % 8),
        (f"sha512:{'0' * 14}ff{'0' * 112}", 255 % 8),
        ("", int(sha256(b"r/\xc3\xa4").hexdigest()[:16], 16) % 8),
    ],
)
def test_function_that_all_machines_share(digest: str, number: int) -> None:
    """The first 16 hexadecimal digits modulo the total; without a digest, those of the reference's SHA-256."""
    assert [shard for shard in range(8) if Shard(shard, 8).has(digest, "r/\u00e4")] == [number]


def test_shards_are_about_equal() -> None:
    """Digests are spread evenly."""
    digests = [f"sha256:{sha256(bytes([number % 256, number // 256])).hexdigest()}" for number in range(4000)]
    sizes = [sum(Shard(number, 4).has(digest, "") for digest in digests) for number in range(4)]
    assert sum(sizes) == 4000
    assert min(sizes) > 850


def test_one_shard_has_everything() -> None:
    """Without shards nothing is left out, text that has no encoding included."""
    assert Shard().has("", "\ud800")
