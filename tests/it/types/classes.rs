//! Values that several types of several systems can hold. All forms of a class hold the same
//! value; the other value of each is another one, and the same for all.

/// A column type, the value as an SQL literal, and another value.
pub type Form = (&'static str, &'static str, &'static str);

pub struct Class {
    pub name: &'static str,
    pub postgres: &'static [Form],
    pub mysql: &'static [Form],
    pub sqlite: &'static [Form],
}

/// All that the classes have in common with text.
macro_rules! texts {
    ($name:literal, $value:literal, $other:literal) => {
        Class {
            name: $name,
            postgres: &[("text", $value, $other), ("varchar(40)", $value, $other)],
            mysql: &[("text", $value, $other), ("varchar(40)", $value, $other)],
            sqlite: &[("TEXT", $value, $other)],
        }
    };
}

pub const CLASSES: &[Class] = &[
    // --- numbers
    Class {
        name: "small",
        postgres: &[("smallint", "-7", "8"), ("bigint", "-7", "8"), ("numeric", "-7", "8")],
        mysql: &[("tinyint", "-7", "8"), ("mediumint", "-7", "8"), ("bigint", "-7", "8")],
        sqlite: &[("INTEGER", "-7", "8"), ("NUMERIC", "-7", "8")],
    },
    Class {
        // Next to each other beyond what a double can tell apart.
        name: "least",
        postgres: &[
            ("bigint", "-9223372036854775808", "-9223372036854775807"),
            ("numeric(20,0)", "-9223372036854775808", "-9223372036854775807"),
        ],
        mysql: &[
            ("bigint", "-9223372036854775808", "-9223372036854775807"),
            ("decimal(20,0)", "-9223372036854775808", "-9223372036854775807"),
        ],
        sqlite: &[("INTEGER", "-9223372036854775808", "-9223372036854775807")],
    },
    Class {
        name: "unsigned_most",
        postgres: &[
            ("numeric(20,0)", "18446744073709551615", "18446744073709551614"),
            ("numeric", "18446744073709551615", "18446744073709551614"),
            ("text", "'18446744073709551615'", "'18446744073709551614'"),
        ],
        mysql: &[("bigint unsigned", "18446744073709551615", "18446744073709551614")],
        sqlite: &[("TEXT", "'18446744073709551615'", "'18446744073709551614'")],
    },
    Class {
        name: "unsigned_small",
        postgres: &[("integer", "200", "201")],
        mysql: &[("tinyint unsigned", "200", "201"), ("int unsigned", "200", "201"), ("bigint unsigned", "200", "201")],
        sqlite: &[("INT", "200", "201")],
    },
    Class {
        name: "wide_decimal",
        postgres: &[
            (
                "numeric(65,30)",
                "12345678901234567890123456789012345.123456789012345678901234567891",
                "12345678901234567890123456789012345.123456789012345678901234567892",
            ),
            (
                "numeric",
                "12345678901234567890123456789012345.123456789012345678901234567891",
                "12345678901234567890123456789012345.123456789012345678901234567892",
            ),
        ],
        mysql: &[(
            "decimal(65,30)",
            "12345678901234567890123456789012345.123456789012345678901234567891",
            "12345678901234567890123456789012345.123456789012345678901234567892",
        )],
        sqlite: &[(
            "TEXT",
            "'12345678901234567890123456789012345.123456789012345678901234567891'",
            "'12345678901234567890123456789012345.123456789012345678901234567892'",
        )],
    },
    Class {
        name: "five",
        postgres: &[("numeric(10,2)", "5.00", "6.00"), ("numeric", "5.000", "6"), ("integer", "5", "6")],
        mysql: &[("decimal(10,4)", "5", "6"), ("int", "5", "6")],
        sqlite: &[("DECIMAL(10,2)", "5.0", "6.0"), ("INTEGER", "5", "6"), ("TEXT", "'5'", "'6'")],
    },
    Class {
        name: "cents",
        postgres: &[
            ("numeric(10,2)", "-0.10", "-0.11"),
            ("numeric(38,10)", "-0.1", "-0.11"),
            ("numeric", "-0.1", "-0.11"),
        ],
        mysql: &[("decimal(10,2)", "-0.10", "-0.11"), ("decimal(50,4)", "-0.10", "-0.11")],
        sqlite: &[("DECIMAL(10,2)", "-0.1", "-0.11"), ("TEXT", "'-0.10'", "'-0.11'")],
    },
    Class {
        name: "not_a_number",
        postgres: &[("numeric", "'NaN'", "1"), ("numeric(10,2)", "'NaN'", "1"), ("double precision", "'NaN'", "1")],
        mysql: &[],
        sqlite: &[],
    },
    Class {
        name: "not_a_number_in_text",
        postgres: &[("numeric", "'NaN'", "1"), ("text", "'NaN'", "'1'")],
        mysql: &[("varchar(9)", "'NaN'", "'1'")],
        sqlite: &[("TEXT", "'NaN'", "'1'")],
    },
    Class {
        name: "infinite_number",
        postgres: &[
            ("numeric", "'Infinity'", "'-Infinity'"),
            ("double precision", "'Infinity'", "'-Infinity'"),
            ("real", "'Infinity'", "'-Infinity'"),
        ],
        mysql: &[],
        sqlite: &[("REAL", "9e999", "-9e999")],
    },
    Class {
        // The next double is 0.10000000000000002.
        name: "tenth",
        postgres: &[("double precision", "0.1", "0.10000000000000002")],
        mysql: &[("double", "0.1", "0.10000000000000002")],
        sqlite: &[("REAL", "0.1", "0.10000000000000002")],
    },
    Class {
        name: "tenth_exact",
        postgres: &[("double precision", "0.1", "0.2"), ("numeric(10,2)", "0.10", "0.20")],
        mysql: &[("double", "0.1", "0.2"), ("decimal(10,2)", "0.10", "0.20")],
        sqlite: &[("REAL", "0.1", "0.2")],
    },
    Class {
        name: "huge",
        postgres: &[("double precision", "1e308", "1.0000000000000002e308")],
        mysql: &[("double", "1e308", "1.0000000000000002e308")],
        sqlite: &[("REAL", "1e308", "1.0000000000000002e308")],
    },
    Class {
        name: "tiny",
        postgres: &[("double precision", "2.2250738585072014e-308", "2.225073858507202e-308")],
        mysql: &[("double", "2.2250738585072014e-308", "2.225073858507202e-308")],
        sqlite: &[("REAL", "2.2250738585072014e-308", "2.225073858507202e-308")],
    },
    Class {
        // MySQL prints six digits of it, and it has eight.
        name: "single",
        postgres: &[("real", "123456.79", "123456.8"), ("double precision", "123456.7890625", "123456.796875")],
        mysql: &[("float", "123456.79", "123456.8")],
        sqlite: &[("REAL", "123456.7890625", "123456.796875")],
    },
    Class {
        name: "single_tenth",
        postgres: &[("real", "0.1", "0.2"), ("double precision", "0.1", "0.2")],
        mysql: &[("float", "0.1", "0.2")],
        sqlite: &[],
    },
    Class {
        name: "zero_float",
        postgres: &[("double precision", "'-0'", "1"), ("double precision", "0", "1"), ("real", "'-0'", "1")],
        mysql: &[("double", "-0e0", "1"), ("double", "0", "1")],
        sqlite: &[("REAL", "0.0", "1.0")],
    },
    Class {
        name: "year",
        postgres: &[("integer", "2024", "2025")],
        mysql: &[("year", "2024", "2025")],
        sqlite: &[("INTEGER", "2024", "2025")],
    },
    // --- truth
    Class {
        name: "truth",
        postgres: &[("boolean", "true", "false"), ("smallint", "1", "0")],
        mysql: &[("tinyint(1)", "1", "0"), ("boolean", "true", "false")],
        sqlite: &[("BOOLEAN", "1", "0"), ("INTEGER", "1", "0")],
    },
    Class {
        name: "truth_in_text",
        postgres: &[("boolean", "true", "false"), ("text", "'true'", "'false'")],
        mysql: &[("varchar(9)", "'true'", "'false'")],
        sqlite: &[("TEXT", "'true'", "'false'")],
    },
    Class {
        // What MySQL calls a boolean holds any small number.
        name: "no_truth",
        postgres: &[("smallint", "5", "6")],
        mysql: &[("tinyint(1)", "5", "6"), ("int", "5", "6")],
        sqlite: &[("BOOLEAN", "5", "6"), ("INTEGER", "5", "6")],
    },
    // --- text
    Class {
        name: "padded",
        postgres: &[("char(10)", "'abc'", "'abd'"), ("varchar(10)", "'abc'", "'abd'"), ("text", "'abc'", "'abd'")],
        mysql: &[("char(10)", "'abc'", "'abd'"), ("varchar(10)", "'abc'", "'abd'")],
        sqlite: &[("CHAR(10)", "'abc'", "'abd'"), ("TEXT", "'abc'", "'abd'")],
    },
    texts!("unicode", "'\u{1F600} é 日本'", "'\u{1F601} é 日本'"),
    texts!("by_case", "'Straße'", "'straße'"),
    texts!("by_accent", "'résumé'", "'resume'"),
    texts!("by_form", "'\u{e9}'", "'e\u{301}'"),
    texts!("by_space", "'a '", "'a'"),
    texts!("like_number", "'007'", "'7'"),
    texts!("empty_not_null", "''", "NULL"),
    texts!("null_not_empty", "NULL", "''"),
    texts!("lines", "'a\nb\tc'", "'a\r\nb\tc'"),
    Class {
        name: "long_text",
        postgres: &[("text", "repeat('ä', 50000)", "repeat('ä', 49999) || 'a'")],
        mysql: &[("longtext", "repeat('ä', 50000)", "concat(repeat('ä', 49999), 'a')")],
        sqlite: &[(
            "TEXT",
            "replace(hex(zeroblob(50000)), '00', 'ä')",
            "replace(hex(zeroblob(49999)), '00', 'ä') || 'a'",
        )],
    },
    Class {
        name: "other_charset",
        postgres: &[("text", "'Zoë €'", "'Zoe €'")],
        mysql: &[
            ("varchar(20) CHARACTER SET latin1", "'Zoë €'", "'Zoe €'"),
            ("varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", "'Zoë €'", "'Zoe €'"),
            ("varchar(20) CHARACTER SET utf16", "'Zoë €'", "'Zoe €'"),
        ],
        sqlite: &[("TEXT", "'Zoë €'", "'Zoe €'")],
    },
    Class {
        name: "letter",
        postgres: &[("letter", "'x'", "'y'"), ("text", "'x'", "'y'")],
        mysql: &[("enum('x','y')", "'x'", "'y'"), ("varchar(9)", "'x'", "'y'")],
        sqlite: &[("TEXT", "'x'", "'y'")],
    },
    Class {
        name: "members",
        postgres: &[("text", "'p,q'", "'p'")],
        mysql: &[("set('p','q')", "'p,q'", "'p'")],
        sqlite: &[("TEXT", "'p,q'", "'p'")],
    },
    Class {
        name: "text_among_integers",
        postgres: &[("text", "'abc'", "'abd'")],
        mysql: &[("varchar(9)", "'abc'", "'abd'")],
        sqlite: &[("INTEGER", "'abc'", "'abd'"), ("TEXT", "'abc'", "'abd'")],
    },
    // --- bytes
    Class {
        name: "zeros",
        postgres: &[("bytea", "'\\x00ff0041'", "'\\x00ff0042'")],
        mysql: &[
            ("varbinary(10)", "x'00ff0041'", "x'00ff0042'"),
            ("binary(4)", "x'00ff0041'", "x'00ff0042'"),
            ("blob", "x'00ff0041'", "x'00ff0042'"),
        ],
        sqlite: &[("BLOB", "x'00ff0041'", "x'00ff0042'")],
    },
    Class {
        name: "last_zeros",
        postgres: &[("bytea", "'\\x610000'", "'\\x6100'")],
        mysql: &[("varbinary(10)", "x'610000'", "x'6100'"), ("longblob", "x'610000'", "x'6100'")],
        sqlite: &[("BLOB", "x'610000'", "x'6100'")],
    },
    Class {
        name: "no_bytes",
        postgres: &[("bytea", "''", "NULL")],
        mysql: &[("varbinary(10)", "''", "NULL"), ("blob", "''", "NULL")],
        sqlite: &[("BLOB", "x''", "NULL")],
    },
    // --- dates and times
    Class {
        name: "leap_day",
        postgres: &[("date", "'2024-02-29'", "'2024-03-01'"), ("text", "'2024-02-29'", "'2024-03-01'")],
        mysql: &[("date", "'2024-02-29'", "'2024-03-01'")],
        sqlite: &[("DATE", "'2024-02-29'", "'2024-03-01'"), ("TEXT", "'2024-02-29'", "'2024-03-01'")],
    },
    Class {
        name: "first_day",
        postgres: &[("date", "'0001-01-01'", "'0001-01-02'")],
        mysql: &[("date", "'0001-01-01'", "'0001-01-02'")],
        sqlite: &[("DATE", "'0001-01-01'", "'0001-01-02'")],
    },
    Class {
        name: "last_day",
        postgres: &[("date", "'9999-12-31'", "'9999-12-30'")],
        mysql: &[("date", "'9999-12-31'", "'9999-12-30'")],
        sqlite: &[("DATE", "'9999-12-31'", "'9999-12-30'")],
    },
    Class {
        name: "day_at_midnight",
        postgres: &[("date", "'1969-07-20'", "'1969-07-21'"), ("timestamp", "'1969-07-20'", "'1969-07-21'")],
        mysql: &[("date", "'1969-07-20'", "'1969-07-21'"), ("datetime", "'1969-07-20'", "'1969-07-21'")],
        sqlite: &[("DATE", "'1969-07-20'", "'1969-07-21'")],
    },
    Class {
        name: "beyond_days",
        postgres: &[("date", "'infinity'", "'-infinity'"), ("text", "'infinity'", "'-infinity'")],
        mysql: &[("varchar(9)", "'infinity'", "'-infinity'")],
        sqlite: &[("DATE", "'infinity'", "'-infinity'")],
    },
    Class {
        name: "beyond_times",
        postgres: &[
            ("timestamp", "'infinity'", "'-infinity'"),
            ("timestamptz", "'infinity'", "'-infinity'"),
            ("text", "'infinity'", "'-infinity'"),
        ],
        mysql: &[],
        sqlite: &[],
    },
    Class {
        name: "before_christ",
        postgres: &[("date", "'0044-03-15 BC'", "'0044-03-16 BC'")],
        mysql: &[],
        sqlite: &[],
    },
    Class {
        name: "seconds",
        postgres: &[
            ("timestamp(0)", "'2024-05-06 07:08:09'", "'2024-05-06 07:08:10'"),
            ("timestamp", "'2024-05-06 07:08:09'", "'2024-05-06 07:08:10'"),
        ],
        mysql: &[("datetime", "'2024-05-06 07:08:09'", "'2024-05-06 07:08:10'")],
        sqlite: &[
            ("DATETIME", "'2024-05-06 07:08:09'", "'2024-05-06 07:08:10'"),
            ("TIMESTAMP", "'2024-05-06T07:08:09'", "'2024-05-06T07:08:10'"),
        ],
    },
    Class {
        name: "millis",
        postgres: &[("timestamp(3)", "'1969-12-31 23:59:59.123'", "'1969-12-31 23:59:59.124'")],
        mysql: &[("datetime(3)", "'1969-12-31 23:59:59.123'", "'1969-12-31 23:59:59.124'")],
        sqlite: &[("TIMESTAMP", "'1969-12-31 23:59:59.123'", "'1969-12-31 23:59:59.124'")],
    },
    Class {
        name: "micros",
        postgres: &[("timestamp", "'2024-05-06 07:08:09.123456'", "'2024-05-06 07:08:09.123457'")],
        mysql: &[("datetime(6)", "'2024-05-06 07:08:09.123456'", "'2024-05-06 07:08:09.123457'")],
        sqlite: &[("TIMESTAMP", "'2024-05-06 07:08:09.123456'", "'2024-05-06 07:08:09.123457'")],
    },
    Class {
        // Cut to the coarser of the two.
        name: "coarser",
        postgres: &[
            ("timestamp(3)", "'1969-05-06 07:08:09.123'", "'1969-05-06 07:08:10'"),
            ("timestamp(6)", "'1969-05-06 07:08:09.123456'", "'1969-05-06 07:08:10'"),
        ],
        mysql: &[
            ("datetime(3)", "'1969-05-06 07:08:09.123'", "'1969-05-06 07:08:10'"),
            ("datetime(6)", "'1969-05-06 07:08:09.123456'", "'1969-05-06 07:08:10'"),
        ],
        sqlite: &[],
    },
    Class {
        name: "first_moment",
        postgres: &[("timestamp", "'0001-01-01 00:00:00'", "'0001-01-01 00:00:01'")],
        mysql: &[("datetime(6)", "'0001-01-01 00:00:00'", "'0001-01-01 00:00:01'")],
        sqlite: &[("TIMESTAMP", "'0001-01-01 00:00:00'", "'0001-01-01 00:00:01'")],
    },
    Class {
        name: "last_moment",
        postgres: &[("timestamp", "'9999-12-31 23:59:59.999999'", "'9999-12-31 23:59:59.999998'")],
        mysql: &[("datetime(6)", "'9999-12-31 23:59:59.999999'", "'9999-12-31 23:59:59.999998'")],
        sqlite: &[("TIMESTAMP", "'9999-12-31 23:59:59.999999'", "'9999-12-31 23:59:59.999998'")],
    },
    Class {
        // The tests' own sessions are in UTC; the program's are in whatever the server says.
        name: "instant",
        postgres: &[
            ("timestamptz", "'2024-05-06 07:08:09.5+02'", "'2024-05-06 07:08:10.5+02'"),
            ("text", "'2024-05-06 05:08:09.5Z'", "'2024-05-06 05:08:10.5Z'"),
        ],
        mysql: &[
            ("timestamp(6)", "'2024-05-06 05:08:09.5'", "'2024-05-06 05:08:10.5'"),
            ("timestamp(1)", "'2024-05-06 05:08:09.5'", "'2024-05-06 05:08:10.5'"),
        ],
        sqlite: &[("TEXT", "'2024-05-06 05:08:09.5Z'", "'2024-05-06 05:08:10.5Z'")],
    },
    Class {
        name: "clock",
        postgres: &[("time", "'07:08:09'", "'07:08:10'"), ("time(3)", "'07:08:09'", "'07:08:10'")],
        mysql: &[("time", "'07:08:09'", "'07:08:10'"), ("time(6)", "'07:08:09'", "'07:08:10'")],
        sqlite: &[("TIME", "'07:08:09'", "'07:08:10'"), ("TEXT", "'07:08:09'", "'07:08:10'")],
    },
    Class {
        name: "clock_micros",
        postgres: &[("time", "'23:59:59.000001'", "'23:59:59'")],
        mysql: &[("time(6)", "'23:59:59.000001'", "'23:59:59'")],
        sqlite: &[("TIME", "'23:59:59.000001'", "'23:59:59'")],
    },
    Class {
        name: "beyond_clock",
        postgres: &[("text", "'-838:59:59'", "'838:59:59'")],
        mysql: &[("time", "'-838:59:59'", "'838:59:59'")],
        sqlite: &[("TEXT", "'-838:59:59'", "'838:59:59'")],
    },
    // --- uuid, json and the rest
    Class {
        name: "uuid_upper",
        postgres: &[
            ("uuid", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A12'"),
            ("text", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A12'"),
        ],
        mysql: &[("char(36)", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A12'")],
        sqlite: &[("TEXT", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A12'")],
    },
    Class {
        name: "uuid_bytes",
        postgres: &[
            ("uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12'"),
            ("bytea", "'\\xa0eebc999c0b4ef8bb6d6bb9bd380a11'", "'\\xa0eebc999c0b4ef8bb6d6bb9bd380a12'"),
        ],
        mysql: &[("binary(16)", "x'a0eebc999c0b4ef8bb6d6bb9bd380a11'", "x'a0eebc999c0b4ef8bb6d6bb9bd380a12'")],
        sqlite: &[("BLOB", "x'a0eebc999c0b4ef8bb6d6bb9bd380a11'", "x'a0eebc999c0b4ef8bb6d6bb9bd380a12'")],
    },
    Class {
        name: "json",
        postgres: &[
            ("jsonb", r#"'{"bb": 1, "a": [1, 2.5, null, "é"]}'"#, r#"'{"bb": 1, "a": [1, 2.5, null, "e"]}'"#),
            ("json", r#"'{"a":[1,2.5,null,"\u00e9"],"bb":1}'"#, r#"'{"a":[1,2.5,null,"e"],"bb":1}'"#),
        ],
        mysql: &[("json", r#"'{"a": [1, 2.5, null, "é"], "bb": 1}'"#, r#"'{"a": [1, 2.5, null, "e"], "bb": 1}'"#)],
        sqlite: &[("TEXT", r#"'{"a": [1, 2.5, null, "é"], "bb": 1}'"#, r#"'{"a": [1, 2.5, null, "e"], "bb": 1}'"#)],
    },
    Class {
        // The order of an array counts, and so does a number in quotes.
        name: "json_order",
        postgres: &[("jsonb", "'[1, \"1\"]'", "'[\"1\", 1]'"), ("json", "'[1,\"1\"]'", "'[\"1\",1]'")],
        mysql: &[("json", "'[1, \"1\"]'", "'[\"1\", 1]'")],
        sqlite: &[("TEXT", "'[1, \"1\"]'", "'[\"1\", 1]'")],
    },
    Class {
        name: "bits",
        postgres: &[("bit(8)", "B'00000101'", "B'00000100'"), ("text", "'00000101'", "'00000100'")],
        mysql: &[("bit(8)", "b'00000101'", "b'00000100'")],
        sqlite: &[("TEXT", "'00000101'", "'00000100'")],
    },
    Class {
        name: "one_bit",
        postgres: &[("boolean", "true", "false")],
        mysql: &[("bit(1)", "b'1'", "b'0'")],
        sqlite: &[("BOOLEAN", "1", "0")],
    },
    Class {
        name: "numbers",
        postgres: &[("integer[]", "'{1,2,NULL}'", "'{1,3,NULL}'"), ("text", "'{1,2,NULL}'", "'{1,3,NULL}'")],
        mysql: &[("varchar(40)", "'{1,2,NULL}'", "'{1,3,NULL}'")],
        sqlite: &[("TEXT", "'{1,2,NULL}'", "'{1,3,NULL}'")],
    },
    Class {
        name: "words",
        postgres: &[("text[]", r#"'{a,"b, c",""}'"#, r#"'{a,"b, d",""}'"#)],
        mysql: &[("varchar(40)", r#"'{a,"b, c",""}'"#, r#"'{a,"b, d",""}'"#)],
        sqlite: &[("TEXT", r#"'{a,"b, c",""}'"#, r#"'{a,"b, d",""}'"#)],
    },
    Class {
        name: "network",
        postgres: &[("inet", "'10.0.0.1'", "'10.0.0.2'"), ("text", "'10.0.0.1'", "'10.0.0.2'")],
        mysql: &[("varchar(40)", "'10.0.0.1'", "'10.0.0.2'")],
        sqlite: &[("TEXT", "'10.0.0.1'", "'10.0.0.2'")],
    },
    Class {
        name: "interval",
        postgres: &[("interval", "'1 day 02:00:00'", "'26:00:00'"), ("text", "'1 day 02:00:00'", "'26:00:00'")],
        mysql: &[("varchar(40)", "'1 day 02:00:00'", "'26:00:00'")],
        sqlite: &[("TEXT", "'1 day 02:00:00'", "'26:00:00'")],
    },
    Class {
        name: "range",
        postgres: &[("int4range", "'[1,5)'", "'[1,6)'"), ("text", "'[1,5)'", "'[1,6)'")],
        mysql: &[],
        sqlite: &[("TEXT", "'[1,5)'", "'[1,6)'")],
    },
];
