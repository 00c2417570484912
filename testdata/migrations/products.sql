CREATE TABLE products (
    id bigint PRIMARY KEY, sku varchar(20) NOT NULL, title text, price numeric(12,2), weight double precision, ratio real,
    active boolean, added date, opens time, changed timestamp, seen timestamptz, stock integer, rating smallint,
    views numeric(20), kind text, tags text[], code uuid, specs jsonb, image bytea
);
INSERT INTO products VALUES
    (1, 'A-1', 'Anvil', 129.90, 45.5, 0.1, true, '2019-03-31', '08:30:00', '2024-05-06 07:08:09.123456',
     '2024-05-06 07:08:09.5+00', 12, 5, 18446744073709551615, 'tool', '{iron,heavy}',
     '0a1b2c3d-4e5f-4a7b-8c9d-aebfc0d1e2f3', '{"size": [10, 20], "ü": null}', '\x89504e470d0a1a0a00ff'),
    (2, 'B-2', '', 0.00, 0.1, 1.5, false, '1999-12-31', '00:00:00', '1999-12-31 23:59:59', '1999-12-31 23:59:59+00', 0,
     -128, 0, 'book', '{}', 'ffffffff-ffff-4fff-8fff-ffffffffffff', '[]', '\x'),
    (3, 'C-3', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (4, 'D-4', E'say "hi", it''s\n two lines; \\N', -9999999999.99, 1e300, -2.5, true, '0001-01-01', '23:59:59.999999',
     '1000-01-01 00:00:00.000001', '2038-01-19 03:14:08+00', 2147483647, 127, 9007199254740993, 'toy',
     '{"a, b","null",""}', '00000000-0000-4000-8000-000000000001', '{"a": {"b": "c, d"}}', '\x616263'),
    (9007199254740993, '日本語 😀', ' spaces ', 0.10, -0.0, 0.25, false, '9999-12-31', '12:34:56.7', '2024-02-29 12:00:00',
     '2024-02-29 12:00:00+00', -1, 1, 1, 'tool', '{é,NULL}', '123e4567-e89b-42d3-a456-426614174000', 'true',
     '\x5c783631');
