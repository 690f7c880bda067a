"""Where the files are, on each system."""

import os
import sys

import pytest

from notarykit._internal import paths
from notarykit.errors import ConfigurationError

_VARIABLES = ("NOTATION_CONFIG", "XDG_CONFIG_HOME", "HOME", "APPDATA")


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """A system without any variable that counts."""
    monkeypatch.setattr(sys, "platform", request.param)
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)


_LINUX = pytest.mark.parametrize("system", ["linux", "freebsd14"], indirect=True)
_MAC = pytest.mark.parametrize("system", ["darwin"], indirect=True)
_WINDOWS = pytest.mark.parametrize("system", ["win32"], indirect=True)
_ALL = pytest.mark.parametrize("system", ["linux", "darwin", "win32"], indirect=True)


@pytest.mark.requirement("plugin:platforms", "plugin:plugins-folder")
@_LINUX
@pytest.mark.usefixtures("system")
def test_paths_on_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is in the home folder, or where $XDG_CONFIG_HOME says, unless that is empty."""
    monkeypatch.setenv("HOME", "/home/me")
    assert paths.config_folder() == "/home/me/.config/notation"
    monkeypatch.setenv("XDG_CONFIG_HOME", "")
    assert paths.config_folder() == "/home/me/.config/notation"
    monkeypatch.setenv("XDG_CONFIG_HOME", "/xdg")
    assert paths.config_folder() == "/xdg/notation"


@_LINUX
@pytest.mark.usefixtures("system")
def test_relative_configuration_folder_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative $XDG_CONFIG_HOME would mean another place in each folder."""
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("XDG_CONFIG_HOME", "xdg")
    with pytest.raises(ConfigurationError, match=r"^\$XDG_CONFIG_HOME is a relative path$") as caught:
        paths.config_folder()
    assert caught.value.exit_code == 2


