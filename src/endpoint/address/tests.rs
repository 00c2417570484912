use super::*;

fn parse(text: &str) -> Result<Address, AddressError> {
    Address::parse(text, &|name| (name == "PW").then(|| "s3cret".to_owned()))
}

#[test]
fn every_form_is_read() {
    let Ok(Address::Postgres(pg)) = parse("postgresql://me:p%40ss@db.example:5433/shop?sslmode=require#sales.orders")
    else {
        panic!()
    };
    assert_eq!((pg.host.as_str(), pg.port, pg.user.as_deref()), ("db.example", Some(5433), Some("me")));
    assert_eq!(pg.password.as_ref().map(Secret::expose), Some("p@ss"));
    assert_eq!((pg.schema.as_deref(), pg.table.as_str()), (Some("sales"), "orders"));
    assert_eq!(pg.parameters, [("sslmode".to_owned(), "require".to_owned())]);
    let Ok(Address::Mysql(my)) = parse("mysql://root@127.0.0.1/shop?socket=/tmp/my.sock#Order Items") else { panic!() };
    assert_eq!((my.host.as_str(), my.table.as_str()), ("/tmp/my.sock", "Order Items"));
    assert_eq!(parse("sqlite:a b.db#t").unwrap().to_string(), "sqlite:a b.db#t");
    assert!(matches!(parse("x/y.csv"), Ok(Address::Csv(_))));
    assert!(matches!(parse("parts/*.parquet"), Ok(Address::Parquet(_))));
    for (text, path, delimiter) in [
        ("csv:a b.txt", "a b.txt", None),
        ("csv:x.csv?delimiter=;", "x.csv", Some(b';')),
        ("csv:odd?name?delimiter=tab", "odd?name", Some(b'\t')),
        ("csv:x?delimiter=%26", "x", Some(b'&')),
    ] {
        let address = parse(text).unwrap();
        assert_eq!(address, Address::Csv(CsvAddress { path: path.into(), delimiter }));
        assert_eq!(address.to_string(), text);
    }
    for (text, why) in [("csv:x?null=N", "`null`"), ("csv:x?delimiter=ab", "`ab`"), ("csv:?delimiter=;", "no file")] {
        assert!(parse(text).unwrap_err().to_string().contains(why), "{text}");
    }
    assert!(matches!(parse("x/y"), Ok(Address::Snapshot(_))));
}

#[test]
fn quoted_names_keep_their_points() {
    let Ok(Address::Postgres(pg)) = parse("postgres://h/d#\"a.b\".\"c.\"\"d\"") else { panic!() };
    assert_eq!((pg.schema.as_deref(), pg.table.as_str()), (Some("a.b"), "c.\"d"));
    let Ok(Address::Postgres(pg)) = parse("postgres://h/d#\"a \"\"s\"\".b\".t") else { panic!() };
    assert_eq!((pg.schema.as_deref(), pg.table.as_str()), (Some("a \"s\".b"), "t"));
}

#[test]
fn sockets_are_written_as_libpq_writes_them() {
    let postgres = |text: &str| match parse(text) {
        Ok(Address::Postgres(server)) => (server.host, server.port, server.user, server.database, server.table),
        other => panic!("{text}: {other:?}"),
    };
    let folder = |user: Option<&str>, port| {
        ("/run/my pg".to_owned(), port, user.map(str::to_owned), "db".to_owned(), "t".to_owned())
    };
    assert_eq!(postgres("postgres://me@/db?host=/run/my%20pg&port=5433#t"), folder(Some("me"), Some(5433)));
    assert_eq!(postgres("postgresql:///db?host=/run/my+pg#t"), folder(None, None));
    assert_eq!(postgres("postgres://%2Frun%2Fmy%20pg/db#t"), folder(None, None));
    assert_eq!(postgres("postgres://me@%2Frun%2Fmy%20pg:5433/db#t"), folder(Some("me"), Some(5433)));
    assert_eq!(postgres("postgres:///db?host=/run/my%20pg/.s.PGSQL.5433#t"), folder(None, Some(5433)));
    assert_eq!(postgres("postgres:///?dbname=db&host=/run/my%20pg#t"), folder(None, None));
    assert_eq!(postgres("postgres://u@[::1]:5433/d#t").0, "::1");

    let environment = |name: &str| match name {
        "PGHOST" => Some("db.example".to_owned()),
        "PGPORT" => Some("6543".to_owned()),
        _ => None,
    };
    let Ok(Address::Postgres(server)) = Address::parse("postgres:///d#t", &environment) else { panic!() };
    assert_eq!((server.host.as_str(), server.port), ("db.example", Some(6543)));
    // A host that is named is not the environment's.
    let Ok(Address::Postgres(server)) = Address::parse("postgres://h/d#t", &environment) else { panic!() };
    assert_eq!((server.host.as_str(), server.port), ("h", None));
    let Ok(Address::Mysql(server)) = Address::parse("mysql://u@/d?socket=/s#t", &environment) else { panic!() };
    assert_eq!(server.host, "/s");
}

