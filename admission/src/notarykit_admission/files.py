"""Files that settings name."""

from notarykit.errors import ConfigurationError

LARGEST_FILE = 4 * 1024 * 1024


def read_file(path: str, advice: str = "") -> bytes:
    """Returns the content of a file.

    Args:
        path: The file.
        advice: What to do if it cannot be read.

    Raises:
        ConfigurationError: It cannot be read, or has more than 4 MiB.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}", advice=advice) from None
    if len(content) > LARGEST_FILE:
        raise ConfigurationError(f"{path} has more than {LARGEST_FILE} bytes", advice=advice)
    return content


def refuse_encrypted_key() -> str:
    """Takes the place of the prompt for a key's passphrase, which OpenSSL would show on the terminal.

    Raises:
        ValueError: Always.
    """
    raise ValueError("the private key is encrypted")
