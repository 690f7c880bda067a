"""Paths of notation's configuration, plugins, trust stores and caches, shared with the notation CLI."""

import os
import sys

from notarykit.errors import ConfigurationError

_OTHERWISE = "set $NOTATION_CONFIG to the settings' folder"


def config_folder() -> str:
    """Returns the configuration folder: `$NOTATION_CONFIG`, else `notation` in the platform's configuration folder.

    Raises:
        ConfigurationError: The home folder is unknown, or the variable that names the folder is relative.
    """
    return named_by("NOTATION_CONFIG") or os.path.join(_user_folder(), "notation")


def _user_folder() -> str:
    if sys.platform == "win32":
        return _variable("APPDATA")
    if sys.platform == "darwin":
        return os.path.join(_home(), "Library", "Application Support")
    xdg = os.environ.get("XDG_CONFIG_HOME")
    if not xdg:
        return os.path.join(_home(), ".config")
    if not os.path.isabs(xdg):
        raise ConfigurationError("$XDG_CONFIG_HOME is a relative path", advice="set it to an absolute one, or unset it")
    return xdg


def _home() -> str:
    """Returns `$HOME`, which must be absolute: its trust policy and trust stores are what counts."""
    home = _variable("HOME")
    if not os.path.isabs(home):
        raise ConfigurationError("$HOME is a relative path", advice=f"set it to an absolute one, or {_OTHERWISE}")
    return home


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise ConfigurationError(f"${name} is not set", advice=f"set it, or {_OTHERWISE}")
    return value


def named_by(variable: str) -> str:
    """Returns the path in an environment variable, or an empty string.

    Raises:
        ConfigurationError: It begins with an unexpanded `~`, which would name a folder `~` here.
    """
    path = os.environ.get(variable, "")
    if path == "~" or path.startswith(("~/", "~\\")):
        raise ConfigurationError(f"${variable} begins with ~, which no shell has expanded", advice="write it in full")
    return path


def home_folder() -> str | None:
    """Returns the home folder from the environment or the user database, or None where that is no absolute path."""
    home = os.environ.get("USERPROFILE" if sys.platform == "win32" else "HOME")
    if not home and sys.platform != "win32":
        import pwd

        try:
            home = pwd.getpwuid(os.getuid()).pw_dir
        except KeyError:  # a container's user may be a number and nothing else
            return None
    return home if home and os.path.isabs(home) else None


def settle_home() -> None:
    """Points `$HOME` at nothing where it is unknown, so that SDKs do not read settings from the working directory."""
    if sys.platform != "win32" and home_folder() is None:
        os.environ["HOME"] = os.devnull


def _in_home(*names: str) -> str | None:
    home = home_folder()
    return os.path.join(home, *names) if home else None


def _xdg(variable: str) -> str | None:
    """Returns the folder in an XDG variable; the XDG Base Directory Specification has relative ones ignored."""
    path = os.environ.get(variable, "")
    return path if os.path.isabs(path) else None


def cache_folder() -> str | None:
    """Returns the cache folder: `$NOTATION_CACHE`, else `notation` in the platform's cache folder.

    None where neither is known: everything works without a cache.
    """
    if own := named_by("NOTATION_CACHE"):
        return own
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
    elif sys.platform == "darwin":
        base = _in_home("Library", "Caches")
    else:
        base = _xdg("XDG_CACHE_HOME") or _in_home(".cache")
    return os.path.join(base, "notation") if base else None


def docker_folder() -> str | None:
    """Returns Docker's configuration folder: `$DOCKER_CONFIG`, else `~/.docker`, or None without a home folder."""
    return named_by("DOCKER_CONFIG") or _in_home(".docker")


def certificate_folders() -> tuple[str, ...]:
    """Returns the `certs.d` folders: notation's own, then the user's and the system's for container tools."""
    users = (config_folder(), docker_folder(), _in_home(".config", "containers"))
    return (
        *(os.path.join(each, "certs.d") for each in users if each),
        "/etc/containers/certs.d",
        "/etc/docker/certs.d",
    )


def podman_files() -> tuple[str, ...]:
    """Returns Podman's credential files in its own order of precedence (containers-auth.json(5))."""
    if own := named_by("REGISTRY_AUTH_FILE"):
        return (own,)
    session, settings = _xdg("XDG_RUNTIME_DIR"), _xdg("XDG_CONFIG_HOME") or _in_home(".config")
    folders = [os.path.join(each, "containers") for each in (session, settings) if each]
    if not session and sys.platform == "linux":
        folders.insert(0, f"/run/containers/{os.getuid()}")
    return tuple(os.path.join(each, "auth.json") for each in folders)


def plugins_folder() -> str:
    """Returns the folder of executable plugins: `$NOTATION_LIBEXEC/plugins`, else `plugins` in `config_folder`.

    Raises:
        ConfigurationError: It is relative: nothing is executed relative to the working directory.
    """
    base = named_by("NOTATION_LIBEXEC") or config_folder()
    if not os.path.isabs(base):
        raise ConfigurationError(
            f"plugins would be run from the relative path {base!r}",
            advice="set $NOTATION_LIBEXEC or $NOTATION_CONFIG to an absolute one",
        )
    return os.path.join(base, "plugins")


def plugin_choices_file() -> str:
    """Returns the file of choices between a package and an executable of one name; the notation CLI ignores it."""
    return os.path.join(config_folder(), "pluginchoices.json")


def notarykit_settings_file() -> str:
    """The settings that notation does not have; it would drop them from its own file."""
    return os.path.join(config_folder(), "notarykit.json")


def trust_store_root() -> str:
    """Returns the root folder of trust stores."""
    return os.path.join(config_folder(), "truststore")


def signing_keys_file() -> str:
    """Returns the file with the list of signing keys."""
    return os.path.join(config_folder(), "signingkeys.json")


def settings_file() -> str:
    """Returns the file of general settings."""
    return os.path.join(config_folder(), "config.json")


def local_key_files(name: str) -> tuple[str, str]:
    """Returns the key file and the certificate file of a test key."""
    folder = os.path.join(config_folder(), "localkeys")
    return os.path.join(folder, f"{name}.key"), os.path.join(folder, f"{name}.crt")


def attached_chain_file(name: str) -> str:
    """Returns the file of the chain attached to a signing key, whose name may hold any characters."""
    from urllib.parse import quote

    return os.path.join(config_folder(), "localkeys", f"{quote(name, safe='')}.chain.pem")


def policy_files() -> tuple[str, str]:
    """Returns the trust policy file for OCI artifacts, and the legacy file that is read where that is absent."""
    folder = config_folder()
    return os.path.join(folder, "trustpolicy.oci.json"), os.path.join(folder, "trustpolicy.json")


def blob_policy_files() -> tuple[str]:
    """Returns the trust policy file for blobs, which has no older name."""
    return (os.path.join(config_folder(), "trustpolicy.blob.json"),)
