//! Fingerprints: 128 bits that stand for a row's compared values in canonical form.
//!
//! XXH3 in its 128-bit form (xxHash specification, version 0.8), so that fingerprints stored in
//! a snapshot are the same in every later version. With 10¹⁰ different rows the chance that any
//! two collide is about 10⁻¹⁹; the hash is not meant to withstand someone who builds collisions.

use twox_hash::XxHash3_128;

/// A 128-bit fingerprint in two halves, as a snapshot's index carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint {
    /// The upper 64 bits.
    pub high: u64,
    /// The lower 64 bits.
    pub low: u64,
}

/// The fingerprint of canonical bytes.
pub fn fingerprint(canonical: &[u8]) -> Fingerprint {
    let hash = XxHash3_128::oneshot(canonical);
    Fingerprint { high: (hash >> 64) as u64, low: hash as u64 }
}
