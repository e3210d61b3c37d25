//! Text of inputs as it may be shown: the one place that knows what a screen, a spreadsheet or JSON must not be given.
//!
//! An id, a name, a path or a header may hold anything. What moves a cursor, begins a line or is not seen at all is
//! written as its escape, as Rust writes it: `\n`, `\u{1b}`, `\u{202e}`.

use std::borrow::Cow;

/// Text for a line of a screen: nothing in it moves a cursor, begins another line, or cannot be seen.
///
/// Whoever shows the messages of this crate on a terminal should pass them through it: they quote their inputs.
///
/// ```
/// use peerbill::write::shown;
///
/// assert_eq!(shown("pcc-1\u{1b}[2J\nAccount 9999"), "pcc-1\\u{1b}[2J\\nAccount 9999");
/// assert_eq!(shown("杭州 – 北京"), "杭州 – 北京");
/// ```
pub fn shown(text: &str) -> Cow<'_, str> {
    if is_plain(text) || !text.chars().any(is_unseen) {
        return Cow::Borrowed(text);
    }
    let mut whole = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_unseen(character) {
            whole.extend(character.escape_default());
        } else {
            whole.push(character);
        }
    }
    Cow::Owned(whole)
}

/// Text for a cell of CSV: [`shown`], and no spreadsheet takes it for a formula.
///
/// Names and other free text that begin with `=`, `+`, `-`, `@`, tab or return get a leading `'`. Numbers are not for
/// this function: a negative amount stays one.
pub(super) fn csv_cell(text: &str) -> Cow<'_, str> {
    let visible = shown(text);
    if begins_formula(text.as_bytes()) { Cow::Owned(format!("'{visible}")) } else { visible }
}

/// Whether a spreadsheet takes a cell that begins so for a formula.
pub(super) fn begins_formula(cell: &[u8]) -> bool {
    matches!(cell.first(), Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r'))
}

/// Whether all of it is printable ASCII: nearly all text is, and needs no second look.
pub(super) fn is_plain(text: &str) -> bool {
    // Without a way out early, many bytes are looked at together.
    text.bytes().fold(true, |plain, byte| plain & (b' '..=b'~').contains(&byte))
}

/// Whether a character acts instead of being seen: controls (C0, DEL, C1), separators of lines and paragraphs, format
/// characters such as marks of direction, and what is ignorable by default, such as blanks without width.
///
/// The categories Cc, Cf, Zl and Zp, and the property Default_Ignorable_Code_Point of Unicode 17.
pub(super) fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}'
            | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_written_as_its_escape_and_what_is_seen_stays() {
        for plain in ["", "pcc-1", "杭州\u{3000}北京", "é e\u{301} — \\u{1b}", "=1+1", "\u{fffd}"] {
            assert!(matches!(shown(plain), Cow::Borrowed(same) if same == plain), "{plain:?}");
        }
        assert_eq!(shown("a\tb\r\nc"), "a\\tb\\r\\nc");
        assert_eq!(shown("\0\u{7}\u{7f}\u{85}\u{9b}"), "\\u{0}\\u{7}\\u{7f}\\u{85}\\u{9b}");
        assert_eq!(shown("a\u{202e}b\u{2066}\u{2028}\u{200b}"), "a\\u{202e}b\\u{2066}\\u{2028}\\u{200b}");
    }

    #[test]
    fn whatever_rust_itself_calls_a_control_or_format_character_acts() {
        // What `escape_debug` escapes and is none: blanks of other widths, unassigned and private characters, quotes.
        for code in (0..0x3000).chain(0xfe00..0x1_0000).chain(0xe_0000..0xe_1000) {
            let Some(character) = char::from_u32(code) else { continue };
            let printable = character.escape_debug().count() == 1;
            assert!(!(is_unseen(character) && printable) || is_ignorable_letter(character), "U+{code:04X}");
        }
    }

    /// Letters and marks without a width, which Rust prints.
    fn is_ignorable_letter(character: char) -> bool {
        matches!(character, '\u{34f}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0100}'..='\u{e01ef}')
    }

    #[test]
    fn no_cell_is_a_formula_or_another_line() {
        for formula in ["=1+1", "+1", "-x", "@SUM(A1)"] {
            assert_eq!(csv_cell(formula), format!("'{formula}"));
        }
        assert_eq!(csv_cell("\t=1"), "'\\t=1");
        assert_eq!(csv_cell("\r=1"), "'\\r=1");
        assert_eq!(csv_cell("a\n=1"), "a\\n=1");
        assert_eq!(csv_cell("pcc-1"), "pcc-1");
    }
}
