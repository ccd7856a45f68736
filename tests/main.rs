//! Integration tests through the program, one module per promise.

mod annotation;
mod aparent2;
mod bad_input;
mod bad_models;
mod classes;
mod config;
mod convert;
mod deeprke;
mod deerect;
mod demo;
mod determinism;
mod evaluate;
mod interrupt;
mod memory;
mod models;
mod parity;
mod predict;
mod pysster;
mod regions;
mod scan_outputs;
mod signals;
mod simulate;
mod structure;
mod support;
mod train;
mod truncation;
