"""The audit finds a planted secret, and nothing in what is committed; it needs the extra ``audit``."""

import pytest

from chat_forecast_tests import audit

pytest.importorskip("detect_secrets", reason="needs the extra audit", exc_type=ImportError)


def test_a_planted_secret_is_found_where_it_stands(tmp_path):
    audit.plant_a_secret(tmp_path)
    assert audit.unknown_secrets(tmp_path) == ["settings.py:1: AWS Access Key"]


def test_nothing_that_is_committed_looks_like_a_secret():
    assert audit.unknown_secrets(audit.ROOT) == []
