"""Workers compute what the run's own process would, and none is left behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial

import psutil
import pytest

from chat_forecast.pipeline import worker_processes
from chat_forecast.pipeline.worker_processes import (
    LEAST_DAYS,
    LEAST_FOR_TWO,
    LEAST_RESULTS,
    NO_WORKERS,
    RESULTS_AHEAD,
    WorkerPool,
    forked_workers,
    result_of,
    reused_workers,
    workers_for,
)

MANY = LEAST_RESULTS + RESULTS_AHEAD
OUTLIVED = f"""
import os, time
from chat_forecast.pipeline import worker_processes
from chat_forecast_tests.pipeline.test_worker_processes import process_of

if __name__ == "__main__":
    worker_processes.PRELOADED = "json"
    with worker_processes.workers_for({MANY}) as workers:
        print(next(workers.map_ahead(process_of, zip(range({MANY}))))[1], flush=True)
        time.sleep(60)
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Nothing is computed here that needs the libraries."""
    monkeypatch.setattr(worker_processes, "PRELOADED", "json")


def process_of(_number):
    """The process that computes."""
    return os.getpid()


def process_among(folder, processes, _number):
    """The same, once so many processes have begun with theirs, or none more does."""
    folder.joinpath(str(os.getpid())).touch()
    deadline = folder.stat().st_ctime + 30
    while len(list(folder.iterdir())) < processes and time.time() < deadline:
        time.sleep(0.005)
    return os.getpid()


def inverse(number):
    return 1 / number


def end_elsewhere(here, number):
    """End the process, if it is another one, as the system does when it has no memory left."""
    if os.getpid() != here and number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_results_come_in_order_with_their_inputs():
    with workers_for(MANY) as workers:
        found = list(workers.map_ahead(inverse, zip(range(1, MANY))))
    assert found == [((number,), 1 / number) for number in range(1, MANY)]


@pytest.mark.parametrize(("total", "others"), [(LEAST_RESULTS - 1, 0), (LEAST_FOR_TWO - 1, 1), (LEAST_FOR_TWO, 2)])
def test_other_processes_compute_many_results_and_this_one_a_few(total, others, tmp_path):
    with workers_for(total) as workers:
        made = workers.map_ahead(partial(process_among, tmp_path, others), zip(range(total)))
        processes = {process for _, process in made}
    assert len(processes - {os.getpid()}) == others
    assert (os.getpid() in processes) is (not others)


def test_one_result_is_computed_in_another_process_while_this_one_goes_on():
    with workers_for(MANY) as workers:
        assert result_of(workers.submit(process_of, 1), process_of, 1) != os.getpid()
    assert result_of(NO_WORKERS.submit(process_of, 1), process_of, 1) == os.getpid()


def test_an_error_is_raised_where_its_result_is_taken():
    given = []
    with workers_for(MANY) as workers, pytest.raises(ZeroDivisionError):
        given.extend(value for _, value in workers.map_ahead(inverse, zip(range(3, -MANY, -1))))
    assert [worker for server in psutil.Process().children() for worker in server.children()] == []


def test_where_another_process_is_killed_this_one_computes_the_rest():
    here = os.getpid()
    with workers_for(MANY) as workers:
        made = workers.map_ahead(end_elsewhere, ((here, number) for number in range(MANY)))
        assert [value for _, value in made] == list(range(MANY))


def test_inputs_are_read_only_a_little_ahead():
    read = []
    with workers_for(MANY) as workers:
        next(workers.map_ahead(inverse, (read.append(number) or (number,) for number in range(1, 1000))))
        assert len(read) == RESULTS_AHEAD + 1


def test_the_process_ends_with_the_one_that_started_it_even_if_that_is_killed():
    parent = subprocess.Popen([sys.executable, "-c", OUTLIVED], stdout=subprocess.PIPE, text=True)
    worker = psutil.Process(int(parent.stdout.readline()))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    worker.wait(timeout=20)


def inverses(_task, days):
    """One result a day, until a day that cannot be: each with the process that made it."""
    for day in days:
        yield inverse(day - BAD), os.getpid()


BAD = 70


@pytest.mark.parametrize(("total", "elsewhere"), [(LEAST_DAYS - 1, False), (LEAST_DAYS, True)])
def test_days_of_a_long_range_are_made_elsewhere_in_order(total, elsewhere):
    days = range(BAD + 1, BAD + 1 + total)
    with workers_for(total, LEAST_DAYS) as workers:
        while not workers.is_ready:
            time.sleep(0.01)
        made = list(workers.make_days(inverses, "task", days, 7))
    assert [value for value, _ in made] == [1 / number for number in range(1, total + 1)]
    assert (os.getpid() not in {process for _, process in made}) is elsewhere


def test_days_are_made_here_until_the_other_processes_are_up(monkeypatch):
    answers = iter([False, False, True])
    monkeypatch.setattr(WorkerPool, "is_ready", property(lambda _: next(answers)))
    with workers_for(LEAST_DAYS, LEAST_DAYS) as workers:
        made = list(workers.make_days(inverses, "task", range(BAD + 1, BAD + 1 + LEAST_DAYS), 7))
    assert [value for value, _ in made] == [1 / number for number in range(1, LEAST_DAYS + 1)]
    assert [process == os.getpid() for _, process in made] == [True] * 14 + [False] * (LEAST_DAYS - 14)


@pytest.mark.parametrize("total", [LEAST_DAYS - 1, LEAST_DAYS])
def test_an_error_of_a_day_comes_after_the_days_before_it(total):
    made = []
    with workers_for(total, LEAST_DAYS) as workers, pytest.raises(ZeroDivisionError):
        made.extend(value for value, _ in workers.make_days(inverses, "task", range(total), 30))
    assert made == [1 / (number - BAD) for number in range(BAD)]


def test_where_no_process_can_be_started_days_are_made_here(monkeypatch):
    """As after Ctrl-C in a terminal, which ends what starts them too."""

    def gone(*_given):
        raise EOFError("unexpected EOF")

    monkeypatch.setattr(ProcessPoolExecutor, "submit", gone)
    with workers_for(LEAST_DAYS, LEAST_DAYS) as workers:
        made = list(workers.make_days(inverses, "task", range(BAD + 1, BAD + 1 + LEAST_DAYS), 7))
    assert [process for _, process in made] == [os.getpid()] * LEAST_DAYS


@pytest.mark.parametrize("error", [OSError(30, "Read-only file system"), ImportError("no sem_open"), NotImplementedError()])
def test_where_processes_cannot_wait_for_each_other_all_is_made_here(monkeypatch, error):
    """As without a writable /dev/shm, in a container or behind systemd's sandbox."""

    def refuse(*_given, **_said):
        raise error

    monkeypatch.setattr(worker_processes, "ProcessPoolExecutor", refuse)
    monkeypatch.setattr(worker_processes.forkserver, "ensure_running", refuse)
    worker_processes.prepare_workers(LEAST_DAYS, is_trained=True)
    for block in (workers_for(LEAST_DAYS), forked_workers(LEAST_DAYS)):
        with block as workers:
            made = list(workers.make_days(inverses, "task", range(BAD + 1, BAD + 1 + LEAST_DAYS), 7))
            assert result_of(workers.submit(process_of, 1), process_of, 1) == os.getpid()
        assert {process for _, process in made} == {os.getpid()}


