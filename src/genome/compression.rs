//! Compression of input files: recognised by content, truncation noticed.
