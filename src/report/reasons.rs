//! Why tables differ, in sentences: the most telling reasons first, and how to go on.

use super::style::Style;
use super::values::visible;
use crate::audit::Reason;
use std::path::Path;

/// Reasons that are shown unless all are asked for.
const SHOWN: usize = 3;

/// How much is said of reasons, and where there is more.
#[derive(Clone, Copy, Debug)]
pub struct Reasons<'a> {
    /// The reasons, most telling first.
    pub found: &'a [Reason],
    /// The folder of the run or plan, if it is kept.
    pub folder: Option<&'a Path>,
    /// Whether all of them are shown.
    pub all: bool,
}

impl Reasons<'_> {
    /// Nothing to say.
    pub const NONE: Reasons<'static> = Reasons { found: &[], folder: None, all: false };
}

/// The reasons as a numbered list below a heading; nothing if there are none.
pub(super) fn reasons_text(reasons: &Reasons<'_>, style: Style) -> String {
    let Reasons { found, folder, all } = *reasons;
    if found.is_empty() {
        return String::new();
    }
    let shown = if all { found.len() } else { found.len().min(SHOWN) };
    let mut out = format!("\n{}", style.heading("Why"));
    for (number, reason) in (1..).zip(&found[..shown]) {
        out.push_str(&style.wrap(&format!("{number:>3}  "), &visible(&reason.text)));
        out.push('\n');
        if let Some(fix) = &reason.fix {
            let text = style.wrap("     try  ", &visible(fix));
            out.push_str(&style.paint(&text, "36"));
            out.push('\n');
        }
    }
    let more = match found.len() - shown {
        0 => return out,
        1 => "one more reason".to_owned(),
        more => format!("{more} more reasons"),
    };
    let place = match folder {
        Some(folder) => format!(": add -v, or trueup report {} --out report.html", folder.display()),
        None => ": add -v".to_owned(),
    };
    out.push_str(&style.wrap("     ", &format!("and {more}{place}")));
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Example, Kind, ReasonSide};
    use crate::report::json::reasons_json;

    fn reason(kind: Kind, rule: &str, text: &str, fix: Option<&str>) -> Reason {
        Reason {
            kind,
            side: ReasonSide::Both,
            columns: vec!["lat".into(), "lon".into()],
            rule: rule.into(),
            rows: 24_457,
            of: 26_921,
            text: text.into(),
            examples: vec![Example {
                key: vec!["BIPA".into()],
                left: Some("1.5".into()),
                right: None,
                ..Example::default()
            }],
            fix: fix.map(str::to_owned),
        }
    }

    fn some() -> Vec<Reason> {
        vec![
            reason(
                Kind::Values,
                "rounding",
                "24,457 of the 26,921 changed rows differ by nothing but rounding: `lat` and `lon` to 6 digits.",
                Some("--compare lat=tolerance:0.000001 --compare lon=tolerance:0.000001"),
            ),
            reason(Kind::NearKey, "trim", "412 of 781 left-only keys match a right-only key once trimmed.", None),
            reason(Kind::Cluster, "source = 'a\u{1b}[31m'", "All have `source` = 'a\u{1b}[31m'.", None),
            reason(Kind::Values, "case", "One more.", None),
            reason(Kind::Duplicates, "same", "And another.", None),
        ]
    }

    #[test]
    fn the_best_come_first_and_fit() {
        let found = some();
        let style = Style { width: 80, color: false };
        let folder = Path::new(".trueup/20261123T011500123Z-12345");
        let text = reasons_text(&Reasons { found: &found, folder: Some(folder), all: false }, style);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(!text.contains('\u{1b}'));
        insta::assert_snapshot!(text);
        insta::assert_snapshot!(reasons_text(&Reasons { found: &found, folder: None, all: true }, style));
        assert_eq!(reasons_text(&Reasons::NONE, style), "");
        let four = reasons_text(&Reasons { found: &found[..4], folder: None, all: false }, style);
        assert!(four.ends_with("and one more reason: add -v\n"), "{four}");
    }

    #[test]
    fn scripts_get_all_of_it() {
        insta::assert_snapshot!(format!("{:#}", reasons_json(&some()[..1])));
        let kinds: Vec<_> = [Kind::NearKey, Kind::BetterKey, Kind::Cluster, Kind::Values, Kind::Duplicates]
            .map(|kind| reasons_json(&[reason(kind, "", "", None)])[0]["kind"].as_str().unwrap().to_owned())
            .into();
        assert_eq!(kinds, ["near-key", "better-key", "cluster", "values", "duplicates"]);
        let sides = [ReasonSide::Left, ReasonSide::Right, ReasonSide::Both]
            .map(|side| reasons_json(&[Reason { side, ..reason(Kind::Cluster, "", "", None) }])[0]["side"].clone());
        assert_eq!(sides, ["left", "right", "both"]);
    }
}
