"""Classes that ``dagster.yaml`` names and that have nothing to configure.

Belongs here: what Dagster asks of every class that it makes from its settings.
Does not belong here: what the classes do (:mod:`.run_launcher`, :mod:`.compute_logs`).
"""

from typing import Self

from chat_forecast.pipeline.compat import ConfigurableClass, ConfigurableClassData


class WithoutSettings(ConfigurableClass):
    """Made from the mention of its name alone."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__()
        self._inst_data = inst_data

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """How ``dagster.yaml`` names this class."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> dict[str, object]:
        """There is nothing to configure."""
        return {}

    @classmethod
    def from_config_value(
        cls,
        inst_data: ConfigurableClassData | None,
        config_value: object,  # noqa: ARG003 - Dagster hands over the settings, of which there are none
    ) -> Self:
        """Make what ``dagster.yaml`` names."""
        return cls(inst_data)
