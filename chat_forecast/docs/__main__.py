"""``python -m chat_forecast.docs``: write the generated pages. A test fails while one is out of date."""

from chat_forecast.docs import reference, schemas

reference.PAGE.write_text(reference.configuration_reference(), encoding="utf-8")
schemas.PAGE.write_text(schemas.schema_reference(), encoding="utf-8")
