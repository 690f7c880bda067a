"""Session of the SDK with the settings of the environment, as all other SDKs of AWS read it.

botocore reads `$AWS_DEFAULT_REGION` alone, and takes an empty variable for a value: a region or profile without a name.
"""

import os
from collections.abc import Container, Iterator, Mapping
from typing import Any

from boto3.session import Session  # type: ignore[import-untyped]
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES, ConfigChainFactory  # type: ignore[import-untyped]
from botocore.credentials import ContainerProvider, create_credential_resolver  # type: ignore[import-untyped]
from botocore.exceptions import DataNotFoundError  # type: ignore[import-untyped]
from botocore.loaders import Loader  # type: ignore[import-untyped]
from botocore.session import Session as CoreSession  # type: ignore[import-untyped]

_CONTAINER = "container-role"


class EnvironmentSession(Session):  # type: ignore[misc]
    """Session that logs in when a client first sends a request."""

    def __init__(self, profile: str | None, region: str | None) -> None:
        """Reads the settings.

        Args:
            profile: The profile to log in with, before that of the environment.
            region: The region of the key, before that of the environment.
        """
        self._core = _core_session(profile, region)
        super().__init__(botocore_session=self._core)

    def set_defaults(self, config: Any) -> None:
        """Sets the `botocore.config.Config` of clients, those that log in included, from here on."""
        self._core.set_default_client_config(config)


def _core_session(profile: str | None, region: str | None) -> Any:
    environment = {name: value for name, value in os.environ.items() if value}
    session = CoreSession(profile=profile)
    chains, store = ConfigChainFactory(session, environment), session.get_component("config_store")
    for name, (property_, variables, default, conversion) in _settings(environment).items():
        store.set_config_provider(
            name, chains.create_config_chain(name, variables, property_, default, conversion)
        )  # fmt: skip

    def resolver() -> Any:
        providers = create_credential_resolver(session, region_name=region or session.get_config_variable("region"))
        providers.insert_after(_CONTAINER, ContainerProvider(environment))
        providers.remove(_CONTAINER)  # the first of that name, which reads an empty variable as an address
        return providers

    session.lazy_register_component("credential_provider", resolver)
    session.lazy_register_component("data_loader", lambda: _loader(session.get_config_variable("data_path")))
    return session


def _loader(search_path: str | None) -> Loader:
    paths = search_path.split(os.pathsep) if search_path else ()
    return _QuickLoader(extra_search_paths=[os.path.expanduser(os.path.expandvars(path)) for path in paths])


class _QuickLoader(Loader):  # type: ignore[misc]
    """Loader that looks up one service, where botocore's reads the folders of all 400 to know that it exists."""

    def list_available_services(self, type_name: str) -> "_Services":
        """Returns the services that have data of a type."""
        return _Services(self, type_name)


class _Services(Container[str]):
    """Services that have data of a type."""

    def __init__(self, loader: Loader, type_name: str) -> None:
        self._loader, self._type_name = loader, type_name

    def __contains__(self, name: object) -> bool:
        try:
            return bool(self._loader.list_api_versions(name, self._type_name))
        except DataNotFoundError:
            return False

    def __iter__(self) -> Iterator[str]:
        yield from Loader.list_available_services(self._loader, self._type_name)


def _settings(environment: Mapping[str, str]) -> dict[str, Any]:
    """Returns the SDK's settings: the name in a profile, the variables, the default and the conversion of each."""
    return {
        **BOTOCORE_DEFAUT_SESSION_VARIABLES,
        # In this order, as the AWS CLI and the SDK for Go have it.
        "region": ("region", ["AWS_REGION", "AWS_DEFAULT_REGION"], None, None),
        "ca_bundle": ("ca_bundle", "AWS_CA_BUNDLE", environment.get("REQUESTS_CA_BUNDLE", True), None),
    }
