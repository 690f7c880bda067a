"""Shares of what there is only so much of."""

from notarykit_admission.shares import Shares


def test_client_has_its_share_at_most() -> None:
    """One client leaves a part to the others, who get no more than there is in all."""
    shares = Shares[str](8, 6)
    assert [shares.take("10.0.0.1") for _ in range(7)] == [True] * 6 + [False]
    assert shares.take("10.0.0.2", 3) is False
    assert shares.take("10.0.0.2", 2) is True
    assert shares.in_use == 8
    assert shares.take("10.0.0.3") is False


def test_what_is_given_back_can_be_taken_again() -> None:
    """A share comes back, for that client and for others."""
    shares = Shares[str](4, 2)
    for client in ("10.0.0.1", "10.0.0.2", "10.0.0.1"):
        assert shares.take(client, 2) is True
        assert shares.take(client) is False
        shares.give_back(client, 2)
        assert shares.in_use == 0
