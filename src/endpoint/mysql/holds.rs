//! What a column's declared type can hold.

use super::native::NativeColumn;
use crate::endpoint::{Charset, Holds};
use crate::table::{MICROS_PER_DAY, days_from_civil};

impl NativeColumn {
    /// What it can hold, as far as the declaration tells.
    pub fn holds(&self) -> Holds {
        let mut holds = Holds::default();
        match self.data_type.as_str() {
            "year" => {
                holds.range = Some((1901, 2155));
                holds.or_zero = true;
            }
            _ if self.is_integer() => holds.range = self.integers(),
            "decimal" | "numeric" => {
                holds.digits = self.precision.map(|precision| (precision, self.scale.unwrap_or(0)));
                holds.range = self.unsigned().then_some((0, i128::MAX));
            }
            "float" | "double" | "real" => {
                holds.finite = true;
                // `float(7,2)` rounds; a plain `float` has no scale.
                holds.digits = self.precision.zip(self.scale);
                holds.range = self.unsigned().then_some((0, i128::MAX));
            }
            "char" | "varchar" => holds.chars = self.characters,
            "tinytext" | "text" | "mediumtext" | "longtext" => match self.charset.as_deref() {
                Some("utf8mb4" | "utf8mb3" | "utf8") | None => holds.bytes = self.octets,
                // As many characters as bytes where each has one; else the server knows.
                _ => holds.chars = self.octets,
            },
            "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => holds.bytes = self.octets,
            "enum" | "set" => {
                holds.labels = Some(self.labels());
                holds.combined = self.data_type == "set";
            }
            "bit" => holds.chars = self.precision.filter(|bits| *bits > 1).map(u64::from),
            "date" => {
                holds.times = Some((micros(1, 1, 1, 0), micros(9999, 12, 31, 0)));
                holds.others = odd_dates("");
            }
            "datetime" => {
                holds.times = Some((micros(1, 1, 1, 0), micros(9999, 12, 31, MICROS_PER_DAY - 1)));
                holds.others = odd_dates(&format!(" ##:##:##{}", self.fraction('#')));
            }
            "time" => holds.others = self.long_times(),
            "timestamp" => {
                // 2038 is the end everywhere, and newer servers' own is later.
                holds.times = Some((1_000_000, i64::from(i32::MAX) * 1_000_000 + 999_999));
                holds.others = vec![self.zero_time()];
            }
            _ => {}
        }
        match self.data_type.as_str() {
            "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => {
                holds.charset = match self.charset.as_deref() {
                    Some("utf8mb3" | "utf8" | "ucs2") => Some(Charset::Basic),
                    Some("latin1") => Some(Charset::Windows1252),
                    Some("ascii") => Some(Charset::Ascii),
                    _ => None,
                };
                holds.trims = self.data_type == "char";
            }
            "binary" => holds.padded = self.octets,
            _ => {}
        }
        holds
    }

    /// The zero time as it is printed.
    fn zero_time(&self) -> String {
        format!("0000-00-00 00:00:00{}", self.fraction('0'))
    }

    /// Times that are no time of a day: spans of up to 838 hours, forwards and backwards.
    fn long_times(&self) -> Vec<String> {
        let span = |hours: &str| format!("{hours}:##:##{}", self.fraction('#'));
        ["##", "###", "-##", "-###"].map(span).into()
    }

    /// The declared digits after the second.
    fn fraction(&self, digit: char) -> String {
        let digits = usize::from(self.fraction.unwrap_or(0).min(6));
        let point = if digits > 0 { "." } else { "" };
        format!("{point}{}", digit.to_string().repeat(digits))
    }

    /// The smallest and largest number of an integer type.
    pub fn integers(&self) -> Option<(i128, i128)> {
        let bits = match self.data_type.as_str() {
            "tinyint" => 8,
            "smallint" => 16,
            "mediumint" => 24,
            "int" | "integer" => 32,
            "bigint" => 64,
            _ => return None,
        };
        Some(match self.unsigned() {
            true => (0, (1 << bits) - 1),
            false => (-(1 << (bits - 1)), (1 << (bits - 1)) - 1),
        })
    }

    /// The labels of an enum or set, in their order.
    pub fn labels(&self) -> Vec<String> {
        let mut labels = Vec::new();
        let mut label: Option<String> = None;
        let mut chars = self.column_type.chars().peekable();
        while let Some(c) = chars.next() {
            match (&mut label, c) {
                (None, '\'') => label = Some(String::new()),
                (None, _) => {}
                (Some(text), '\'') if chars.peek() == Some(&'\'') => {
                    chars.next();
                    text.push('\'');
                }
                (Some(_), '\'') => labels.extend(label.take()),
                (Some(text), '\\') => match chars.next() {
                    Some('n') => text.push('\n'),
                    Some('r') => text.push('\r'),
                    Some('0') => text.push('\0'),
                    Some(other) => text.push(other),
                    None => {}
                },
                (Some(text), other) => text.push(other),
            }
        }
        labels
    }
}

