"""Kubelet's own look-up of credentials in pull secrets, as a program that answers questions."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.interop.go_build import go
from tests.servers.kubernetes.build import API_SERVER
from tests.support import cache
from tests.support.go_programs import FLAGS
from tests.support.requirements import require_build

_SOURCE = Path(__file__).with_name("keyring") / "main.go"
_NAME = "kubelet-keyring"


class Lookup(NamedTuple):
    """Look-up of credentials.

    Attributes:
        configs: Content of `.dockerconfigjson` of each secret.
        image: Repository of the image.
    """

    configs: tuple[str, ...]
    image: str


def build() -> str:
    """Returns the path of the program, which is compiled in seconds where the API server was."""
    place = cache.place(_NAME, (API_SERVER.module, API_SERVER.edits, FLAGS, _SOURCE.read_bytes()))
    require_build(API_SERVER.name, is_built=place.exists(), needs=["go 1.26"])
    return str(cache.cached(place, _compile))


def _compile(folder: Path) -> Path:
    API_SERVER.prepare(folder)
    shutil.copy(_SOURCE, folder)
    go(folder, "build", *FLAGS, "-ldflags=-s -w", "-o", _NAME, ".")
    return folder / _NAME


def find(program: str, lookups: Sequence[Lookup]) -> list[list[tuple[str, str]] | None]:
    """Returns names and passwords that kubelet would try, in their order; None where a secret is malformed to it."""
    questions = "".join(json.dumps({"Configs": each.configs, "Image": each.image}) + "\n" for each in lookups)
    done = subprocess.run([program], input=questions, capture_output=True, encoding="utf-8", check=True)
    answers = map(json.loads, done.stdout.splitlines())
    return [None if each["Malformed"] else [(name, word) for name, word in each["Logins"]] for each in answers]
