"""Searches in a database: how they are ended, and that nobody else waits for them."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hubbub.errors import OutOfTime
from hubbub.hub.flow.log import SEARCHERS
from hubbub.storage.interface import Budget
from tests.storage.test_contract import ANN, BACKENDS, NOW, said, sqlite, user

NEARLY = "a" * 16_384
"""What a search for many of its letters and another one behind them nearly matches everywhere."""


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
def test_a_search_is_ended_when_its_time_is_over(database: str, tmp_path: Path) -> None:
    storage = BACKENDS[database](tmp_path)
    storage.commit([user(ANN), *(said(NEARLY) for _ in range(400))], NOW)
    budget = Budget(0.001)
    with pytest.raises(OutOfTime):
        storage.log.search("lobby", "a" * 199 + "b", before=None, limit=9, budget=budget)
    assert budget.over
    # The connections are as good as before.
    for _ in range(4):
        page = storage.log.search("lobby", "a", before=None, limit=1)
        assert (len(page.events), page.next) == (1, 400)
    storage.close()


class Watched(Budget):
    """Stands still where the database first asks whether it is over."""

    def __init__(self) -> None:
        super().__init__(3600)
        self.asked, self.go = threading.Event(), threading.Event()

    @property
    def over(self) -> bool:
        self.asked.set()
        self.go.wait()
        return super().over


def test_a_statement_that_runs_is_ended_when_the_search_is_called_off(tmp_path: Path) -> None:
    storage = sqlite(tmp_path)
    storage.commit([user(ANN), *(said("hay") for _ in range(1000))], NOW)
    budget = Watched()
    with ThreadPoolExecutor(1) as pool:
        search = pool.submit(
            storage.log.search, "lobby", "needle", before=None, limit=9, budget=budget
        )
        budget.asked.wait()
        # Others read and write meanwhile.
        storage.commit([said("more hay")], NOW)
        assert storage.log.page("lobby", limit=1, limit_bytes=9).last == 1001
        budget.call_off()
        budget.go.set()
        with pytest.raises(OutOfTime):
            search.result()
    storage.close()


def test_searches_take_no_connection_of_those_who_read(tmp_path: Path) -> None:
    """As many as there may be at once leave all readers to the others."""
    storage = sqlite(tmp_path)
    storage.commit([user(ANN), *(said("hay") for _ in range(1000))], NOW)
    budgets = [Watched() for _ in range(SEARCHERS)]
    with ThreadPoolExecutor(SEARCHERS) as pool:
        searches = [
            pool.submit(storage.log.search, "lobby", "x", before=None, limit=9, budget=budget)
            for budget in budgets
        ]
        for budget in budgets:
            budget.asked.wait()
        storage.care.check_ready()
        for budget in budgets:
            budget.go.set()
        for search in searches:
            assert search.result().next is None
    storage.close()
