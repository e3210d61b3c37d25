//! Plain lines, read in the fast way by a layout: every byte of them is verified. Objects within an array are lines as well.
//!
//! What is plain, and whose id is then known, [`RowReader`](super::lines::RowReader) reads the same; all else goes there.
//! A layout says which column holds what, and what separates them. How fields are spelled, with or without quotes, in how
//! many bytes, is remembered from line to line: most often the next one is alike.

use super::{
    columns::{ObjectLayout, ObjectPlace, PlainLayout, RecordKind, Role, RowLayout},
    fields::{DIGITS, IdLength, Instants, LONGEST_ID, ShortId, number},
};
use crate::{
    error::Result,
    model::{time::Timestamp, usage::Sender},
    read::{
        alike::{Member, Template},
        record::Observation,
        rows::LONGEST_ROW,
    },
};
use std::ops::Range;
use wide::u8x16;

/// Bytes that a block must have behind its last line, so that any line of the native columns can be looked at as a whole.
pub(crate) const PADDING: usize = 192;

/// What a plain line says.
#[derive(Debug, Clone)]
pub(crate) struct PlainLine {
    pub timestamp: Timestamp,
    pub id: ShortId,
    pub sender: Sender,
    pub bytes: u64,
    /// Length of the line with its end.
    pub length: usize,
    /// Where the id stands in its line, if it is not short, and how long it is.
    id_at: (usize, usize),
}

impl PlainLine {
    /// Says nothing yet.
    pub const EMPTY: Self = Self {
        timestamp: Timestamp::EPOCH,
        id: ShortId::NONE,
        sender: Sender::Requester,
        bytes: 0,
        length: 0,
        id_at: (0, 0),
    };

    /// The range of its id in the text, where that is a long one and the line starts at `start`.
    pub fn long_id(&self, start: usize) -> Option<Range<usize>> {
        let (at, length) = self.id_at;
        self.id.is_digest().then_some(start + at..start + at + length)
    }
}

/// How a sender is spelled: eight bytes, and under a mask the one behind them.
struct Spelled {
    sender: Sender,
    start: [u8; 8],
    mask: u8,
}

const SENDERS: [Spelled; 2] = [
    Spelled { sender: Sender::Requester, start: *b"requeste", mask: u8::MAX },
    Spelled { sender: Sender::Accepter, start: *b"accepter", mask: 0 },
];

/// Where a field stands, and whether quotes stand around its value.
#[derive(Clone, Copy)]
struct Field {
    at: usize,
    is_quoted: bool,
    is_last: bool,
}

impl Field {
    /// Where its value starts.
    #[inline]
    fn value(self) -> usize {
        self.at + usize::from(self.is_quoted)
    }
}

/// Reads plain lines.
#[derive(Debug)]
pub(crate) struct PlainReader {
    separator: u8,
    instants: Instants,
    id_length: IdLength,
    /// Whether any id was not short.
    met_long_ids: bool,
    /// Whether quotes stand around ids, senders and numbers.
    quoted_ids: bool,
    quoted_senders: bool,
    quoted_bytes: bool,
}

impl PlainReader {
    fn new() -> Self {
        Self {
            separator: b',',
            instants: Instants::new(),
            id_length: IdLength::new(0),
            met_long_ids: false,
            quoted_ids: false,
            quoted_senders: false,
            quoted_bytes: false,
        }
    }

    /// Whether values other than times had quotes around them in the last lines.
    fn meets_quotes(&self) -> bool {
        self.quoted_ids || self.quoted_senders || self.quoted_bytes
    }

