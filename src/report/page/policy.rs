//! The hashes by which the page's content policy knows its own style and script.

use rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256;

/// SHA-256 of a text in base64, as a content policy takes it.
pub fn hash(text: &str) -> String {
    // TLS has the function already.
    let suite = TLS13_AES_128_GCM_SHA256.tls13();
    suite.map(|suite| base64(suite.common.hash_provider.hash(text.as_bytes()).as_ref())).unwrap_or_default()
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let number = three.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for digit in 0..4 {
            let at = (number >> (18 - 6 * digit)) & 63;
            out.push(if digit <= three.len() { char::from(DIGITS[at as usize]) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_as_others_have_them() {
        assert_eq!(hash("abc"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
        assert_eq!(["f", "fo", "foo"].map(|text| base64(text.as_bytes())), ["Zg==", "Zm8=", "Zm9v"]);
    }
}
