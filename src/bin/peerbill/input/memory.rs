//! The memory that inputs take which are held as a whole.

use peerbill::{Error, ErrorKind};

/// A document may be this part of the memory: it is kept beside what is made of it.
const PART_OF_A_DOCUMENT: u64 = 8;
/// TOML makes far more of its bytes than other text does.
const PART_OF_TOML: u64 = 512;
/// What one row of a table takes until the traffic is read: as values, as a connection and in the inventory. A million
/// connections were measured to take 620 bytes each, and rows of nothing but faults no more.
const BYTES_OF_A_ROW: u64 = 1000;
/// What values of JSON take: a node of a map, a member of it, and an element of a list.
const BYTES_OF_AN_OBJECT: u64 = 640;
const BYTES_OF_A_MEMBER: u64 = 110;
const BYTES_OF_A_LIST: u64 = 144;
const BYTES_OF_AN_ELEMENT: u64 = 64;

/// The error of a document with which all of them take more memory than there is, in bytes.
pub fn too_much(name: &str, needed: u64, memory: u64) -> Error {
    let (needed, memory) = (shown(needed), shown(memory));
    let why = format!(
        "what is held as a whole takes {needed} of memory or more with it, and {memory} are allowed; state more with \
         --memory {needed}, or split it"
    );
    Error::unusable(ErrorKind::Input, name, why)
}

/// What a document may take until all is read: an estimate that errs on the side of more.
#[derive(Debug)]
pub struct Need {
    kind: TextKind,
    size: u64,
    /// Line ends of either kind, of which one ends a row.
    line_ends: [u64; 2],
    /// What values of JSON take, in bytes.
    tree: u64,
    in_text: bool,
    is_escaped: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TextKind {
    Toml,
    Json,
    Table,
    /// Not seen yet: nothing but blanks came.
    Open,
}

impl Need {
    /// Of a document of this role and name, of which nothing was seen yet.
    pub fn of(role: &str, name: &str) -> Self {
        let is_toml = role == "plan" || name.ends_with(".toml");
        let kind = if is_toml { TextKind::Toml } else { TextKind::Open };
        Self { kind, size: 0, line_ends: [0; 2], tree: 0, in_text: false, is_escaped: false }
    }

    /// The text itself may be this part of the memory.
    pub fn part(&self) -> u64 {
        if self.kind == TextKind::Toml { PART_OF_TOML } else { PART_OF_A_DOCUMENT }
    }

    /// Adds more of the text.
    pub fn add(&mut self, text: &[u8]) {
        self.size += text.len() as u64;
        if self.kind == TextKind::Open {
            let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text).trim_ascii_start();
            self.kind = match text.first() {
                None => TextKind::Open,
                Some(b'{' | b'[') => TextKind::Json,
                Some(_) => TextKind::Table,
            };
        }
        match self.kind {
            TextKind::Json => text.iter().for_each(|byte| self.add_json(*byte)),
            _ => {
                for (count, end) in self.line_ends.iter_mut().zip(*b"\n\r") {
                    *count += memchr::memchr_iter(end, text).count() as u64;
                }
            }
        }
    }

    fn add_json(&mut self, byte: u8) {
        match byte {
            _ if self.is_escaped => self.is_escaped = false,
            b'\\' if self.in_text => self.is_escaped = true,
            b'"' => self.in_text = !self.in_text,
            _ if self.in_text => {}
            b'{' => self.tree += BYTES_OF_AN_OBJECT,
            b':' => self.tree += BYTES_OF_A_MEMBER,
            b'[' => self.tree += BYTES_OF_A_LIST,
            b',' => self.tree += BYTES_OF_AN_ELEMENT,
            _ => {}
        }
    }

    /// All that it takes, in bytes.
    pub fn bytes(&self) -> u64 {
        let [line_feeds, carriage_returns] = self.line_ends;
        let rows = line_feeds.max(carriage_returns) * BYTES_OF_A_ROW;
        let further = if self.kind == TextKind::Toml { 0 } else { self.tree + rows };
        (self.size * self.part()).max(self.size + further)
    }
}

const UNITS: [(&str, u32); 12] = [
    ("kib", 10),
    ("mib", 20),
    ("gib", 30),
    ("tib", 40),
    ("kb", 10),
    ("mb", 20),
    ("gb", 30),
    ("tb", 40),
    ("k", 10),
    ("m", 20),
    ("g", 30),
    ("t", 40),
];

/// A size as people write it, in bytes: a whole number and a unit, each 1024 times the one before; bytes without one.
pub fn bytes_of(size: &str) -> Option<u64> {
    let size = size.trim().to_ascii_lowercase();
    let unit = UNITS.iter().find_map(|(unit, shift)| Some((size.strip_suffix(unit)?, *shift)));
    let (number, shift) = unit.unwrap_or((size.strip_suffix('b').unwrap_or(&size), 0));
    let number: u64 = number.trim().parse().ok()?;
    number.checked_mul(1 << shift).filter(|bytes| *bytes > 0)
}

/// A size as it is stated, rounded up.
fn shown(bytes: u64) -> String {
    let (unit, shift) = match bytes {
        0..0x10_0000 => ("KiB", 10),
        0x10_0000..0x1_0000_0000 => ("MiB", 20),
        _ => ("GiB", 30),
    };
    format!("{}{unit}", bytes.div_ceil(1 << shift))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them_and_shown_rounded_up() {
        for (size, bytes) in
            [("4GiB", 4 << 30), ("4 g", 4 << 30), ("512MB", 512 << 20), ("1024", 1024), ("7b", 7)]
        {
            assert_eq!(bytes_of(size), Some(bytes), "{size}");
        }
        for size in ["", "0", "-1", "1.5GiB", "GiB", "99999999999TiB", "4 PiB"] {
            assert_eq!(bytes_of(size), None, "{size}");
        }
        assert_eq!([1, (4 << 30) - 1, (4 << 30) + 1].map(shown), ["1KiB", "4096MiB", "5GiB"]);
    }

    #[test]
    fn what_stands_within_text_of_json_is_no_value() {
        let tree = |text: &str| {
            let mut need = Need::of("connections", "list.json");
            text.as_bytes().chunks(3).for_each(|part| need.add(part));
            need.tree
        };
        assert_eq!(tree(r#"{"a,[{\"":"[[{,"}"#), BYTES_OF_AN_OBJECT + BYTES_OF_A_MEMBER);
        assert_eq!(tree(" [1,[]]"), 2 * BYTES_OF_A_LIST + BYTES_OF_AN_ELEMENT);
    }
}
