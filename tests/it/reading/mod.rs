//! What a user may not see, and what a server does not grant to readers: never taken for what is not
//! there.

mod columns;
mod encodings;
mod limits;
mod policies;
mod sockets;
