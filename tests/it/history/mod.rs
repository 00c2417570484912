//! Histories kept by triggers, called as the library has them.

mod mysql;
