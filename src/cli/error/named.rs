//! Causes that every system words in its own way, by one name.

/// The system's words, behind the name of what they mean where that is known.
pub fn named(why: &str) -> String {
    let has = |words: &[&str]| words.iter().any(|word| why.contains(word));
    let name = if has(&[
        "No space left on device",
        "os error 28",
        "database or disk is full",
        "Disk full",
        "is full (error 1114)",
    ]) {
        "the disk is full"
    } else if has(&["os error 122", "Disk quota exceeded"]) {
        "this user may not store more on that disk"
    } else if has(&["page verification failed", "invalid page in block", "Page CRC checksum mismatch"]) {
        "a page is not as it was written: its checksum does not fit"
    } else if has(&["database disk image is malformed"]) {
        "the database's file is damaged"
    } else {
        return why.to_owned();
    };
    if why.starts_with(name) { why.to_owned() } else { format!("{name}: {why}") }
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn causes_have_names() {
        for (why, name) in [
            ("No space left on device (os error 28)", "the disk is full"),
            ("could not extend file \"base/5/1\": No space left on device", "the disk is full"),
            ("database or disk is full", "the disk is full"),
            ("The table 't' is full (error 1114)", "the disk is full"),
            ("invalid page in block 3 of relation base/5/16384", "a page is not as it was written"),
            ("database disk image is malformed", "the database's file is damaged"),
        ] {
            assert!(named(why).starts_with(name) && named(why).ends_with(why), "{why}");
            assert_eq!(named(&named(why)), named(why));
        }
        assert_eq!(named("permission denied"), "permission denied");
    }
}
