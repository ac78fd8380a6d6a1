"""What tests of the product graph share: a store's deliveries, mining, building."""

from __future__ import annotations

import datetime as dt

from include.ledger.runs import RunSource
from include.pipelines.commerce.bundles import load as bundles
from include.pipelines.commerce.product_graph import load as product_graph
from include.postgres.session import connect
from include.writers.graph.stores import GraphStore
from tests.pipelines.commerce.conftest import DAY, Shop

CATALOG = "variant_id,handle,title,option1_value,product_type,vendor,sku,price\n"
TEAS = "v1,tea,Tea,50 g,drink,Leaf,T,4.50\nv2,tea,Tea,250 g,drink,Leaf,U,20\nv3,pot,Pot,Default Title,ware,Clay,P,30\n"
CUP = "v4,cup,Cup,,ware,Clay,C,6.25\n"
ORDERS = "order_id,created_at,currency,quantity,unit_price,variant_id\n"
LOOSE = {"min_count": 1, "min_confidence": 0, "min_lift": 0}
NEXT_DAY = DAY + dt.timedelta(days=1)


def orders(*baskets: str, first: int = 1, at: str = "2025-03-03 10:00") -> str:
    """An orders file: one order for each basket, whose variants are divided by blanks."""
    lines = [
        f"{number},{at},EUR,1,1.00,{variant}\n"
        for number, basket in enumerate(baskets, first)
        for variant in basket.split()
    ]
    return ORDERS + "".join(lines)


def deliver(shop: Shop, day: dt.date = DAY, **files: str) -> None:
    for name, text in files.items():
        shop.deliver(f"{name}.csv", text, day)
        shop.load(name, day)


def mine(shop: Shop) -> None:
    source = RunSource.command_line(bundles.PIPELINE)
    windows = bundles.due(shop.connection, shop.stores)
    list(bundles.mine_windows(lambda: connect(shop.url), windows, shop.stores, source))


def build(shop: Shop, graph: GraphStore, *, again: bool = False) -> list[product_graph.BuiltGraph]:
    states = product_graph.due(shop.connection, graph, again=again)
    source = RunSource.command_line(product_graph.PIPELINE)
    return list(product_graph.build(lambda: connect(shop.url), states, graph, source))


def mined_and_built(shop: Shop, graph: GraphStore) -> product_graph.BuiltGraph:
    mine(shop)
    (built,) = build(shop, graph)
    return built
