//! A page for people, before a format makes it its own: sections of tables, facts, sums, sentences and notices.
//!
//! Reports, estimates and what the doctor finds become a page once; [`text`](super::text) shows one on a screen,
//! [`markdown`](super::markdown) in a comment.

use super::Lang;
use std::borrow::Cow;

/// A page.
#[derive(Debug, Clone, Default)]
pub(crate) struct Page {
    /// What it is about, in a line.
    pub title: Option<String>,
    /// The same in a sentence of its own, for pages whose title is short; without a full stop.
    pub about: Option<String>,
    /// The language in which it speaks.
    pub lang: Lang,
    /// Whether an assumed price touched anything on it (R18).
    pub assumed: bool,
    /// How many threads may lay it out; where it is not stated, this one does.
    pub threads: usize,
    /// What it holds, from top to bottom.
    pub sections: Vec<Section>,
}

/// A part of a page that belongs together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Section {
    /// Its heading.
    pub title: Option<String>,
    /// Whether a format that can may show its heading alone, until a reader asks for more.
    pub folded: bool,
    /// What it holds, from top to bottom.
    pub blocks: Vec<Block>,
}

/// One thing in a section.
#[derive(Debug, Clone)]
pub(crate) enum Block {
    /// A sentence as important as a heading.
    Paragraph(String),
    /// Sentences or clauses, one below the other.
    Items(Vec<String>),
    /// A table.
    Table(Table),
    /// Names and values.
    Facts(Vec<(String, String)>),
    /// Amounts that add up.
    Sums(Sums),
    /// What a reader should know.
    Notices(Notices),
}

/// A table.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// The names of its columns.
    pub header: Vec<String>,
    /// Its rows, each with a cell for every column.
    pub rows: Vec<Vec<String>>,
    /// Which columns are numbers, and line up at the right.
    pub numbers: Vec<usize>,
    /// What gives way on a screen that is too narrow, the first of it first.
    #[cfg_attr(not(feature = "cli"), allow(dead_code, reason = "only a screen is short of room"))]
    pub yields: Vec<Yield>,
}

/// What a table does without on a screen that is too narrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Yield {
    /// The names behind the ids of this column.
    Shorten(usize),
    /// All of this column.
    LeaveOut(usize),
}

/// Amounts of one currency that add up.
#[derive(Debug, Clone)]
pub(crate) struct Sums {
    /// What each is, its amount, and what stands behind that: the currency, and the mark of an assumed price (R18).
    pub amounts: Vec<(String, (String, String))>,
    /// Whether the last of them is the one that counts.
    #[cfg_attr(not(feature = "cli"), allow(dead_code, reason = "a screen alone has bold letters"))]
    pub total_last: bool,
}

/// What a reader should know.
#[derive(Debug, Clone)]
pub(crate) struct Notices {
    /// Each with its code and what it says.
    pub notices: Vec<(&'static str, String)>,
    /// How many of them a screen has room for.
    #[cfg_attr(not(feature = "cli"), allow(dead_code, reason = "only a screen is short of room"))]
    pub room: Room,
}

/// How many notices a screen has room for.
#[cfg_attr(not(feature = "cli"), allow(dead_code, reason = "only a screen is short of room"))]
#[derive(Debug, Clone, Copy)]
pub(crate) enum Room {
    /// So many of each code.
    OfEachCode(usize),
    /// So many in all.
    InAll(usize),
}

impl Page {
    /// The page with every text of it as a format shows it. What stands on a page may come from an input, so no format
    /// lays one out before this.
    #[must_use]
    pub fn with_texts(mut self, as_shown: impl Fn(&str) -> Cow<'_, str>) -> Self {
        let show = |text: &mut String| {
            if let Cow::Owned(shown) = as_shown(text) {
                *text = shown;
            }
        };
        let Self { title, about, lang: _, assumed: _, threads: _, sections } = &mut self;
        title.iter_mut().chain(about).for_each(show);
        for Section { title, folded: _, blocks } in sections {
            title.iter_mut().for_each(show);
            blocks.iter_mut().for_each(|block| block.each_text(&show));
        }
        self
    }

    /// A page with a title in a language, and nothing else yet.
    pub fn titled(title: impl Into<String>, lang: Lang) -> Self {
        Self { title: Some(title.into()), lang, ..Self::default() }
    }
}

impl Section {
    /// A section under this heading.
    pub fn new(title: impl Into<String>, blocks: impl Into<Vec<Block>>) -> Self {
        Self { title: Some(title.into()), folded: false, blocks: blocks.into() }
    }

    /// A section without a heading.
    pub fn untitled(blocks: impl Into<Vec<Block>>) -> Self {
        Self { title: None, folded: false, blocks: blocks.into() }
    }
}

impl Block {
    fn each_text(&mut self, show: &impl Fn(&mut String)) {
        match self {
            Self::Paragraph(sentence) => show(sentence),
            Self::Items(items) => items.iter_mut().for_each(show),
            Self::Table(Table { header, rows, numbers: _, yields: _ }) => {
                header.iter_mut().chain(rows.iter_mut().flatten()).for_each(show);
            }
            Self::Facts(facts) => facts.iter_mut().for_each(|(name, value)| {
                show(name);
                show(value);
            }),
            Self::Sums(Sums { amounts, total_last: _ }) => {
                amounts.iter_mut().for_each(|(name, (amount, unit))| {
                    show(name);
                    show(amount);
                    show(unit);
                });
            }
            Self::Notices(Notices { notices, room: _ }) => {
                notices.iter_mut().for_each(|(_, message)| show(message));
            }
        }
    }

    /// A single sentence among items.
    pub fn item(text: impl Into<String>) -> Self {
        Self::Items(vec![text.into()])
    }

    /// A table with these columns.
    pub fn table<T: ToString>(header: &[T], rows: Vec<Vec<String>>, numbers: &[usize]) -> Self {
        let header = header.iter().map(ToString::to_string).collect();
        Self::Table(Table { header, rows, numbers: numbers.to_vec(), yields: Vec::new() })
    }

    /// The same, where it is a table, with what gives way on a screen that is too narrow.
    #[must_use]
    pub fn with_yields(self, yields: Vec<Yield>) -> Self {
        match self {
            Self::Table(table) => Self::Table(Table { yields, ..table }),
            other => other,
        }
    }
}
