import numpy as np
import pandas as pd
import pytest

from chat_forecast.domain import metrics
from chat_forecast.forecasting import train
from chat_forecast.forecasting.bursts import cap_bursts
from chat_forecast.forecasting.model_selection import COMPARED_DAYS, LOSS_COLUMNS, PROBABILITIES, choose, compare, summarise
from chat_forecast.forecasting.same_hour import fit_same_hour
from chat_forecast_tests.factories import make_series
from chat_forecast_tests.forecasting.test_training import FIRST, make_chat


def make_losses(**daily):
    """Losses of some methods: a list of daily pinball sums each."""
    rows = [
        {"forecaster": name, "day": day, "hours": 24, "pinball": loss, "squared_error": 1.0, "deviance": 1.0}
        for name, losses in daily.items()
        for day, loss in enumerate(losses)
    ]
    return pd.DataFrame(rows, columns=list(LOSS_COLUMNS))


NOISE = np.random.default_rng(4).normal(0, 1, 28)


@pytest.fixture(scope="module")
def losses():
    return compare(cap_bursts(make_chat(days=70)))


def test_every_method_is_compared_on_every_day(losses):
    days = losses.groupby("forecaster")["day"].nunique()
    assert set(days) == {COMPARED_DAYS}
    assert set(days.index) == {"average", "prophet", "poisson_glm", "level_profile", "same_hour_28d"}


def test_the_same_hour_is_scored_as_if_forecast_every_night(losses):
    chat = cap_bursts(make_chat(days=70))
    slow = []
    for day in range(42, 70):
        before, coming = chat.iloc[: day * 24], chat.iloc[day * 24 : (day + 1) * 24]
        distribution = fit_same_hour(before).distribution(before, pd.DatetimeIndex(coming["hour"]))
        quantiles = dict(zip(PROBABILITIES, distribution.quantiles(PROBABILITIES).T, strict=True))
        slow.append(np.nansum(metrics.pinball_losses(coming["messages"], quantiles)))
    fast = losses.loc[losses["forecaster"] == "same_hour_28d", "pinball"]
    # A forecast counts its newest day at most 1.2 times the mean; in the comparison it is a day among others.
    np.testing.assert_allclose(fast, slow, rtol=0.03)
    assert fast.sum() == pytest.approx(sum(slow), rel=0.005)


def test_what_happens_on_a_day_does_not_change_the_losses_of_the_days_before(losses):
    chat = cap_bursts(make_chat(days=70))
    loud = chat.assign(messages=chat["messages"].where(chat.index < 69 * 24, 50))
    again = compare(loud)
    assert again[again["day"] < again["day"].max()].equals(losses[losses["day"] < losses["day"].max()])
    assert not again.equals(losses)


def test_missing_hours_are_not_compared():
    chat = make_chat(days=70, missing=0)
    chat.loc[60 * 24 :, "messages"] = pd.NA
    compared = compare(chat)
    assert compared.groupby("forecaster")["hours"].sum().eq(18 * 24).all()


def test_a_short_history_is_not_compared_and_says_so():
    short = make_chat(days=40)
    assert compare(short).empty
    assert "too short to compare" in train(short).why


def test_a_better_method_is_chosen_only_by_a_real_margin():
    possible = {"average", "prophet"}
    slightly = make_losses(average=[100 + n for n in NOISE], prophet=[98 + n for n in NOISE])
    assert choose(slightly, "average", possible)[0] == "average"
    clearly = make_losses(average=[100 + n for n in NOISE], prophet=[94 + n for n in NOISE])
    assert choose(clearly, "average", possible) == (
        "prophet",
        f"over 28 days its pinball loss was {6 / (100 + NOISE.mean()):.1%} lower than that of average",
    )
    by_one_lucky_day = make_losses(average=[100.0] * 27 + [500], prophet=[100.0] * 27 + [10])
    assert choose(by_one_lucky_day, "average", possible)[0] == "average"


def test_a_method_that_cannot_be_had_now_is_not_chosen():
    clearly = make_losses(average=[100 + n for n in NOISE], prophet=[90 + n for n in NOISE])
    assert choose(clearly, "average", {"average"})[0] == "average"


def test_losses_are_meaned_over_hours():
    table = summarise(make_losses(average=[24.0, 48.0]))
    assert table.loc["average", ["days", "pinball"]].tolist() == [2, 1.5]
    assert table.loc["average", "rmse"] == pytest.approx(np.sqrt(2 / 48))


def test_a_silent_chat_is_compared_without_a_word():
    assert train(make_series(FIRST, 60, lambda _: 0)).comparison["is_chosen"].sum() == 1
