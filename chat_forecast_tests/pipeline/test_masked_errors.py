"""What a run, a tick or a page keeps of an error."""

import dagster as dg
import pytest

from chat_forecast import masking
from chat_forecast.masking import keep_secret
from chat_forecast.pipeline.compat import SerializableErrorInfo
from chat_forecast.pipeline.masked_errors import mask_errors

SECRET = "dB-pa55w0rd-2"  # noqa: S105 - of no database


@pytest.fixture(autouse=True)
def masked(monkeypatch):
    monkeypatch.setattr(masking, "_known", set())
    monkeypatch.setattr(SerializableErrorInfo, "from_traceback", SerializableErrorInfo.from_traceback)
    mask_errors()
    keep_secret(SECRET)


@dg.op
def fails() -> None:
    try:
        raise OSError(f"cannot reach postgresql://ann:{SECRET}@host")
    except OSError as error:
        raise RuntimeError(f"no place for {SECRET}\x1b[2J") from error


def test_a_failed_step_keeps_its_error_and_its_cause_without_the_secret():
    @dg.job
    def job():
        fails()

    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(raise_on_error=False, instance=instance)
        kept = dg.serialize_value(result.failure_data_for_node("fails"))
        events = "".join(map(str, instance.all_logs(result.run_id)))
    assert SECRET not in kept + events
    assert "no place for ***" in kept
    assert "cannot reach postgresql://***@host" in kept
    assert "\\\\x1b[2J" in kept
