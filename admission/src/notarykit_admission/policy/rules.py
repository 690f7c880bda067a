"""Rules of namespaces: which trust policy counts in each, what follows from a refusal, and what is exempt."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Literal, NamedTuple

import msgspec

from notarykit.errors import ConfigurationError
from notarykit_admission.errors import RequestError
from notarykit_admission.forms import decode
from notarykit_admission.message import one_line
from notarykit_admission.names import is_namespace

# Of a part of a reference between slashes: its characters (module github.com/distribution/reference), not dots alone.
_PART = re.compile(r"[.]*[A-Za-z0-9_:@+\[\]-][A-Za-z0-9_:@+\[\].-]*")


class Mode(StrEnum):
    """Treatment of images that are not accepted."""

    ENFORCE = "enforce"
    """It is denied."""
    WARN = "warn"
    """It is admitted, with a warning for the user who made the request."""
    AUDIT = "audit"
    """It is admitted; the log and the metrics have it."""


class Tags(StrEnum):
    """Treatment of tags, which may be moved after the decision, where no digest takes their place."""

    DENY = "deny"
    """It is refused."""
    RESOLVE = "resolve"
    """The image that it names now is judged, with a warning."""


class Rule(NamedTuple):
    """Rule of a namespace.

    Attributes:
        policy: File name of the trust policy.
        mode: What follows from an image that is not accepted.
        tags: What follows from a tag where nothing is pinned.
        exempt: References that are admitted without a look: whole ones, or beginnings that end in `/`.
    """

    policy: str
    mode: Mode
    tags: Tags
    exempt: tuple[str, ...]

    def exempts(self, image: str) -> bool:
        """Tells whether an image is exempt, by the text of its reference.

        A beginning is meant for references that name a registry or a path in it, so it does not match one with parts
        that are no names, such as `..`, nor with characters that no reference has, such as `*`.
        """
        return any(self._matches(text, image) for text in self.exempt)

    @staticmethod
    def _matches(exempt: str, image: str) -> bool:
        if not exempt.endswith("/"):
            return image == exempt
        return image.startswith(exempt) and all(map(_PART.fullmatch, image.split("/")))


class Rules(NamedTuple):
    """Rules of all namespaces.

    Attributes:
        default: Rule of each namespace that has none of its own, and of what is in no namespace.
        namespaces: Rules by the name of the namespace.
    """

    default: Rule
    namespaces: Mapping[str, Rule]

    def of(self, namespace: str) -> Rule:
        """Returns the rule of a namespace."""
        return self.namespaces.get(namespace, self.default)

    @property
    def policies(self) -> frozenset[str]:
        """File names of all trust policies that count anywhere."""
        return frozenset(rule.policy for rule in (self.default, *self.namespaces.values()))


DEFAULT_RULE = Rule("trustpolicy.json", Mode.ENFORCE, Tags.DENY, ())


class _Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    policy: str | None = None
    mode: Mode | None = None
    tags: Tags | None = None
    exempt: tuple[str, ...] | None = None


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: Literal["1"]
    default: _Rule = _Rule()
    namespaces: dict[str, _Rule] = {}


_DECODER = msgspec.json.Decoder(_Document)
_ADVICE = {
    ".mode`": f"give {', '.join(Mode)}",
    ".tags`": f"give {' or '.join(Tags)}",
    "`$.version`": 'give "1"',
    "unknown field": f"known are {', '.join(_Document.__struct_fields__)}, and in a rule {', '.join(Rule._fields)}",
}


def parse_rules(content: bytes, name: str, usual: Rule = DEFAULT_RULE) -> Rules:
    """Parses a document of rules; what a namespace's rule leaves out is taken from the default.

    Args:
        content: The document in JSON.
        name: Name of the document for messages.
        usual: Rule from which is taken what the default leaves out.

    Raises:
        ConfigurationError: It is malformed, or has a member that is not known.
    """
    try:
        document = decode(_DECODER, content, f"file {name}")
    except RequestError as error:
        problem = str(error)
        advice = next((advice for part, advice in _ADVICE.items() if part in problem), "correct it")
        raise ConfigurationError(problem, advice=advice) from None
    for namespace in document.namespaces:
        if not is_namespace(namespace):
            problem = one_line(f"{name}: {namespace!r} is no name of a namespace")
            raise ConfigurationError(problem, advice="name each in full; all others have the default")
    default = _completed(document.default, usual)
    rules = Rules(default, {name: _completed(rule, default) for name, rule in document.namespaces.items()})
    for rule in (rules.default, *rules.namespaces.values()):
        _check(rule, name)
    return rules


def _completed(rule: _Rule, default: Rule) -> Rule:
    found = {name: getattr(rule, name) for name in Rule._fields if getattr(rule, name) is not None}
    return default._replace(**found)


def _check(rule: Rule, name: str) -> None:
    if not rule.policy.endswith(".json") or "/" in rule.policy or rule.policy.startswith("."):
        raise ConfigurationError(f"{name}: policy {rule.policy!r} is not the name of a file that ends in .json")
    for text in rule.exempt:
        if not text.strip("/"):
            raise ConfigurationError(f"{name}: exemption {text!r} would exempt everything")
