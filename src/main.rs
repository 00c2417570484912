//! The program: everything it does for a person is in `cli`, everything else in the library.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
