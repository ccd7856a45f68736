//! tabix
