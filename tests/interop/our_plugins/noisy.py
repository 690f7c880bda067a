"""A plugin that writes whatever it likes wherever it likes, as SDKs and what they start do."""

import atexit
import logging
import os
import sys
import warnings

from notarykit import plugin
from notarykit_local_file.plugin import LocalFilePlugin

_MORE_THAN_A_PIPE_HOLDS = 200_000


def make_noise() -> None:
    """Writes to both streams in every way there is."""
    print("{}")
    print("x" * _MORE_THAN_A_PIPE_HOLDS)
    print('{"errorCode":"ERROR","errorMessage":"noise"}', file=sys.stderr, flush=True)
    logging.basicConfig(level=logging.DEBUG)
    logging.getLogger("sdk").warning("noise")
    warnings.warn("noise", stacklevel=1)
    for stream in (1, 2):
        os.write(stream, b"noise without an end of line")
    os.system("echo noise; echo noise >&2")


make_noise()
atexit.register(make_noise)


class NoisyPlugin(LocalFilePlugin):
    """Signs with keys in files, and makes a noise about it."""

    name = "our-noisy"
    description = "Signs noisily"
    version = "1.0.0"
    url = "https://example.com/our-noisy"

    def describe_key(self, request: plugin.DescribeKeyRequest) -> plugin.KeyDescription:
        """The spec of a key, with noise before and after."""
        make_noise()
        os.system("sleep 10 &")
        described = super().describe_key(request)
        make_noise()
        return described

    def generate_signature(self, request: plugin.GenerateSignatureRequest) -> plugin.GeneratedSignature:
        """A signature, with noise before and after."""
        make_noise()
        signed = super().generate_signature(request)
        make_noise()
        return signed
