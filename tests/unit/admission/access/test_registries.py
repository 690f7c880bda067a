"""Access to registries: with which credentials, and what is known under which."""

from typing import cast

from notarykit import Credentials, Digest, DockerConfig, Reference, Registries
from notarykit_admission.access.access import Access
from notarykit_admission.access.pool import RegistryPool
from notarykit_admission.access.pull_secrets import Keyring
from notarykit_admission.access.registries import MOST_CREDENTIALS, RegistryAccess
from notarykit_admission.access.registry_files import LookUp, RegistryFiles

_IMAGE = Reference("r.test", "team/app", Digest(f"sha256:{'ab' * 32}"))
_ALICE, _BOB = Credentials("alice", "secret-1"), Credentials("bob", "secret-2")


class _Files:
    """The program's own files, with registries that remember their look-up."""

    identity = "own 0"

    def open(self, look_up: LookUp | None = None) -> Registries:
        """Opens registries."""
        registries = Registries()
        registries.look_up = look_up  # type: ignore[attr-defined]
        return registries


def _access() -> tuple[RegistryAccess, _Files]:
    files = _Files()
    return RegistryAccess(cast("RegistryFiles", files), RegistryPool()), files


def _keyring(**logins: Credentials) -> Keyring:
    return Keyring(DockerConfig((key.replace("_", "."), login) for key, login in logins.items()))


def _both(*logins: Credentials) -> Keyring:
    return Keyring(DockerConfig(("r.test", login) for login in logins))


def _look_ups(access: Access) -> list[LookUp | None]:
    found = []
    for way in access.ways:
        with way() as registries:
            found.append(registries.look_up)  # type: ignore[attr-defined]
    return found


def test_own_credentials() -> None:
    """The program's own credentials are those of its files; after a change they are others."""
    access, files = _access()
    own = access.own(_IMAGE)
    assert _look_ups(own) == [None]
    assert access.own(_IMAGE).identity == own.identity
    with own.ways[0]() as first, access.own(_IMAGE).ways[0]() as same:
        assert first is same
    files.identity = "own 1"
    assert access.own(_IMAGE).identity != own.identity
    with access.own(_IMAGE).ways[0]() as other:
        assert other is not first


def test_registries_of_each_host() -> None:
    """Each host has registries of its own."""
    access, _ = _access()
    with access.own(_IMAGE).ways[0]() as one, access.own(_IMAGE._replace(registry="s.test")).ways[0]() as other:
        assert one is not other


def test_secrets_come_first() -> None:
    """Credentials of pull secrets are tried before the program's own, each for its host alone."""
    access, _ = _access()
    look_ups = _look_ups(access.with_secrets(_IMAGE, _keyring(r_test=_ALICE, s_test=_BOB)))
    assert len(look_ups) == 2
    assert look_ups[1] is None
    assert look_ups[0] is not None
    assert look_ups[0]("r.test/team/app") == _ALICE
    assert look_ups[0]("r.test") == _ALICE
    for other in ("s.test/team/app", "r.test.evil.test/app", "r.test:5000/app", ""):
        assert look_ups[0](other) is None


def test_secrets_of_other_hosts_change_nothing() -> None:
    """Where no secret is for the image's host, the access is the program's own."""
    access, _ = _access()
    own, other = access.own(_IMAGE), access.with_secrets(_IMAGE, _keyring(s_test=_BOB))
    assert other.identity == own.identity
    assert _look_ups(other) == [None]


def test_identities() -> None:
    """What is known under credentials counts for the same ones alone, wherever they come from."""
    access, files = _access()
    alice = access.with_secrets(_IMAGE, _keyring(r_test=_ALICE)).identity
    again = access.with_secrets(_IMAGE, _keyring(s_test=_BOB, r_test=Credentials("alice", "secret-1"))).identity
    assert again == alice
    others = [
        access.own(_IMAGE).identity,
        access.with_secrets(_IMAGE, _keyring(r_test=_BOB)).identity,
        access.with_secrets(_IMAGE, _keyring(r_test=_ALICE._replace(password="secret-2"))).identity,
        access.with_secrets(_IMAGE, _keyring(r_test=Credentials("alices", "ecret-1"))).identity,
        access.with_secrets(_IMAGE, _both(_ALICE, _BOB)).identity,
        access.with_secrets(_IMAGE, _both(_BOB, _ALICE)).identity,
    ]
    files.identity = "own 1"
    others.append(access.with_secrets(_IMAGE, _keyring(r_test=_ALICE)).identity)
    assert len({alice, *others}) == 8


def test_identity_tells_nothing() -> None:
    """An identity holds nothing of a secret, and another process has another one, so that nobody can try passwords."""
    (one, _), (other, _) = _access(), _access()
    keyring = _keyring(r_test=_ALICE)
    identity = one.with_secrets(_IMAGE, keyring).identity
    assert "secret" not in identity
    assert "alice" not in identity
    assert other.with_secrets(_IMAGE, keyring).identity != identity


def test_bound_of_credentials() -> None:
    """Only so many credentials are tried for one image."""
    access, _ = _access()
    many = _both(*(Credentials(f"user-{number}", "x") for number in range(MOST_CREDENTIALS + 5)))
    assert len(access.with_secrets(_IMAGE, many).ways) == MOST_CREDENTIALS + 1
