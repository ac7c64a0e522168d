"""Headless Chromium for the page tests, and readers of what a page shows."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
)

PATIENCE_MS = 20_000
"""What a page is waited for on a busy machine; one that does as it should takes a fraction of a second."""
expect.set_options(timeout=PATIENCE_MS)

READ_BOTH = """
({ names, wanted }) => new Promise((resolve) => {
  const seen = [];
  const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true, alpha: false });
  const read = (canvas, row) => {
    const block = canvas.width / 32;
    probe.canvas.width = 32; probe.canvas.height = 2;
    probe.imageSmoothingEnabled = false;
    probe.drawImage(canvas, 0, 0, canvas.width, 2 * block, 0, 0, 32, 2);
    const { data } = probe.getImageData(0, row, 24, 1);
    let value = 0;
    for (let bit = 0; bit < 24; bit++) value = value * 2 + (data[bit * 4 + 1] > 127 ? 1 : 0);
    return value;
  };
  const started = performance.now();
  const look = () => {
    const shown = {};
    for (const name of names) {
      const canvas = document.getElementById(name);
      if (canvas.width < 64) { requestAnimationFrame(look); return; }
      shown[name] = read(canvas, 0);
      if (name === "aged") shown.age = read(canvas, 1) / 10;
    }
    shown.at = performance.timeOrigin + performance.now();
    shown.label = document.querySelector("#aged-figure .label").textContent;
    const last = seen.at(-1);
    if (!last || names.some((name) => last[name] !== shown[name])) seen.push(shown);
    if (seen.length >= wanted || performance.now() - started > 20000) resolve(seen);
    else requestAnimationFrame(look);
  };
  look();
})
"""
"""Watches the canvases at every animation frame and returns what they showed, one entry for each change."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser; skips the test where there is none, unless in CI."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("no chromium found")
        pytest.skip("no chromium found; install Debian's package chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


def watch(page: Page, wanted: int, *names: str) -> list[dict[str, Any]]:
    """What the named canvases (default both) showed over `wanted` changes: coded frame numbers, age, time, label."""
    seen: list[dict[str, Any]] = page.evaluate(READ_BOTH, {"names": names or ("camera", "aged"), "wanted": wanted})
    return seen
