"""Where things are after the demo."""

from chat_forecast.cli.output.places import print_places
from chat_forecast_tests.cli.output.screens import seen


def test_places_are_unbroken_shortened_below_this_folder_and_left_out_where_there_are_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    far = "s3://bucket/" + "folder/" * 20
    text = seen(print_places, {"files": far, "plot": tmp_path / "data" / "a.png", "report": None}, width=60)
    assert text.splitlines() == [
        f"files:    {far}",
        "plot:     data/a.png",
        "Open the Dagster and MLflow UIs and the report: chat-forecast up",
    ]
