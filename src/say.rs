//! Messages.

/// Prints a line on standard error, if anybody reads it: a message that cannot be told ends no run.
#[macro_export]
macro_rules! say {
    ($($message:tt)*) => {{
        let _ = ::std::io::Write::write_fmt(
            &mut ::std::io::stderr(),
            format_args!("{}\n", format_args!($($message)*)),
        );
    }};
}
