//! Lines that may be a part of an argument's text: what they would change is unknown.

use super::Firewalld;
use super::edit::ListId;
use crate::event::firewalld::{Event, Layer};
use crate::state::effects::Effects;
use crate::state::evidence::Evidence;
use crate::state::known::UnknownReason;
use crate::text::Text;

impl Firewalld {
    /// Folds in a line that is either what it says or a piece of text.
    ///
    /// A request proves nothing by itself, and what answers it is in doubt, too. So signals and
    /// commits count: each makes unknown what it names. What concerns the daemon as a whole (a
    /// start, a load, its list of zones) leaves nothing known.
    pub(super) fn doubt_line(&mut self, event: &Event<'_>, by: Evidence, effects: &mut Effects) {
        let why = UnknownReason::Ambiguous;
        match event {
            Event::Added { zone, item, .. } => {
                for zone in self.meant(&zone.clone().into_owned()) {
                    let spot = ListId { zone: &zone, layer: Layer::Runtime, kind: item.kind() };
                    self.doubt(spot, why, by, effects);
                }
            }
            Event::Removed { zone, item } => {
                for zone in self.meant(&zone.clone().into_owned()) {
                    let spot = ListId { zone: &zone, layer: Layer::Runtime, kind: item.kind() };
                    self.forget(spot, why, by, effects);
                }
            }
            Event::SettingsChanged { zone, .. } => {
                for zone in self.meant(&zone.clone().into_owned()) {
                    self.forget_layer(&zone, Layer::Runtime, why, by, effects);
                }
            }
            Event::Committed { zone, .. } => self.doubt_commit(zone, by, effects),
            Event::ZoneRemoved { .. }
            | Event::ZoneRenamed { .. }
            | Event::ServiceRemoved { .. } => {
                self.forget_all(Layer::Permanent, why, by, effects);
                self.objects.clear();
            }
            Event::Started
            | Event::Stopped
            | Event::Flushed
            | Event::Reloaded
            | Event::DefaultZoneLoaded { .. }
            | Event::ZoneListed { .. }
            | Event::ConfigurationBroken => self.lines_missing(by, effects),
            Event::DefaultZoneRequest { .. } | Event::DefaultZoneChanged { .. } => {
                self.forget_default_zone(why, by);
            }
            Event::Panic { .. } => self.panic_mode = None,
            Event::ResetToDefaults => self.forget_disk(why, by),
            // These only make less known, or name what can open ports.
            Event::ZoneFile { .. }
            | Event::ZoneFileBroken { .. }
            | Event::ServiceChanged { .. }
            | Event::PolicyChanged { .. }
            | Event::FilesEdited
            | Event::PassthroughRequest { .. }
            | Event::DirectAdded { .. }
            | Event::DirectChanged => self.fold(event, by, effects),
            _ => {}
        }
    }

    fn doubt_commit(&mut self, zone: &Text<'_>, by: Evidence, effects: &mut Effects) {
        let name = zone.clone().into_owned();
        self.forget_layer(&name, Layer::Permanent, UnknownReason::Ambiguous, by, effects);
        if let Some(zone) = self.zones.get_mut(&name) {
            (zone.local, zone.own_write) = (None, None);
        }
    }
}