@pytest.mark.requirement("plugin:platforms", "plugin:plugins-folder")
@_MAC
@pytest.mark.usefixtures("system")
def test_paths_on_macos(monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is in the library, whatever $XDG_CONFIG_HOME says."""
    monkeypatch.setenv("HOME", "/Users/me")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/xdg")
    assert paths.config_folder() == "/Users/me/Library/Application Support/notation"


@pytest.mark.requirement("plugin:platforms", "plugin:plugins-folder")
@_WINDOWS
@pytest.mark.usefixtures("system")
def test_paths_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is in the roaming settings."""
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("APPDATA", "C:/Users/me/AppData/Roaming")
    assert paths.config_folder() == "C:/Users/me/AppData/Roaming/notation"


@pytest.mark.requirement("trust:store-tree")
@_ALL
@pytest.mark.usefixtures("system")
def test_notation_config_overrides_the_platform_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """$NOTATION_CONFIG is the folder itself on every system, and needs no home folder."""
    monkeypatch.setenv("NOTATION_CONFIG", "/settings")
    assert paths.config_folder() == "/settings"
    assert paths.trust_store_root() == "/settings/truststore"
    assert paths.signing_keys_file() == "/settings/signingkeys.json"
    assert paths.settings_file() == "/settings/config.json"
    assert paths.local_key_files("a.b") == ("/settings/localkeys/a.b.key", "/settings/localkeys/a.b.crt")
    assert paths.policy_files() == ("/settings/trustpolicy.oci.json", "/settings/trustpolicy.json")
    assert paths.blob_policy_files() == ("/settings/trustpolicy.blob.json",)


@_ALL
@pytest.mark.usefixtures("system")
@pytest.mark.parametrize("value", [None, ""])
def test_missing_home_is_a_configuration_error(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no variable leads to a folder, the one that is missing is named."""
    name = "APPDATA" if sys.platform == "win32" else "HOME"
    if value is not None:
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as caught:
        paths.config_folder()
    assert caught.value.message == f"${name} is not set"
    assert caught.value.advice == "set it, or set $NOTATION_CONFIG to the settings' folder"


@pytest.mark.requirement("plugin:plugins-folder")
@_ALL
@pytest.mark.usefixtures("system")
def test_plugins_folder_follows_notation_libexec(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plugins are in $NOTATION_LIBEXEC, which alone is enough; else among the settings; choices are settings."""
    monkeypatch.delenv("NOTATION_LIBEXEC", raising=False)
    monkeypatch.setenv("NOTATION_CONFIG", "/settings")
    assert paths.plugins_folder() == "/settings/plugins"
    monkeypatch.setenv("NOTATION_LIBEXEC", "")
    assert paths.plugins_folder() == "/settings/plugins"
    monkeypatch.setenv("NOTATION_LIBEXEC", "/libexec")
    assert paths.plugins_folder() == "/libexec/plugins"
    assert paths.plugin_choices_file() == "/settings/pluginchoices.json"
    monkeypatch.delenv("NOTATION_CONFIG")
    assert paths.plugins_folder() == "/libexec/plugins"


@_LINUX
@pytest.mark.usefixtures("system")
@pytest.mark.parametrize("name", ["NOTATION_LIBEXEC", "NOTATION_CONFIG"])
def test_relative_plugins_folder_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is run out of the folder that somebody happens to be in."""
    monkeypatch.delenv("NOTATION_LIBEXEC", raising=False)
    monkeypatch.setenv("NOTATION_CONFIG", "/settings")
    monkeypatch.setenv(name, "here")
    with pytest.raises(ConfigurationError) as caught:
        paths.plugins_folder()
    assert caught.value.message == "plugins would be run from the relative path 'here'"
    assert caught.value.advice == "set $NOTATION_LIBEXEC or $NOTATION_CONFIG to an absolute one"


@_LINUX
@pytest.mark.usefixtures("system")
def test_relative_home_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative $HOME would have the policy of the present folder count."""
    monkeypatch.setenv("HOME", "home")
    with pytest.raises(ConfigurationError) as caught:
        paths.config_folder()
    assert caught.value.message == "$HOME is a relative path"
    assert caught.value.advice == "set it to an absolute one, or set $NOTATION_CONFIG to the settings' folder"


@pytest.mark.parametrize(
    "variable", ["NOTATION_CONFIG", "NOTATION_CACHE", "NOTATION_LIBEXEC", "DOCKER_CONFIG", "REGISTRY_AUTH_FILE"]
)
@pytest.mark.parametrize("value", ["~", "~/x"])
def test_unexpanded_tilde_is_refused(value: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`~` in a variable would be a folder of that name here: it is refused, with the variable's name."""
    monkeypatch.setenv(variable, value)
    asked = {
        "NOTATION_CONFIG": paths.config_folder,
        "NOTATION_CACHE": paths.cache_folder,
        "NOTATION_LIBEXEC": paths.plugins_folder,
        "DOCKER_CONFIG": paths.docker_folder,
        "REGISTRY_AUTH_FILE": paths.podman_files,
    }[variable]
    with pytest.raises(ConfigurationError) as caught:
        asked()
    assert caught.value.message == f"${variable} begins with ~, which no shell has expanded"
    monkeypatch.setenv(variable, "/~/x")
    asked()


@pytest.fixture
def stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who is a number and nothing else, with no variable that counts."""

    def unknown(number: int) -> None:
        raise KeyError(number)

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr("pwd.getpwuid", unknown)
    monkeypatch.setattr("os.getuid", lambda: 12345)
    for name in (*_VARIABLES, "DOCKER_CONFIG", "NOTATION_CACHE", "REGISTRY_AUTH_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("XDG_CACHE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("stranger")
@pytest.mark.parametrize("home", [None, "", "here", "./", "~"])
def test_without_home_no_path_is_relative_to_the_working_directory(
    home: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no home folder, nothing of Docker's, podman's or a cache's is looked for in the present one."""
    if home is not None:
        monkeypatch.setenv("HOME", home)
    monkeypatch.setenv("NOTATION_CONFIG", "/settings")
    assert paths.home_folder() is None
    assert paths.cache_folder() is None
    assert paths.docker_folder() is None
    assert paths.podman_files() == ("/run/containers/12345/auth.json",)
    assert paths.certificate_folders() == (
        "/settings/certs.d", "/etc/containers/certs.d", "/etc/docker/certs.d",
    )  # fmt: skip
    for variable in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(variable, "relative")
    assert paths.cache_folder() is None
    assert paths.podman_files() == ("/run/containers/12345/auth.json",)


@pytest.mark.usefixtures("stranger")
@pytest.mark.parametrize("home", ["", "here", "~"])
@pytest.mark.parametrize("load", ["package", "executable"])
def test_without_home_plugins_read_nothing_from_the_working_directory(
    load: str, home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SDKs of plugins, which look for settings in `~`, find none in the present folder either."""
    from notarykit.plugin.discovery.entry_points import packaged_plugin
    from notarykit.plugin.server.dispatch import respond

    monkeypatch.setenv("HOME", home)
    if load == "package":
        monkeypatch.setenv("NOTATION_CONFIG", "/settings")
        found = packaged_plugin("local-file")
        assert found is not None
        found.load()
    else:
        assert respond("notarykit_local_file.plugin:LocalFilePlugin", ["get-plugin-metadata"], lambda: b"{}")[0] == 0
    assert os.path.expanduser("~/.aws/config") == "/dev/null/.aws/config"


@_LINUX
@pytest.mark.usefixtures("system")
def test_home_falls_back_to_the_user_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without $HOME, the list of users has the home folder, as to Docker; not so for what says whom to trust."""
    import pwd

    monkeypatch.setattr("pwd.getpwuid", lambda _: pwd.struct_passwd(("me", "x", 1, 1, "", "/users/me", "/bin/sh")))
    for value in (None, ""):
        if value is not None:
            monkeypatch.setenv("HOME", value)
        assert paths.home_folder() == "/users/me"
        with pytest.raises(ConfigurationError, match=r"^\$HOME is not set$"):
            paths.config_folder()
    monkeypatch.setenv("HOME", "/home/me")
    assert paths.home_folder() == "/home/me"


@_LINUX
@pytest.mark.usefixtures("system")
def test_paths_of_docker_and_podman(monkeypatch: pytest.MonkeyPatch) -> None:
    """Docker's, podman's and the cache's places are in the home folder, or where their variables say."""
    monkeypatch.setenv("HOME", "/home/me")
    for name in ("DOCKER_CONFIG", "NOTATION_CACHE", "REGISTRY_AUTH_FILE", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    assert paths.docker_folder() == "/home/me/.docker"
    assert paths.cache_folder() == "/home/me/.cache/notation"
    assert paths.podman_files()[-1] == "/home/me/.config/containers/auth.json"
    variables = {"DOCKER_CONFIG": "docker", "XDG_CACHE_HOME": "/cache", "XDG_RUNTIME_DIR": "/run/me"}
    for variable, value in {**variables, "XDG_CONFIG_HOME": "/xdg"}.items():
        monkeypatch.setenv(variable, value)
    assert paths.docker_folder() == "docker"
    assert paths.cache_folder() == "/cache/notation"
    assert paths.podman_files() == ("/run/me/containers/auth.json", "/xdg/containers/auth.json")
    monkeypatch.setenv("REGISTRY_AUTH_FILE", "auth.json")
    assert paths.podman_files() == ("auth.json",)
