//! What was found in the files of a mail and belongs to its text.

use super::text::Visible;
use super::{calendar, read_within, uuencode};
use crate::model::desk::Limits;
use crate::model::mail::Mail;

/// Texts in files, as MIME entities, before anybody knows whether they are needed.
#[derive(Debug, Default)]
pub(super) struct Opened {
    /// What an opaque signature signs: always the mail's own text.
    pub(super) signed: Option<Vec<u8>>,
    /// The text in a TNEF container, which repeats that of the mail when it has one.
    pub(super) container: Option<Vec<u8>>,
    /// An invitation.
    pub(super) calendar: Option<String>,
    /// Whether files stand in the text itself.
    pub(super) uuencoded: bool,
}

impl Opened {
    /// The text that is shown: the mail's, or what takes its place.
    pub(super) fn shown(self, visible: Visible, limits: &Limits, mail: &mut Mail) -> Visible {
        let visible = if self.uuencoded { visible.changed(uuencode::without) } else { visible };
        if let Some(entity) = self.signed {
            // What gateways put beside the signature comes after it.
            return entity_text(&entity, limits, mail).followed_by(visible);
        }
        if !visible.is_blank() {
            return visible;
        }
        if let Some(entity) = self.container {
            let inner = entity_text(&entity, limits, mail);
            if !inner.is_blank() {
                return inner;
            }
        }
        let event = self.calendar.and_then(|calendar| calendar::in_words(&calendar));
        event.map_or(visible, |event| Visible::of(&event, limits))
    }
}

fn entity_text(entity: &[u8], limits: &Limits, mail: &mut Mail) -> Visible {
    let (inner, visible) = read_within(entity, limits);
    mail.html = mail.html.take().or(inner.html);
    visible
}
