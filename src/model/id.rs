//! Ids as exports hold them: what a spreadsheet wraps around one is taken off where nothing is lost, and what has lost a
//! digit, or would run or hide where it is shown, is refused.

use crate::model::{invalid::Invalid, quoted};

/// The most digits of an account id.
const ACCOUNT_DIGITS: usize = 20;

/// What is wrong with a column of numbers, and how it comes out whole.
const AS_TEXT: &str = "format the column as text and export again";

/// The id within what spreadsheets and exports wrap around one: blanks and tabs, also such as cannot be seen, a leading
/// apostrophe, `="..."`.
///
/// ```
/// use peerbill::model::id::unwrapped;
///
/// assert_eq!(unwrapped("=\"1000000000000001\""), "1000000000000001");
/// assert_eq!(unwrapped("\t'1000000000000001 "), "1000000000000001");
/// ```
pub fn unwrapped(text: &str) -> &str {
    // As nearly all are.
    if let [first, .., last] = text.as_bytes()
        && first.is_ascii_alphanumeric()
        && last.is_ascii_alphanumeric()
    {
        return text;
    }
    let text = text.trim_matches(is_blank);
    let inner = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    match inner.or_else(|| text.strip_prefix('\'')) {
        Some(inner) => inner.trim_matches(is_blank),
        None => text,
    }
}

/// Reads an account id: 1 to 20 digits, not all 0, kept as text, so that leading zeros count. What wraps it is taken off
/// (SPEC section 3).
///
/// ```
/// use peerbill::model::id::read_account;
///
/// assert_eq!(read_account("'1000000000000001")?, "1000000000000001");
/// let shortened = read_account("1.00E+15").unwrap_err();
/// assert!(shortened.message().contains("a spreadsheet has shortened it"));
/// # Ok::<(), peerbill::Error>(())
/// ```
///
/// # Errors
///
/// Everything else, with the way out: an account that has lost digits would be billed together with others.
pub fn read_account(text: &str) -> Result<&str, Invalid> {
    let id = unwrapped(text);
    match why_no_account(id) {
        None => Ok(id),
        Some(why) => Err(Invalid::new(format!("{} is no account id: {why}", quoted(text.as_bytes())))),
    }
}

/// Why this is no account id.
fn why_no_account(id: &str) -> Option<String> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits(id) {
        return match id.len() {
            _ if id.bytes().all(|byte| byte == b'0') => {
                Some("0 stands for an account that is not told".into())
            }
            ..=ACCOUNT_DIGITS => None,
            more => Some(format!("it has {more} digits, and at most {ACCOUNT_DIGITS} are possible")),
        };
    }
    let unsigned = id.trim_start_matches(['+', '-']);
    let is_number = |text: &str| digits(&text.replacen(['.', ','], "", 1));
    let is_shortened = unsigned.split_once(['e', 'E']).is_some_and(|(mantissa, exponent)| {
        is_number(mantissa) && digits(exponent.trim_start_matches(['+', '-']))
    });
    Some(if id.is_empty() {
        "it is empty".into()
    } else if is_shortened {
        format!("a spreadsheet has shortened it; {AS_TEXT}")
    } else if unsigned.len() < id.len() && is_number(unsigned) {
        "an account id has no sign".into()
    } else if id.starts_with(|first: char| first.is_ascii_digit())
        && digits(&id.replace([',', '.', ' ', '\'', '_', '\u{a0}', '\u{202f}'], ""))
    {
        format!("it is written as a number, with a fraction or with separators; {AS_TEXT}")
    } else {
        format!("it is 1 to {ACCOUNT_DIGITS} digits and nothing else")
    })
}

/// Refuses the id of a connection, or the key of a tag, which stands in messages, tables and spreadsheets: it holds no
/// character that cannot be seen, and does not begin as a formula does. `what` names it.
pub(crate) fn check_name(what: &str, id: &str) -> Result<(), String> {
    check_id(what, id)?;
    if id.starts_with(['=', '+', '-', '@']) {
        let why = "begins as a formula does; an id begins with none of = + - @";
        return Err(format!("{what} {} {why}", quoted(id.as_bytes())));
    }
    Ok(())
}

