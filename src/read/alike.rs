//! JSON objects that are spelled alike, as exporters write them: the same members in the same order, with the same bytes
//! between their values.
//!
//! A [`Template`] is learned of one object, and others are held against it byte by byte. What stands between values must be
//! the same, and a value must be a text without escapes, or a number, `true`, `false` or `null`. What fits is JSON, and
//! says what any reader of JSON would find there; what does not is left to such a reader: see [`super::json::pick`].

use wide::{i8x16, u8x16};

/// Objects within objects are followed so deep.
const DEEPEST: usize = 8;
/// An object has so many values at most: one of more would take many times its size.
const MOST_VALUES: usize = 256;

/// How objects are spelled. `T` says what a wanted member is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template<T> {
    /// What stands before the first value.
    pub start: Literal,
    pub members: Vec<Member<T>>,
    /// The members once more, where all are text and what stands behind each is short.
    short: Option<Box<[Short<T>]>>,
}

/// A text, and the few bytes behind it, the first of which is its quote and the last that of the next.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Short<T> {
    wanted: Option<T>,
    behind: Wide,
}

impl<T: Copy> Short<T> {
    /// Shows the text that begins at `from`, where it is wanted, and says where the next begins.
    #[inline(always)]
    fn after(
        &self,
        text: &[u8],
        quotes: &Quotes,
        from: usize,
        show: &mut impl FnMut(T, usize, usize),
    ) -> Option<usize> {
        let end = quotes.next(from)?;
        self.shown(text, from, end, show).then_some(end + self.behind.length)
    }

    /// Shows the text behind which there is nothing but what belongs to it up to `to`, where it is wanted, and says where it
    /// begins.
    #[inline(always)]
    fn before(
        &self,
        text: &[u8],
        quotes: &Quotes,
        to: usize,
        show: &mut impl FnMut(T, usize, usize),
    ) -> Option<usize> {
        let end = to.checked_sub(self.behind.length)?;
        let from = quotes.last_before(end)? + 1;
        self.shown(text, from, end, show).then_some(from)
    }

    #[inline(always)]
    fn shown(&self, text: &[u8], from: usize, end: usize, show: &mut impl FnMut(T, usize, usize)) -> bool {
        if let Some(wanted) = self.wanted {
            show(wanted, from, end);
        }
        self.behind.stands_at(text, end)
    }
}

/// A value of an object, or of one within it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member<T> {
    /// What it is, where it is wanted.
    pub wanted: Option<T>,
    /// Whether it is text, between quotes that belong to what stands around it.
    pub is_text: bool,
    /// What stands behind it, up to the next value or the end.
    pub behind: Literal,
}

impl<T: Copy> Template<T> {
    /// Of an object, around which nothing but white space stands in `text`; by their names, what members are that are looked
    /// at. `None` where that is none; where it has escapes; where such a member stands twice; where a wanted one is neither
    /// text nor a number.
    pub fn learn<N: AsRef<str>>(text: &[u8], names: &[(N, Option<T>)]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let mut learner = Learner { text: text.as_bytes(), at: 0, literal: 0, found: Vec::new() };
        let mut seen = vec![false; names.len()];
        learner.blank();
        learner.object(0, &mut |name| {
            let Some(index) = names.iter().position(|(own, _)| own.as_ref() == name) else {
                return Some(None);
            };
            (!std::mem::replace(&mut seen[index], true)).then_some(names[index].1)
        })?;
        learner.blank();
        (learner.at == text.len()).then(|| learner.finish())
    }

    /// The same objects within a JSON text, where their quotes are escaped.
    pub fn escaped(self) -> Self {
        let members = self.members.into_iter();
        let members = members.map(|member| Member { behind: member.behind.escaped(), ..member }).collect();
        Self::new(self.start.escaped(), members)
    }

