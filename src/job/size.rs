//! Sizes of memory, as written and as the machine has.

use super::error::JobError;

/// Reads `512MB`, `2GiB`, `1.5g`, `1048576`; thousands or 1024s are the same to us (1024).
pub fn parse_size(text: &str) -> Option<usize> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..end].parse().ok()?;
    let unit = match text[end..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" | "kib" => 1024.0,
        "m" | "mb" | "mib" => 1024.0 * 1024.0,
        "g" | "gb" | "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    let bytes = number * unit;
    (bytes >= 1024.0 * 1024.0).then_some(bytes as usize)
}

/// How much memory may be used, as typed or by default.
///
/// # Errors
/// If it is no size.
pub fn memory(typed: Option<&str>) -> Result<usize, JobError> {
    let size = |text: &str| {
        parse_size(text)
            .ok_or_else(|| JobError::Value { value: text.to_owned(), what: "size of memory (like 2GB; at least 1MB)" })
    };
    typed.map_or_else(|| Ok(available_memory()), size)
}

/// A quarter of the machine's memory, or of what a container may use; 1 GiB where neither is known.
pub fn available_memory() -> usize {
    const FALLBACK: usize = 4 << 30;
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
        Some(line.split_whitespace().nth(1)?.parse::<usize>().ok()? * 1024)
    });
    let container = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    let all = machine.into_iter().chain(container).min().unwrap_or(FALLBACK);
    all / 4
}

#[cfg(test)]
mod tests {
    use super::parse_size;

    #[test]
    fn sizes() {
        assert_eq!(parse_size("512MB"), Some(512 << 20));
        assert_eq!(parse_size("1.5g"), Some(3 << 29));
        assert_eq!(parse_size("1048576"), Some(1 << 20));
        for text in ["", "10", "x", "5 TBs", "-1G"] {
            assert_eq!(parse_size(text), None, "{text}");
        }
    }
}
