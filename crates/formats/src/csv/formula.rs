//! Cells that a spreadsheet would calculate: an apostrophe before them makes them text, and is taken away again.
//!
//! What must stay true: what is guarded and read again is the same text, also one that begins with apostrophes. A
//! telephone number (`+33 1 23 45 67 89`) calculates nothing and stays as every program expects it.

/// What a spreadsheet takes for the beginning of a formula, in its wide forms too.
fn begins_formula(c: char) -> bool {
    matches!(
        c,
        '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}'
    )
}

/// Whether a cell, whatever apostrophes it begins with, goes on as a formula.
fn is_formula(cell: &str) -> bool {
    cell.trim_start_matches('\'').starts_with(begins_formula)
}

fn is_number(cell: &str) -> bool {
    cell.starts_with('+')
        && cell.chars().skip(1).all(|c| c.is_ascii_digit() || matches!(c, ' ' | '(' | ')' | '.' | '/'))
}

/// Returns a cell as it is written.
pub(super) fn guarded(cell: &str) -> String {
    let guards = (is_formula(cell) && !is_number(cell)) || is_figure_as_text(cell);
    if guards { format!("'{cell}") } else { cell.to_owned() }
}

/// Whether an apostrophe makes a text of a figure, so that it keeps its zeros: `'0612`.
fn is_figure_as_text(cell: &str) -> bool {
    let bare = cell.trim_start_matches('\'');
    bare.len() < cell.len() && bare.starts_with(|c: char| c.is_ascii_digit())
}

/// Returns a cell as it was meant: without the apostrophe that made it a text, or out of the formula that did (`="0612"`).
pub(super) fn meant(cell: &str) -> &str {
    let as_text = cell.strip_prefix('\'').filter(|rest| is_formula(rest) || is_figure_as_text(cell));
    let in_formula = || cell.strip_prefix("=\"")?.strip_suffix('"').filter(|text| !text.contains('"'));
    as_text.or_else(in_formula).unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_spreadsheet_would_calculate_is_text() {
        for cell in ["=1+1", "@SUM(1)", "-2+3|x!A0", "+1|calc!A0", "\t=1", "'=1", "＝1", "+33-1"] {
            assert_eq!(guarded(cell), format!("'{cell}"));
        }
        for cell in ["+33 (0)1.23", "'t Hooft", "a=b", "", "'"] {
            assert_eq!(guarded(cell), cell);
        }
        assert_eq!(meant("'+33612345678"), "+33612345678");
        // A spreadsheet keeps the zeros of a figure so.
        for cell in ["'0612345678", "=\"0612345678\""] {
            assert_eq!(meant(cell), "0612345678");
        }
        for cell in ["=\"0612\"", "'0612", "''1", "'t Hooft"] {
            assert_eq!(meant(&guarded(cell)), cell);
        }
    }

    proptest! {
        #[test]
        fn a_guarded_cell_is_read_as_it_was(cell in "['=+@\\-\t0-9a ]{0,8}") {
            let written = guarded(&cell);
            prop_assert!(!written.starts_with(begins_formula) || is_number(&written));
            prop_assert_eq!(meant(&written), cell);
        }
    }
}
