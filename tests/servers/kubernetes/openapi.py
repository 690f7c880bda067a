"""The OpenAPI description that an API server gives of itself: a plain walk over the fields of all of its kinds."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from notarykit_admission.workload.kinds import Kind
from tests.servers.kubernetes.api import API, Object

Path = tuple[str, ...]
"""Members that lead to a field; `*` for any entry of a list or a map."""
ANY = "*"
_SCHEMAS = "#/components/schemas/"


class Schema(NamedTuple):
    """Schema of a kind's objects.

    Attributes:
        kind: The kind.
        name: Name of the schema in the description.
        all: All schemas of the description.
    """

    kind: Kind
    name: str
    all: Mapping[str, Object]

    def texts(self) -> Iterator[Path]:
        """Yields the paths of all fields that hold a text; a schema that is a part of itself is walked once."""
        return (path for path, found, _ in self._walk({"$ref": _SCHEMAS + self.name}) if found.get("type") == "string")

    def parts(self, name: str) -> Iterator[Path]:
        """Yields the paths of all fields of a schema of this name."""
        return (path for path, _, names in self._walk({"$ref": _SCHEMAS + self.name}) if names[-1:] == (name,))

    def resolved(self, found: Object) -> Object:
        """Returns the schema that a field's own leads to, or that itself."""
        for reference in (found, *found.get("allOf", ())):
            if "$ref" in reference:
                return self.all[reference["$ref"].removeprefix(_SCHEMAS)]
        return found

    def _walk(self, found: Object, path: Path = (), names: Path = ()) -> Iterator[tuple[Path, Object, Path]]:
        for reference in (found, *found.get("allOf", ())):
            if "$ref" in reference:
                name = reference["$ref"].removeprefix(_SCHEMAS)
                if name not in names:
                    yield path, self.all[name], (*names, name)
                    yield from self._members(self.all[name], path, (*names, name))
                return
        yield path, found, ()
        yield from self._members(found, path, names)

    def _members(self, found: Object, path: Path, names: Path) -> Iterator[tuple[Path, Object, Path]]:
        members = dict(found.get("properties", {}))
        for each in ("items", "additionalProperties"):
            if isinstance(found.get(each), dict):
                members[ANY] = found[each]
        for name, member in members.items():
            yield from self._walk(member, (*path, name), names)


def schemas(api: API) -> list[Schema]:
    """Returns the schemas of all kinds of objects that can be sent to an API server, of each of its versions."""
    found: dict[str, Schema] = {}
    for path in api.get("/openapi/v3")["paths"]:
        described = api.get(f"/openapi/v3/{path}")
        for operations in described["paths"].values():
            for operation in (operations.get("post"), operations.get("put")):
                if schema := _body(operation, described):
                    found[schema.name] = schema
    return list(found.values())


def _body(operation: Object | None, described: Object) -> Schema | None:
    """Returns the schema of what an operation is sent, if that is an object of a kind."""
    kind = (operation or {}).get("x-kubernetes-group-version-kind")
    if operation is None or kind is None or "requestBody" not in operation:
        return None
    (content, *_) = operation["requestBody"]["content"].values()
    if "$ref" not in content["schema"]:
        return None
    name = content["schema"]["$ref"].removeprefix(_SCHEMAS)
    return Schema(Kind(kind["group"], kind["kind"]), name, described["components"]["schemas"])