    fn new(start: Literal, members: Vec<Member<T>>) -> Self {
        let short = |member: &Member<T>| {
            let behind = member.behind.wide.clone().filter(|_| member.is_text)?;
            Some(Short { wanted: member.wanted, behind })
        };
        let short = members.iter().map(short).collect();
        Self { start, members, short }
    }

    /// Shows where the wanted values of the object stand that is all of `text`; false where it is not spelled so.
    #[inline]
    pub fn each_wanted(&self, text: &[u8], show: impl FnMut(T, usize, usize)) -> bool {
        self.each_wanted_by(text, |at| text_end(text, at), show)
    }

    /// As [`each_wanted`](Self::each_wanted) of the first `length` bytes of a text, of which the quotes were noted. What follows
    /// them is of no account; where there is some, more can be compared at once.
    #[inline]
    pub fn each_wanted_between(
        &self,
        text: &[u8],
        length: usize,
        quotes: &Quotes,
        mut show: impl FnMut(T, usize, usize),
    ) -> bool {
        let Some(short) = &self.short else {
            return self.each_wanted_by(&text[..length], |at| quotes.next(at), show);
        };
        // From both ends, so that there are two that do not wait for one another.
        let (first, last) = short.split_at(short.len() / 2);
        let mut values = || -> Option<bool> {
            let (mut from, mut to) = (self.start.end(text, 0)?, length);
            let mut rest = last.iter().rev();
            for (first, last) in first.iter().zip(&mut rest) {
                from = first.after(text, quotes, from, &mut show)?;
                to = last.before(text, quotes, to, &mut show)?;
            }
            for last in rest {
                to = last.before(text, quotes, to, &mut show)?;
            }
            Some(from == to)
        };
        values() == Some(true)
    }

    /// `text_end` says where a text ends that begins at a place.
    #[inline(always)]
    fn each_wanted_by(
        &self,
        text: &[u8],
        text_end: impl Fn(usize) -> Option<usize>,
        mut show: impl FnMut(T, usize, usize),
    ) -> bool {
        let mut values = || -> Option<usize> {
            let mut at = self.start.end(text, 0)?;
            for member in &self.members {
                let end = if member.is_text { text_end(at)? } else { member.value_end(text, at)? };
                if let Some(wanted) = member.wanted {
                    show(wanted, at, end);
                }
                at = member.behind.end(text, end)?;
            }
            Some(at)
        };
        values() == Some(text.len())
    }
}

impl<T> Member<T> {
    /// Where its value ends that begins at `at`; a wanted one is text or a number.
    #[inline]
    pub fn value_end(&self, text: &[u8], at: usize) -> Option<usize> {
        match (self.is_text, &self.wanted) {
            (true, _) => text_end(text, at),
            (false, Some(_)) => number_end(text, at),
            (false, None) => bare_end(text, at),
        }
    }
}

/// Where the quotes of a text stand, all of which were looked for at once. A bit for each byte, and a word behind them.
#[derive(Debug, Default)]
pub(crate) struct Quotes(Vec<u64>);

impl Quotes {
    /// Notes those of a text; false where it has a backslash, a control character or anything but ASCII, so that more than quotes
    /// must be looked at.
    #[inline]
    pub fn note(&mut self, text: &[u8]) -> bool {
        let (whole, rest) = text.as_chunks::<64>();
        let mut last = [b' '; 64];
        last[..rest.len()].copy_from_slice(rest);
        let mut other = i8x16::ZERO;
        self.0.clear();
        self.0.extend(whole.iter().map(|block| quotes_of(block, &mut other)));
        // Behind the last word one with which it is looked at.
        self.0.extend([quotes_of(&last, &mut other), 0]);
        other.to_bitmask() == 0
    }

    /// The first one from a place on.
    #[inline]
    fn next(&self, at: usize) -> Option<usize> {
        let (word, shift) = (at / 64, at % 64);
        let [here, behind] = *self.0.get(word..)?.first_chunk()?;
        // Most are among the next 64 bytes, wherever those begin.
        let bits = here >> shift | behind << 1 << (63 - shift);
        if bits != 0 { Some(at + bits.trailing_zeros() as usize) } else { self.next_far(word + 1) }
    }

