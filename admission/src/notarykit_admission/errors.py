"""Errors of notarykit-admission."""


class RequestError(Exception):
    """A request is malformed, or of another version; the text is one line for its sender."""
