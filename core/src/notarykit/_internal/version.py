"""Version and signing agent (signature specification, "Unsigned Attributes")."""

__version__ = "0.1.0"


def signing_agent(plugin: str = "", version: str = "") -> str:
    """Returns the signing agent: `notarykit/VERSION`, followed by `PLUGIN/VERSION` where a plugin signed."""
    own = f"notarykit/{__version__}"
    return f"{own} {plugin}/{version}" if plugin else own
