"""A job whose run lasts until it is ended, for tests of what launches runs."""

import time

import dagster as dg


@dg.op(config_schema={"seconds": float})
def sleep(context):
    print("sleeping")
    time.sleep(context.op_config["seconds"])


@dg.job(executor_def=dg.in_process_executor)
def sleeping():
    sleep()