    /// The last one before a place.
    #[inline]
    fn last_before(&self, at: usize) -> Option<usize> {
        let before = at.checked_sub(1)?;
        let (word, shift) = (before / 64, before % 64);
        let here = *self.0.get(word)? << (63 - shift);
        let bits = match word.checked_sub(1) {
            Some(word) => here | self.0[word] >> 1 >> shift,
            None => here,
        };
        // Most are among the 64 bytes before.
        if bits != 0 { Some(before - bits.leading_zeros() as usize) } else { self.last_before_word(word) }
    }

    /// The last one before a word.
    #[cold]
    fn last_before_word(&self, word: usize) -> Option<usize> {
        let found = self.0[..word].iter().rposition(|bits| *bits != 0)?;
        Some(found * 64 + 63 - self.0[found].leading_zeros() as usize)
    }

    /// The first one from a word on.
    #[cold]
    fn next_far(&self, from: usize) -> Option<usize> {
        let found = self.0.get(from..)?.iter().position(|bits| *bits != 0)?;
        Some((from + found) * 64 + self.0[from + found].trailing_zeros() as usize)
    }
}

/// The quotes of a block; notes in `other` whether it has what must be looked at.
#[inline(always)]
fn quotes_of(block: &[u8; 64], other: &mut i8x16) -> u64 {
    let (quarters, _) = block.as_chunks::<16>();
    let mut quotes = 0;
    for quarter in quarters.iter().rev() {
        let bytes = i8x16::new(quarter.map(u8::cast_signed));
        let is = |byte: u8| bytes.simd_eq(i8x16::splat(byte.cast_signed()));
        quotes = quotes << 16 | u64::from(is(b'"').to_bitmask());
        // As numbers with a sign, bytes from 0x80 on are less than any other.
        *other |= is(b'\\') | bytes.simd_lt(i8x16::splat(0x20));
    }
    quotes
}

/// Bytes of a literal that are compared at once.
const WIDE: usize = 32;

/// Bytes that are the same in all objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Literal {
    text: Vec<u8>,
    /// The same where it is short.
    wide: Option<Wide>,
}

/// A few bytes, which are compared at once.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wide {
    /// With zeros behind them.
    halves: [u8x16; 2],
    /// A bit for each byte that counts for nothing.
    beyond: u32,
    length: usize,
}

impl Wide {
    /// `None` where it is too long.
    fn new(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; WIDE];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        let beyond = u32::MAX.checked_shl(text.len() as u32).unwrap_or(0);
        Some(Self { halves: halves(&bytes), beyond, length: text.len() })
    }

    /// Whether it stands at a place of a text.
    #[inline(always)]
    fn stands_at(&self, text: &[u8], at: usize) -> bool {
        match text.get(at..).and_then(<[u8]>::first_chunk) {
            Some(chunk) => self.is_at(chunk),
            None => self.stands_near_end(text, at),
        }
    }

    /// The same where fewer bytes follow than are compared at once.
    #[inline(never)]
    fn stands_near_end(&self, text: &[u8], at: usize) -> bool {
        let mut chunk = [0; WIDE];
        let rest = text.get(at..).unwrap_or_default();
        rest.len() >= self.length && {
            chunk[..rest.len()].copy_from_slice(rest);
            self.is_at(&chunk)
        }
    }

    #[inline(always)]
    fn is_at(&self, chunk: &[u8; WIDE]) -> bool {
        let [first, last] = halves(chunk);
        let same = |own: u8x16, other: u8x16| own.simd_eq(other).to_bitmask();
        same(first, self.halves[0]) | same(last, self.halves[1]) << 16 | self.beyond == u32::MAX
    }
}

