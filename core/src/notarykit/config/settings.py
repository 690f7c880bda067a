"""General settings, notation's `config.json`."""

import os
from typing import NamedTuple

from notarykit._internal import files
from notarykit._internal.ownership import warn_of_other_writers
from notarykit._internal.paths import settings_file
from notarykit._internal.strict_json import DocumentError
from notarykit.envelope.unverified import COSE, JWS

FORMATS = {"jws": JWS, "cose": COSE}
_LARGEST_FILE = 4 * 1024 * 1024


class Settings(NamedTuple):
    """General settings.

    Attributes:
        signature_format: `jws` or `cose`.
        insecure_registries: Registries to reach over plain HTTP, in lower case.
    """

    signature_format: str = "jws"
    insecure_registries: frozenset[str] = frozenset()


def load_settings() -> Settings:
    """Returns the settings, or the defaults if there is no file.

    Raises:
        ConfigurationError: The file is malformed or cannot be read.
    """
    path = settings_file()
    warn_of_other_writers(os.path.dirname(path), path)
    with files.as_configuration(f"settings {path}"):
        if (members := files.read_members(path, _LARGEST_FILE)) is None:
            return Settings()
        name = members.text("signatureFormat", "")
        if name and name not in FORMATS:
            raise DocumentError(f"signatureFormat {name!r} is not one of {', '.join(FORMATS)}")
        insecure = members.texts("insecureRegistries", ())
        return Settings(name or "jws", frozenset(host.lower() for host in insecure))