#[test]
fn odd_addresses_are_refused_and_never_panic() {
    for text in [
        "postgres://#t",
        "postgres://@#t",
        "postgres://:@/#t",
        "postgres:#t",
        "postgres:db#t",
        "postgres://h:x/d#t",
        "postgres://h:99999/d#t",
        "postgres://a,b/d#t",
        "postgres://[::1/d#t",
        "postgres://h/#t",
        "postgres://h\u{0}/d#t",
        "postgres://é:ü@ö:x/d#t",
        "mysql://?socket=#t",
        "postgres://u@/d?port=no#t",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
    for text in
        ["postgres://é/d%#t", "postgres://h/d?%=%#%", "postgres://u:%@h/d#\"", "postgres://h/d#.", "mysql://[]:/d#`"]
    {
        let _ = parse(text);
    }
}

#[test]
fn passwords_are_never_shown() {
    for text in [
        "postgres://u:${PW}@h/d#t",
        "mysql://u:s3cret@h/d#t",
        "postgres://u:s3cret/x@h/d#t",
        "postgres://h/d?password=s3cret#t",
        "postgres://me:s3cret@/d?host=/run&password=s3cret&x=1#t",
        "postgres://me:s3cret@%2Frun/d?password=other&password=s3cret#t",
        "postgres://me:s3cret@h:x/d#t",
        "postgres://u:s3cret@h/d",
        "postgres://u:s3cret@h#t",
        "mongo://u:s3cret@h/d#t",
    ] {
        let shown = match parse(text) {
            Ok(address) => format!("{address} {address:?}"),
            Err(error) => format!("{error} {error:?}"),
        };
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}

#[test]
fn what_is_missing_is_said() {
    assert!(matches!(parse("postgres://h/d"), Err(AddressError::NoTable(_))));
    assert!(matches!(parse("postgres://h#t"), Err(AddressError::NoDatabase(..))));
    assert_eq!(parse("mysql://${NOPE}/d#t"), Err(AddressError::NoVariable("NOPE".into())));
    assert!(matches!(parse("orders"), Err(AddressError::Unknown(_))));
}

/// What is to be seen of an address, wherever it may be seen.
fn seen(text: &str) -> String {
    let kept = Address::kept(text, &|name| (name == "PW").then(|| "s3cret".to_owned()));
    match parse(text) {
        Ok(address) => format!("{address} {kept}"),
        Err(error) => format!("{error} {error:?} {kept}"),
    }
}

#[test]
fn no_spelling_of_a_password_is_seen() {
    for text in [
        "postgres://h/d?p%61ssword=s3cret#t",
        "postgres://u:s3cret@h/d?password=s3cret&password=s3cret#t",
        "postgres://h/d?sslpassword=s3cret&password=s3cret#t",
        "postgres://h/d?Password=s3cret#t",
        "postgres://h/d?PASSWORD=s3cret&passwd=s3cret&pwd=s3cret#t",
        "postgres://h/d?password=x&s3cret#t",
        "postgres:/u:s3cret@h",
        "postgres://a#b:s3cret@[::1]:1/d#t",
        "postgres://u:x@h&password=s3cret#t p?x",
        "postgres://u:x@h&password=s3cret/d#t",
        "postgres:///?host=/run/x://u:s3cret@h:1/d",
        "postgres://h/d?x://u:s3cret@h=1#t",
        "sqlite:a//u:s3cret@h/d",
        "postgres:/u:s3cret@h/d#t",
        "postgres:u:s3cret@h/d#t",
        "postgres//u:s3cret@h/d#t",
        "postgres //u:s3cret@h/d#t",
        "u:s3cret@h/d#t",
        "u:s3cret@h",
        "postgres://u:@s3cret@h/d#t",
        "postgres://u:a@b@s3cret@h/d#t",
        "postgres://u:x#s3cret@h/d#t",
        "postgres://u:12#s3cret@h/d#t",
        "postgres://u:12/34#s3cret@h/d#t",
        "postgres://u:12/34?s3cret=@h/d#t",
        "postgres://u:12/34?s3cret@h/d#t",
        "postgres://u:a@b/c#s3cret@h/d#t",
        "postgres://u:12/s3cret@h/d#t",
        "postgres://u:x/s3cret@h/d#t",
        "postgres://u:x?s3cret@h/d#t",
        "postgres://u:s3cret@h:x/d#t",
        "postgres://u:s3cret@h/d",
        "postgres://u:s3cret@[::1/d#t",
        "postgres://u:%733cret%73s3cret@h/d#t",
        "POSTGRES://u:s3cret@h/d#t",
        "mysql://u:s3cret@h#t",
        "mysql://u:s3cret@/d?socket=/s&ssl_ca=/x&sslkey=s3cret#t",
        "sqlite:f.db?key=s3cret#t",
        "sqlite:f.db?key=s3cret",
        "sqlite://u:s3cret@h/f.db#t",
        "csv:x.csv?password=s3cret",
        "csv:x.csv?s3cret=x",
        "csv:x.csv?delimiter=;&key=s3cret",
        "csv:https://u:s3cret@h/x.csv",
        "https://u:s3cret@h/x.csv",
        "https://h/x.parquet?token=s3cret",
        "s3://s3cret:s3cret@bucket/x.parquet",
        "jdbc:postgresql://h/d?user=u&password=s3cret",
        "host=h password=s3cret dbname=d",
        "host=/run password=s3cret dbname=d",
        "mongodb+srv://u:s3cret@h/d#t",
        "${PW}",
        "x${PW}",
        "x@${PW}",
        "postgres://u:${PW}@h/d#t",
        "postgres://u:x${PW}@h/d#t",
        "postgres://u:s3cret${NOPE}@h/d#t",
        "postgres://h/d?password=x${PW}#t",
        "${NOPE}://u:s3cret@h/d#t",
        "${NOPE}?password=s3cret#t",
    ] {
        assert!(!seen(text).contains("s3cret"), "{text}: {}", seen(text));
    }
}

#[test]
fn an_at_sign_elsewhere_destroys_nothing() {
    for (text, table, shown) in [
        ("postgres://h/d#a@b", "a@b", "postgres://h/d#a@b"),
        ("postgres://h:5432/d#a@b", "a@b", "postgres://h:5432/d#a@b"),
        ("postgres://u:s3cret@h:5432/d#a@b", "a@b", "postgres://u:***@h:5432/d#a@b"),
        ("postgres://u@h/d?application_name=a@b/c#t", "t", "postgres://u@h/d?application_name=a@b/c#t"),
        ("postgres://h:1/d?sslrootcert=/home/a@b/ca.pem#t", "t", "postgres://h:1/d?sslrootcert=/home/a@b/ca.pem#t"),
        ("postgres://u:s3cret@h:1/d?sslmode=require&options=x@y#t", "t", "postgres://u:***@h:1/d?sslmode=require#t"),
        ("mysql://u@h/d?ssl_ca=/x@y#a%40b/c#d", "a@b/c#d", "mysql://u@h/d?ssl_ca=/x@y#a%40b/c#d"),
        ("postgres://me@/d?host=/run/x&port=5433#t", "t", "postgres://me@/d?host=/run/x&port=5433#t"),
        ("postgres://h/d?password=s3cret#t", "t", "postgres://h/d?password=***#t"),
    ] {
        let address = parse(text).unwrap();
        let (Address::Postgres(server) | Address::Mysql(server)) = &address else { panic!() };
        assert_eq!((server.table.as_str(), address.to_string().as_str()), (table, shown));
    }
    for text in ["a@b.csv", "a@b:c.csv", "/x:y@z/a.csv", "./x:y@z.csv", "sqlite:a:b@c.db#t", "year=2024/x.parquet"] {
        assert_eq!(parse(text).unwrap().to_string(), text);
    }
}

#[test]
fn a_password_in_the_wrong_place_is_refused_and_not_told() {
    for text in [
        "postgres:./me:s3cret@h/d?x=://y#t",
        "postgres:/-me:s3cret@h:1/d: postgres://h/d#t",
        "postgres:host=//me:s3cret@h/d#t",
        "postgres://me@h/d&password=s3cret#t",
        "postgres://me@h/d#t&PassWord=s3cret",
        "mysql://p%61ssword=s3cret@h/d#t",
        "mysql://me@h/d#pwd%3Ds3cret",
        "csv:a.csv?delimiter=x:/me:s3cret@h:1",
    ] {
        let error = parse(text).unwrap_err().to_string();
        assert!(!error.contains("s3cret"), "{error}");
        assert!(!Address::kept(text, &|_| None).contains("s3cret"), "{text}");
    }
}

#[test]
fn what_is_kept_has_names_and_no_passwords() {
    let table = [
        ("postgres://me:s3cret@h/d#t", "postgres://me@h/d#t"),
        ("postgres://me:${PW}@h/d#t", "postgres://me:${PW}@h/d#t"),
        ("postgres://me:x${PW}@h/d#t", "postgres://me@h/d#t"),
        ("postgres://${USER}@${HOST}:${PORT}/d#t", "postgres://${USER}@${HOST}:${PORT}/d#t"),
        ("postgres://h/d?password=s3cret#t", "postgres://h/d#t"),
        ("postgres://h/d?password=s3cret&sslmode=require#t", "postgres://h/d?sslmode=require#t"),
        ("postgres://h/d?sslmode=require&p%61ssword=s3cret#t", "postgres://h/d?sslmode=require#t"),
        ("postgres://h/d?password=${PW}&options=-c%20a=b#t", "postgres://h/d?password=${PW}&options=-c%20a=b#t"),
        ("postgres://h/d?${MORE}#t", "postgres://h/d?${MORE}#t"),
        ("postgres://h:5432/d#t@x", "postgres://h:5432/d#t@x"),
        ("mysql://u:s3cret@h/d#${T}", "mysql://u@h/d#${T}"),
        ("sqlite:a:b@c.db#t", "sqlite:a:b@c.db#t"),
        ("${WHERE}", "${WHERE}"),
        ("${WHERE}#t", "${WHERE}#t"),
        ("${SCHEME}://u:s3cret@h/d#t", "postgres://u@h/d#t"),
        ("a@b:c.csv", "a@b:c.csv"),
    ];
    let variable = |name: &str| (name == "SCHEME").then(|| "postgres".to_owned());
    for (typed, kept) in table {
        assert_eq!(Address::kept(typed, &variable), kept, "{typed}");
    }
}

#[test]
fn what_was_typed_is_repeated_without_its_password() {
    let table = [
        ("postgres://me@h/d#t", None),
        ("postgres://me:s3cret@h/d#t", Some("postgres://me:***@h/d#t")),
        ("postgres://me:${NOPE}@h/d#t", None),
        ("postgres:/me:s3cret@h/d#t", Some("postgres:…")),
        ("sqlite:a.db#t", None),
        ("sqlite:f.db?key=s3cret#t", Some("sqlite:…")),
        ("me:s3cret@h/d", Some("…")),
        ("--memory=2GB", None),
        ("--yes", None),
        ("plan", None),
    ];
    for (text, shown) in table {
        assert_eq!(Address::certain(text).as_deref(), shown, "{text}");
    }
}
