"""Authentication challenges of a registry (RFC 9110, section 11.3), and the scopes that they name."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from notarykit.errors import AccessError

_MAX_CHALLENGES = 16
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
# A scheme may stand alone, or be followed by a token68 instead of parameters (RFC 9110, section 11.2).
_SCHEME = re.compile(rf"[\s,]*({_WORD})(?=[\s,]|$)(?:\s+[A-Za-z0-9._~+/-]+=*(?=\s*(?:,|$)))?\s*")
_PARAMETER = re.compile(rf'\s*({_WORD})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_WORD}))\s*(?:,|$)')


class Challenge(NamedTuple):
    """Authentication challenge (RFC 9110, section 11.3).

    Attributes:
        scheme: The scheme in lower case, such as `basic` or `bearer`.
        parameters: The parameters, names in lower case.
    """

    scheme: str
    parameters: Mapping[str, str]


def parse_challenges(text: str) -> list[Challenge]:
    """Parses a `WWW-Authenticate` header, up to the first malformed challenge.

    Raises:
        AccessError: There are too many challenges.
    """
    challenges: list[Challenge] = []
    position = 0
    while match := _SCHEME.match(text, position):
        if len(challenges) == _MAX_CHALLENGES:
            raise AccessError(f"more than {_MAX_CHALLENGES} authentication challenges")
        position = match.end()
        parameters: dict[str, str] = {}
        while parameter := _PARAMETER.match(text, position):
            quoted, plain = parameter[2], parameter[3]
            parameters[parameter[1].lower()] = re.sub(r"\\(.)", r"\1", quoted) if plain is None else plain
            position = parameter.end()
        challenges.append(Challenge(match[1].lower(), parameters))
    return challenges


def further_scopes(scope: str, challenge: str) -> list[str]:
    """Returns the scopes of a challenge that the scope of the request does not cover."""
    resource, _, actions = scope.rpartition(":")
    own = {f"{resource}:{action}" for action in actions.split(",")}
    demanded = [(item, *item.rpartition(":")[::2]) for item in challenge.split()]
    return [item for item, name, names in demanded if not {f"{name}:{action}" for action in names.split(",")} <= own]
