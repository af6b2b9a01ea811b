"""The run queue, which gives every run of one chat the chat's tag, whoever launched it.

Belongs here: the coordinator that ``dagster.yaml`` names.
Does not belong here: the limits of the queue, which stand in ``dagster.yaml``.

A backfill or a materialisation from the UI carries no tag of ours. By the tag the UI's filter finds the runs of a chat,
runs of one chat never overlap, and notices know whose run failed.
"""

from pathlib import Path

import dagster as dg

from chat_forecast.pipeline.compat import SubmitRunContext
from chat_forecast.pipeline.process_setup import set_up_instance
from chat_forecast.pipeline.runs import CHAT_TAG


class ChatRunCoordinator(dg.QueuedRunCoordinator):
    """Dagster's queue, which adds the tag :data:`~.runs.CHAT_TAG` to a run whose assets are all of one chat."""

    def register_instance(self, instance: dg.DagsterInstance) -> None:
        """Take the instance, and set the process up: every process that opens the instance calls this, Dagster's own too."""
        super().register_instance(instance)
        set_up_instance(Path(instance.root_directory))

    def submit_run(self, context: SubmitRunContext) -> dg.DagsterRun:
        """Tag the run and queue it."""
        run = context.dagster_run
        chat = chat_of(run)
        if chat is not None and CHAT_TAG not in run.tags:
            self._instance.add_run_tags(run.run_id, {CHAT_TAG: chat})
        return super().submit_run(context)


def chat_of(run: dg.DagsterRun) -> str | None:
    """The slug of the chat that a run is about, by its tag or by the assets it is to make; None for several or none."""
    if CHAT_TAG in run.tags:
        return run.tags[CHAT_TAG]
    selected = [*(run.asset_selection or ()), *(check.asset_key for check in run.asset_check_selection or ())]
    chats = {key.path[0] for key in selected}
    return chats.pop() if len(chats) == 1 else None
