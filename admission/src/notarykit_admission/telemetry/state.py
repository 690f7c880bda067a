"""Metrics that are read when they are asked for: what the program holds and how old it is."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

import notarykit
from notarykit_admission.telemetry.evidence import EvidenceState
from notarykit_admission.telemetry.metrics import PREFIX
from notarykit_admission.version import __version__


class FilesState(NamedTuple):
    """State of files that are taken up while the program runs.

    Attributes:
        loaded: Time at which those that count were taken up, in seconds since 1970.
        looked: Time of the last look.
        is_broken: True if there are newer ones that cannot be used.
    """

    loaded: float
    looked: float
    is_broken: bool


class State(NamedTuple):
    """State of the program.

    Attributes:
        policy: The policy folder.
        policy_identity: Digest of what counts, by which replicas can be compared.
        tls: The files of TLS.
        certificate_end: End of the server's certificate, in seconds since 1970.
        cached: Number of decisions that are kept.
        hits: Number of look-ups that found a decision.
        misses: Number of those that found none.
        examinations: Number of images that are examined now.
        reviews: Number of requests that are answered now.
        connections: Number of connections that are open.
        lost_lines: Number of lines of the log that were lost.
        evidence: OCSP responses and CRLs.
    """

    policy: FilesState
    policy_identity: str
    tls: FilesState
    certificate_end: float
    cached: int
    hits: int
    misses: int
    examinations: int
    reviews: int
    connections: int
    lost_lines: int
    evidence: Sequence[EvidenceState]


class StateCollector(Collector):
    """Makes metrics of the program's state.

    Args:
        read: Function that returns the state.
    """

    def __init__(self, read: Callable[[], State]) -> None:
        self._read = read

    def describe(self) -> Iterable[Metric]:
        """Names nothing in advance, so that the state is read only when somebody asks."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Returns the metrics."""
        state = self._read()
        yield _gauge("build_info", "Versions.", 1, version=__version__, notarykit=notarykit.__version__)
        yield _gauge("policy_info", "Digest of the policies that count.", 1, identity=state.policy_identity)
        yield from _files("policy", "the policies", state.policy)
        yield from _files("tls", "the files of TLS", state.tls)
        yield _gauge("tls_certificate_end_timestamp_seconds", "End of the certificate.", state.certificate_end)
        yield _gauge("cache_decisions", "Decisions that are kept.", state.cached)
        yield _lookups(state)
        yield _gauge("examinations", "Images that are examined, or wait for it.", state.examinations)
        yield _gauge("reviews", "Requests that are answered now.", state.reviews)
        yield _gauge("connections", "Connections that are open.", state.connections)
        yield CounterMetricFamily(
            f"{PREFIX}_log_lines_lost", "Lines of the log that nobody read in time.", value=state.lost_lines
        )
        yield from _evidence(state.evidence)


def _gauge(name: str, text: str, value: float, **labels: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"{PREFIX}_{name}", text, labels=tuple(labels))
    family.add_metric(tuple(labels.values()), value)
    return family


def _files(name: str, what: str, files: FilesState) -> Iterable[Metric]:
    yield _gauge(f"{name}_loaded_timestamp_seconds", f"Time at which {what} that count were taken up.", files.loaded)
    yield _gauge(f"{name}_looked_timestamp_seconds", f"Time of the last look at {what}.", files.looked)
    yield _gauge(f"{name}_broken", f"1 if newer ones of {what} cannot be used.", files.is_broken)


def _lookups(state: State) -> Metric:
    family = CounterMetricFamily(f"{PREFIX}_cache_lookups", "Look-ups of decisions.", labels=("result",))
    family.add_metric(("hit",), state.hits)
    family.add_metric(("miss",), state.misses)
    return family


def _evidence(states: Sequence[EvidenceState]) -> Iterable[Metric]:
    def family(name: str, text: str, values: Mapping[str, float]) -> Metric:
        found = GaugeMetricFamily(f"{PREFIX}_revocation_{name}", text, labels=("kind",))
        for kind, value in values.items():
            found.add_metric((kind,), value)
        return found

    yield family(
        "sources", "Responders and CRLs that were used within a day.", {each.kind: each.sources for each in states}
    )
    yield family(
        "oldest_timestamp_seconds",
        "Time at which the oldest of their newest answers was made.",
        {each.kind: each.oldest_begin for each in states},
    )
    yield family(
        "next_end_timestamp_seconds",
        "Time at which the first of their newest answers ends.",
        {each.kind: each.next_end for each in states},
    )
    yield family(
        "used_timestamp_seconds",
        "Time at which one of them was used last.",
        {each.kind: each.last_use for each in states},
    )
