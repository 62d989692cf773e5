"""The page in a browser: what it shows, filters, keyboard, phone, contrast, and that it asks for nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request

from conformance.report.page import page as rendered
from tests.conformance.report.test_document import CASES

Open = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Open the page of a case; anything that it requests besides itself, or an error of its script, fails the test."""
    asked: list[str] = []
    errors: list[str] = []
    pages: list[Page] = []

    def open_(case: str, **options: Any) -> Page:
        file = tmp_path / "report.html"
        file.write_text(rendered(CASES[case]()), encoding="utf-8", errors="backslashreplace")
        page = browser.new_page(**options)
        pages.append(page)

        def note(request: Request) -> None:
            asked.append(request.url)

        page.on("request", note)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(file.as_uri())
        return page

    yield open_
    for page in pages:
        page.close()
    assert all(url.startswith(("file://", "data:", "blob:")) and url.count("report.html") <= 1 for url in asked)
    assert len([url for url in asked if url.startswith("file://")]) == len(pages)
    assert errors == []


def shown(page: Page, selector: str) -> list[str]:
    return [element.inner_text() for element in page.locator(selector).all() if element.is_visible()]


def test_matrix_has_a_cell_for_each_clause_and_transport(opened: Open) -> None:
    page = opened("many")
    assert shown(page, ".matrix tbody tr:not(.family) th") == ["BUILD-5", "PLAN-3", "ID-1", "LIFE-1"]
    row = page.locator("tr[data-clause=ID-1]")
    states = {cell.get_attribute("title"): cell.inner_text() for cell in row.locator("td.cell").all()}
    assert states["ID-1, pickle-5: violated by 1 of 4 examples"].startswith("✗")
    assert states["ID-1, as built: conforms, 4 examples"].startswith("✓")
    assert states["ID-1, pickle-2: no example bore on it here"].startswith("·")
    row.locator("a").click()
    assert page.url.rpartition("#")[2].startswith("ID-1-")


def test_violation_shows_expected_beside_actual(opened: Open) -> None:
    article = opened("many").locator("article").first
    left, right = article.locator(".expected").bounding_box(), article.locator(".actual").bounding_box()
    assert left is not None
    assert right is not None
    assert left["y"] == right["y"]
    assert left["x"] < right["x"]
    assert "<i>a</i>" in article.locator(".expected").inner_text()


def test_filters_by_verdict_family_and_text(opened: Open) -> None:
    page = opened("many")
    said = page.locator("form output")
    assert said.inner_text() == "4 of 4 clauses, 3 of 3 violations"
    page.get_by_role("checkbox", name="not run").check()
    assert shown(page, ".matrix tbody tr:not(.family) th") == ["LIFE-1"]
    assert shown(page, "article h3") == []
    assert page.get_by_text("No violation is left by the filter.").is_visible()
    page.get_by_role("button", name="Show all").click()
    page.get_by_role("checkbox", name="PLAN").check()
    assert said.inner_text() == "1 of 4 clauses, 1 of 3 violations"
    page.get_by_role("button", name="Show all").click()
    page.get_by_role("searchbox").fill("hash seed")
    assert shown(page, ".matrix tbody tr:not(.family) th") == ["ID-1"]


def test_everything_is_reached_by_keyboard(opened: Open) -> None:
    page = opened("many")
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                "(e => `${e.tagName} ${e.name || e.id || e.textContent.slice(0, 20)}`)(document.activeElement)"
            )
        )
    assert reached[0] == "A To the violations"
    for wanted in ("INPUT text", "INPUT verdict", "INPUT family", "BUTTON Show all", "A ID-1"):
        assert wanted in reached, reached
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("details pre").first.is_visible()
    page.locator("#text").focus()
    page.keyboard.type("PLAN-3")
    assert shown(page, "article h3") == shown(page, "article[id^=PLAN-3] h3")


def test_reproducer_is_saved_as_a_file(opened: Open, tmp_path: Path) -> None:
    page = opened("many")
    article = page.locator("article").first
    article.locator("summary").click()
    with page.expect_download() as download:
        article.get_by_role("button", name="Save").click()
    id_ = article.get_attribute("id")
    assert download.value.suggested_filename == f"{id_}.py"
    text = Path(download.value.path()).read_text()
    expected = next(v["reproducer"] for v in CASES["many"]()["violations"] if v["id"] == id_)
    assert text.strip() == expected.strip()


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_page_never_scrolls_sideways(case: str, width: int, opened: Open) -> None:
    page = opened(case, viewport={"width": width, "height": 800})
    for summary in page.locator("summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_is_accessible(case: str, scheme: str, opened: Open) -> None:
    page = opened(case, color_scheme=scheme)
    for summary in page.locator("summary").all():
        summary.click()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_page_says_that_a_run_was_cut_short(opened: Open) -> None:
    page = opened("interrupted")
    banner = page.get_by_role("status").first.inner_text()
    assert "Incomplete, and therefore red" in banner
    assert "it was interrupted: 1 of 3 units of work ended" in banner
    cell = page.locator("tr[data-clause=PLAN-3] td.cell.cut-short").first
    assert "no violation so far" in str(cell.get_attribute("title"))


def test_page_without_a_violation_says_so(opened: Open) -> None:
    page = opened("none")
    assert "Conforms to 3 clauses" in page.get_by_role("status").first.inner_text()
    assert page.get_by_text("None was found.").is_visible()


def test_page_is_read_without_script(browser: Browser, opened: Open) -> None:
    page = opened("many", java_script_enabled=False)
    assert not page.locator("form").is_visible()
    assert len(shown(page, "article h3")) == 3
