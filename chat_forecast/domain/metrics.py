"""How far a forecast is from what happened, as numbers.

Belongs here: one metric a function, on arrays of hours.
Does not belong here: which hours and which forecasts are compared (:mod:`.scoring`).

All take the actual counts and the forecast of the same hours, in messages an hour, in any array (``Int64`` with ``NA``
included). An hour in which either is missing is left out; where no hour is left the result is NaN.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from chat_forecast.domain.arrays import Floats, Values, to_floats


def smape(actual: Values, forecast: Values) -> float:
    """Symmetric mean absolute percentage error: the mean of ``2 |y - p| / (|y| + |p|)``.

    From 0 (perfect) to 2 (every hour either forecast or actual is zero, the other not); 0/0 counts as 0. Some libraries
    halve it or give percent. Source: Armstrong 1985, p. 348, with the absolute values of Chen and Yang 2004.

    >>> smape([0, 4, 4, None], [0, 4, 0, 7])
    0.6666666666666666
    """
    y, p = _known(actual, forecast)
    total = np.abs(y) + np.abs(p)
    return _mean(np.divide(2 * np.abs(y - p), total, out=np.zeros_like(total), where=total > 0))


def rmse(actual: Values, forecast: Values) -> float:
    """Root mean squared error, in messages an hour: from 0 up. The mean minimises it.

    >>> rmse([0, 4], [3, 0])
    3.5355339059327378
    """
    y, p = _known(actual, forecast)
    return float(np.sqrt(_mean((y - p) ** 2)))


def mae(actual: Values, forecast: Values) -> float:
    """Mean absolute error, in messages an hour: from 0 up. The median minimises it.

    >>> mae([0, 4], [3, 0])
    3.5
    """
    y, p = _known(actual, forecast)
    return _mean(np.abs(y - p))


def wape(actual: Values, forecast: Values) -> float:
    """Weighted absolute percentage error: ``Σ |y - p| / Σ |y|``, from 0 up, 1 for a forecast of zeros.

    0/0 is 0; an error on actual values that are all zero is infinite. Over daily totals it is the error of the day.
    Source: Kolassa and Schütz 2007, as MAD/mean ratio.

    >>> wape([10, 30], [20, 30])
    0.25
    """
    y, p = _known(actual, forecast)
    return _ratio(float(np.abs(y - p).sum()), float(np.abs(y).sum())) if y.size else np.nan


def total_error(actual: Values, forecast: Values) -> float:
    """Error of the total, relative to the actual one: ``(Σ p - Σ y) / Σ y``, from -1 up.

    Above 0 too much was forecast. 0/0 is 0; anything forecast for hours that stayed all quiet is infinitely too much.

    >>> total_error([10, 30, None], [20, 30, 50])
    0.25
    """
    y, p = _known(actual, forecast)
    return _ratio(float(p.sum() - y.sum()), float(y.sum())) if y.size else np.nan


def pinball(actual: Values, quantiles: Mapping[float, Values]) -> float:
    """Pinball loss, averaged over the quantiles, in messages an hour: from 0 up.

    ``quantiles`` maps a probability τ to the forecast quantile; an hour's loss is ``τ (y - q)`` where the actual is
    above the quantile and ``(1 - τ) (q - y)`` below. The true quantiles minimise it. Source: Koenker and Bassett 1978.

    >>> pinball([0, 10], {0.5: [4, 4], 0.9: [8, 8]})
    1.9
    """
    losses = pinball_losses(actual, quantiles)
    return _mean(losses[~np.isnan(losses)])


def pinball_losses(actual: Values, quantiles: Mapping[float, Values]) -> Floats:
    """The pinball loss of each hour, averaged over the quantiles; NaN where the actual or a quantile is missing.

    >>> pinball_losses([0, 10, None], {0.5: [4, 4, 4], 0.9: [8, 8, 8]}).round(1).tolist()
    [1.4, 2.4, nan]
    """
    y = to_floats(actual)
    over = np.stack([y - to_floats(quantile) for quantile in quantiles.values()])
    probabilities = np.array(list(quantiles))[:, None]
    return np.asarray(np.maximum(probabilities * over, (probabilities - 1) * over).mean(axis=0))


def coverage(actual: Values, low: Values, high: Values) -> float:
    """Share of the hours whose count lies in ``[low, high]``, both included: from 0 to 1.

    On whole numbers an interval that should hold 80% holds more, the more so the smaller the counts are.

    >>> coverage([0, 5, 9], [0, 1, 1], [3, 5, 8])
    0.6666666666666666
    """
    y, bottom, top = _known(actual, low, high)
    return _mean((bottom <= y) & (y <= top))


def pit_coverage(below: Values, at_most: Values, level: float = 0.8) -> float:
    """Share of the hours inside the central interval of a level, by the randomised PIT: from 0 to 1, right at ``level``.

    ``below`` and ``at_most`` are the forecast probabilities of fewer messages than came, and of at most as many. The
    PIT of a whole number is uniform between the two; an hour counts by the share of that stretch inside the interval, which
    is what random draws give on average. Unlike :func:`coverage` it holds on whole numbers, however small.
    Source: Czado, Gneiting and Held 2009.

    >>> pit_coverage([0.0, 0.5, 0.95], [0.2, 0.6, 1.0])
    0.5
    """
    low, high = _known(below, at_most)
    tail = (1 - level) / 2
    inside = np.clip(high, tail, 1 - tail) - np.clip(low, tail, 1 - tail)
    width = high - low
    is_point = width <= 0  # a distribution that all but rules out what came
    share = np.divide(inside, width, out=((low > tail) & (low < 1 - tail)).astype(float), where=~is_point)
    return _mean(share)


def poisson_deviance(actual: Values, forecast: Values) -> float:
    """Mean Poisson deviance ``2 (y ln(y / p) - y + p)``: from 0 up. The mean minimises it.

    ``0 ln 0`` is 0, so that 0 forecast for a quiet hour costs nothing; 0 forecast for a busy one is infinitely wrong.
    Source: McCullagh and Nelder 1989, p. 34.

    >>> poisson_deviance([0, 3], [0, 3])
    0.0
    >>> poisson_deviance([0, 3], [1, 0])
    inf
    """
    y, p = _known(actual, forecast)
    return _mean(poisson_deviances(y, p))


def poisson_deviances(actual: Values, forecast: Values) -> Floats:
    """The Poisson deviance of each hour; NaN where one of the two is missing."""
    from scipy.special import kl_div

    return np.asarray(2 * kl_div(to_floats(actual), to_floats(forecast)))


def skill(error: float, baseline_error: float) -> float:
    """How much of the baseline's error is avoided: ``1 - error / baseline_error``, from -∞ to 1.

    0/0 is 0; any error against a perfect baseline gives NaN, since no number says how much worse it is.

    >>> skill(3.0, 4.0)
    0.25
    """
    if baseline_error == 0:
        return 0.0 if error == 0 else np.nan
    return 1 - error / baseline_error


def _known(*columns: Values) -> tuple[Floats, ...]:
    """Give the columns as floats, without the hours in which any of them is missing."""
    arrays = [to_floats(column) for column in columns]
    if len({array.shape for array in arrays}) > 1:
        raise ValueError(f"expected columns of one length, found {[array.size for array in arrays]}")
    is_known = ~np.isnan(arrays).any(axis=0)
    return tuple(array[is_known] for array in arrays)


def _mean(values: npt.NDArray[np.float64 | np.bool_]) -> float:
    return float(np.mean(values)) if values.size else np.nan


def _ratio(numerator: float, denominator: float) -> float:
    if denominator == 0:
        return 0.0 if numerator == 0 else np.inf
    return numerator / denominator
