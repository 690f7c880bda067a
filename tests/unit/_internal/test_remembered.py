"""Memory of facts: bounded, and only for these very bytes."""

from concurrent.futures import ThreadPoolExecutor

from notarykit._internal.remembered import Facts


def test_fact_is_known_by_its_bytes_and_their_order() -> None:
    """A fact is known by each of its parts in its place; the same bytes cut elsewhere are another fact."""
    facts = Facts(most=4, largest=100)
    facts.add((b"key", b"signature", b"message"))
    assert (b"key", b"signature", b"message") in facts
    for other in ((b"keys", b"ignature", b"message"), (b"message", b"signature", b"key"), (b"key", b"signature")):
        assert other not in facts


def test_oldest_facts_are_forgotten() -> None:
    """The number of facts is bounded; adding one again costs nothing, and what is too large is not added."""
    facts = Facts(most=2, largest=10)
    for fact in (b"1", b"2", b"2", b"3"):
        facts.add((fact,))
    assert [(fact,) in facts for fact in (b"1", b"2", b"3")] == [False, True, True]
    facts.add((b"12345", b"678901"))
    assert len(facts) == 2
    assert (b"12345", b"678901") not in facts


def test_threads_keep_the_bound() -> None:
    """Threads that add at the same time neither fail nor exceed the bound."""
    facts = Facts(most=10, largest=10)

    def work(number: int) -> None:
        for count in range(200):
            facts.add((b"%d" % (count * number),))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(1, 9)))
    assert len(facts) == 10
