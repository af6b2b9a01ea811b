"""A date that a zone never had is no partition of anything that runs."""

from datetime import date

import pytest

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.pipeline.partitions import DAY_BEFORE, daily_partitions
from chat_forecast.settings.models import Chat

APIA, KWAJALEIN = "Pacific/Apia", "Pacific/Kwajalein"


def chat_of(zone: str, first_day: date) -> Chat:
    return Chat(slug="my-chat", source="simulated", timezone=zone, first_day=first_day)


@pytest.mark.parametrize(
    ("zone", "before", "skipped", "after"),
    [
        (APIA, date(2011, 12, 29), date(2011, 12, 30), date(2011, 12, 31)),
        (KWAJALEIN, date(1993, 8, 20), date(1993, 8, 21), date(1993, 8, 22)),
    ],
)
def test_the_days_around_a_skipped_date_follow_each_other(zone, before, skipped, after):
    partitions = daily_partitions(chat_of(zone, LocalDay(before, zone).plus(-3).date))
    day_before, one_after = (partitions.subset_with_partition_keys([day.isoformat()]) for day in (before, after))
    assert partitions.get_partition_keys()[2:6] == [
        each.key for each in LocalDay(before, zone).plus(-1).until(LocalDay(after, zone).plus(1))
    ]
    assert not partitions.has_partition_key(skipped.isoformat())
    upstream = DAY_BEFORE.get_upstream_mapped_partitions_result_for_partitions(one_after, partitions, partitions)
    assert set(upstream.partitions_subset.get_partition_keys()) == {before.isoformat()}
    downstream = DAY_BEFORE.get_downstream_partitions_for_partitions(day_before, partitions, partitions)
    assert set(downstream.get_partition_keys()) == {after.isoformat()}


def test_a_chat_whose_first_day_is_a_skipped_date_begins_with_the_next_one():
    assert daily_partitions(chat_of(APIA, date(2011, 12, 30))).get_first_partition_key() == "2011-12-31"


def test_a_chat_that_began_after_a_skipped_date_has_its_own_zone_s_days():
    assert daily_partitions(chat_of(APIA, date(2012, 1, 1))).timezone == APIA
