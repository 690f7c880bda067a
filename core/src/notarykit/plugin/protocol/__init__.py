"""Messages of the plugin contract 1.0, typed, for calls in this process and as JSON between processes.

Names in JSON are the plugin specification's (plugin-extensibility.md); bytes are base64 there and bytes here. Members
that are not known are ignored, as the contract's minor versions require. None of the modules imports `typing`, and what
get-plugin-metadata needs is in a module of its own, so that a plugin answers it quickly.
"""
