//! bilstm
