"""The order of day, month and year is proven by the dates of a file, or asked for."""

from datetime import date

import pytest

from chat_forecast.sources.exports.base import RefusedFileError
from chat_forecast_tests.sources.export_samples import write_text
from chat_forecast_tests.sources.exports.test_formats import read, refusal


def file_of(tmp_path, *dates, rest="Ann: x"):
    return write_text(tmp_path / "x.txt", "".join(f"{each}, 09:00 - {rest}\n" for each in dates))


def days(path, **asked):
    return [f"{each:%Y-%m-%d}" for each in read(path, timezone="UTC", **asked)[1]["sent_at"]]


@pytest.mark.parametrize(
    ("dates", "first"),
    [
        (["13/11/2026", "01/12/2026"], "2026-11-13"),
        (["11/13/26", "12/1/26"], "2026-11-13"),
        (["2026-11-01", "2026-11-02"], "2026-11-01"),
        (["01/11/2026", "02/11/2026", "03/11/2026"], "2026-11-01"),
        (["11/1/26", "11/2/26", "11/3/26"], "2026-11-01"),
        (["01.11.26", "02.11.26", "03.11.26"], "2026-11-01"),
        (["11.01.26", "11.02.26", "11.03.26"], "2026-11-01"),
        (["01/11/2026", "02/11/2026", "01/12/2026"], "2026-11-01"),
        (["05/01/2026", "12/01/2026", "02/02/2026"], "2026-01-05"),
        ([*["05/06/2026"] * 3, *["06/06/2026"] * 3], "2026-06-05"),
        ([*["6/5/26"] * 3, *["6/6/26"] * 3], "2026-06-05"),
        (["26/11/01", "26/11/02", "26/11/09"], "2026-11-01"),
        (["1/11/2569", "2/11/2569", "13/11/2569"], "2026-11-01"),
    ],
)
def test_an_order_is_proven_by_numbers_above_twelve_by_time_that_runs_forwards_or_by_how_long_the_file_lasts(
    tmp_path, dates, first
):
    assert days(file_of(tmp_path, *dates))[0] == first


def test_entries_out_of_order_on_one_day_prove_nothing_and_harm_nothing(tmp_path):
    path = file_of(tmp_path, "01/11/2026", "02/11/2026", "01/11/2026", "03/11/2026", "04/11/2026")
    assert days(path)[0] == "2026-11-01"


@pytest.mark.parametrize(
    "dates", [["05/06/2026"], ["05/06/2026", "06/06/2026"], ["05/05/2026", "06/06/2026", "07/07/2026"], ["05/06/2026"] * 9]
)
def test_where_nothing_proves_an_order_it_is_asked_for(tmp_path, dates):
    path = file_of(tmp_path, *dates)
    said = refusal(path)
    assert "--date-order dmy" in said
    assert "--date-order mdy" in said
    assert {days(path, date_order=order)[0] for order in ("dmy", "mdy")} == {
        date(2026, int(dates[0][3:5]), int(dates[0][:2])).isoformat(),
        date(2026, int(dates[0][:2]), int(dates[0][3:5])).isoformat(),
    }


def test_an_order_that_a_person_says_is_taken_unless_the_file_disproves_it(tmp_path):
    path = file_of(tmp_path, "01/11/2026", "02/11/2026", "03/11/2026")
    assert days(path, date_order="mdy")[0] == "2026-01-11"
    assert "not month first" in refusal(file_of(tmp_path, "13/11/2026"), date_order="mdy")


def test_the_name_of_an_attached_file_proves_the_order(tmp_path):
    path = file_of(tmp_path, "05/06/2026", rest="Ann: IMG-20260605-WA0001.jpg (file attached)")
    assert days(path) == ["2026-06-05"]
    text = "[6/5/26, 9:00:00 AM] Ann: \u200e<attached: 00000012-PHOTO-2026-06-05-09-00-00.jpg>\r\n"
    assert days(write_text(tmp_path / "y.txt", text)) == ["2026-06-05"]


@pytest.mark.parametrize(
    "dates", [["13/14/2026", "01/02/2026"], ["30/02/2026"], ["13/11/2026", "11/14/2026"], ["13/11/1405"]]
)
def test_dates_that_fit_no_order_are_refused(tmp_path, dates):
    with pytest.raises(RefusedFileError, match=r"is none|month first"):
        days(file_of(tmp_path, *dates))
