"""Pattern of the messages of malformed envelopes."""

import re


def one_line(form: str, text: str = "") -> str:
    """Returns a pattern of messages on one line that begin with a format's name and contain a text."""
    return rf"^{form}: (?=[^\n]*{re.escape(text)})[^\n]+\Z"
