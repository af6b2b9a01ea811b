"""``python -m chat_forecast.docs``: write the configuration reference anew. A test fails while it is out of date."""

from chat_forecast.docs.reference import PAGE, configuration_reference

PAGE.write_text(configuration_reference(), encoding="utf-8")
