//! Integration tests, one module per promise.

mod parity;
