use super::*;
use crate::base::BaseSide;

fn file() -> BaseFile {
    let side = |name: &str| BaseSide {
        address: name.to_owned(),
        key: vec!["id".into()],
        identity: vec!["id".into()],
        ..BaseSide::default()
    };
    let column =
        |left: &str, right: &str| BaseColumn { left: left.into(), right: right.into(), ..BaseColumn::default() };
    let columns = vec![column("id", "id"), column("mail", "email")];
    BaseFile { sides: [side("a"), side("b")], columns, ..BaseFile::default() }
}

#[test]
fn a_base_of_something_else_is_told() {
    assert_eq!(reason(&file(), &file()), None);
    let other = |change: fn(&mut BaseFile)| {
        let mut wanted = file();
        change(&mut wanted);
        reason(&file(), &wanted)
    };
    assert!(other(|f| f.sides[1].address = "c".into()).unwrap().contains("right table is b"));
    assert!(other(|f| f.sides[0].key = vec!["mail".into()]).unwrap().contains("left key"));
    assert!(other(|f| f.sides[0].filter = Some("x > 1".into())).unwrap().contains("all rows"));
    assert!(other(|f| f.columns[1].right = "other".into()).unwrap().contains("`email`"));
    // A column more or less is no other mapping.
    assert_eq!(
        other(|f| f.columns.push(BaseColumn { left: "new".into(), right: "new".into(), ..BaseColumn::default() })),
        None
    );
    assert_eq!(other(|f| f.columns.truncate(1)), None);
}

fn wanted(key: &[(&str, &str)], map: &[(&str, &str)], filter: Option<&str>) -> Wanted {
    let owned = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(left, right)| ((*left).to_owned(), (*right).to_owned())).collect()
    };
    Wanted {
        tables: ["a".into(), "b".into()],
        filters: [filter.map(str::to_owned), filter.map(str::to_owned)],
        job: BaseJob::new(&owned(key), &owned(map)),
    }
}

#[test]
fn a_folder_is_named_after_pair_and_job() {
    let plain = wanted(&[], &[], None);
    let name = plain.name();
    assert_eq!(name, wanted(&[], &[], None).name());
    let others = [
        wanted(&[("id", "id")], &[], None),
        wanted(&[], &[("id", "id")], None),
        wanted(&[], &[], Some("id > 1")),
        Wanted { tables: ["b".into(), "a".into()], ..plain.clone() },
    ];
    for (at, other) in others.iter().enumerate() {
        assert_eq!(other.pair(), plain.pair());
        assert!(other.name() != name && others[..at].iter().all(|before| before.name() != other.name()));
    }
    assert_ne!(Wanted { tables: ["a".into(), "c".into()], ..plain.clone() }.pair(), plain.pair());
    // The order in which things are named says nothing.
    let two = [("x", "y"), ("n", "n")];
    assert_eq!(wanted(&two, &two, None).name(), wanted(&[two[1], two[0]], &[two[1], two[0]], None).name());
}

#[test]
fn a_base_is_a_jobs_own_by_what_was_typed() {
    let map = [("mail", "email")];
    let of = |job: Option<&Wanted>| BaseFile { job: job.map(|wanted| wanted.job.clone()), ..file() };
    let own = wanted(&[], &map, None);
    assert_eq!(own.other(&of(Some(&own))), None);
    // The key that it has anyway may be named, but no longer be left to the tables.
    let named = wanted(&[("id", "id")], &map, None);
    assert_eq!(named.other(&of(Some(&own))), None);
    assert!(own.other(&of(Some(&named))).unwrap().contains("names none"));
    assert!(wanted(&[("mail", "email")], &map, None).other(&of(Some(&own))).unwrap().contains("mail=email"));
    assert!(wanted(&[], &[], None).other(&of(Some(&own))).unwrap().contains("mapping is mail=email"));
    assert!(wanted(&[], &map, Some("x")).other(&of(Some(&own))).unwrap().contains("all rows"));
    // One that was written before that was kept: by what it says of its columns.
    assert_eq!(own.other(&of(None)), None);
    assert!(wanted(&[], &[("mail", "id")], None).other(&of(None)).is_some());
    let exchanged = Wanted { tables: ["b".into(), "a".into()], ..own };
    assert!(exchanged.is_of_pair(&file()) && exchanged.other(&file()).is_some());
}
