//! The kinds that changed values are sorted into.

use serde::Serialize;

/// How one value differs from the other. In the order in which a report lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValueKind {
    /// One side is the other, rounded or cut to fewer digits.
    Rounding,
    /// Only the case differs.
    Case,
    /// Only white space differs.
    Spaces,
    /// Accents were removed, or it is another Unicode form of the same text.
    Accents,
    /// UTF-8 was read as something else, or characters were replaced.
    Encoding,
    /// Cut off after so many characters or bytes.
    Truncated,
    /// Filled up with zeros or spaces.
    Padded,
    /// NULL against an empty text, zero or another word for nothing.
    NullOrEmpty,
    /// The opposite sign.
    Sign,
    /// A power of ten times as large.
    Scale,
    /// The same amount larger.
    Shift,
    /// A difference of hours, like between time zones.
    TimeZone,
    /// Day and month swapped, or the same date written in another order.
    DateOrder,
    /// The same number written in another way.
    NumberFormat,
    /// JSON with its arrays in another order or its numbers in another form.
    Json,
    /// Only punctuation differs.
    Punctuation,
    /// The same UUID in another form.
    Uuid,
    /// The same bytes, one of them written out.
    Hex,
    /// NULL or empty on the left, a value on the right.
    Filled,
    /// A value on the left, NULL or empty on the right.
    Cleared,
    /// Anything else.
    Other,
}

impl ValueKind {
    /// The word for scripts.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rounding => "rounding",
            Self::Case => "case",
            Self::Spaces => "spaces",
            Self::Accents => "accents",
            Self::Encoding => "encoding",
            Self::Truncated => "truncated",
            Self::Padded => "padded",
            Self::NullOrEmpty => "null-or-empty",
            Self::Sign => "sign",
            Self::Scale => "scale",
            Self::Shift => "shift",
            Self::TimeZone => "time-zone",
            Self::DateOrder => "date-order",
            Self::NumberFormat => "number-format",
            Self::Json => "json",
            Self::Punctuation => "punctuation",
            Self::Uuid => "uuid",
            Self::Hex => "hex",
            Self::Filled => "filled",
            Self::Cleared => "cleared",
            Self::Other => "other",
        }
    }
}

/// The changed values of one pair of columns by kind. The counts add up to `changed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ColumnKinds {
    /// The left name.
    pub left: String,
    /// The right name.
    pub right: String,
    /// Changed rows in which the two differ.
    pub changed: u64,
    /// How many are of each kind, where there are any; what chance may explain is `Other`.
    pub kinds: Vec<(ValueKind, u64)>,
}
