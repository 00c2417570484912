//! How a system declares a column, and what a column of that declaration holds of a value.

use super::calendar::{DAY, cut};
use super::number::{float_of, is_short, number_of_float};
use super::random::Random;
use super::value::{Value, print_uuid, spell};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    Sqlite,
    Csv,
    Parquet,
    Postgres,
    Mysql,
}

/// What a column is about, on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Int,
    Decimal,
    Float,
    Truth,
    Text,
    /// Text of digits: no number where both sides say text.
    Code,
    Day,
    Clock,
    Moment,
    Instant,
    Uuid,
    Json,
    Bytes,
    /// Texts in their order.
    List,
    /// Eight bits.
    Bits,
}

/// A declaration, as far as values care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A file without types.
    Untyped,
    Int {
        bits: u8,
    },
    Decimal {
        precision: u8,
        scale: u8,
    },
    Float,
    Truth,
    Text,
    Day,
    /// So many digits of a second.
    Clock(u8),
    Moment(u8),
    Instant(u8),
    Uuid,
    Json,
    Bytes,
    List,
    Bits,
}

const INTS: &[Form] = &[Form::Int { bits: 64 }, Form::Int { bits: 32 }];
const CENTS: Form = Form::Decimal { precision: 18, scale: 2 };
const WIDE: Form = Form::Decimal { precision: 24, scale: 4 };

impl Kind {
    pub const ALL: [Self; 15] = [
        Self::Int,
        Self::Decimal,
        Self::Float,
        Self::Truth,
        Self::Text,
        Self::Code,
        Self::Day,
        Self::Clock,
        Self::Moment,
        Self::Instant,
        Self::Uuid,
        Self::Json,
        Self::Bytes,
        Self::List,
        Self::Bits,
    ];

    /// Whether a key of this kind has to be found where nobody declares one.
    pub fn can_be_key(self) -> bool {
        !matches!(self, Self::Truth | Self::Float | Self::Json | Self::Bytes | Self::List | Self::Bits)
    }
}

impl System {
    pub const ALL: [Self; 5] = [Self::Sqlite, Self::Csv, Self::Parquet, Self::Postgres, Self::Mysql];

    pub fn is_server(self) -> bool {
        matches!(self, Self::Postgres | Self::Mysql)
    }

    /// The declarations that this system has for a kind of values; empty if it has none.
    pub fn forms(self, kind: Kind) -> &'static [Form] {
        use System::{Csv, Mysql, Parquet, Postgres, Sqlite};
        match (self, kind) {
            (Csv, Kind::Bits) => &[],
            (Csv, _) => &[Form::Untyped],
            (Sqlite, Kind::Int) => &[Form::Int { bits: 64 }, CENTS, Form::Text],
            (_, Kind::Int) => &[Form::Int { bits: 64 }, Form::Int { bits: 32 }, Form::Int { bits: 16 }, Form::Text],
            (Sqlite, Kind::Decimal) => &[CENTS, Form::Float, Form::Text],
            (_, Kind::Decimal) => &[CENTS, WIDE, Form::Float, Form::Text],
            (_, Kind::Float) => &[Form::Float],
            (_, Kind::Truth) => &[Form::Truth, Form::Int { bits: 16 }],
            (_, Kind::Text | Kind::Code) => &[Form::Text],
            (_, Kind::Day) => &[Form::Day, Form::Moment(6)],
            (Parquet, Kind::Clock) => &[Form::Clock(3), Form::Clock(6)],
            (_, Kind::Clock) => &[Form::Clock(0), Form::Clock(6)],
            (Parquet, Kind::Moment) => &[Form::Moment(3), Form::Moment(6)],
            (_, Kind::Moment) => &[Form::Moment(0), Form::Moment(3), Form::Moment(6)],
            // Its TIMESTAMP knows no years before 1970.
            (Mysql, Kind::Instant) => &[],
            (Sqlite, Kind::Instant) => &[Form::Instant(6), Form::Instant(0)],
            (_, Kind::Instant) => &[Form::Instant(6), Form::Instant(3)],
            (Sqlite | Postgres, Kind::Uuid) => &[Form::Uuid, Form::Text],
            (_, Kind::Uuid) => &[Form::Text],
            (Parquet, Kind::Json | Kind::List) => &[Form::Text],
            (_, Kind::Json) => &[Form::Json, Form::Text],
            (_, Kind::Bytes) => &[Form::Bytes],
            (Postgres, Kind::List) => &[Form::List],
            (Sqlite, Kind::List) => &[Form::Json, Form::Text],
            (Mysql, Kind::List) => &[Form::Json],
            (Postgres | Mysql, Kind::Bits) => &[Form::Bits, Form::Int { bits: 32 }],
            (_, Kind::Bits) => INTS,
        }
    }
}

impl Form {
    /// What a column of this form holds of a value that is meant for it.
    pub fn hold(self, system: System, value: &Value, random: &mut Random) -> Value {
        match (self, value) {
            (_, Value::Null) => Value::Null,
            (Self::Untyped, value) => value.clone().written(spell(value, random)),
            (Self::Float, Value::Number { digits, scale }) => Value::Float(float_of(*digits, *scale)),
            (Self::Decimal { .. }, Value::Number { digits, scale })
                if system == System::Sqlite && !is_short(*digits) =>
            {
                // SQLite has no decimals: what does not fit an integer becomes a float.
                number_of_float(float_of(*digits, *scale)).unwrap()
            }
            (Self::Text, Value::Number { .. }) => value.clone().written(spell(value, random)),
            (Self::Int { .. }, Value::Truth(truth)) => Value::whole(i128::from(*truth)),
            (Self::Moment(_), Value::Day(day)) => Value::Moment(day * DAY),
            (Self::Clock(digits), Value::Clock(micros)) => Value::Clock(cut(*micros, digits)),
            (Self::Moment(digits), Value::Moment(micros)) => Value::Moment(cut(*micros, digits)),
            (Self::Instant(digits), Value::Instant(micros)) => Value::Instant(cut(*micros, digits)),
            (Self::Text, Value::Uuid(bytes)) => {
                let text = spell(value, random);
                let text = if random.one_in(4) { print_uuid(bytes).replace('-', "") } else { text };
                value.clone().written(text)
            }
            (Self::Text | Self::Json, Value::Json(_)) => value.clone().written(spell(value, random)),
            (_, value) => value.clone(),
        }
    }
}
