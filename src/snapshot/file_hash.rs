//! The hash of a file, by which a change of its content is noticed.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use twox_hash::XxHash3_128;

/// Bytes to read at once.
const BLOCK: usize = 1 << 20;

/// A file's size in bytes, and the hash (XXH3, 128 bits) of its content in hexadecimal.
///
/// # Errors
/// If it can't be read.
pub fn file_hash(path: &Path) -> std::io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let mut hasher = XxHash3_128::new();
    let mut block = vec![0; BLOCK];
    let mut bytes = 0;
    loop {
        match file.read(&mut block)? {
            0 => return Ok((bytes, format!("{:032x}", hasher.finish_128()))),
            read => {
                hasher.write(&block[..read]);
                bytes += read as u64;
            }
        }
    }
}
