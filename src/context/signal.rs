//! PolyA signals: the known hexamers, strongest first.

/// Finds the strongest known hexamer whose first base lies 10 to 35 nt upstream of a site.
/// `upstream` holds the codes before the site in transcript direction; its last element is the nucleotide just
/// upstream of the site (distance 1). Returns the hexamer (RNA letters as DNA) and the distance of its first base.
pub fn strongest(_upstream: &[u8]) -> Option<(&'static str, usize)> {
    todo!()
}
