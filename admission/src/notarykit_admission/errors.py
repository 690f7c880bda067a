"""Errors of notarykit-admission."""


class RequestError(Exception):
    """A request is malformed, or of a version that is not spoken; the text is one line for whoever sent it."""