/// Dates that are none, of which the server's are made all the same: without a year, month or day, or
/// with a day that the month lacks. `time` follows them.
fn odd_dates(time: &str) -> Vec<String> {
    let months = ["0#", "10", "11", "12"];
    let days = ["0#", "1#", "2#", "30", "31"];
    months.iter().flat_map(|month| days.map(|day| format!("####-{month}-{day}{time}"))).collect()
}

fn micros(year: i64, month: u32, day: u32, of_day: i64) -> i64 {
    days_from_civil(year, month, day) * MICROS_PER_DAY + of_day
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(data_type: &str, column_type: &str) -> NativeColumn {
        NativeColumn { data_type: data_type.into(), column_type: column_type.into(), ..NativeColumn::default() }
    }

    #[test]
    fn texts_by_their_character_set_and_what_is_padded() {
        let text = |ty: &str, set: &str| NativeColumn { charset: Some(set.into()), ..column(ty, ty) }.holds();
        assert_eq!((text("char", "utf8mb3").charset, text("char", "utf8mb3").trims), (Some(Charset::Basic), true));
        assert_eq!((text("text", "latin1").charset, text("text", "latin1").trims), (Some(Charset::Windows1252), false));
        assert_eq!(text("varchar", "utf8mb4").charset, None);
        let binary = |ty: &str| NativeColumn { octets: Some(4), ..column(ty, ty) }.holds().padded;
        assert_eq!((binary("binary"), binary("varbinary")), (Some(4), None));
    }

    #[test]
    fn whole_numbers_by_their_width() {
        for (data_type, column_type, range) in [
            ("tinyint", "tinyint(1)", (-128, 127)),
            ("mediumint", "mediumint(9)", (-8_388_608, 8_388_607)),
            ("int", "int(10) unsigned", (0, 4_294_967_295)),
            ("bigint", "bigint(20)", (i128::from(i64::MIN), i128::from(i64::MAX))),
            ("bigint", "bigint(20) unsigned zerofill", (0, i128::from(u64::MAX))),
            ("year", "year(4)", (1901, 2155)),
        ] {
            let holds = column(data_type, column_type).holds();
            assert_eq!(holds.range, Some(range), "{column_type}");
            assert_eq!(holds.or_zero, data_type == "year", "{column_type}");
        }
    }

    #[test]
    fn labels_as_they_are_declared() {
        assert_eq!(column("enum", "enum('x','it''s','a,b','')").labels(), ["x", "it's", "a,b", ""]);
        assert_eq!(column("enum", "enum('back\\\\slash','line\\nend')").labels(), ["back\\slash", "line\nend"]);
        let set = column("set", "set('p','q')").holds();
        assert_eq!((set.labels, set.combined), (Some(vec!["p".into(), "q".into()]), true));
    }

    #[test]
    fn zero_times_have_the_declared_digits() {
        let at = NativeColumn { fraction: Some(3), ..column("datetime", "datetime(3)") }.holds();
        assert!(at.others.contains(&"####-0#-30 ##:##:##.###".to_owned()), "{at:?}");
        let at = NativeColumn { fraction: Some(3), ..column("timestamp", "timestamp(3)") }.holds();
        assert_eq!(at.others, ["0000-00-00 00:00:00.000"]);
        let date = column("date", "date").holds();
        assert!(date.others.contains(&"####-12-31".to_owned()) && !date.others.contains(&"####-13-0#".to_owned()));
        let span = NativeColumn { fraction: Some(2), ..column("time", "time(2)") }.holds();
        assert_eq!(span.others, ["##:##:##.##", "###:##:##.##", "-##:##:##.##", "-###:##:##.##"]);
        assert_eq!(column("timestamp", "timestamp").holds().times, Some((1_000_000, 2_147_483_647_999_999)));
    }

    #[test]
    fn lengths_in_the_unit_of_the_type() {
        let text = |data_type: &str, charset: &str| NativeColumn {
            charset: Some(charset.into()),
            characters: Some(20),
            octets: Some(80),
            ..column(data_type, data_type)
        };
        assert_eq!(
            (text("varchar", "utf8mb4").holds().chars, text("varchar", "utf8mb4").holds().bytes),
            (Some(20), None)
        );
        assert_eq!((text("text", "utf8mb4").holds().chars, text("text", "utf8mb4").holds().bytes), (None, Some(80)));
        assert_eq!(text("text", "latin1").holds().chars, Some(80));
    }
}
