"""The general settings, `config.json`, as notation keeps them."""

from notarykit import files
from notarykit.config.places import settings_file
from notarykit.envelope.unverified import COSE, JWS
from notarykit.errors import ConfigurationError, StorageError
from notarykit.strict_json import DocumentError, Members, loads

FORMATS = {"jws": JWS, "cose": COSE}
_LARGEST_FILE = 4 * 1024 * 1024


def default_format() -> str:
    """The signature format that the settings name, `jws` or `cose`; `jws` where they name none.

    Raises:
        ConfigurationError: The file is malformed or cannot be read.
    """
    path = settings_file()
    try:
        members = Members(loads(files.read(path, _LARGEST_FILE)), "document")
        name = members.text("signatureFormat") if "signatureFormat" in members else ""
        if name and name not in FORMATS:
            raise DocumentError(f"signatureFormat {name!r} is not one of {', '.join(FORMATS)}")
        return name or "jws"
    except FileNotFoundError:
        return "jws"
    except (DocumentError, StorageError) as error:
        raise ConfigurationError(f"settings {path}: {error}", advice="mend it, or move it away") from None
