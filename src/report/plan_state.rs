//! How far a plan has come, in words and in JSON.

use crate::apply::{Phase, PlanState};
use crate::audit::thousands;
use crate::plan::PlanFile;
use serde_json::{Value, json};
use std::path::Path;

/// That of a plan in its folder. Without journals that can be read, nothing is known of any write:
/// whoever carries it out is told why.
pub(super) fn state_of(file: &PlanFile, folder: &Path) -> PlanState {
    PlanState::of(file, folder).unwrap_or_default()
}

/// In words; `None` of one of which nothing was written.
pub(super) fn state_text(state: &PlanState) -> Option<String> {
    let at = |at: &Option<String>| at.clone().unwrap_or_default();
    let (began, last) = (at(&state.began_at), at(&state.last_at));
    let stand = match state.standing {
        0 => "nothing of it stands".to_owned(),
        1 => "1 step stands as it was written".to_owned(),
        steps => format!("{} steps stand as they were written", thousands(steps)),
    };
    let unclear = match state.unclear {
        0 => String::new(),
        1 => "; of 1 step nobody knows whether it was written".to_owned(),
        steps => format!("; of {} steps nobody knows whether they were written", thousands(steps)),
    };
    let text = match state.phase {
        Phase::Planned => return None,
        Phase::Applied => format!("applied at {last}: {stand}"),
        Phase::HalfApplied => format!("half applied, from {began} until {last}: {stand}"),
        Phase::HalfUndone => format!("half undone, from {began} until {last}: {stand}"),
        Phase::Undone => format!("undone at {last}: {stand}"),
    };
    Some(text + &unclear)
}

/// Adds it to an object.
pub(super) fn add_state(state: &PlanState, out: &mut Value) {
    out["state"] = json!(state.phase.to_string());
    out["state_began"] = json!(state.began_at);
    out["state_at"] = json!(state.last_at);
    out["standing"] = json!(state.standing);
    out["unclear"] = json!(state.unclear);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_reads_as_a_sentence() {
        let state = |phase, standing, unclear| PlanState {
            phase,
            began_at: Some("2026-01-02T03:04:05.000Z".into()),
            last_at: Some("2026-01-02T03:04:06.000Z".into()),
            standing,
            unclear,
        };
        assert_eq!(state_text(&PlanState::default()), None);
        let text = |phase, standing, unclear| state_text(&state(phase, standing, unclear)).unwrap();
        assert_eq!(text(Phase::Applied, 1, 0), "applied at 2026-01-02T03:04:06.000Z: 1 step stands as it was written");
        let half = text(Phase::HalfApplied, 1200, 2);
        assert!(half.starts_with("half applied, from 2026-01-02T03:04:05.000Z until"), "{half}");
        assert!(
            half.ends_with("1,200 steps stand as they were written; of 2 steps nobody knows whether they were written")
        );
        assert_eq!(text(Phase::Undone, 0, 0), "undone at 2026-01-02T03:04:06.000Z: nothing of it stands");
    }
}