    /// Reads the line at `start`, if that is a plain one, into `plain`, which means nothing otherwise.
    ///
    /// The fields are written one by one, straight to where they stay: a copy would wait for them. `NATIVE` is the order
    /// of the native columns without quotes: the same, in fewer steps.
    #[inline]
    fn read<const NATIVE: bool>(
        &mut self,
        text: &[u8],
        start: usize,
        roles: &[Role],
        plain: &mut PlainLine,
    ) -> Option<()> {
        if NATIVE {
            // How long it is is known here, so that most places need not be looked up in it with care.
            let line: &[u8; PADDING] = text.get(start..)?.first_chunk()?;
            let at = self.field::<NATIVE>(line, 0, Role::Start, false, plain)?;
            let at = self.field::<NATIVE>(line, at, Role::ConnectionId, false, plain)?;
            let at = self.field::<NATIVE>(line, at, Role::Sender, false, plain)?;
            plain.length = self.field::<NATIVE>(line, at, Role::Bytes, true, plain)?;
            return Some(());
        }
        let (line, mut at) = (text.get(start..)?, 0);
        for (index, &role) in roles.iter().enumerate() {
            at = self.field::<NATIVE>(line, at, role, index + 1 == roles.len(), plain)?;
        }
        plain.length = at;
        (plain.length <= LONGEST_ROW).then_some(())
    }

    /// Reads a field; returns where the next one, or the next line, begins.
    #[inline(always)]
    fn field<const NATIVE: bool>(
        &mut self,
        text: &[u8],
        at: usize,
        role: Role,
        is_last: bool,
        plain: &mut PlainLine,
    ) -> Option<usize> {
        let field = |is_quoted: bool| Field { at, is_quoted: !NATIVE && is_quoted, is_last };
        match role {
            Role::Start => {
                self.instants.read(text, at, self.separator)?;
                plain.timestamp = self.instants.timestamp;
                self.behind(text, at + self.instants.length, is_last)
            }
            Role::ConnectionId => match self.id(text, field(self.quoted_ids), plain) {
                None => self.other_id(text, at, is_last, plain),
                next => next,
            },
            Role::Sender => match self.sender(text, field(self.quoted_senders), plain) {
                None => self.other_sender(text, at, is_last, plain),
                next => next,
            },
            Role::Bytes => match self.bytes(text, field(self.quoted_bytes), plain) {
                None => self.other_bytes(text, at, is_last, plain),
                next => next,
            },
            Role::Further(count) => self.further(text, at, count, is_last),
        }
    }

    /// Where the next field begins, or the next line, behind a value and its quotes that end at `at`.
    #[inline(always)]
    fn behind(&self, text: &[u8], at: usize, is_last: bool) -> Option<usize> {
        let byte = *text.get(at)?;
        match is_last {
            false => (byte == self.separator).then_some(at + 1),
            true if byte == b'\r' => (*text.get(at + 1)? == b'\n').then_some(at + 2),
            true => (byte == b'\n').then_some(at + 1),
        }
    }

    /// As [`PlainReader::behind`], behind a value whose quotes were not looked at.
    #[inline(always)]
    fn behind_value(&self, text: &[u8], field: Field, end: usize) -> Option<usize> {
        if !field.is_quoted {
            return self.behind(text, end, field.is_last);
        }
        let has_quotes = *text.get(field.at)? == b'"' && *text.get(end)? == b'"';
        has_quotes.then(|| self.behind(text, end + 1, field.is_last)).flatten()
    }

    /// Reads an id that is as long as the last one.
    #[inline(always)]
    fn id(&self, text: &[u8], field: Field, plain: &mut PlainLine) -> Option<usize> {
        let start = field.value();
        let next = self.behind_value(text, field, start + self.id_length.bytes)?;
        self.id_value(text, start, plain)?;
        Some(next)
    }

    /// Reads the bytes at `start`, as many as the last id had.
    #[inline(always)]
    fn id_value(&self, text: &[u8], start: usize, plain: &mut PlainLine) -> Option<()> {
        if self.id_length.is_short() {
            plain.id = self.id_length.cut(text.get(start..)?.first_chunk()?);
        } else {
            let length = self.id_length.bytes;
            plain.id = ShortId::digest(text.get(start..start + length)?)?;
            plain.id_at = (start, length);
        }
        Some(())
    }

