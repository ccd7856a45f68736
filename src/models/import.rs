//! stub
pub fn describe(_b: &[u8]) -> Option<String> {
    None
}
