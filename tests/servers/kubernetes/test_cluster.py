"""The cluster of the tests itself."""

from tests.servers.kubernetes.build import VERSION
from tests.servers.kubernetes.cluster import Cluster


def test_version_is_what_was_built(cluster: Cluster) -> None:
    """The API server says the version that the tests speak of."""
    assert cluster.api.get("/version")["gitVersion"] == f"v{VERSION}"


def test_other_users_need_rights(cluster: Cluster) -> None:
    """A user without rights creates nothing, so that rights in tests are those that are given."""
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {}}
    answer = cluster.api.impersonating("alice").create(pod)
    assert answer.status == 403
    assert "alice" in answer.message
