"""Plugin configuration of a key: the certificate authority, the token's source, the certificate, the timestamp."""

import os
import re
from collections.abc import Mapping
from typing import NamedTuple

from notarykit.plugin import (
    KEY_SPECS,
    PluginValidationError,
    TimestampAuthority,
    check_settings,
    read_certificates,
    read_file,
)
from notarykit_identity.address import check_address
from notarykit_identity.key_id import FULCIO, NAMES, VAULT, KeyId, parse_key_id
from notarykit_identity.token_source import TokenSource, is_token, parse_token_source

_OF_ALL = (
    "address", "tls_ca", "plain_http", "token_source", "token_file", "token_variable", "audience", "issuer", "subject",
    "issuer_tls_ca", "client_id", "client_secret_file", "scope", "key_spec", "ca_certs", "root", "timestamp_url",
    "timestamp_root", "verification_plugin",
)  # fmt: skip
_OF_TOKENS = ("audience", "issuer", "subject", "scope")
_OF_VAULT = ("namespace", "auth_mount", "auth_role", "ttl")
SETTINGS = (*_OF_ALL, *_OF_VAULT)
"""Names of plugin configuration."""

_DEFAULT_AUDIENCE = "sigstore"
_DEFAULT_TTL = "10m"
_TTL = re.compile(r"[1-9][0-9]{0,3}[smh]?")


class ServerSettings(NamedTuple):
    """Server, and how to reach it.

    Attributes:
        address: URL.
        tls_ca: File of CA certificates in place of the system's, or an empty string.
        is_plain_allowed: True if the address may be one of http.
    """

    address: str
    tls_ca: str
    is_plain_allowed: bool


class Settings(NamedTuple):
    """Settings of one key. They name files and variables, and hold no secret.

    Attributes:
        key_id: Parsed key id.
        server: Certificate authority.
        source: Source of the identity token.
        audience: Audience that the token must have.
        issuer: Issuer that the token must have, or None for any.
        subject: Subject that the certificate must name, or None for the token's own.
        key_spec: Spec of the key that is made for each signature.
        ca_certs: File of certificates that complete the chain, or an empty string.
        root: File of the root that the chain must end with, or an empty string for any.
        authority: Timestamp authority.
        is_plugin_named: True if the signature is to name this plugin as its verification plugin.
        namespace: Vault's namespace, or an empty string.
        auth_mount: Mount of Vault's auth method.
        auth_role: Role of the auth method, or an empty string for its default.
        ttl: Validity that is requested of Vault.
    """

    key_id: KeyId
    server: ServerSettings
    source: TokenSource
    audience: str
    issuer: str | None
    subject: str | None
    key_spec: str
    ca_certs: str
    root: str
    authority: TimestampAuthority
    is_plugin_named: bool
    namespace: str
    auth_mount: str
    auth_role: str
    ttl: str


def parse_key_spec(key_id: str, config: Mapping[str, str]) -> str:
    """Returns the spec of the keys that are made, which is known without asking anybody.

    Raises:
        PluginValidationError: The key id or the setting is malformed.
    """
    parse_key_id(key_id)
    spec = config.get("key_spec", "EC-256")
    if spec not in KEY_SPECS:
        raise PluginValidationError(f"plugin configuration key_spec={spec!r} is no key spec", advice=f"use {_specs()}")
    return spec


def parse_settings(key_id: str, config: Mapping[str, str], environment: Mapping[str, str] = os.environ) -> Settings:
    """Parses a key id and its plugin configuration.

    Raises:
        PluginValidationError: A setting is unknown, malformed, missing, or does not apply.
        SigningKeyError: A file cannot be read.
        CertificateError: A file has no certificate.
    """
    parsed = parse_key_id(key_id)
    _check_names(parsed, config)
    server = _parse_server(parsed, config, environment)
    return Settings(
        parsed,
        server,
        parse_token_source(parsed.protocol, config, is_plain_allowed=server.is_plain_allowed),
        config.get("audience") or (_DEFAULT_AUDIENCE if parsed.protocol == FULCIO else server.address),
        config.get("issuer") or None,
        config.get("subject") or None,
        parse_key_spec(key_id, config),
        config.get("ca_certs", ""),
        config.get("root", ""),
        _parse_authority(config),
        _is_set("verification_plugin", config),
        _parse_namespace(config, environment) if parsed.protocol == VAULT else "",
        _matching("auth_mount", NAMES, config.get("auth_mount", "jwt")),
        _matching("auth_role", NAMES, config["auth_role"]) if "auth_role" in config else "",
        _matching("ttl", _TTL.pattern, config.get("ttl", _DEFAULT_TTL)),
    )


