//! Reads a file by position. Arrow's own way, for a file, is to duplicate its handle and move it
//! for every page: three calls to the system where one will do, and many pages are read when rows
//! are picked out one by one.

use bytes::Bytes;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};
use std::fs::File;
use std::io::{BufReader, Read};
use std::sync::Arc;

/// A file that several readers share, none of which moves the others.
#[derive(Clone, Debug)]
pub struct PositionedFile {
    file: Arc<File>,
    length: u64,
}

impl PositionedFile {
    /// A file that is open for reading.
    ///
    /// # Errors
    /// If its length can't be told.
    pub fn new(file: File) -> std::io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Self { file: Arc::new(file), length })
    }
}

impl Length for PositionedFile {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for PositionedFile {
    type T = BufReader<From>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(BufReader::new(From { file: Arc::clone(&self.file), position: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let end = start.checked_add(length as u64).filter(|end| *end <= self.length);
        if end.is_none() {
            return Err(ParquetError::EOF(format!("{length} bytes at {start} are beyond its end")));
        }
        let mut bytes = Vec::with_capacity(length);
        let from = From { file: Arc::clone(&self.file), position: start };
        if from.take(length as u64).read_to_end(&mut bytes)? < length {
            return Err(ParquetError::EOF("the file has become shorter".to_owned()));
        }
        Ok(bytes.into())
    }
}

/// Reads on from a position.
#[derive(Debug)]
pub struct From {
    file: Arc<File>,
    position: u64,
}

impl Read for From {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = read_at(&self.file, buffer, self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], position: u64) -> std::io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, position)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], position: u64) -> std::io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, position)
}