impl Literal {
    fn new(text: &[u8]) -> Self {
        Self { text: text.to_vec(), wide: Wide::new(text) }
    }

    fn escaped(&self) -> Self {
        let mut text = Vec::new();
        for &byte in &self.text {
            match byte {
                b'"' => text.extend(b"\\\""),
                b'\n' => text.extend(b"\\n"),
                b'\r' => text.extend(b"\\r"),
                b'\t' => text.extend(b"\\t"),
                other => text.push(other),
            }
        }
        Self::new(&text)
    }

    /// Its first byte. None is empty.
    #[inline]
    pub fn first(&self) -> u8 {
        self.text.first().copied().unwrap_or_default()
    }

    /// Where it ends, if it stands at `at`.
    #[inline(always)]
    pub fn end(&self, text: &[u8], at: usize) -> Option<usize> {
        let is_same = match &self.wide {
            Some(own) => own.stands_at(text, at),
            None => text.get(at..)?.starts_with(&self.text),
        };
        is_same.then_some(at + self.text.len())
    }
}

#[inline(always)]
fn halves(bytes: &[u8; WIDE]) -> [u8x16; 2] {
    let (first, last) = bytes.split_at(WIDE / 2);
    [first, last].map(|half| u8x16::from(<[u8; WIDE / 2]>::try_from(half).unwrap_or_default()))
}

/// Where a text ends that begins at `at`: at the first quote, backslash or control character. `None` where it is not
/// UTF-8, or none follows.
#[inline]
pub(crate) fn text_end(text: &[u8], at: usize) -> Option<usize> {
    const ONES: u64 = u64::MAX / 0xFF;
    const HIGH: u64 = ONES << 7;
    // The high bit of every byte that is zero, and of no other before the first of them; likewise of those below a blank.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let control = |word: u64| word.wrapping_sub(ONES * 0x20) & !word & HIGH;
    let (mut end, mut high) = (at, 0);
    loop {
        let Some(word) = text.get(end..)?.first_chunk() else { return text_end_of_few(text, at, end) };
        let word = u64::from_le_bytes(*word);
        let same = |byte: u8| zeros(word ^ (ONES * u64::from(byte)));
        let found = same(b'"') | same(b'\\') | control(word);
        if found != 0 {
            // Bytes before the first that was found.
            high |= word & HIGH & ((found & found.wrapping_neg()) - 1);
            end += found.trailing_zeros() as usize / 8;
            return if high == 0 { Some(end) } else { utf8_end(text, at, end) };
        }
        high |= word & HIGH;
        end += 8;
    }
}

/// As [`text_end`], of which the bytes before `from` were looked at, where few follow.
#[cold]
fn text_end_of_few(text: &[u8], at: usize, from: usize) -> Option<usize> {
    let ends = |&byte: &u8| byte == b'"' || byte == b'\\' || byte < 0x20;
    utf8_end(text, at, from + text[from..].iter().position(ends)?)
}

#[cold]
fn utf8_end(text: &[u8], at: usize, end: usize) -> Option<usize> {
    std::str::from_utf8(&text[at..end]).is_ok().then_some(end)
}

/// Where a number, `true`, `false` or `null` ends that begins at `at`.
#[inline]
fn bare_end(text: &[u8], at: usize) -> Option<usize> {
    let word = |word: &[u8]| text[at..].starts_with(word).then_some(at + word.len());
    match text.get(at)? {
        b't' => word(b"true"),
        b'f' => word(b"false"),
        b'n' => word(b"null"),
        _ => number_end(text, at),
    }
}

