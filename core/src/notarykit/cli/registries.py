"""Registries by flags, environment and settings; all references of a command share their connections."""

import os
from collections.abc import Callable, Sequence
from functools import partial

from notarykit._internal.secret_text import mark_in
from notarykit.cli.options import Options
from notarykit.config.registries import RegistryOptions, credentials_in, registry_settings
from notarykit.errors import UsageError
from notarykit.oci.reference import Reference, is_scope
from notarykit.oci.registry.registries import Registries


def registry_options(options: Options, hosts: Sequence[str]) -> RegistryOptions:
    """Returns the registry options of a command; flags override the environment.

    Raises:
        UsageError: A key has no certificate, or credentials are set for several registries.
    """
    username, password = options["username"] or "", options["password"] or ""
    check_secret(username, "--username")
    check_secret(password, "--password")
    if not (username or password):
        username, password = credentials_in(options.credentials)
        check_secret(username, "$NOTATION_USERNAME")
        check_secret(password, "$NOTATION_PASSWORD")
    if username and not password and "password-stdin" not in options.values:  # login reads or asks for it
        raise UsageError("a user name without a password", advice="give --password, or $NOTATION_PASSWORD")
    if (username or password) and len(set(hosts)) > 1:
        raise UsageError(
            f"credentials for one registry, and references to {len(set(hosts))}",
            advice="use one command per registry, or log in to each",
        )
    if options["key-file"] and not options["cert-file"]:
        raise UsageError("--key-file requires --cert-file")
    return RegistryOptions(
        username,
        password,
        frozenset(hosts) if options["insecure-registry"] else frozenset(),
        options["ca-file"] or "",
        options["cert-file"] or "",
        options["key-file"] or "",
    )


def check_secret(text: str, where: str) -> None:
    """Refuses a name or password with a byte order mark or line end before a registry counts a failed attempt.

    Raises:
        UsageError: It begins or ends with one: neither has control characters (RFC 7617, section 2).
    """
    if mark := mark_in(os.fsencode(text)):
        raise UsageError(f"{where} {mark}", advice="leave it out")


def check_host(host: str) -> None:
    """Refuses an argument that is not a registry's host.

    Raises:
        UsageError: It is not of the form `host[:port]`.
    """
    if "/" in host or not is_scope(f"{host}/repository"):
        raise UsageError(
            f"{host!r} is not a registry host", advice="write it without https:// and without a repository"
        )


def _ways_to_log_in(others: Callable[[str], str], host: str) -> str:
    return f"give --username and --password, {others(host)}"


def registries(references: Sequence[Reference], options: Options) -> Registries:
    """Returns the registries of all references, which share connections and tokens.

    Raises:
        UsageError: The flags do not go together.
        ConfigurationError: The settings are malformed.
    """
    settings = registry_settings(registry_options(options, [reference.registry for reference in references]))
    settings = settings._replace(ways_to_log_in=partial(_ways_to_log_in, settings.ways_to_log_in))
    form = options.values.get("manifest-form", "current")
    is_old = "allow-referrers-api" in options.written
    force = not options["allow-referrers-api"] if is_old else bool(options.values.get("force-referrers-tag"))
    return Registries(settings, timeout=options["timeout"], form=form, force_referrers_tag=force)
