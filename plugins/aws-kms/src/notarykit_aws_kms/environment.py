"""A session of the SDK, whose settings are those of the environment as all other SDKs of AWS read it.

botocore knows `$AWS_DEFAULT_REGION` alone, and takes an empty variable for a value: a region or profile without a name.
"""

import os
from collections.abc import Mapping
from typing import Any

from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES, ConfigChainFactory  # type: ignore[import-untyped]
from botocore.credentials import ContainerProvider, create_credential_resolver  # type: ignore[import-untyped]
from botocore.session import Session  # type: ignore[import-untyped]

_CONTAINER = "container-role"


def session(profile: str | None, region: str | None) -> Any:
    """A session that nobody has logged in with yet.

    Args:
        profile: The profile to log in with, before that of the environment.
        region: The region of the key, before that of the environment.
    """
    environment = {name: value for name, value in os.environ.items() if value}
    made = Session(profile=profile)
    chains, store = ConfigChainFactory(made, environment), made.get_component("config_store")
    for name, (property_, variables, default, conversion) in _settings(environment).items():
        store.set_config_provider(
            name, chains.create_config_chain(name, variables, property_, default, conversion)
        )  # fmt: skip

    def resolver() -> Any:
        found = create_credential_resolver(made, region_name=region or made.get_config_variable("region"))
        found.insert_after(_CONTAINER, ContainerProvider(environment))
        found.remove(_CONTAINER)  # the first of that name, which an empty variable is enough for
        return found

    made.lazy_register_component("credential_provider", resolver)
    return made


def _settings(environment: Mapping[str, str]) -> dict[str, Any]:
    """The SDK's settings: each has the name in a profile, the variables, the default, and what converts it."""
    return {
        **BOTOCORE_DEFAUT_SESSION_VARIABLES,
        # In this order, as the AWS CLI and the SDK for Go have it.
        "region": ("region", ["AWS_REGION", "AWS_DEFAULT_REGION"], None, None),
        "ca_bundle": ("ca_bundle", "AWS_CA_BUNDLE", environment.get("REQUESTS_CA_BUNDLE", True), None),
    }
