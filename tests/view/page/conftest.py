"""One browser for all tests of pages."""

import pytest

from tests.view.page.browser import started


@pytest.fixture(scope="session")
def browser():
    driver, browser = started()
    yield browser
    browser.close()
    driver.stop()
