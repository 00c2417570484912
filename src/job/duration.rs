//! Durations as typed: `200ms`, `5s`, `2m`, `1h`.

use std::time::Duration;

/// Reads a duration; a number needs its unit, so that nobody waits minutes for a guess.
///
/// # Errors
/// If it is none: how to write it.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    const FORM: &str = "write it as 200ms, 5s, 2m or 1h";
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..end].parse().map_err(|_| FORM.to_owned())?;
    let seconds = match &text[end..] {
        "ms" => 0.001,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "" if number == 0.0 => 1.0,
        "" => return Err(format!("`{text}` has no unit: {FORM}")),
        _ => return Err(FORM.to_owned()),
    };
    Duration::try_from_secs_f64(number * seconds).map_err(|_| FORM.to_owned())
}

#[cfg(test)]
mod tests {
    use super::parse_duration;
    use std::time::Duration;

    #[test]
    fn durations() {
        for (text, millis) in
            [("200ms", 200), ("5s", 5000), ("1.5s", 1500), ("2m", 120_000), ("1h", 3_600_000), ("0", 0)]
        {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "5", "s", "-1s", "5 s", "1d", "1.2.3s", "1e9s", "99999999999999999999h"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
