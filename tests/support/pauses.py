"""Clients that note their pauses in place of making them."""

from notarykit.net.client import HttpClient


def noted_pauses(client: HttpClient) -> list[float]:
    """Returns a list that gets the client's pauses, in seconds; for the client their time has passed."""
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(round(seconds, 1))
        client._throttle._moments.clear()

    client._pause = pause
    return pauses
