//! The sessions that write, one kind of database a file, through the library.

mod postgres;