/// Where a number as JSON writes it ends.
#[inline]
fn number_end(text: &[u8], at: usize) -> Option<usize> {
    let is = |at: usize, bytes: &[u8]| text.get(at).is_some_and(|byte| bytes.contains(byte));
    let digits = |from: usize| {
        let count = text.get(from..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
        (count > 0).then_some(from + count)
    };
    let from = at + usize::from(is(at, b"-"));
    // No zero stands before another digit.
    let mut end = if is(from, b"0") { from + 1 } else { digits(from)? };
    if is(end, b".") {
        end = digits(end + 1)?;
    }
    if is(end, b"eE") {
        end = digits(end + 1 + usize::from(is(end + 1, b"+-")))?;
    }
    Some(end)
}

/// What is done with the name of a member: what it is, if it is wanted, or `None` where the object is not to be learned.
type Named<'f, T> = dyn FnMut(&str) -> Option<Option<T>> + 'f;

/// Goes through an object.
struct Learner<'t, T> {
    text: &'t [u8],
    at: usize,
    /// Where the literal began that it is in.
    literal: usize,
    /// What the literals stand before: whether text is, and what is wanted of it.
    found: Vec<(Literal, Option<T>, bool)>,
}

impl<T: Copy> Learner<'_, T> {
    fn blank(&mut self) {
        let blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        self.at += self.text[self.at..].iter().take_while(blank).count();
    }

    fn step(&mut self, byte: u8) -> Option<()> {
        (self.text.get(self.at) == Some(&byte)).then(|| self.at += 1)
    }

    /// What stands in brackets of this kind: each of it is read by `read`, with commas between.
    fn list(&mut self, [open, close]: [u8; 2], mut read: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.step(open)?;
        self.blank();
        if self.step(close).is_some() {
            return Some(());
        }
        loop {
            self.blank();
            read(self)?;
            self.blank();
            if self.step(close).is_some() {
                return Some(());
            }
            self.step(b',')?;
        }
    }

    fn object(&mut self, depth: usize, named: &mut Named<'_, T>) -> Option<()> {
        self.list(*b"{}", |own| {
            own.step(b'"')?;
            let start = own.at;
            own.at = text_end(own.text, start)?;
            // OK because the text is UTF-8.
            let wanted = named(std::str::from_utf8(&own.text[start..own.at]).ok()?)?;
            own.step(b'"')?;
            own.blank();
            own.step(b':')?;
            own.blank();
            own.value(depth, wanted)
        })
    }

    fn value(&mut self, depth: usize, wanted: Option<T>) -> Option<()> {
        match self.text.get(self.at)? {
            b'{' | b'[' if wanted.is_some() || depth == DEEPEST => None,
            b'{' => self.object(depth + 1, &mut |_| Some(None)),
            b'[' => self.list(*b"[]", |own| own.value(depth + 1, None)),
            b'"' => {
                self.at += 1;
                self.plain(wanted, true, |text, at| {
                    text_end(text, at).filter(|end| text.get(*end) == Some(&b'"'))
                })?;
                self.step(b'"')
            }
            _ if wanted.is_some() => self.plain(wanted, false, number_end),
            _ => self.plain(wanted, false, bare_end),
        }
    }

    fn plain(
        &mut self,
        wanted: Option<T>,
        is_text: bool,
        end: impl Fn(&[u8], usize) -> Option<usize>,
    ) -> Option<()> {
        if self.found.len() == MOST_VALUES {
            return None;
        }
        self.found.push((Literal::new(&self.text[self.literal..self.at]), wanted, is_text));
        self.at = end(self.text, self.at)?;
        self.literal = self.at;
        Some(())
    }

    fn finish(self) -> Template<T> {
        let last = Literal::new(&self.text[self.literal..]);
        let mut starts = Vec::new();
        let mut members: Vec<Member<T>> = Vec::new();
        for (before, wanted, is_text) in self.found {
            starts.push(before);
            members.push(Member { wanted, is_text, behind: last.clone() });
        }
        for (member, before) in members.iter_mut().zip(starts.iter().skip(1)) {
            member.behind = before.clone();
        }
        Template::new(starts.into_iter().next().unwrap_or(last), members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::json;
    use proptest::prelude::*;

    const NAMES: [(&str, Option<usize>); 3] = [("a", Some(0)), ("b", Some(1)), ("c", None)];

    /// The wanted values of an object, by a template of another one; `None` where it is not spelled so.
    fn read<'t>(template: &Template<usize>, text: &'t str) -> Option<[Option<&'t str>; 2]> {
        let (mut found, mut between, mut quotes) = ([None, None], [None, None], Quotes::default());
        let fits = template
            .each_wanted(text.as_bytes(), |wanted, from, to| found[wanted] = Some(&text[from..to]))
            .then_some(found);
        if quotes.note(text.as_bytes()) {
            for behind in ["", "\"}", "and more than is compared at once, as a block has it"] {
                let padded = format!("{text}{behind}");
                let is_same = template.each_wanted_between(
                    padded.as_bytes(),
                    text.len(),
                    &quotes,
                    |wanted, from, to| {
                        between[wanted] = text.get(from..to);
                    },
                );
                assert_eq!(is_same.then_some(between), fits, "{text}");
            }
        }
        fits
    }

    fn learned(text: &str) -> Option<Template<usize>> {
        Template::learn(text.as_bytes(), &NAMES)
    }

    #[test]
    fn objects_with_the_same_members_are_spelled_alike() {
        let template = learned(r#" {"x":{"a":[1,"y"]}, "b":"one","c":null,"a":-1.5e3}"#).unwrap();
        let other = " {\"x\":{\"a\":[true,\"\u{e4}\"]}, \"b\":\"\",\"c\":7,\"a\":0}";
        assert_eq!(read(&template, other), Some([Some("0"), Some("")]));
        for off in [
            r#" {"x":{"a":[1,"y"]}, "b":"one","c":null,"a":01}"#,
            r#" {"x":{"a":[1,"y"]}, "b":"one","c":null,"a":null}"#,
            r#" {"x":{"a":[1,"y"]}, "b":"o\\ne","c":null,"a":1}"#,
            r#" {"x":{"a":[1,"y"]}, "b":"one","c":nul,"a":1}"#,
            r#" {"x":{"a":[1,"y"]}, "b":"one","c":"","a":1}"#,
            r#" {"x":{"a":[1,"y"]}, "b":"one","c":null,"a":1} "#,
            r#" {"x":{"a":[1,"y"]}, "b":"one","c":null,"a":1"#,
        ] {
            assert_eq!(read(&template, off), None, "{off}");
        }
    }

    #[test]
    fn texts_of_any_length_are_found_from_both_ends() {
        for (first, last) in (0..200).flat_map(|first| [0, 1, 63, 64, 65, 200].map(|last| (first, last))) {
            let text = format!(r#"{{"a":"{}","x":"","b":"{}"}}"#, "o".repeat(first), "i".repeat(last));
            let template = learned(&text).unwrap();
            let found = read(&template, &text).unwrap().map(|own| own.map(str::len));
            assert_eq!(found, [Some(first), Some(last)]);
            assert_eq!(read(&template, &text.replace("\"x\":\"\"", "\"x\":\"\",\"x\":\"\"")), None);
        }
    }

    #[test]
    fn what_is_ambiguous_or_escaped_is_not_learned() {
        for text in [
            r#"{"a":1,"a":2}"#,
            r#"{"c":1,"c":2}"#,
            r#"{"a":null}"#,
            r#"{"a":[1]}"#,
            r#"{"a":"\n"}"#,
            r#"{"\u0061":1}"#,
            r#"{"a":1}}"#,
            r#"{"a":1"#,
            r#"{"a" 1}"#,
            r#"[]"#,
            r#"{"x":[[[[[[[[[[1]]]]]]]]]]}"#,
        ] {
            assert_eq!(learned(text), None, "{text}");
        }
        let many = |values: usize| format!("{{\"x\":[{}]}}", vec!["1"; values].join(","));
        assert!(learned(&many(MOST_VALUES)).is_some());
        assert_eq!(learned(&many(MOST_VALUES + 1)), None);
        assert!(learned(r#"{"x":1,"x":2,"c":[{"a":1,"a":2}]}"#).is_some());
    }

    #[test]
    fn literals_of_any_length_are_compared_to_their_last_byte() {
        for length in 0..70 {
            let text = format!("{{\"{}\":1,\"a\":\"x\"}}", "k".repeat(length));
            let template = learned(&text).unwrap();
            for padding in ["", "and some more that is not looked at, as a block has it"] {
                for at in 0..text.len() {
                    let mut other = text.clone().into_bytes();
                    other[at] = b'~';
                    other.extend(padding.bytes());
                    let is_value = text.as_bytes()[at] == b'x';
                    let end = template.start.end(&other, 0).and_then(|at| {
                        template.members.iter().try_fold(at, |at, own| {
                            own.value_end(&other, at).and_then(|end| own.behind.end(&other, end))
                        })
                    });
                    assert_eq!(end, is_value.then_some(text.len()), "{text} {at}");
                }
            }
        }
    }

    /// JSON and what is nearly so.
    fn texts() -> impl Strategy<Value = String> {
        let value = prop::sample::select(vec![
            "1",
            "-0.5",
            "1e9",
            "01",
            "1.",
            "-",
            "\"x\"",
            "\"\"",
            "\"\u{e4} and more text\"",
            "\"more than 64 bytes of text, so that quotes are looked for in words further on\"",
            "\"\\n\"",
            "\"\u{7f}\"",
            "\"\t\"",
            "null",
            "true",
            "nil",
            "{}",
            "[]",
            "{\"a\":1}",
            "[1,2]",
            "[1,]",
            "",
        ]);
        let member = (prop::sample::select(vec!["a", "b", "c", "x", "\\u0061"]), value)
            .prop_map(|(name, value)| format!("\"{name}\":{value}"));
        let blank = prop::sample::select(vec!["", "", "", " ", "\n"]);
        (prop::collection::vec(member, 0..5), blank)
            .prop_map(|(members, blank)| format!("{{{}}}{blank}", members.join(&format!("{blank},"))))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

        /// A reader of any JSON sees the same, in what was learned and in what is held against it.
        #[test]
        fn what_fits_is_what_any_reader_sees(first in texts(), second in texts(), at: prop::sample::Index, byte: u8) {
            let Some(template) = learned(&first) else { return Ok(()) };
            let mut changed = first.clone().into_bytes();
            let at = at.index(changed.len());
            changed[at] = byte;
            for text in [first.clone(), second, String::from_utf8_lossy(&changed).into_owned()] {
                if let Some(found) = read(&template, &text) {
                    let picked = json::pick(&["a", "b", "c"], text.as_bytes());
                    prop_assert!(picked.is_ok(), "{} {:?}", text, picked);
                    let [a, b, _] = picked.unwrap();
                    let plain = |value: Option<&serde_json::value::RawValue>| value.map(|own| own.get().trim_matches('"').to_owned());
                    prop_assert_eq!(found.map(|own| own.map(str::to_owned)), [plain(a), plain(b)], "{}", text);
                }
            }
            prop_assert!(read(&template, &first).is_some());
        }

        #[test]
        fn a_text_ends_where_its_first_quote_backslash_or_control_is(text in prop::collection::vec(any::<u8>(), 0..40)) {
            let end = text.iter().position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\');
            let expected = end.filter(|&end| std::str::from_utf8(&text[..end]).is_ok());
            prop_assert_eq!(text_end(&text, 0), expected);
        }

        #[test]
        fn numbers_are_those_of_json(text in "-?[0-9]{0,3}(\\.[0-9]{0,2})?([eE][+-]?[0-9]{0,2})?x?") {
            let is_all = number_end(text.as_bytes(), 0) == Some(text.len());
            prop_assert_eq!(is_all, serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok());
        }
    }
}
