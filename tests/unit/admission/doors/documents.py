"""Schemas of what anybody asks and is answered."""

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

_SCHEMAS = Path(__file__).parents[4] / "docs" / "schema"


def schema(name: str) -> Draft202012Validator:
    """Returns the schema in a file of the documents."""
    return Draft202012Validator(json.loads((_SCHEMAS / name).read_text(encoding="utf-8")))


def answered(answer: bytes) -> Any:
    """Returns an answer, which conforms to the schema of `notarykit verify`."""
    document = json.loads(answer)
    schema("verify.json").validate(document)
    return document
