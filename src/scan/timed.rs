//! Measures what a sink takes of the consolidator's time.

use super::{Sink, TrackBlock};
use crate::error::Result;
use crate::output::bed::Site;
use crate::timing::{Profile, Stage};

/// Hands everything on to another sink.
pub struct Timed<'a> {
    /// Where results go.
    pub sink: &'a mut dyn Sink,
    /// Where the time is put down.
    pub profile: &'a Profile,
}

impl Sink for Timed<'_> {
    fn site(&mut self, site: &Site) -> Result<()> {
        self.profile.part(Stage::Handing, || self.sink.site(site))
    }

    fn wants_tracks(&self) -> bool {
        self.sink.wants_tracks()
    }

    fn scores(&mut self, track: &TrackBlock<'_>) -> Result<()> {
        self.profile.part(Stage::Handing, || self.sink.scores(track))
    }
}
