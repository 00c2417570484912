"""What the audit bench asks of DuckDB; prints one JSON object.

duckdb.py write SQL…                   runs statements
duckdb.py join LEFT RIGHT RUNS COLUMN… times a full outer join that compares all columns
"""

import json
import sys
import time

import duckdb


def connect():
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    # It would be printed amid the result.
    connection.execute("SET enable_progress_bar = false")
    return connection


def write(statements):
    connection = connect()
    for statement in statements:
        connection.execute(statement)
    print(json.dumps({"version": duckdb.__version__}))


def join(left, right, runs, columns):
    connection = connect()
    differs = " OR ".join(f"l.{c} IS DISTINCT FROM r.{c}" for c in columns)
    query = f"""
        SELECT count(*) FILTER (WHERE r.id IS NULL), count(*) FILTER (WHERE l.id IS NULL),
               count(*) FILTER (WHERE l.id = r.id)
        FROM read_parquet('{left}') l FULL JOIN read_parquet('{right}') r ON l.id = r.id
        WHERE l.id IS NULL OR r.id IS NULL OR {differs}"""
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        found = connection.execute(query).fetchall()[0]
        seconds.append(time.perf_counter() - started)
    print(json.dumps({"seconds": seconds, "found": found}))


if sys.argv[1] == "write":
    write(sys.argv[2:])
else:
    join(sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5:])