    /// Reads an id of another length, or with other quotes.
    #[cold]
    fn other_id(&mut self, text: &[u8], at: usize, is_last: bool, plain: &mut PlainLine) -> Option<usize> {
        self.quoted_ids = *text.get(at)? == b'"';
        let field = Field { at, is_quoted: self.quoted_ids, is_last };
        let value = text.get(field.value()..field.value() + LONGEST_ID + 2)?;
        let bytes = match (field.is_quoted, is_last) {
            (true, _) => memchr::memchr(b'"', value)?,
            (false, false) => memchr::memchr(self.separator, value)?,
            (false, true) => memchr::memchr2(b'\r', b'\n', value)?,
        };
        self.id_length = IdLength::new(bytes);
        self.met_long_ids |= !self.id_length.is_short();
        self.id(text, field, plain)
    }

    /// Reads a sender with quotes where the last one had none, or without.
    #[cold]
    fn other_sender(
        &mut self,
        text: &[u8],
        at: usize,
        is_last: bool,
        plain: &mut PlainLine,
    ) -> Option<usize> {
        self.quoted_senders = *text.get(at)? == b'"';
        self.sender(text, Field { at, is_quoted: self.quoted_senders, is_last }, plain)
    }

    /// Reads a number with quotes where the last one had none, or without.
    #[cold]
    fn other_bytes(&mut self, text: &[u8], at: usize, is_last: bool, plain: &mut PlainLine) -> Option<usize> {
        self.quoted_bytes = *text.get(at)? == b'"';
        self.bytes(text, Field { at, is_quoted: self.quoted_bytes, is_last }, plain)
    }

    /// Which sender it is, and how many digits a number has, is read without a branch that depends on it: which of them
    /// comes cannot be foreseen.
    #[inline(always)]
    fn sender(&self, text: &[u8], field: Field, plain: &mut PlainLine) -> Option<usize> {
        self.behind_value(text, field, Self::sender_value(text, field.value(), plain)?)
    }

    /// Reads the sender at `start`; returns where it ends.
    #[inline(always)]
    fn sender_value(text: &[u8], start: usize, plain: &mut PlainLine) -> Option<usize> {
        let value: &[u8; 9] = text.get(start..)?.first_chunk()?;
        let accepter = usize::from(value[0] != b'r');
        let spelled = &SENDERS[accepter];
        if value[..8] != spelled.start || (value[8] ^ b'r') & spelled.mask != 0 {
            return None;
        }
        plain.sender = spelled.sender;
        // Not looked up: where the next field starts waits for it.
        Some(start + b"requester".len() - accepter)
    }

    #[inline(always)]
    fn bytes(&self, text: &[u8], field: Field, plain: &mut PlainLine) -> Option<usize> {
        let value: &[u8; DIGITS] = text.get(field.value()..)?.first_chunk()?;
        let (bytes, digits) = number(value);
        if digits == 0 {
            return None;
        }
        plain.bytes = bytes;
        self.behind_value(text, field, field.value() + digits)
    }

    /// Reads the object at `start`, if it is spelled as `template` says, into `plain`, which means nothing otherwise.
    #[inline]
    fn read_object(
        &mut self,
        text: &[u8],
        start: usize,
        template: &Template<Role>,
        layout: &ObjectLayout,
        plain: &mut PlainLine,
    ) -> Option<()> {
        let line = text.get(start..)?;
        if let Some(sender) = layout.sender {
            plain.sender = sender;
        }
        let mut at = template.start.end(line, 0)?;
        for member in &template.members {
            at = self.member(line, at, member, layout, plain)?;
        }
        plain.length = match (layout.place, line.get(at)) {
            (ObjectPlace::Line, _) => at,
            (ObjectPlace::Array { .. }, Some(b',')) => at + 1,
            (ObjectPlace::Array { .. }, Some(b']')) => at,
            _ => return None,
        };
        (layout.place != ObjectPlace::Line || at <= LONGEST_ROW).then_some(())
    }

