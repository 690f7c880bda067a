"""Pull secrets in a real cluster that change: credentials, the token of the program, and its rights."""

from tests.servers.kubernetes.api import Object
from tests.servers.kubernetes.private import PROGRAM, PULL_SECRETS, SECRET, Setting, private_pod, pull_secret
from tests.servers.registry.running import Credentials
from tests.support.polling import poll


def test_rotated_secret_is_taken_up(setting: Setting) -> None:
    """When the registry takes other credentials, those that the secret has now are read for the next image."""
    namespace = setting.namespace()
    assert setting.run(namespace, setting.private.push().by_digest, SECRET).status == 201
    old, new = setting.private.credentials, Credentials("rotated", "other words")
    setting.private.accept(new)
    try:
        image = setting.private.push()
        denied = setting.run(namespace, image.by_digest, SECRET)
        assert denied.status == 403
        assert "put credentials into the pull secrets that may read" in denied.message
        setting.api.apply(pull_secret(namespace, {setting.private.host: new}))
        assert setting.create_eventually(private_pod(namespace, image.by_digest, SECRET)).status == 201
    finally:
        setting.private.accept(old)


def test_token_of_the_program_is_rotated(setting: Setting) -> None:
    """When its token counts no more, the program reads the new one."""
    setting.account.renew()
    assert setting.run(setting.namespace(), setting.private.push().by_digest, SECRET).status == 201


def test_secret_that_may_not_be_read(setting: Setting) -> None:
    """Where the program may not read a secret, whoever is denied reads what it needs; it counts once that is given."""
    binding = setting.api.get(f"/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/{PULL_SECRETS}")
    namespace, image = setting.namespace(), setting.private.push()
    setting.api.delete(binding)
    try:
        _is_allowed(setting, namespace, allowed=False)
        answer = setting.run(namespace, image.by_digest, SECRET)
        assert answer.status == 403
        assert "(secret 'registry' may not be read by this program, whose service account needs 'get'" in answer.message
    finally:
        setting.api.apply(
            {key: binding[key] for key in ("apiVersion", "kind", "roleRef", "subjects")} | _named(binding)
        )
    _is_allowed(setting, namespace, allowed=True)
    assert setting.create_eventually(private_pod(namespace, image.by_digest, SECRET)).status == 201


def _named(stored: Object) -> Object:
    return {"metadata": {"name": stored["metadata"]["name"]}}


def _is_allowed(setting: Setting, namespace: str, *, allowed: bool) -> None:
    """Waits until the API server lets the program read the secret of a namespace, or no more."""
    program = setting.api.impersonating(PROGRAM)
    path = f"/api/v1/namespaces/{namespace}/secrets/{SECRET}"
    poll(lambda: program.request("GET", path).is_good is allowed)


def test_rights_of_the_program(setting: Setting) -> None:
    """The chart lets the program read secrets and service accounts by their names, and neither list nor change them."""
    api, namespace = setting.api, setting.namespace()
    program = api.impersonating(PROGRAM)
    secrets = f"/api/v1/namespaces/{namespace}/secrets"
    assert program.request("GET", f"{secrets}/{SECRET}").status == 200
    assert program.request("GET", secrets).status == 403
    assert program.request("GET", f"{secrets}?watch=1").status == 403
    assert program.request("DELETE", f"{secrets}/{SECRET}").status == 403
    assert program.request("GET", f"/api/v1/namespaces/{namespace}/pods/any").status == 403
