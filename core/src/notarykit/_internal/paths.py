"""Where notation keeps its files, on each system; both tools share them."""

import os
import sys

from notarykit.errors import ConfigurationError

_OTHERWISE = "set $NOTATION_CONFIG to the settings' folder"


def config_folder() -> str:
    """The folder of settings: `$NOTATION_CONFIG`, else notation's folder in the system's place for settings.

    Raises:
        ConfigurationError: There is no home folder to look in, or the variable that names the place is relative.
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
    """The home folder whose policy and trust stores count: the one that is named, and named in full."""
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
    """The path in a variable, or an empty string.

    Raises:
        ConfigurationError: It begins with `~`, which only shells expand: it would be a folder of that name here.
    """
    path = os.environ.get(variable, "")
    if path == "~" or path.startswith(("~/", "~\\")):
        raise ConfigurationError(f"${variable} begins with ~, which no shell has expanded", advice="write it in full")
    return path


def home_folder() -> str | None:
    """The user's home folder, as the environment or the list of users has it; None where it is not an absolute path."""
    home = os.environ.get("USERPROFILE" if sys.platform == "win32" else "HOME")
    if not home and sys.platform != "win32":
        import pwd

        try:
            home = pwd.getpwuid(os.getuid()).pw_dir
        except KeyError:  # a container's user may be a number and nothing else
            return None
    return home if home and os.path.isabs(home) else None


def settle_home() -> None:
    """Where there is no home folder, has `~` lead nowhere: SDKs would read settings out of a folder here."""
    if sys.platform != "win32" and home_folder() is None:
        os.environ["HOME"] = os.devnull


def _in_home(*names: str) -> str | None:
    home = home_folder()
    return os.path.join(home, *names) if home else None


def _xdg(variable: str) -> str | None:
    """The folder in a variable of the XDG Base Directory Specification, which has relative ones ignored."""
    path = os.environ.get(variable, "")
    return path if os.path.isabs(path) else None


def cache_folder() -> str | None:
    """The folder of what can be made again: `$NOTATION_CACHE`, else notation's in the system's place for caches.

    None where there is no such place: everything works without a cache.
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
    """Docker's folder of settings: `$DOCKER_CONFIG`, else the one in the home folder, if there is one."""
    return named_by("DOCKER_CONFIG") or _in_home(".docker")


def certificate_folders() -> tuple[str, ...]:
    """The `certs.d` folders: our own, the user's and the system's for container tools."""
    users = (config_folder(), docker_folder(), _in_home(".config", "containers"))
    return (
        *(os.path.join(each, "certs.d") for each in users if each),
        "/etc/containers/certs.d",
        "/etc/docker/certs.d",
    )


def podman_files() -> tuple[str, ...]:
    """Podman's files of credentials, in the order in which it reads them (containers-auth.json(5))."""
    if own := named_by("REGISTRY_AUTH_FILE"):
        return (own,)
    session, settings = _xdg("XDG_RUNTIME_DIR"), _xdg("XDG_CONFIG_HOME") or _in_home(".config")
    folders = [os.path.join(each, "containers") for each in (session, settings) if each]
    if not session and sys.platform == "linux":
        folders.insert(0, f"/run/containers/{os.getuid()}")
    return tuple(os.path.join(each, "auth.json") for each in folders)


def plugins_folder() -> str:
    """The folder of executable plugins: `$NOTATION_LIBEXEC/plugins`, else `plugins` among the settings.

    Raises:
        ConfigurationError: It is relative: nothing is run out of the folder that somebody happens to be in.
    """
    base = named_by("NOTATION_LIBEXEC") or config_folder()
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
