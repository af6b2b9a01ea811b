"""What MLflow imports to load a model that version 0.1.0 registered: such a model names this module as its loader.

Belongs here: the names that those models need, nothing else. It stays as long as such a model may be loaded.
Does not belong here: their code (:mod:`chat_forecast.tracking.stored_model`), which newer models name.
"""

from chat_forecast.tracking.stored_model import RegisteredForecaster, _load_pyfunc, model_input

__all__ = ["RegisteredForecaster", "_load_pyfunc", "model_input"]
