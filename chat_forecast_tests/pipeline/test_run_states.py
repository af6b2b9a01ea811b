"""What notifications need to know of the runs, from a Dagster instance on disk."""

from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from chat_forecast.pipeline.run_states import read_run_states
from chat_forecast.pipeline.runs import CHAT_TAG
from chat_forecast.presentation.notifications import ChatRuns, FailedRun
from chat_forecast.settings.models import Chat

CHAT = Chat(slug="my-chat", source="export", timezone="Europe/Moscow", first_day=date(2026, 1, 1))
OTHER = CHAT.model_copy(update={"slug": "other"})
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@pytest.fixture
def instance(tmp_path):
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        yield instance


@dg.op(config_schema={"fails": bool})
def act(context) -> None:
    if context.op_config["fails"]:
        raise ValueError("something secret")


@dg.job
def something() -> None:
    act()


def run(instance, *, fails: bool = False, **tags) -> str:
    """A run of the chat that ended; gives its id."""
    config = {**QUIET, "ops": {"act": {"config": {"fails": fails}}}}
    tags = {CHAT_TAG: CHAT.slug, "dagster/will_retry": "false"} | tags
    return something.execute_in_process(instance=instance, run_config=config, tags=tags, raise_on_error=False).run_id


def states(instance, now=None) -> dict[str, ChatRuns]:
    return read_run_states(instance, [CHAT, OTHER], now or datetime.now(UTC))


def test_a_chat_without_runs_is_at_rest(instance):
    assert states(instance) == {"my-chat": ChatRuns(), "other": ChatRuns()}


def test_a_run_is_of_the_chat_that_its_tag_names_or_else_its_assets(instance):
    ended = run(instance)
    by_assets = dg.DagsterRun(job_name="any", asset_selection={dg.AssetKey(["other", "hourly_series"])})
    instance.add_run(by_assets)
    mine, other = states(instance).values()
    assert (mine.newest, mine.is_active, mine.failed) == (f"{ended} SUCCESS", False, ())
    assert datetime.now(UTC) - mine.last_end < timedelta(minutes=1)
    assert other.is_active  # it has not started yet


def test_a_failure_is_found_however_many_runs_came_after_it(instance):
    failed = run(instance, fails=True)
    for _ in range(150):
        tags = {CHAT_TAG: OTHER.slug}
        instance.add_run(dg.DagsterRun(job_name="any", status=dg.DagsterRunStatus.SUCCESS, tags=tags))
    assert states(instance)["my-chat"].failed == (FailedRun(failed, failed, ("my-chat",)),)


def test_a_failure_of_yesterday_is_no_news(instance):
    run(instance, fails=True)
    assert states(instance, datetime.now(UTC) + timedelta(hours=25))["my-chat"].failed == ()


def test_a_run_that_will_be_tried_again_is_active_and_not_failed_for_good(instance):
    failed = run(instance, fails=True, **{"dagster/will_retry": "true"})
    assert states(instance)["my-chat"].is_active
    # Dagster notes the retry at the run that failed.
    instance.add_run_tags(failed, {"dagster/auto_retry_run_id": "the retry"})
    retry = run(instance, fails=True, **{"dagster/root_run_id": failed, "dagster/parent_run_id": failed})
    state = states(instance)["my-chat"]
    assert not state.is_active
    assert state.failed == (FailedRun(retry, failed, ("my-chat",)),)


def test_of_a_run_and_its_retries_the_last_one_counts(instance):
    failed = run(instance, fails=True)
    run(instance, **{"dagster/root_run_id": failed, "dagster/parent_run_id": failed})
    assert states(instance)["my-chat"].failed == ()


def test_an_old_run_that_has_not_finished_keeps_its_chat_active(instance):
    instance.add_run(dg.DagsterRun(job_name="any", status=dg.DagsterRunStatus.STARTED, tags={CHAT_TAG: CHAT.slug}))
    assert states(instance, datetime.now(UTC) + timedelta(days=3))["my-chat"].is_active
