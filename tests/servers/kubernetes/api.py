"""Client of an API server, which says what the server said."""

import contextlib
import functools
import http.client
import json
import re
import ssl
import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

Object = dict[str, Any]
"""Object of Kubernetes, as JSON has it."""
SECONDS = 60
_APPLY, _MERGE = "application/apply-patch+yaml", "application/merge-patch+json"
_MERGE_BY_NAME = "application/strategic-merge-patch+json"
_DRY_RUN = {"dryRun": "All"}
_WARNING = re.compile(r'299 - "((?:[^"\\]|\\.)*)"')


class Answer(NamedTuple):
    """Answer of the API server.

    Attributes:
        status: Status code.
        body: Object, list or `Status`; for what is no JSON, its text as `message`.
        warnings: Warnings, as `kubectl` shows them.
        seconds: Time from the request to the answer.
    """

    status: int
    body: Object
    warnings: tuple[str, ...]
    seconds: float

    @property
    def is_good(self) -> bool:
        """True for a request that was done."""
        return self.status < 300

    @property
    def message(self) -> str:
        """Message of a `Status`."""
        return str(self.body.get("message", ""))


class RefusedError(Exception):
    """The API server did not do what was asked; the text is its message.

    Attributes:
        answer: Its answer.
    """

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.status}: {answer.message}")
        self.answer = answer


class API:
    """Client of an API server; from several threads at a time, since each request has a connection of its own.

    Args:
        port: Port on 127.0.0.1.
        ca_file: Certificate of its CA.
        headers: Headers of each request, such as the one of the user.
    """

    def __init__(self, port: int, ca_file: str, headers: Mapping[str, str]) -> None:
        self._port = port
        self._context = ssl.create_default_context(cafile=ca_file)
        self._headers = headers
        self._resources = functools.cache(self._resources_of)

    def impersonating(self, user: str, *groups: str) -> "API":
        """Returns a client whose requests are another user's."""
        api = API.__new__(API)
        vars(api).update(vars(self))
        api._headers = {**self._headers, "Impersonate-User": user}
        if groups:
            (api._headers["Impersonate-Group"],) = groups
        return api

    def request(
        self,
        method: str,
        path: str,
        body: Object | bytes | None = None,
        *,
        content: str = "application/json",
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        """Sends a request, and returns the answer, whatever it is.

        Args:
            method: Method.
            path: Path, without the query.
            body: Object that is sent, or its text.
            content: Content type of the body.
            query: Parameters of the query.
        """
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Accept": "application/json", "Content-Type": content, **self._headers}
        target = f"{path}?{urlencode(query)}" if query else path
        begun = time.monotonic()
        connection = http.client.HTTPSConnection("127.0.0.1", self._port, context=self._context, timeout=SECONDS)
        with contextlib.closing(connection):
            connection.request(method, target, data, headers)
            response = connection.getresponse()
            text, fields = response.read(), response.headers.get_all("Warning") or ()
        try:
            members = json.loads(text)
        except ValueError:
            members = {"message": text.decode("utf-8", "replace")}
        warnings = (re.sub(r"\\(.)", r"\1", found) for field in fields for found in _WARNING.findall(_decoded(field)))
        return Answer(response.status, members, tuple(warnings), time.monotonic() - begun)

    def done(self, answer: Answer) -> Object:
        """Returns the body of a request that was done.

        Raises:
            RefusedError: It was not.
        """
        if not answer.is_good:
            raise RefusedError(answer)
        return answer.body

    def get(self, path: str) -> Object:
        """Returns what stands at a path."""
        return self.done(self.request("GET", path))

    def create(self, made: Object, *, dry_run: bool = False) -> Answer:
        """Creates an object, which has its namespace in its metadata; a dry run does not store it."""
        return self.request("POST", self.path(made, named=False), made, query=_DRY_RUN if dry_run else None)

    def apply(self, made: Object) -> Object:
        """Creates an object or makes it like this (server-side apply), as `kubectl apply --server-side` does."""
        query = {"fieldManager": "tests", "force": "true"}
        return self.done(self.request("PATCH", self.path(made), made, content=_APPLY, query=query))

    def check(self, made: Object) -> Answer:
        """Has an object looked at as `kubectl apply` does: members that its kind does not know are errors."""
        query = {"fieldManager": "tests", "force": "true", "fieldValidation": "Strict", "dryRun": "All"}
        return self.request("PATCH", self.path(made), made, content=_APPLY, query=query)

    def patch(self, stored: Object, changes: Object, subresource: str = "") -> Answer:
        """Changes an object, or a subresource of it, as `kubectl` does: lists are merged by the names in them.

        Objects of custom resources know no such merge: their lists are replaced.
        """
        path = "/".join(filter(None, (self.path(stored), subresource)))
        return self.request("PATCH", path, changes, content=_MERGE_BY_NAME if _is_built_in(stored) else _MERGE)

    def delete(self, stored: Object) -> Answer:
        """Deletes an object at once."""
        return self.request("DELETE", self.path(stored), query={"gracePeriodSeconds": "0"})

    def path(self, made: Object, *, named: bool = True) -> str:
        """Returns the path of an object, or of the list that it is in."""
        version, kind = made["apiVersion"], made["kind"]
        plural, namespaced = self._resources(version)[kind]
        parts = ["/apis" if "/" in version else "/api", version]
        if namespaced:
            parts += ["namespaces", made["metadata"].get("namespace", "default")]
        parts += [plural, *([made["metadata"]["name"]] if named else [])]
        return "/".join(parts)

    def _resources_of(self, version: str) -> Mapping[str, tuple[str, bool]]:
        """Returns the plural of each kind of a version, and whether it stands in namespaces."""
        listed = self.get(f"/{'apis' if '/' in version else 'api'}/{version}")["resources"]
        return {each["kind"]: (each["name"], each["namespaced"]) for each in listed if "/" not in each["name"]}


def _is_built_in(stored: Object) -> bool:
    group = stored["apiVersion"].rpartition("/")[0]
    return "." not in group or group.endswith(".k8s.io")


def _decoded(field: str) -> str:
    """Returns a header in UTF-8, which the standard library reads as Latin-1."""
    return field.encode("latin-1").decode("utf-8", "replace")
