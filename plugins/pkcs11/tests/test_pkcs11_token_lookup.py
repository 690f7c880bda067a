"""Lookup of the token that a URI names."""

import pytest
from pkcs11 import TokenFlag

from notarykit.errors import PluginError, PluginValidationError
from notarykit_pkcs11.client import Module
from notarykit_pkcs11.key_id import parse_uri
from notarykit_pkcs11.token.retry import TokenAccess
from plugins.pkcs11.tests.fake_token import MODULE_PATH, FakeToken, failing, use


def test_token_is_found_after_a_refresh(module: Module, token: FakeToken, pauses: list[float]) -> None:
    """A token that is invisible for a moment is found after the module was initialised again."""
    library = module.library
    library.tokens = []
    looked = library.reinitialize

    def reinitialize() -> None:
        looked()
        if library.refreshes == 2:
            library.tokens = [token]

    library.reinitialize = reinitialize
    operation, _ = failing()
    assert use(module, operation) == "done"
    assert (library.refreshes, len(pauses)) == (2, 2)


def test_error_lists_the_tokens_present(module: Module, pauses: list[float]) -> None:
    """The error for a URI without a token lists the tokens present, if any."""
    module.library.tokens[0].label = "b"
    operation, _ = failing()
    with pytest.raises(
        PluginError, match="no token matches pkcs11:token=a; present: pkcs11:token=b;serial=1;slot-id=0"
    ):
        use(module, operation)
    module.library.tokens = []
    with pytest.raises(PluginError, match=f"no token matches pkcs11:token=a; {MODULE_PATH} lists no token"):
        use(module, operation)
    assert sum(pauses) < 10


def test_ambiguous_uri_is_refused(module: Module) -> None:
    """Of two tokens that match none is used; a URI with slot or serial number gets each its own session."""
    module.library.tokens.append(FakeToken(serial=b"2", number=7))
    operation, sessions = failing()
    with pytest.raises(PluginValidationError, match=r"2 tokens match pkcs11:token=a: .*serial=1.*serial=2;slot-id=7"):
        use(module, operation)
    for query in ("slot-id=7", "serial=1", "slot-id=7"):
        TokenAccess(module, parse_uri(f"pkcs11:token=a;{query}")).use(operation)
    assert sessions[0] is sessions[2] is not sessions[1]


def test_empty_slots_and_blank_tokens_are_left_out(module: Module) -> None:
    """Empty slots and uninitialised tokens are left out."""
    empty, blank = FakeToken(number=1), FakeToken(number=2)
    empty.is_present = False
    blank.flags = TokenFlag.LOGIN_REQUIRED
    module.library.tokens += [empty, blank]
    assert [token.slot.slot_id for token in module.tokens()] == [0]
