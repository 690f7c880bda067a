"""Where notation keeps its files, on each system; both tools share them."""

import os
import sys

from notarykit.errors import ConfigurationError


def config_folder() -> str:
    """The folder of settings: `$NOTATION_CONFIG`, else notation's folder in the system's place for settings.

    Raises:
        ConfigurationError: There is no home folder to look in, or `$XDG_CONFIG_HOME` is relative.
    """
    return os.environ.get("NOTATION_CONFIG") or os.path.join(_user_folder(), "notation")


def _user_folder() -> str:
    if sys.platform == "win32":
        return _variable("APPDATA")
    if sys.platform == "darwin":
        return os.path.join(_variable("HOME"), "Library", "Application Support")
    xdg = os.environ.get("XDG_CONFIG_HOME")
    if not xdg:
        return os.path.join(_variable("HOME"), ".config")
    if not os.path.isabs(xdg):
        raise ConfigurationError("$XDG_CONFIG_HOME is a relative path", advice="set it to an absolute one, or unset it")
    return xdg


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise ConfigurationError(
            f"${name} is not set", advice="set it, or set $NOTATION_CONFIG to the settings' folder"
        )
    return value


def cache_folder() -> str:
    """The folder of what can be made again: `$NOTATION_CACHE`, else notation's in the system's place for caches."""
    if own := os.environ.get("NOTATION_CACHE"):
        return own
    if sys.platform == "win32":
        return os.path.join(_variable("LOCALAPPDATA"), "notation")
    if sys.platform == "darwin":
        return os.path.join(_variable("HOME"), "Library", "Caches", "notation")
    return os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.join(_variable("HOME"), ".cache"), "notation")


def certificate_folders() -> tuple[str, ...]:
    """The `certs.d` folders: our own, the user's and the system's for container tools."""
    home = os.path.expanduser("~")
    return (
        os.path.join(config_folder(), "certs.d"),
        os.path.join(os.environ.get("DOCKER_CONFIG") or os.path.join(home, ".docker"), "certs.d"),
        os.path.join(home, ".config", "containers", "certs.d"),
        "/etc/containers/certs.d",
        "/etc/docker/certs.d",
    )


def plugins_folder() -> str:
    """The folder of executable plugins: `$NOTATION_LIBEXEC/plugins`, else `plugins` among the settings.

    Raises:
        ConfigurationError: It is relative: nothing is run out of the folder that somebody happens to be in.
    """
    base = os.environ.get("NOTATION_LIBEXEC") or config_folder()
    if not os.path.isabs(base):
        raise ConfigurationError(
            f"plugins would be run from the relative path {base!r}",
            advice="set $NOTATION_LIBEXEC or $NOTATION_CONFIG to an absolute one",
        )
    return os.path.join(base, "plugins")


def plugin_choices_file() -> str:
    """What the user chose where a package and an executable have one name; notation does not know this file."""
    return os.path.join(config_folder(), "pluginchoices.json")


def trust_store_root() -> str:
    """The folder of all trust stores."""
    return os.path.join(config_folder(), "truststore")


def signing_keys_file() -> str:
    """The list of signing keys."""
    return os.path.join(config_folder(), "signingkeys.json")


def settings_file() -> str:
    """The general settings."""
    return os.path.join(config_folder(), "config.json")


def local_key_files(name: str) -> tuple[str, str]:
    """The key's and the certificate's file of a test key."""
    folder = os.path.join(config_folder(), "localkeys")
    return os.path.join(folder, f"{name}.key"), os.path.join(folder, f"{name}.crt")


def attached_chain_file(name: str) -> str:
    """The chain that was attached to a signing key; the key's name may be of any characters."""
    from urllib.parse import quote

    return os.path.join(config_folder(), "localkeys", f"{quote(name, safe='')}.chain.pem")


def policy_files() -> tuple[str, str]:
    """The trust policy for OCI artifacts, and the older name that is read where the first is absent."""
    folder = config_folder()
    return os.path.join(folder, "trustpolicy.oci.json"), os.path.join(folder, "trustpolicy.json")