    /// Reads the value of a member and what stands behind it; returns where the next value begins.
    #[inline(always)]
    fn member(
        &mut self,
        text: &[u8],
        at: usize,
        member: &Member<Role>,
        layout: &ObjectLayout,
        plain: &mut PlainLine,
    ) -> Option<usize> {
        let end = match member.wanted {
            Some(Role::Start) => {
                self.instants.read(text, at, member.behind.first())?;
                // A number has no zero before its other digits, and no signs of a calendar.
                let is_number = || self.instants.is_epoch() && text[at] != b'0';
                if !(member.is_text || is_number()) {
                    return None;
                }
                plain.timestamp = self.instants.timestamp;
                at + self.instants.length
            }
            Some(Role::ConnectionId) => return self.id_member(text, at, member, plain),
            Some(Role::Sender) if member.is_text => Self::sender_value(text, at, plain)?,
            Some(Role::Bytes) => {
                let (bytes, digits) = number(text.get(at..)?.first_chunk()?);
                let is_number = digits > 0 && (member.is_text || digits == 1 || text[at] != b'0');
                if !is_number {
                    return None;
                }
                plain.bytes = bytes;
                if layout.place == ObjectPlace::Line { at + digits } else { behind_zeros(text, at + digits)? }
            }
            Some(Role::Sender) => return None,
            Some(Role::Further(_)) | None => member.value_end(text, at)?,
        };
        member.behind.end(text, end)
    }

    /// Reads an id, which is most often as long as the last one.
    #[inline(always)]
    fn id_member(
        &mut self,
        text: &[u8],
        at: usize,
        member: &Member<Role>,
        plain: &mut PlainLine,
    ) -> Option<usize> {
        let next = match member.behind.end(text, at + self.id_length.bytes) {
            Some(next) if member.is_text => next,
            _ => self.other_id_member(text, at, member)?,
        };
        self.id_value(text, at, plain)?;
        Some(next)
    }

    /// Where an id of another length ends; one that is no text is none.
    #[cold]
    fn other_id_member(&mut self, text: &[u8], at: usize, member: &Member<Role>) -> Option<usize> {
        let end = member.value_end(text, at).filter(|end| member.is_text && end - at <= LONGEST_ID)?;
        let next = member.behind.end(text, end)?;
        self.id_length = IdLength::new(end - at);
        self.met_long_ids |= !self.id_length.is_short();
        Some(next)
    }

    /// Passes over so many fields, none of which holds a line end, a quote within, or a NUL byte.
    #[inline]
    fn further(&self, text: &[u8], start: usize, count: usize, is_last: bool) -> Option<usize> {
        // Separators to pass; behind the last field of a row its line ends.
        let (mut left, mut at) = (count - usize::from(is_last), start);
        loop {
            let bytes = u8x16::new(*text.get(at..)?.first_chunk()?);
            let are = |byte: u8| bytes.simd_eq(u8x16::splat(byte)).to_bitmask();
            let (separators, stops) = (are(self.separator), are(b'"') | are(b'\n') | are(0));
            let mut before = separators & stops.wrapping_sub(1) & !stops;
            let passed = before.count_ones() as usize;
            if !is_last && passed >= left {
                (1..left).for_each(|_| before &= before - 1);
                return Some(at + before.trailing_zeros() as usize + 1);
            }
            left = left.checked_sub(passed)?;
            if stops != 0 {
                let stop = at + stops.trailing_zeros() as usize;
                let ends = is_last && left == 0 && text[stop] == b'\n';
                return if ends { Some(stop + 1) } else { self.each_further(text, start, count, is_last) };
            }
            at += size_of::<u8x16>();
        }
    }

    /// The same one by one, where one may have quotes.
    fn each_further(&self, text: &[u8], start: usize, count: usize, is_last: bool) -> Option<usize> {
        (1..=count).try_fold(start, |at, field| self.further_field(text, at, is_last && field == count))
    }

    fn further_field(&self, text: &[u8], at: usize, is_last: bool) -> Option<usize> {
        if *text.get(at)? == b'"' {
            let end = first_of(text, at + 1, b'"')?;
            return (*text.get(end)? == b'"').then(|| self.behind(text, end + 1, is_last)).flatten();
        }
        let end = first_of(text, at, self.separator)?;
        let ends_as = if is_last { b'\n' } else { self.separator };
        (*text.get(end)? == ends_as).then_some(end + 1)
    }
}

