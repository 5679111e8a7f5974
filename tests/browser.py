"""Step-through pages in a real browser: `python tests/browser.py [PAGE.html ...] [--pictures DIR]`.

Not part of the suite, which needs no browser. It drives a headless Chromium (`chromium`, `chromium-browser` or
`google-chrome` on the PATH, or the one named by CHROMIUM) by its debugging protocol over two pipes, with the
standard library alone: clicks through every step, uses the keys, the slider and the language switch, and looks at
the page without scripts. With --pictures it leaves pictures of what it saw, to be looked at.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import graphc as G

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SECONDS = 30.0


class Browser:
    """One headless browser with one page."""

    def __init__(self, profile: str) -> None:
        program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
        if program is None:
            raise SystemExit(f"no browser on the PATH: install one of {', '.join(NAMES)}, or name it in CHROMIUM")
        from_here, self.write_to = os.pipe()
        self.read_from, to_here = os.pipe()
        arguments = [program, "--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu",
                     "--hide-scrollbars", f"--user-data-dir={profile}", "about:blank"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:  # its sandbox refuses to run for root
            arguments.insert(1, "--no-sandbox")

        def pipes() -> None:  # the browser reads its orders from 3 and answers on 4
            a, b = os.dup(from_here), os.dup(to_here)
            os.dup2(a, 3)
            os.dup2(b, 4)

        silent = subprocess.DEVNULL
        self.process = subprocess.Popen(arguments, preexec_fn=pipes, close_fds=False,  # noqa: PLW1509 - no threads here
                                        stdin=silent, stdout=silent, stderr=silent)
        os.close(from_here)
        os.close(to_here)
        self.rest, self.number, self.session, self.events = b"", 0, None, []
        targets = self.send("Target.getTargets")["targetInfos"]
        page = next(t["targetId"] for t in targets if t["type"] == "page")
        self.session = self.send("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: Any) -> Any:
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write_to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def receive(self) -> Any:
        while b"\0" not in self.rest:
            piece = os.read(self.read_from, 1 << 16)
            if not piece:
                raise RuntimeError("the browser has gone")
            self.rest += piece
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def open(self, page: Path) -> None:
        self.events = []
        self.send("Page.navigate", url=page.resolve().as_uri())
        self.until("document.readyState === 'complete' && !location.href.startsWith('about')")

    def ask(self, expression: str) -> Any:
        result = self.send("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def until(self, expression: str) -> None:
        end = time.monotonic() + SECONDS
        while not self.ask(expression):
            if time.monotonic() > end:
                raise RuntimeError(f"never true: {expression}")
            time.sleep(0.02)

    def press(self, key: str) -> None:
        text = {"text": " "} if key == " " else {}
        self.send("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key)

    def size(self, width: int, height: int) -> None:
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1.5, mobile=False)

    def media(self, kind: str = "screen", scheme: str = "light") -> None:
        features = [{"name": "prefers-color-scheme", "value": scheme},
                    {"name": "prefers-reduced-motion", "value": "reduce"}]
        self.send("Emulation.setEmulatedMedia", media=kind, features=features)

    def picture(self, path: Path, whole: bool = False) -> None:
        time.sleep(0.1)
        if whole:
            found = self.send("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"x": 0, "y": 0, "width": found["width"], "height": min(found["height"], 6000), "scale": 1}
            data = self.send("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)["data"]
        else:
            data = self.send("Page.captureScreenshot")["data"]
        path.write_bytes(base64.b64decode(data))

    def complaints(self) -> list[str]:
        """Exceptions, errors on the console (a refused script or style is one), and requests to anywhere."""
        self.ask("1")
        found = []
        for event in self.events:
            method, what = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                found.append(str(what["exceptionDetails"].get("text")))
            elif method == "Log.entryAdded" and what["entry"]["level"] == "error":
                found.append(what["entry"]["text"])
            elif method == "Network.requestWillBeSent" and not what["request"]["url"].startswith(("file:", "data:")):
                found.append(f"request to {what['request']['url']}")
        return found

    def close(self) -> None:
        self.send("Browser.close")
        self.process.wait(SECONDS)


MAIN = "document.querySelector('main:not([hidden])')"
LATER = f"{MAIN}.querySelectorAll('.later').length"
HERE = f"Number({MAIN}.querySelector('input').value)"


def look(browser: Browser, page: Path, pictures: Path | None) -> int:
    """Go through one page; returns the number of its steps. AssertionError says what is wrong."""
    def keep(name: str, whole: bool = False) -> None:
        if pictures:
            browser.picture(pictures / f"{page.stem}-{name}.png", whole)

    def click(what: str) -> None:
        browser.ask(f"{MAIN}.querySelector('{what}').click()")

    browser.size(1280, 900)
    browser.media()
    browser.open(page)
    last = browser.ask(f"Number({MAIN}.querySelector('input').max)")
    counts, said = [browser.ask(LATER)], []
    assert browser.ask(HERE) == 0 and last > 0
    keep("0")
    for k in range(1, last + 1):
        click("[data-go=next]")
        assert browser.ask(HERE) == k
        counts.append(browser.ask(LATER))
        said.append(browser.ask(f"{MAIN}.querySelector('[aria-live]').textContent"))
        assert browser.ask(f"{MAIN}.querySelectorAll('.step.here').length") == 1
        new = browser.ask("[...document.querySelectorAll('main:not([hidden]) .new')]"
                          ".every(e => getComputedStyle(e).visibility === 'visible')")
        assert new, f"step {k}: something new is not seen"
        if k in (last // 3, 2 * last // 3, last - 1):
            keep(str(k))
    assert counts == sorted(counts, reverse=True) and counts[0] > counts[-1] == 0, counts
    assert len(set(said)) == last and all(said), "each step says something of its own"
    assert browser.ask(f"{MAIN}.querySelector('[data-go=next]').disabled")
    keys(browser, last)
    language(browser)
    screens(browser, keep)
    assert browser.complaints() == [], browser.complaints()
    browser.send("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(page)
    hidden = browser.ask(f"[...{MAIN}.querySelectorAll('.step, [class*=from-]')]"
                         ".filter(e => getComputedStyle(e).visibility !== 'visible').length")
    assert hidden == 0, "without scripts everything is shown"
    assert browser.ask(f"getComputedStyle({MAIN}.querySelector('.bar')).display") == "none"
    keep("no-script", whole=True)
    browser.send("Emulation.setScriptExecutionDisabled", value=False)
    return last + 1


def keys(browser: Browser, last: int) -> None:
    browser.ask("document.activeElement.blur()")
    for key, step in (("Home", 0), ("ArrowRight", 1), ("ArrowRight", min(2, last)), ("ArrowLeft", 1), ("End", last)):
        browser.press(key)
        assert browser.ask(HERE) == step, f"{key} leads to step {step}"
    browser.ask(f"let s = {MAIN}.querySelector('input'); s.value = 1; "
                "s.dispatchEvent(new Event('input', {bubbles: true}))")
    assert browser.ask(HERE) == 1 and browser.ask(f"{MAIN}.querySelector('output').textContent") == f"1 / {last}"
    play = f"{MAIN}.querySelector('[data-go=play]')"
    browser.press(" ")
    assert browser.ask(f"{play}.getAttribute('aria-label') === {play}.dataset.pause")
    browser.until(f"{HERE} === {min(2, last)}")
    browser.press(" ")
    assert browser.ask(f"{play}.getAttribute('aria-label') === {play}.dataset.play")


def language(browser: Browser) -> None:
    before = browser.ask("document.documentElement.lang")
    other = browser.ask(f"{MAIN}.querySelector('[data-lang]')?.dataset.lang ?? null")
    if other is None:
        return
    step = browser.ask(HERE)
    browser.ask(f"{MAIN}.querySelector('[data-lang]').click()")
    assert browser.ask("document.documentElement.lang") == other != before
    assert browser.ask(f"{MAIN}.lang") == other and browser.ask(HERE) == step
    browser.ask(f"{MAIN}.querySelector('[data-lang]').click()")
    assert browser.ask(f"{MAIN}.lang") == before


def screens(browser: Browser, keep: Any) -> None:
    """Dark, on a phone, on paper: nothing sticks out, and paper shows all of it."""
    browser.ask(f"{MAIN}.querySelector('[data-go=last]').click(); {MAIN}.querySelector('[data-go=back]').click()")
    browser.media(scheme="dark")
    keep("dark")
    browser.media()
    browser.size(360, 740)
    assert browser.ask("document.documentElement.scrollWidth") <= 360, "the page is wider than a phone"
    keep("phone", whole=True)
    browser.media(scheme="dark")
    keep("phone-dark")
    browser.ask(f"{MAIN}.querySelector('[data-go=first]').click()")
    browser.size(794, 1123)
    browser.media("print")
    hidden = browser.ask(f"[...{MAIN}.querySelectorAll('.step, [class*=from-]')]"
                         ".filter(e => getComputedStyle(e).visibility !== 'visible').length")
    assert hidden == 0, "on paper every step is done"
    keep("print", whole=True)
    browser.media()


def examples(folder: Path) -> list[Path]:
    """Pages of a scalar and of a tensor graph, with numbers and in symbols."""
    x1, x2 = G.inputs("x1 x2")
    w1, w3, b = G.params("w1 w3 b")
    f = w3 * G.relu(w1 * x1 + w1 * x2 + b)
    x, y = G.input("x", "N", 3), G.input("y", "N")
    W, v = G.param("W", 3, 4), G.param("v", 4)
    loss = G.mean((G.sigmoid(G.tanh(x @ W) @ v) - y) ** 2).named("L")
    at = {x1: 3, x2: -1, w1: 2, w3: 4, b: -1}
    figures = {"circuit": G.draw(f, wrt=[w1, w3, b], at=at), "symbols": G.draw(f, wrt=w1, lang="fr", rankdir="TB"),
               "forward": G.draw(f), "backward": G.draw(G.backward(f), at=at), "network": G.draw(loss, wrt=[W, v])}
    for name, drawing in figures.items():
        drawing.save(folder / f"{name}.html")
    return [folder / f"{name}.html" for name in figures]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("pages", nargs="*", type=Path, help="pages to look at (default: a few examples)")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="leave pictures there")
    options = parser.parse_args(arguments)
    if options.pictures:
        options.pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(folder)
        try:
            for page in options.pages or examples(Path(folder)):
                print(f"{page.name}: {look(browser, page, options.pictures)} steps, all well", flush=True)
        finally:
            browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
