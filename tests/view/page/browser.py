"""A headless Chromium, the system's own, with pages opened in it; skipped, with the reason, where there is none."""

import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def started():
    """Playwright and the browser that it started."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("no Chromium on this machine")
    driver = playwright.sync_playwright().start()
    # Chromium refuses its sandbox to root, which containers are run by
    arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return driver, driver.chromium.launch(executable_path=path, args=arguments)


class Opened:
    """A page in the browser, and what it did that a page of ours never does: errors, requests."""

    def __init__(self, browser, path, **options):
        self.page = browser.new_page(**({"viewport": {"width": 1500, "height": 950}} | options))
        self.complaints = []
        self.page.on("console", lambda m: self.complaints.append(m.text))
        self.page.on("pageerror", lambda e: self.complaints.append(str(e)))
        self.page.on(
            "request",
            lambda r: self.complaints.append(r.url) if not r.url.startswith(("file:", "about:", "blob:")) else None,
        )
        self.show(path)

    def show(self, path, place=""):
        """Load a page, as if it were the first time."""
        self.page.mouse.move(0, 0)
        self.page.goto("about:blank")
        self.page.goto(f"{path.as_uri()}{place}")

    def lit(self):
        """The lines that are lit, the chosen one too."""
        return self.page.eval_on_selector_all(".line.lit, .line.chosen", "all => all.map(line => line.id)")

    def nodes(self, kind=".lit"):
        """The nodes of the graph that are lit, or of another kind."""
        return self.page.eval_on_selector_all(f"#canvas .node{kind}", "all => all.map(node => node.dataset.node)")
