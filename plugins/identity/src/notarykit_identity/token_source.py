"""Settings of where the identity token comes from: a file, a variable, or a service that issues it."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from notarykit.plugin import PluginValidationError

FILE, VARIABLE, GITHUB, GITLAB, KUBERNETES, CLIENT = (
    "file", "variable", "github", "gitlab", "kubernetes", "client-credentials",
)  # fmt: skip
_NAMED = (GITHUB, GITLAB, KUBERNETES, CLIENT)
_KUBERNETES_FILE = "/var/run/secrets/notarykit/token"
_GITLAB_VARIABLES = {"fulcio": "SIGSTORE_ID_TOKEN", "vault": "VAULT_ID_TOKEN"}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TOKEN = re.compile(r"\s*eyJ[\w-]+\.[\w-]+\.")


class TokenSource(NamedTuple):
    """Source of the token. It names files and variables, and holds no secret.

    Attributes:
        kind: `FILE`, `VARIABLE` or one of the services.
        place: Path of the file, or name of the variable.
        client_id: Client at the issuer, for `CLIENT`.
        secret_file: File with the client's secret, for `CLIENT`.
        scope: Scope that is requested, for `CLIENT`.
        tls_ca: File of CA certificates for the issuer in place of the system's, or an empty string.
        is_plain_allowed: True if addresses of this machine may be those of http.
    """

    kind: str
    place: str = ""
    client_id: str = ""
    secret_file: str = ""
    scope: str = ""
    tls_ca: str = ""
    is_plain_allowed: bool = False

    @property
    def expiry_advice(self) -> str:
        """What to do about a token that has expired."""
        if self.kind == GITLAB:
            return "sign earlier in the job, or raise the job's timeout: its ID tokens are as old as the job"
        if self.kind == KUBERNETES:
            return "the kubelet replaces the file in time: check the volume, and this machine's clock"
        return "get a new one, and check this machine's clock"

    def audience_advice(self, audience: str) -> str:
        """What to do about a token for another audience."""
        if self.kind == GITLAB:
            return f"set it in .gitlab-ci.yml: id_tokens: {self.place}: aud: {audience}"
        if self.kind == KUBERNETES:
            return f"project a token for it: serviceAccountToken with audience: {audience}, in the pod's volumes"
        return f"request a token for the audience {audience}, or set audience"


def is_token(text: str) -> bool:
    """Returns True for a text that begins like a JSON web token."""
    return _TOKEN.match(text) is not None


def parse_token_source(protocol: str, config: Mapping[str, str], *, is_plain_allowed: bool) -> TokenSource:
    """Parses the settings of the token's source.

    Raises:
        PluginValidationError: There is none, there are two, or a setting is malformed or does not apply.
    """
    kind = _kind(config)
    for name in ("client_id", "client_secret_file", "scope"):
        if name in config and kind != CLIENT:
            raise PluginValidationError(f"plugin configuration {name!r} applies to token_source={CLIENT} alone")
    if kind == CLIENT and not all(map(config.get, ("client_id", "client_secret_file", "issuer"))):
        raise PluginValidationError(
            f"token_source={CLIENT} requires issuer, client_id and client_secret_file",
            advice="set them to those of the client at the issuer",
        )
    place = config.get("token_file") or config.get("token_variable") or ""
    if kind == KUBERNETES:
        place = place or _KUBERNETES_FILE
    if kind == GITLAB:
        place = place or _GITLAB_VARIABLES[protocol]
    if config.get("token_variable") and _VARIABLE.fullmatch(config["token_variable"]) is None:
        # Not quoted, since it may be the token.
        raise PluginValidationError("plugin configuration token_variable is not the name of a variable")
    return TokenSource(
        kind,
        place,
        config.get("client_id", ""),
        config.get("client_secret_file", ""),
        config.get("scope", ""),
        config.get("issuer_tls_ca", ""),
        is_plain_allowed,
    )


def _kind(config: Mapping[str, str]) -> str:
    named = config.get("token_source")
    given = [name for name in ("token_file", "token_variable") if config.get(name)]
    if named is None and len(given) == 1:
        return FILE if given == ["token_file"] else VARIABLE
    if named is None and given:
        raise PluginValidationError(
            "plugin configuration has both token_file and token_variable", advice="set the one that has the token"
        )
    if named is None or named not in _NAMED:
        raise PluginValidationError(
            "plugin configuration does not say where the identity token comes from"
            if named is None
            else f"plugin configuration token_source={named!r} is not known",
            advice=f"set token_file, or token_variable, or token_source to one of {', '.join(_NAMED)}",
        )
    fitting = {KUBERNETES: ["token_file"], GITLAB: ["token_variable"]}.get(named, [])
    if any(name not in fitting for name in given):
        raise PluginValidationError(f"token_source={named} does not go with {given[-1]}", advice="set one of them")
    return named
