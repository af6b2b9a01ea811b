"""The page about how cost grows: its pictures are those of the figures, and each figure that was measured is shown."""

import pytest

from chat_forecast_tests.benchmarks.draw_growth import FEWEST_SIZES, PICTURES, WORKS, draw, figures

PAGE = PICTURES.parent / "cost.md"


@pytest.mark.parametrize("work", figures())
def test_each_work_that_is_measured_has_its_picture_on_the_page(work):
    points = figures()[work]
    assert work in WORKS
    assert len({size for size, _ in points}) >= FEWEST_SIZES, "of fewer sizes nobody sees how it grows"
    remedy = "run: python -m chat_forecast_tests.benchmarks.draw_growth"
    assert (PICTURES / f"{work}.svg").read_text(encoding="utf-8") == draw(work, points), remedy
    assert f"](cost/{work}.svg)" in PAGE.read_text(encoding="utf-8")


def test_there_is_no_picture_of_what_was_not_measured():
    assert sorted(path.stem for path in PICTURES.iterdir()) == sorted(figures())
