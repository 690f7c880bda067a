"""The oras command, compiled from its module of the Go module proxy: what publishers push artifacts with."""

from tests.interop.go_build import Module, compile_to, download
from tests.support import cache

ORAS = Module("oras.land/oras", "v1.2.3", "h1:rX4fPzUp0dE1PnQoJQKzjqHYf/QGkNJlrh2g0URV7o8=")


def build() -> str:
    """Returns the path of the program; builds it if the cache has none of this version."""
    place = cache.place("oras", ORAS)
    return str(cache.cached(place, lambda folder: compile_to(folder / "oras", download(ORAS), "./cmd/oras")))
