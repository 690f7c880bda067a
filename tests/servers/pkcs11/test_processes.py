"""Many signatures, threads, processes and forks on one token."""

import os
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from tests.servers.pkcs11.executable import run, sign
from tests.servers.pkcs11.token import Token, chain_for

_URI = "pkcs11:object=EC-256"


_THOUSAND = """
def handles():
    return len(os.listdir("/proc/self/fd"))
def memory():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
for _ in range(100):
    sign("pkcs11:object=EC-256", "EC-256")
before = handles(), memory()
for _ in range(900):
    sign("pkcs11:object=EC-256", "EC-256")
print(json.dumps([handles() - before[0], memory() - before[1]]))
"""


@pytest.mark.slow
def test_thousand_signatures_use_one_session(softhsm: Token) -> None:
    """A thousand signatures open one session, and leak no handle and next to no memory."""
    handles, memory = run(softhsm.plugin_environment(), _THOUSAND)
    assert handles == 0
    assert memory < 4 * 1024 * 1024


def test_many_keys_share_one_login(softhsm: Token, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Signatures with several keys of a token need one login."""
    counter = tmp_path_factory.mktemp("pin") / "asked"
    source = f"|/bin/sh -c 'echo x >> {counter}; echo \"$THE_PIN\"'"
    variables = softhsm.plugin_environment(THE_PIN=softhsm.pin, SOURCE=source)
    script = """
for _ in range(3):
    for spec in ("EC-256", "RSA-2048", "EC-384"):
        sign(f"pkcs11:object={spec}", spec, pin_source=os.environ["SOURCE"])
print(json.dumps("done"))
"""
    assert run(variables, script) == "done"
    assert counter.read_text() == "x\n"


_THREADS = """
from concurrent.futures import ThreadPoolExecutor
specs = ["EC-256", "RSA-2048", "EC-384", "RSA-3072"] * 20
with ThreadPoolExecutor(8) as pool:
    print(json.dumps(len({a.signature for a in pool.map(lambda spec: sign(f"pkcs11:object={spec}", spec), specs)})))
"""


def test_threads_sign_concurrently(token: Token) -> None:
    """Eight threads sign at once, each with valid signatures."""
    specs = [spec for spec in ("EC-256", "RSA-2048", "EC-384", "RSA-3072") if spec in token.specs]
    script = _THREADS.replace('["EC-256", "RSA-2048", "EC-384", "RSA-3072"]', str(specs)).replace(
        'f"pkcs11:object={spec}"', "f\"pkcs11:token={os.environ['LABEL']};object={spec}\""
    )
    assert run(token.plugin_environment(LABEL=quote(token.label)), script) == 20 * len(specs)


def test_processes_sign_concurrently(softhsm: Token) -> None:
    """Processes that use one token at the same time do not disturb each other."""
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: sign(softhsm.plugin_environment(), _URI, "EC-256"), range(12)))
    assert [answer.refusal for answer in answers] == [""] * 12


_FORK = """
sign("pkcs11:object=EC-256", "EC-256")
reader, writer = os.pipe()
children = []
for _ in range(3):
    pid = os.fork()
    if pid == 0:
        text = "failed"
        try:
            for _ in range(3):
                sign("pkcs11:object=EC-256", "EC-256")
            text = "signed"
        except NotarykitError as error:
            text = error.one_line()
        os.write(writer, (text + "\\n").encode())
        {ending}
    children.append(pid)
for _ in range(3):
    sign("pkcs11:object=EC-256", "EC-256")
codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
os.close(writer)
said = open(reader).read().split()
sign("pkcs11:object=EC-256", "EC-256")
print(json.dumps([codes, said]))
"""


@pytest.mark.parametrize("ending", ["os._exit(0)", "sys.exit(0)"])
def test_forked_children_and_parent_sign(softhsm: Token, ending: str) -> None:
    """Children forked after a signature sign, however they end, and so does the parent."""
    assert run(softhsm.plugin_environment(), _FORK.format(ending=ending)) == [[0] * 3, ["signed"] * 3]


def test_lost_session_is_opened_again(softhsm: Token) -> None:
    """A session that was closed from outside is opened again."""
    script = """
import pkcs11
sign("pkcs11:object=EC-256", "EC-256")
library = pkcs11.lib(os.environ["PKCS11_MODULE_PATH_REAL"])
library.reinitialize()
print(json.dumps(refusal("pkcs11:object=EC-256", "EC-256")))
"""
    real = str(softhsm.module.resolve())
    assert run(softhsm.plugin_environment(PKCS11_MODULE_PATH_REAL=real), script) is None


def test_ended_login_is_made_again(softhsm: Token) -> None:
    """A login that another part of the program ended is made again."""
    script = """
import pkcs11
sign("pkcs11:object=EC-256", "EC-256")
library = pkcs11.lib(os.environ["PKCS11_MODULE_PATH_REAL"])
token = next(t for t in library.get_tokens() if t.label == os.environ["LABEL"])
try:
    session = token.open(user_pin=os.environ["PKCS11_PIN"])
except pkcs11.UserAlreadyLoggedIn:
    from notarykit_pkcs11.client import _modules
    (module,) = _modules.values()
    (ours,) = module.sessions.values()
    ours._login.close()
print(json.dumps([refusal("pkcs11:object=EC-256", "EC-256") for _ in range(2)]))
"""
    real = str(softhsm.module.resolve())
    variables = softhsm.plugin_environment(PKCS11_MODULE_PATH_REAL=real, LABEL=softhsm.label)
    assert run(variables, script) == [None, None]


@pytest.mark.parametrize("always", [False, True])
def test_pin_for_each_signature_is_read_once(empty_softhsm: Token, always: bool) -> None:
    """A key with CKA_ALWAYS_AUTHENTICATE gets the PIN for each signature, read once."""
    key = empty_softhsm.make_key("RSA-2048", "build", b"\x01", always_authenticate=always)
    chain = chain_for("RSA-2048", key)
    for number, der in enumerate(chain.ders, 1):
        empty_softhsm.store_certificate(der, "build", bytes([number]))
    script = "for _ in range(3): sign('pkcs11:object=build', 'RSA-2048')\nprint(json.dumps('done'))"
    assert run(empty_softhsm.plugin_environment(), script) == "done"


def test_always_authenticate_works_on_every_token(token: Token) -> None:
    """A key with CKA_ALWAYS_AUTHENTICATE signs on each token, also where the token ignores it."""
    identifier = os.urandom(8)
    spec = "EC-256" if "EC-256" in token.specs else "RSA-2048"
    key = token.make_key(spec, f"asks {identifier.hex()}", identifier, always_authenticate=True)
    try:
        chain = chain_for(spec, key)
        uri = f"pkcs11:token={quote(token.label)};id={quote(identifier)}"
        variables = token.plugin_environment(CHAIN=chain.chain_pem.decode(), URI=uri)
        script = f"""
import tempfile
path = tempfile.mkstemp()[1]
open(path, "w").write(os.environ["CHAIN"])
for _ in range(3): sign(os.environ["URI"], {spec!r}, certificate_chain=path)
print(json.dumps('done'))
"""
        assert run(variables, script) == "done"
    finally:
        token.remove(identifier, "all")
