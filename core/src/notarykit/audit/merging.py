"""Merging of shards: whether files are the shards of one audit, and the header of the whole."""

from collections.abc import Iterator, Sequence

from notarykit.audit.audit_file import AuditFile
from notarykit.audit.header import AuditHeader
from notarykit.audit.shard import Shard
from notarykit.errors import StorageError, UsageError

_PARTIAL = "audit it again, or give --partial to merge the others"


def check_shards(shards: Sequence[AuditFile], *, partial: bool = False) -> list[str]:
    """Checks that files are the shards of one audit, in their order.

    Args:
        shards: The files.
        partial: True to permit shards that are missing or were interrupted.

    Returns:
        What is missing, a line each; nothing without `partial`.

    Raises:
        UsageError: A file is of another audit, two are of one shard, or one is missing or was interrupted.
        StorageError: A record is in a shard to which it does not fall.
    """
    first = shards[0]
    by_number: dict[int, AuditFile] = {}
    for shard in shards:
        if difference := _difference(first.header, shard.header):
            raise UsageError(f"{shard.path} is not of the same audit as {first.path}: {difference}")
        twin = by_number.setdefault(shard.header.shard.number, shard)
        if twin is not shard:
            raise UsageError(f"{twin.path} and {shard.path} are both of shard {shard.header.shard}")
        _check_records(shard)
    problems = list(_problems(by_number, first.header.shard.total))
    if problems and not partial:
        raise UsageError(problems[0], advice=_PARTIAL)
    return problems


def merged_header(shards: Sequence[AuditFile]) -> AuditHeader:
    """Returns the header of the whole audit, which started when its first shard did."""
    started_at = min(shard.header.started_at for shard in shards)
    return shards[0].header._replace(shard=Shard(), started_at=started_at)


def _difference(first: AuditHeader, other: AuditHeader) -> str:
    if first.registries != other.registries:
        return f"it is of {', '.join(other.registries)}, not of {', '.join(first.registries)}"
    if first.shard.total != other.shard.total:
        return f"it is one of {other.shard.total} shards, not of {first.shard.total}"
    if first.policy != other.policy:
        return "the trust policy, a trust store or a limit was another"
    return "" if first.recursive == other.recursive else "one is with the manifests below indexes, one without"


def _check_records(shard: AuditFile) -> None:
    for record in shard.records():
        if not shard.header.shard.has(record.digest, record.reference):
            raise StorageError(f"{shard.path}: {record.reference} does not fall to shard {shard.header.shard}")


def _problems(by_number: dict[int, AuditFile], total: int) -> Iterator[str]:
    for number in range(total):
        if number not in by_number:
            yield f"shard {Shard(number, total)} is missing"
        elif by_number[number].summary is None:
            yield f"{by_number[number].path} is of an audit that was interrupted"
