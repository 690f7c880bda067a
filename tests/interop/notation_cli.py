"""The notation command, compiled from its module of the Go module proxy."""

from tests.interop.go_build import Module, compile_to, download
from tests.support import cache

NOTATION = Module("github.com/notaryproject/notation", "v1.3.2", "h1:roSxDRZ+w8kIgxoxruhHpSVtVFwpfq2piuaMvOrPaco=")


def build() -> str:
    """Returns the path of the program; builds it if the cache has none of this version."""
    place = cache.place("notation", NOTATION)
    return str(
        cache.cached(place, lambda folder: compile_to(folder / "notation", download(NOTATION), "./cmd/notation"))
    )