/// Where the decimals of a whole number end, which are zeros; most often it has one.
#[inline(always)]
fn behind_zeros(text: &[u8], at: usize) -> Option<usize> {
    if *text.get(at)? != b'.' {
        return Some(at);
    }
    let zeros = text[at + 1..].iter().take_while(|&&byte| byte == b'0').count();
    (zeros > 0).then_some(at + 1 + zeros)
}

/// The first byte from `at` on that is `stop`, a quote, a line feed or NUL.
#[inline]
fn first_of(text: &[u8], mut at: usize, stop: u8) -> Option<usize> {
    const ONES: u64 = u64::MAX / 0xFF;
    // The high bit of every byte that is zero, and of no other before the first of them.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & (ONES << 7);
    loop {
        let word = u64::from_le_bytes(*text.get(at..)?.first_chunk()?);
        let same = |byte: u8| zeros(word ^ (ONES * u64::from(byte)));
        let found = same(stop) | same(b'"') | same(b'\n') | zeros(word);
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
}

/// Who takes what a reader reads, in its order.
pub(crate) trait Taker {
    /// Takes a record, whatever it is.
    fn take_record(&mut self, observation: Observation<'_>) -> Result<()>;

    /// Takes records of `text` that `batch` has read, up to the first that is to be taken on its own.
    fn take_batch(&mut self, batch: &mut PlainBatch, read: PlainProgress, text: &[u8]) -> PlainProgress;
}

/// Takes every record on its own, by a function.
pub(crate) struct Each<F>(pub F);

impl<F: FnMut(Observation<'_>) -> Result<()>> Taker for Each<F> {
    fn take_record(&mut self, observation: Observation<'_>) -> Result<()> {
        self.0(observation)
    }

    fn take_batch(&mut self, batch: &mut PlainBatch, read: PlainProgress, _: &[u8]) -> PlainProgress {
        batch.taken(read, 0)
    }
}

/// So many spellings of objects are remembered at most.
const MOST_TEMPLATES: usize = 4;

/// So many lines are read at once at most.
pub(crate) const AT_ONCE: usize = 32;

/// Plain lines that are read before any of them is taken.
pub(crate) struct PlainBatch {
    reader: PlainReader,
    /// How the last objects were spelled, the last one first.
    templates: Vec<Template<Role>>,
    lines: Vec<PlainLine>,
    /// How many are read at once.
    at_once: usize,
}

/// How far plain lines were read or taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlainProgress {
    pub lines: usize,
    pub bytes: usize,
    /// Whether the line behind them must be read in the general way.
    pub stopped: bool,
}

impl PlainBatch {
    pub fn new() -> Self {
        let (reader, lines) = (PlainReader::new(), vec![PlainLine::EMPTY; AT_ONCE]);
        Self { reader, templates: Vec::new(), lines, at_once: AT_ONCE }
    }

    /// Begins lines of a layout, which need not be that of those before.
    pub fn begin(&mut self) {
        self.templates.clear();
    }

    /// How many of these lines, whose connections were found, are of those: `is_id_of` says of an id that was found by its
    /// digest whether it is that of this one.
    pub fn known(&self, padded: &[u8], connections: &[u32], is_id_of: impl Fn(&[u8], u32) -> bool) -> usize {
        if !self.reader.met_long_ids {
            return connections.len();
        }
        let mut at = 0;
        let is_another = |(line, &connection): (&PlainLine, &u32)| {
            let id = line.long_id(at);
            at += line.length;
            id.is_some_and(|id| !is_id_of(&padded[id], connection))
        };
        self.lines.iter().zip(connections).position(is_another).unwrap_or(connections.len())
    }

    /// The lines that were read last, of which as many mean something as [`PlainBatch::read`] said.
    pub fn lines(&self) -> &[PlainLine] {
        &self.lines
    }

    /// Reads some of the plain lines at the start of `padded`, which has [`PADDING`] bytes behind its `length`.
    pub fn read(&mut self, padded: &[u8], length: usize, layout: &PlainLayout) -> PlainProgress {
        let layout = match layout {
            PlainLayout::Row(layout) => layout,
            PlainLayout::Object(layout) => return self.read_objects(padded, length, layout),
        };
        self.reader.separator = layout.separator;
        if layout.is_native() && !self.reader.meets_quotes() {
            self.read_lines::<true>(padded, length, layout)
        } else {
            self.read_lines::<false>(padded, length, layout)
        }
    }

    fn read_lines<const NATIVE: bool>(
        &mut self,
        padded: &[u8],
        length: usize,
        layout: &RowLayout,
    ) -> PlainProgress {
        let whole_hours = layout.kind == RecordKind::MeteredHour;
        let (mut lines, mut at) = (0, 0);
        while lines < self.at_once && at < length {
            let plain = &mut self.lines[lines];
            let is_plain = self.reader.read::<NATIVE>(padded, at, &layout.roles, plain).is_some()
                && at + plain.length <= length
                && (!whole_hours || plain.timestamp.is_whole_hour());
            if !is_plain {
                return PlainProgress { lines, bytes: at, stopped: true };
            }
            at += plain.length;
            lines += 1;
        }
        PlainProgress { lines, bytes: at, stopped: false }
    }

    fn read_objects(&mut self, padded: &[u8], length: usize, layout: &ObjectLayout) -> PlainProgress {
        let (mut lines, mut at) = (0, 0);
        while lines < self.at_once && at < length {
            let is_plain = self.read_object(lines, padded, at, layout)
                || layout.place == ObjectPlace::Line
                    && self.learn_line(&padded[at..length], layout)
                    && self.read_object(lines, padded, at, layout);
            let plain = &self.lines[lines];
            if !is_plain || at + plain.length > length {
                return PlainProgress { lines, bytes: at, stopped: true };
            }
            at += plain.length;
            lines += 1;
        }
        PlainProgress { lines, bytes: at, stopped: false }
    }

    /// Reads an object into the line of this number, where it is spelled as one of the last ones.
    #[inline]
    fn read_object(&mut self, line: usize, padded: &[u8], at: usize, layout: &ObjectLayout) -> bool {
        let (reader, plain) = (&mut self.reader, &mut self.lines[line]);
        let mut read = |template| reader.read_object(padded, at, template, layout, plain).is_some();
        let found = self.templates.iter().position(&mut read);
        if let Some(place @ 1..) = found {
            self.templates.swap(0, place);
        }
        found.is_some()
    }

    #[cold]
    fn learn_line(&mut self, text: &[u8], layout: &ObjectLayout) -> bool {
        let end = memchr::memchr(b'\n', text).map_or(text.len(), |newline| newline + 1);
        end <= LONGEST_ROW && self.learn(&text[..end], layout)
    }

    /// Learns how an object is spelled; false where it is none that is read here, or spelled as the last ones.
    pub fn learn(&mut self, object: &[u8], layout: &ObjectLayout) -> bool {
        let Some(template) = Template::learn(object, &layout.members) else { return false };
        let has = |role| template.members.iter().any(|member| member.wanted == Some(role));
        let has_all = [Role::Start, Role::ConnectionId, Role::Bytes].into_iter().all(has);
        if !has_all || !(layout.sender.is_some() || has(Role::Sender)) {
            return false;
        }
        let in_text = layout.place == ObjectPlace::Array { in_text: true };
        let template = if in_text { template.escaped() } else { template };
        if self.templates.contains(&template) {
            return false;
        }
        self.templates.truncate(MOST_TEMPLATES - 1);
        self.templates.insert(0, template);
        true
    }

    /// So many of the lines that were read last were taken. What was read behind a line that was not taken is read
    /// again: where there are many such, less is read at a time.
    pub fn taken(&mut self, read: PlainProgress, taken: usize) -> PlainProgress {
        let all = taken == read.lines;
        self.at_once = if all { (self.at_once * 2).min(AT_ONCE) } else { 1 };
        if all {
            return read;
        }
        let bytes = self.lines[..taken].iter().map(|line| line.length).sum();
        PlainProgress { lines: taken, bytes, stopped: true }
    }
}
