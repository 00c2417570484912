//! Values that nobody has, for unique columns that hand their values from row to row: within one
//! statement, PostgreSQL checks each row as it is written.

use super::super::EndpointError;
use super::attributes::Attribute;
use super::connect::Session;
use super::stage::Stage;
use super::statements::Table;

/// What a column is set to for the time being.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Candidate {
    /// An expression over the step's number that never comes to a value twice.
    Random(String),
    /// The same, between two values that none of the table's rows must be between.
    Range { value: String, least: String, most: String },
    /// The same; none of the table's rows must be equal to it.
    Marker(String),
}

/// The expression to park a column with; `None` if its type has none, or all are taken.
pub(super) fn placeholder(
    session: &Session,
    table: &Table,
    stage: &Stage,
    at: usize,
    steps: usize,
    null_is_one_value: bool,
) -> Result<Option<String>, EndpointError> {
    let attribute = &table.columns[at];
    if !attribute.not_null && !null_is_one_value {
        return Ok(Some("NULL".to_owned()));
    }
    let doing = "looking for a value that nobody has";
    let column = table.column(at);
    for candidate in candidates(attribute, stage.number(), steps) {
        let (value, taken) = match candidate {
            Candidate::Random(value) => return Ok(Some(value)),
            Candidate::Range { value, least, most } => {
                let taken = format!("SELECT FROM {} AS t WHERE {column} BETWEEN {least} AND {most}", table.name);
                (value, taken)
            }
            Candidate::Marker(value) => {
                let rows = stage.rows(super::super::Action::Update);
                let taken = format!("SELECT FROM {} AS t JOIN {rows} ON {column} = {value}", table.name);
                (value, taken)
            }
        };
        let rows = session.query(doing, &format!("SELECT EXISTS ({taken})"), &[])?;
        let taken: bool = match rows.first() {
            Some(row) => row.try_get(0).map_err(|e| session.query_error(doing, &e))?,
            None => true,
        };
        if !taken {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

fn candidates(attribute: &Attribute, n: &str, steps: usize) -> Vec<Candidate> {
    let last = steps.saturating_sub(1) as i128;
    let whole = |top: i128, cast: &str| -> Vec<Candidate> {
        if last >= top {
            return Vec::new();
        }
        let number = |value: i128| format!("('{value}'::pg_catalog.{cast})");
        let high =
            Candidate::Range { value: format!("{} - {n}", number(top)), least: number(top - last), most: number(top) };
        let low = Candidate::Range {
            value: format!("{} + {n}", number(-top)),
            least: number(-top),
            most: number(-top + last),
        };
        vec![high, low]
    };
    let marked = |room: Option<usize>, value: &dyn Fn(&str) -> String| -> Vec<Candidate> {
        let digits = format!("{last:x}").len();
        let fits = |prefix: &&str| room.is_none_or(|room| prefix.len() + digits <= room);
        ["trueup~", "~", "^", "`"].iter().filter(|p| fits(p)).map(|p| Candidate::Marker(value(p))).collect()
    };
    let marker = |prefix: &str| format!("pg_catalog.concat('{prefix}', pg_catalog.to_hex({n}))");
    let length = attribute.modifier.checked_sub(4).and_then(|n| usize::try_from(n).ok());
    match attribute.base_oid {
        21 => whole(i16::MAX.into(), "int4"),
        23 => whole(i32::MAX.into(), "int4"),
        20 => whole(i64::MAX.into(), "int8"),
        1700 => {
            let digits = match attribute.kind.ty {
                crate::table::PortableType::Decimal { precision: Some(p), scale } => p - scale,
                _ if attribute.modifier < 0 => 38,
                // numeric(3,-2) and the like
                _ => 0,
            };
            whole(10i128.pow(digits.min(38)) - 1, "numeric")
        }
        // text, varchar
        25 | 1043 => marked(length, &marker),
        // character(n)
        1042 => marked(length.or(Some(1)), &marker),
        17 => marked(None, &|prefix| format!("pg_catalog.convert_to({}, 'UTF8')", marker(prefix))),
        2950 => vec![Candidate::Random(format!(
            "pg_catalog.md5(pg_catalog.concat(pg_catalog.random(), pg_catalog.clock_timestamp(), {n}))::pg_catalog.uuid"
        ))],
        1082 => {
            let most = "'5874897-12-31'::pg_catalog.date";
            let least = format!("{most} - {last}");
            vec![Candidate::Range { value: format!("{most} - {n}"), least, most: most.to_owned() }]
        }
        1114 | 1184 => {
            let cast = if attribute.base_oid == 1114 { "timestamp" } else { "timestamptz" };
            let most = format!("'294276-12-31 00:00:00+00'::pg_catalog.{cast}");
            let second = "'1 second'::pg_catalog.interval";
            let least = format!("{most} - {last} * {second}");
            vec![Candidate::Range { value: format!("{most} - {n} * {second}"), least, most }]
        }
        _ if attribute.kind.ty == crate::table::PortableType::Text && attribute.base_oid > 19 => {
            marked(length, &marker)
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::attributes::Identity;
    use super::super::kind::Kind;
    use super::*;

    fn of(oid: u32, modifier: i32, steps: usize) -> Vec<Candidate> {
        let attribute = Attribute {
            name: String::new(),
            kind: Kind::new(oid, "", modifier),
            base: String::new(),
            base_oid: oid,
            modifier,
            not_null: true,
            has_default: false,
            identity: Identity::None,
            computed: false,
            deterministic: true,
            labels: Vec::new(),
            sequence: None,
        };
        candidates(&attribute, "s.n", steps)
    }

    #[test]
    fn numbers_come_from_the_ends_of_their_range() {
        let Candidate::Range { value, least, most } = &of(21, -1, 10)[0] else { panic!() };
        assert_eq!(value, "('32767'::pg_catalog.int4) - s.n");
        assert_eq!((least.as_str(), most.as_str()), ("('32758'::pg_catalog.int4)", "('32767'::pg_catalog.int4)"));
        assert_eq!(of(21, -1, 40_000), []);
        // numeric(3,2) has nine whole numbers either side of 0.
        assert_eq!(of(1700, ((3 << 16) | 2) + 4, 9).len(), 2);
        assert_eq!(of(1700, ((3 << 16) | 2) + 4, 10), []);
        assert_eq!(of(1700, ((2 << 16) | 2) + 4, 1), []);
    }

    #[test]
    fn markers_are_no_longer_than_the_column() {
        assert_eq!(of(25, -1, 1000).len(), 4);
        assert_eq!(of(1043, 4 + 4, 4096).len(), 3); // `~fff`
        assert_eq!(of(1043, 4 + 3, 4096), []);
        assert_eq!(of(600, -1, 1), []); // a point has no equality to speak of
    }
}
