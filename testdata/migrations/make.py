#!/usr/bin/env python3
"""Writes the exports of this folder: one table as DuckDB, pandas and pyarrow write it.

    python3 make.py            needs duckdb, pandas and pyarrow

The values are those of `products.sql`, which makes the table in PostgreSQL; tests/it/migrations
compares the two. Change both together.
"""

import datetime as dt
import decimal
import pathlib
import uuid

import duckdb
import pandas
import pyarrow
import pyarrow.parquet

HERE = pathlib.Path(__file__).parent
UTC = dt.timezone.utc
D = decimal.Decimal

COLUMNS = [
    # name, DuckDB's type, Arrow's type
    ("id", "BIGINT", pyarrow.int64()),
    ("sku", "VARCHAR", pyarrow.string()),
    ("title", "VARCHAR", pyarrow.string()),
    ("price", "DECIMAL(12,2)", pyarrow.decimal128(12, 2)),
    ("weight", "DOUBLE", pyarrow.float64()),
    ("ratio", "REAL", pyarrow.float32()),
    ("active", "BOOLEAN", pyarrow.bool_()),
    ("added", "DATE", pyarrow.date32()),
    ("opens", "TIME", pyarrow.time64("us")),
    ("changed", "TIMESTAMP", pyarrow.timestamp("us")),
    ("seen", "TIMESTAMPTZ", pyarrow.timestamp("us", tz="UTC")),
    ("stock", "INTEGER", pyarrow.int32()),
    ("rating", "TINYINT", pyarrow.int8()),
    ("views", "UBIGINT", pyarrow.uint64()),
    ("kind", "ENUM ('book', 'tool', 'toy')", pyarrow.dictionary(pyarrow.int8(), pyarrow.string())),
    ("tags", "VARCHAR[]", pyarrow.list_(pyarrow.string())),
    ("code", "UUID", pyarrow.string()),
    ("specs", "JSON", pyarrow.string()),
    ("image", "BLOB", pyarrow.binary()),
]

ROWS = [
    (1, "A-1", "Anvil", D("129.90"), 45.5, 0.1, True, dt.date(2019, 3, 31), dt.time(8, 30),
     dt.datetime(2024, 5, 6, 7, 8, 9, 123456), dt.datetime(2024, 5, 6, 7, 8, 9, 500000, UTC), 12, 5,
     18446744073709551615, "tool", ["iron", "heavy"], "0a1b2c3d-4e5f-4a7b-8c9d-aebfc0d1e2f3",
     '{"size": [10, 20], "ü": null}', b"\x89PNG\r\n\x1a\n\x00\xff"),
    (2, "B-2", "", D("0.00"), 0.1, 1.5, False, dt.date(1999, 12, 31), dt.time(0, 0),
     dt.datetime(1999, 12, 31, 23, 59, 59), dt.datetime(1999, 12, 31, 23, 59, 59, 0, UTC), 0, -128,
     0, "book", [], "ffffffff-ffff-4fff-8fff-ffffffffffff", "[]", b""),
    (3, "C-3", None, None, None, None, None, None, None, None, None, None, None, None, None, None, None, None, None),
    (4, "D-4", 'say "hi", it\'s\n two lines; \\N', D("-9999999999.99"), 1e300, -2.5, True, dt.date(1, 1, 1),
     dt.time(23, 59, 59, 999999), dt.datetime(1000, 1, 1, 0, 0, 0, 1), dt.datetime(2038, 1, 19, 3, 14, 8, 0, UTC),
     2147483647, 127, 9007199254740993, "toy", ["a, b", "null", ""], "00000000-0000-4000-8000-000000000001",
     '{"a": {"b": "c, d"}}', b"abc"),
    (9007199254740993, "日本語 😀", " spaces ", D("0.10"), -0.0, 0.25, False, dt.date(9999, 12, 31), dt.time(12, 34, 56, 700000),
     dt.datetime(2024, 2, 29, 12, 0), dt.datetime(2024, 2, 29, 12, 0, 0, 0, UTC), -1, 1, 1, "tool", ["é", None],
     "123e4567-e89b-42d3-a456-426614174000", "true", b"\\x61"),
]


def from_duckdb():
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    declared = ", ".join(f"{name} {kind}" for name, kind, _ in COLUMNS)
    connection.execute(f"CREATE TABLE products ({declared})")
    marks = ", ".join("?" for _ in COLUMNS)
    connection.executemany(f"INSERT INTO products VALUES ({marks})", ROWS)
    for name in ["duckdb.parquet", "duckdb.csv"]:
        connection.execute(f"COPY products TO '{HERE / ('products-' + name)}'")


def from_pandas():
    frame = pandas.DataFrame(ROWS, columns=[name for name, _, _ in COLUMNS])
    frame.to_csv(HERE / "products-pandas.csv", index=False)
    plain = frame.drop(columns=["tags"])
    plain.to_parquet(HERE / "products-pandas.parquet", index=False)


def from_pyarrow():
    arrays = [pyarrow.array([row[at] for row in ROWS], kind) if not pyarrow.types.is_dictionary(kind)
              else pyarrow.array([row[at] for row in ROWS], pyarrow.string()).dictionary_encode()
              for at, (_, _, kind) in enumerate(COLUMNS)]
    table = pyarrow.table(arrays, names=[name for name, _, _ in COLUMNS])
    pyarrow.parquet.write_table(table, HERE / "products-pyarrow.parquet", compression="gzip")


from_duckdb()
from_pandas()
from_pyarrow()
for path in sorted(HERE.glob("products-*")):
    print(path.name, path.stat().st_size)
