"""What type checkers infer of users' pipelines, and the examples of the docstrings."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from typing import assert_type

import pytest
from reactivex import Observable, Subject

from rxpolygon import operators as rxo
from rxpolygon.events import CryptoTrade, ForexQuote, MinuteAggregate, Trade
from rxpolygon.operators import Bar, Reconciliation, SaleRules


def test_pipelines_have_exact_types() -> None:
    trades: Subject[Trade] = Subject()
    crypto: Subject[CryptoTrade] = Subject()
    quotes: Subject[ForexQuote] = Subject()
    minutes: Subject[MinuteAggregate] = Subject()
    rules = SaleRules[Trade](lambda trade: not trade.conditions, lambda trade: True, lambda trade: True)
    minute = rxo.time_bars("1m")
    assert_type(trades.pipe(minute), Observable[Bar])
    assert_type(crypto.pipe(minute), Observable[Bar])
    assert_type(quotes.pipe(rxo.time_bars("1m", fill=True)), Observable[Bar])
    assert_type(trades.pipe(rxo.time_bars("1m", sales=rules)), Observable[Bar])
    assert_type(trades.pipe(rxo.time_bars("1m", sales=SaleRules.EVERY_TRADE)), Observable[Bar])
    assert_type(trades.pipe(rxo.tick_bars(5), rxo.resample("1d")), Observable[Bar])
    assert_type(minutes.pipe(rxo.revisions()), Observable[Bar])
    assert_type(trades.pipe(minute, rxo.reconcile(minutes)), Observable[Reconciliation])


def documented_modules() -> list[str]:
    package = rxo.__name__
    names = [f"{package}.{module.name}" for module in pkgutil.iter_modules(rxo.__path__)]
    public = {f"{getattr(rxo, name).__module__}" for name in rxo.__all__}
    return [name for name in names if name in public]


@pytest.mark.parametrize("name", documented_modules())
def test_docstring_examples_run(name: str) -> None:
    failures, _ = doctest.testmod(importlib.import_module(name))
    assert not failures