/// Refuses the id of a connection, a VPC or a region that is empty, or has spaces around it: it would silently be
/// another one. One that holds a character that cannot be seen looks like another one. `what` names it.
pub(crate) fn check_id(what: &str, id: &str) -> Result<(), String> {
    if id.is_empty() {
        return Err(format!("{what} is empty"));
    }
    // As nearly all are.
    if id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    let shown = || quoted(id.as_bytes());
    if id.trim() != id {
        return Err(format!("{what} {} has spaces around it", shown()));
    }
    if id.contains(is_unseen) {
        return Err(format!("{what} {} holds a character that cannot be seen", shown()));
    }
    Ok(())
}

/// Whether a character around an id is nothing but room.
fn is_blank(character: char) -> bool {
    character.is_whitespace() || is_mark(character)
}

/// Whether a character moves a cursor, turns the direction of a text or takes no room: C0 and C1, separators of lines,
/// bidi controls, zero-width marks.
fn is_unseen(character: char) -> bool {
    character.is_control() || is_mark(character)
}

/// Those of them that are no control characters.
fn is_mark(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wraps_an_id_without_loss_is_taken_off() {
        for text in [
            "1000000000000001",
            "'1000000000000001",
            "=\"1000000000000001\"",
            " \t1000000000000001\t ",
            "1000000000000001\t",
            "\u{a0}1000000000000001\u{3000}",
            "\u{200b}1000000000000001\u{feff}",
            "\u{202a}1000000000000001\u{202c}",
            " =\"\t1000000000000001 \" ",
            "' 1000000000000001",
        ] {
            assert_eq!(read_account(text).as_deref(), Ok("1000000000000001"), "{text:?}");
        }
        assert_eq!(read_account("=\"0001\"").as_deref(), Ok("0001"), "leading zeros count");
        assert_eq!(read_account("99999999999999999999").as_deref(), Ok("99999999999999999999"));
        assert_eq!(unwrapped("=1+1"), "=1+1");
    }

    #[test]
    fn what_has_lost_digits_or_is_no_id_is_refused_with_the_way_out() {
        const SHORTENED: &str = "a spreadsheet has shortened it; format the column as text and export again";
        for (text, why) in [
            ("1.00E+15", SHORTENED),
            ("1E15", SHORTENED),
            ("1,00E+15", SHORTENED),
            ("-1.5e+3", SHORTENED),
            ("1000000000000001.0", "with a fraction or with separators; format the column as text"),
            ("1,000,000,000,000,001", "with a fraction or with separators"),
            ("1000 0000 0000 0001", "with a fraction or with separators"),
            ("-1", "has no sign"),
            ("+1000000000000001", "has no sign"),
            ("0", "not told"),
            ("0000", "not told"),
            ("100000000000000000001", "21 digits"),
            ("", "it is empty"),
            ("''1", "nothing else"),
            ("=1+1", "nothing else"),
            ("１２３", "nothing else"),
            ("alice", "nothing else"),
            ("1e15x", "nothing else"),
            ("NaN", "nothing else"),
        ] {
            let error = read_account(text).unwrap_err();
            assert!(error.message().contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn an_id_cannot_hide_move_a_cursor_or_run() {
        for id in [
            "=pcc",
            "+pcc",
            "-pcc",
            "@pcc",
            "pcc\n1",
            "pcc\u{1b}[2J",
            "p\u{9b}c",
            "p\u{202e}c",
            "p\u{2028}c",
            "p\u{200b}c",
        ] {
            let why = check_name("connection_id", id).unwrap_err();
            assert!(!why.contains(is_unseen), "{why:?}");
        }
        assert_eq!(check_name("connection_id", "pcc-=+@"), Ok(()));
        assert_eq!(check_id("region", "cn-beijing"), Ok(()));
        assert!(check_id("region", "cn\u{7f}").is_err());
    }
}
