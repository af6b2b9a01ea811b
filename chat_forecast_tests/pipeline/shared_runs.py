"""A run that makes assets of several chats, as somebody may launch one in the UI: it has no tag of a chat."""

import dagster as dg


def run_of(instance: dg.DagsterInstance, chats: list[str]) -> dg.DagsterRun:
    """Run an asset of each chat in one run."""
    keys = [dg.AssetKey([chat, "hourly_series"]) for chat in chats]
    both = dg.Definitions([_made(key) for key in keys], jobs=[dg.define_asset_job("both")]).resolve_job_def("both")
    return both.execute_in_process(instance=instance, asset_selection=keys).dagster_run


def _made(key: dg.AssetKey) -> dg.AssetsDefinition:
    @dg.asset(key=key)
    def an_asset() -> dg.MaterializeResult:
        return dg.MaterializeResult(metadata={"chat": key.path[0]})

    return an_asset
