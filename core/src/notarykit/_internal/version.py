"""How this software names itself in envelopes (signature specification, "Signing Agent")."""

VERSION = "0.1.0"


def signing_agent(plugin: str = "", version: str = "") -> str:
    """The signing agent: this software and, where a plugin signed, the plugin."""
    own = f"notarykit/{VERSION}"
    return f"{own} {plugin}/{version}" if plugin else own
