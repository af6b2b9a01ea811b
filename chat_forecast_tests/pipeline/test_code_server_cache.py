"""The code server caches its large answers; questions and answers are those of its protocol."""

import threading
from concurrent.futures import ThreadPoolExecutor

import dagster._grpc.server as code_server
import pytest
from dagster._grpc.__generated__.dagster_api_pb2 import ExternalJobReply, ExternalJobRequest

from chat_forecast.pipeline.code_server_cache import ANSWERS, LARGE_BYTES, cache_large_answers, cached


class Server:
    """Tells of a job, and counts how often it was asked."""

    def __init__(self, size=LARGE_BYTES):
        self.size = size
        self.asked = []
        self.may_answer = threading.Event()
        self.may_answer.set()

    @cached
    def tell(self, request, _context):
        self.asked.append(request.job_name)
        self.may_answer.wait()
        return ExternalJobReply(serialized_job_data=request.job_name * self.size)


@pytest.fixture
def server():
    return Server()


def ask(server, name="a"):
    return server.tell(ExternalJobRequest(job_name=name), None)


def test_a_great_answer_is_put_together_once(server):
    assert ask(server) == ask(server) == ExternalJobReply(serialized_job_data="a" * LARGE_BYTES)
    assert server.asked == ["a"]


def test_another_question_and_another_server_have_answers_of_their_own(server):
    other = Server()
    assert ask(server) != ask(server, "b")
    assert ask(other) == ask(server)
    assert (server.asked, other.asked) == (["a", "b"], ["a"])


def test_a_small_answer_which_may_be_an_error_that_passes_is_found_again():
    server = Server(size=1)
    assert ask(server) == ask(server)
    assert server.asked == ["a", "a"]


def test_who_asks_while_an_answer_is_put_together_waits_for_it(server):
    server.may_answer.clear()
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(ask, server) for _ in range(2)]
        server.may_answer.set()
    assert answers[0].result() == answers[1].result()
    assert server.asked == ["a"]


def test_dagsters_code_server_tells_once_what_all_chats_are(monkeypatch):
    for name in ANSWERS:
        monkeypatch.setattr(code_server.DagsterApiServer, name, getattr(code_server.DagsterApiServer, name))
    cache_large_answers()
    told = [getattr(code_server.DagsterApiServer, name) for name in ANSWERS]
    assert all(hasattr(answer, "__wrapped__") for answer in told)
    cache_large_answers()
    assert [getattr(code_server.DagsterApiServer, name) for name in ANSWERS] == told
