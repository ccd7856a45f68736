//! bigwig