def cancelled(*_given):
    """What was begun is cancelled where a run ends before its processes are up."""
    future = Future()
    future.cancel()
    return future


def refused(*_given):
    raise RuntimeError("cannot schedule new futures after shutdown")


@pytest.mark.parametrize("begin", [cancelled, refused])
def test_a_run_that_ends_before_its_processes_are_up_says_nothing_of_them(monkeypatch, begin):
    monkeypatch.setattr(NO_WORKERS, "_first_answer", None)
    monkeypatch.setattr(NO_WORKERS, "submit", begin)
    while not NO_WORKERS.is_ready:  # an error in the thread that waits for them would be one of this test
        time.sleep(0.01)


def others():
    """The processes that compute for this one."""
    return {worker.pid for server in psutil.Process().children() for worker in server.children()}


def test_processes_are_kept_from_one_block_to_the_next_while_they_are_wanted_and_nothing_fails(tmp_path):
    with reused_workers():
        seen = []
        for number, (total, wanted) in enumerate([(MANY, 1), (MANY, 1), (LEAST_FOR_TWO, 2)]):
            (folder := tmp_path / str(number)).mkdir()
            with workers_for(total) as workers:
                among = workers.map_ahead(partial(process_among, folder, wanted), zip(range(total)))
                seen.append({process for _, process in among})
        assert seen[0] == seen[1]
        assert len(seen[2]) == 2
        assert others() == seen[2]
        with pytest.raises(ZeroDivisionError), workers_for(LEAST_FOR_TWO) as workers:
            list(workers.map_ahead(inverse, zip(range(3, -MANY, -1))))
        assert others() == set()
        with workers_for(MANY) as workers:
            assert result_of(workers.submit(process_of, 1), process_of, 1) in others()
    assert others() == set()


def test_kept_processes_of_which_one_was_killed_are_begun_anew():
    here = os.getpid()
    with reused_workers():
        for _ in range(3):
            with workers_for(MANY) as workers:
                made = workers.map_ahead(end_elsewhere, ((here, number) for number in range(MANY)))
                assert [value for _, value in made] == list(range(MANY))
        with workers_for(MANY) as workers, workers_for(MANY) as another:
            processes = [result_of(each.submit(process_of, 1), process_of, 1) for each in (workers, another)]
            assert here != processes[1] != processes[0]
    assert others() == set()


def test_many_results_are_computed_in_forks_of_this_process_of_which_one_may_be_killed(monkeypatch):
    monkeypatch.setattr(threading, "active_count", lambda: 1)  # other tests may have left a thread that waits
    before = psutil.Process().children()
    with forked_workers(LEAST_RESULTS) as workers:
        assert workers.submit(process_of, 0).result() != os.getpid()
        given = ((os.getpid(), number) for number in range(LEAST_RESULTS))
        found = dict(workers.map_ahead(end_elsewhere, given, LEAST_RESULTS))
        assert list(found.values()) == list(range(LEAST_RESULTS))  # one of them was killed on the way
    assert psutil.Process().children() == before


def test_nothing_is_forked_for_a_few_results_or_beside_another_thread():
    with forked_workers(LEAST_RESULTS - 1) as workers:
        assert workers is NO_WORKERS
    ended = threading.Event()
    other = threading.Thread(target=ended.wait)
    other.start()
    with forked_workers(LEAST_RESULTS) as workers:
        assert workers is NO_WORKERS
    ended.set()
    other.join()
