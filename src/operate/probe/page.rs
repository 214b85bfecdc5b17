//! What a person is told of a probe.

use super::Told;
use crate::operate::table::{Look, Tone, field, indented};

/// Columns that reasons are set in by.
const INDENT: usize = 4;

/// All that is known of it, step by step.
pub(super) fn page(told: &Told, look: Look) -> String {
    let mut page = look.bold(&format!("Probe from {} to {}, by {}\n", told.from, told.to, told.via));
    for stage in &told.stages {
        let seconds = format!("{}.{:02} s", stage.milliseconds / 1_000, stage.milliseconds % 1_000 / 10);
        page.push_str(&field(stage.stage, &format!("{seconds:>8}  {}", stage.words), look));
    }
    for reason in &told.reasons {
        page.push_str(&look.dim(&indented(reason, INDENT, look)));
    }
    if told.trouble.is_none() && told.arrived {
        page.push_str(&look.shown(&format!("Mail to {} arrives and becomes a ticket.\n", told.to), Tone::Good));
    }
    page
}
