"""Headless Chromium, driven by its DevTools protocol over a pair of pipes."""

import base64
import contextlib
import itertools
import json
import os
import select
import signal
import tempfile
import time
from collections.abc import Iterator
from typing import Any, Self

from tests.support.requirements import program

_SECONDS = 120.0
_FLAGS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
)


class Chromium:
    """Browser process with a profile of its own."""

    def __init__(self) -> None:
        """Starts the browser."""
        with contextlib.ExitStack() as stack:
            self._folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
            theirs, self._writer = os.pipe()
            self._reader, their_writer = os.pipe()
            root = ("--no-sandbox",) if os.geteuid() == 0 else ()
            command = [program("chromium"), *_FLAGS, *root, f"--user-data-dir={self._folder}"]
            errors = os.open(os.path.join(self._folder, "errors"), os.O_WRONLY | os.O_CREAT, 0o600)
            # The protocol's pipes are descriptors 3 and 4; those of the originals above keep clear of them.
            actions = [
                (os.POSIX_SPAWN_DUP2, theirs, 30),
                (os.POSIX_SPAWN_DUP2, their_writer, 40),
                (os.POSIX_SPAWN_DUP2, errors, 2),
                (os.POSIX_SPAWN_DUP2, 30, 3),
                (os.POSIX_SPAWN_DUP2, 40, 4),
                (os.POSIX_SPAWN_CLOSE, 30),
                (os.POSIX_SPAWN_CLOSE, 40),
            ]
            home = os.environ | {"HOME": self._folder}
            self._pid = os.posix_spawn(command[0], command, home, file_actions=actions, setpgroup=0)
            for handle in (theirs, their_writer, errors):
                os.close(handle)
            self._stack = stack.pop_all()
        self._numbers, self._rest, self._events = itertools.count(1), b"", list[dict[str, Any]]()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Ends the browser and its children, and removes the profile."""
        os.close(self._writer)
        os.killpg(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._reader)
        self._stack.close()

    def call(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        """Calls a method of the protocol and returns its result.

        Raises:
            RuntimeError: The browser refused it.
        """
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters} | ({"sessionId": session} if session else {})
        content = json.dumps(message).encode() + b"\0"
        while content:
            content = content[os.write(self._writer, content) :]
        while True:
            answer = self._message(time.monotonic() + _SECONDS)
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return dict(answer["result"])
            self._events.append(answer)

    def event(self, name: str, session: str) -> dict[str, Any]:
        """Waits for an event of a page."""
        while True:
            for place, event in enumerate(self._events):
                if event["method"] == name and event.get("sessionId") == session:
                    return dict(self._events.pop(place)["params"])
            self._events.append(self._message(time.monotonic() + _SECONDS))

    def events(self, session: str) -> list[dict[str, Any]]:
        """Returns the events of a page that came and were not waited for."""
        return [event for event in self._events if event.get("sessionId") == session]

    def _message(self, end: float) -> dict[str, Any]:
        while b"\0" not in self._rest:
            if not select.select([self._reader], [], [], max(0.0, end - time.monotonic()))[0]:
                raise TimeoutError("Chromium does not answer")
            part = os.read(self._reader, 1 << 20)
            if not part:
                raise RuntimeError(f"Chromium has ended: {self._log()}")
            self._rest += part
        message, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(message))

    def _log(self) -> str:
        with open(os.path.join(self._folder, "errors"), encoding="utf-8", errors="replace") as file:
            return file.read()[-2000:]


class Tab:
    """Page in a browser, with what it loads, logs and raises recorded from its first moment.

    Attributes:
        requests: Addresses that were requested, the page's own included.
    """

    def __init__(self, browser: Chromium, *, width: int = 1280, height: int = 900, scheme: str = "light") -> None:
        """Opens an empty page.

        Args:
            browser: The browser.
            width: Width of the window in pixels.
            height: Its height.
            scheme: The user's preference, `light` or `dark`.
        """
        self._browser = browser
        self._context = browser.call("Target.createBrowserContext")["browserContextId"]
        target = browser.call("Target.createTarget", url="about:blank", browserContextId=self._context)["targetId"]
        attached = browser.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session: str = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "Audits"):
            self.call(f"{domain}.enable")
        self.call("Page.setLifecycleEventsEnabled", enabled=True)
        self.resize(width, height)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Calls a method of the protocol in the page."""
        return self._browser.call(method, self._session, **parameters)

    def resize(self, width: int, height: int) -> None:
        """Gives the window another size."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **metrics)

    def open(self, url: str) -> None:
        """Goes to an address and waits until the page is loaded."""
        self.call("Page.navigate", url=url)
        self._browser.event("Page.loadEventFired", self._session)

    def run(self, expression: str) -> Any:
        """Evaluates JavaScript, awaits it where it is a promise, and returns its JSON value.

        Raises:
            RuntimeError: It raised an exception.
        """
        settings = {"returnByValue": True, "awaitPromise": True, "allowUnsafeEvalBlockedByCSP": False}
        answer = self.call("Runtime.evaluate", expression=expression, **settings)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"].get("exception", answer)["description"])
        return answer["result"].get("value")

    def press(self, key: str, *, code: int = 0, text: str = "") -> None:
        """Presses and releases a key."""
        event = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **event)
        self.call("Input.dispatchKeyEvent", type="keyUp", **event)

    def type(self, text: str) -> None:
        """Types a text where the focus is."""
        self.call("Input.insertText", text=text)

    @property
    def requests(self) -> list[str]:
        """Addresses that were requested."""
        return [event["request"]["url"] for event in self._events("Network.requestWillBeSent")]

    @property
    def complaints(self) -> list[str]:
        """Errors and messages on the console, and dialogs."""
        raised = [event["exceptionDetails"]["text"] for event in self._events("Runtime.exceptionThrown")]
        logged = [event["entry"]["text"] for event in self._events("Log.entryAdded")]
        dialogs = [event["message"] for event in self._events("Page.javascriptDialogOpening")]
        called = [str(event["args"]) for event in self._events("Runtime.consoleAPICalled")]
        return [*raised, *logged, *dialogs, *called]

    def _events(self, method: str) -> Iterator[dict[str, Any]]:
        return (event["params"] for event in self._browser.events(self._session) if event["method"] == method)

    def screenshot(self, path: str, *, whole: bool = False) -> None:
        """Writes a PNG of the window, or of the whole page."""
        picture = self.call("Page.captureScreenshot", captureBeyondViewport=whole, optimizeForSpeed=True)
        with open(path, "wb") as file:
            file.write(base64.b64decode(picture["data"]))

    def close(self) -> None:
        """Closes the page."""
        self._browser.call("Target.disposeBrowserContext", browserContextId=self._context)
