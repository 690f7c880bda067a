"""References as nodes take them apart: the kubelet and containerd use Docker's module for it."""

import json
import random
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from notarykit import Digest
from notarykit.errors import UsageError
from notarykit_admission.review.reference import read_reference
from tests.interop.go_build import build
from tests.interop.test_references import ENDS, NAMES

_DIGEST = f"sha256:{'0a' * 32}"
_PIECES = [
    *("a", "A", "b-c", "d__e", "..", ".", "/", "//", ":", "@", "-", "_", "[::1]", "[", "]", "docker.io", "localhost"),
    *("index.docker.io", "library", "r.test", ":5000", ":0443", ":v1", f"@{_DIGEST}", "@sha256:0a", "\n", "é", "%2f"),
]
_MORE = [
    *("acme/web:v1", "Acme/web:v1", "LocalHost/web:v1", "localhost/web:v1", "docker.io/web:v1"),
    *("index.docker.io/web:v1", "index.docker.io/a/web:v1", "host:0443/a:v1", f"r.test/a:v1@{_DIGEST}"),
    *("0a" * 32, f"r.test/{'0a' * 32}:v1", f"{'0a' * 32}/a:v1"),
]


class _Parsed(NamedTuple):
    name: str
    tag: str
    digest: str
    error: str


@cache
def _by_nodes(texts: tuple[str, ...]) -> tuple[_Parsed, ...]:
    lines = "".join(f"{json.dumps(text)}\n" for text in texts)
    program = build("references", Path(__file__).with_name("references"))
    done = subprocess.run([program], input=lines, capture_output=True, text=True, check=True)
    return tuple(_Parsed(**json.loads(line)) for line in done.stdout.splitlines())


def _drawn() -> Iterator[str]:
    chosen = random.Random(1)
    for _ in range(10_000):
        yield "".join(chosen.choice(_PIECES) for _ in range(chosen.randint(1, 7)))
        # Of the form of a reference, and so one more often than not.
        host, *names = (chosen.choice(_PIECES) for _ in range(chosen.randint(2, 4)))
        port, end = chosen.choice(("", "", ":5000", ":0443")), chosen.choice((":v1", f"@{_DIGEST}", f":v1@{_DIGEST}"))
        yield f"{host}{port}/{'/'.join(names)}{end}"


@pytest.mark.parametrize("texts", [(*(f"{name}{end}" for name in NAMES for end in ENDS), *_MORE), tuple(_drawn())])
def test_nodes_pull_what_was_judged(texts: tuple[str, ...]) -> None:
    """Of each text that is read here, nodes make the same repository, and the same digest or tag."""
    read = 0
    for text, node in zip(texts, _by_nodes(texts), strict=True):
        try:
            reference = read_reference(text)
        except UsageError:
            continue
        read += 1
        registry = "docker.io" if reference.registry == "index.docker.io" else reference.registry
        assert (node.name, node.error) == (f"{registry}/{reference.name}", ""), text
        assert reference.identifier == (node.digest or node.tag), text
        assert isinstance(reference.identifier, Digest) is bool(node.digest), text
    assert read > 50