def _check_names(key_id: KeyId, config: Mapping[str, str]) -> None:
    check_settings(config, SETTINGS)
    for name in _OF_VAULT:
        if name in config and key_id.protocol != VAULT:
            raise PluginValidationError(f"plugin configuration {name!r} does not apply to the key id {FULCIO}")
    for name, value in config.items():
        if name in _OF_TOKENS and not value.isprintable():
            raise PluginValidationError(f"plugin configuration {name}={value!r} is not printable")
        if is_token(value):
            raise PluginValidationError(
                f"plugin configuration {name!r} has a token as its value, which is a secret",
                advice="name the token's file with token_file, or its variable with token_variable",
            )


def _parse_server(key_id: KeyId, config: Mapping[str, str], environment: Mapping[str, str]) -> ServerSettings:
    is_vault = key_id.protocol == VAULT
    address = config.get("address") or (environment.get("VAULT_ADDR", "") if is_vault else "")
    if not address:
        variable = ", or $VAULT_ADDR" if is_vault else ""
        raise PluginValidationError(
            "the address of the certificate authority is not set",
            advice=f"set address=https://… in the plugin configuration{variable}",
        )
    if is_vault and environment.get("VAULT_SKIP_VERIFY", "").lower() not in ("", "0", "f", "false"):
        raise PluginValidationError(
            "$VAULT_SKIP_VERIFY is set, but a token is never sent to an unverified server",
            advice="unset it, and name the server's CA with tls_ca",
        )
    tls_ca = config.get("tls_ca") or (environment.get("VAULT_CACERT", "") if is_vault else "")
    is_plain = _is_set("plain_http", config)
    check_address("address", address, is_plain_allowed=is_plain)
    return ServerSettings(address.rstrip("/"), tls_ca, is_plain)


def _parse_namespace(config: Mapping[str, str], environment: Mapping[str, str]) -> str:
    namespace = (config.get("namespace") or environment.get("VAULT_NAMESPACE", "")).strip("/ ")
    return _matching("namespace", NAMES, namespace) if namespace else ""


def _parse_authority(config: Mapping[str, str]) -> TimestampAuthority:
    url, root = config.get("timestamp_url", ""), config.get("timestamp_root", "")
    if not (url and root):
        raise PluginValidationError(
            "a timestamp is needed, since the certificate expires within minutes",
            advice="set timestamp_url to the address of an authority (RFC 3161), and timestamp_root to the file with "
            "its root certificate",
        )
    if not url.startswith(("http://", "https://")):
        raise PluginValidationError("timestamp_url is not an http:// or https:// URL")
    content = read_file(root, "timestamp_root")
    if (count := len(read_certificates(content, root))) != 1:
        raise PluginValidationError(
            f"timestamp_root names {root}, which has {count} certificates",
            advice="keep the authority's root alone in it",
        )
    return TimestampAuthority(url, content)


def _is_set(name: str, config: Mapping[str, str]) -> bool:
    value = config.get(name, "false")
    if value not in ("true", "false"):
        raise PluginValidationError(f"plugin configuration {name}={value!r} must be true or false")
    return value == "true"


def _matching(name: str, pattern: str, value: str) -> str:
    if re.fullmatch(pattern, value) is None:
        form = "a number of seconds, or one with s, m or h" if name == "ttl" else "a name in Vault"
        raise PluginValidationError(f"plugin configuration {name}={value!r} is not {form}")
    return value


def _specs() -> str:
    return ", ".join(KEY_SPECS)
