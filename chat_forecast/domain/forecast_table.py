"""The columns of every forecast.

Belongs here: what a forecast says about an hour, whichever method made it.
Does not belong here: making one (:mod:`chat_forecast.forecasting`), or storing it.
"""

QUANTILES = {"q01": 0.01, "q10": 0.10, "q25": 0.25, "q75": 0.75, "q90": 0.90, "q99": 0.99}
"""Column of a forecast -> probability. The median stands in its own column."""

PROBABILITIES = {"median": 0.5, **QUANTILES}
"""Column of a forecast -> probability, with the median."""

FORECAST_COLUMNS = ("hour", "expected", "median", "smape_point", *QUANTILES)
"""``hour``: aware local start; the others: messages an hour, as floats. ``expected`` is the mean of the predictive
distribution, ``median`` and the quantiles are whole numbers, ``smape_point`` minimises the expected sMAPE."""
