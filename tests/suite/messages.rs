//! The library says what is wrong; what its arguments are called is known to the program, and to `src/write/`, which puts
//! remedies into words. No other text of the library names one.

use std::{
    fs,
    path::{Path, PathBuf},
};
use syn::{
    Attribute, ImplItem, Item, LitStr, Macro, Meta,
    buffer::{Cursor, TokenBuffer},
    visit::{self, Visit},
};

/// Where the program's arguments are known.
const EXEMPT: [&str; 2] = ["src/bin", "src/write"];

#[test]
fn no_message_of_the_library_names_an_argument_of_the_program() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for file in source_files(&root.join("src")) {
        let name = file.strip_prefix(root).expect("it lies there").to_string_lossy().into_owned();
        if EXEMPT.iter().any(|folder| name.starts_with(folder)) {
            continue;
        }
        let text = fs::read_to_string(&file).expect("a source file");
        let naming = texts_of(&text).into_iter().filter(|literal| names_an_argument(literal));
        found.extend(naming.map(|literal| format!("{name}:{}: {literal}", line_of(&text, &literal))));
    }
    assert!(found.is_empty(), "use a `Remedy`, or `Error::setting`:\n\n{}\n", found.join("\n"));
}

/// The source files of a folder, sorted.
pub fn source_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(source_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Whether `--` and a letter stand in it at the beginning of a word.
fn names_an_argument(literal: &str) -> bool {
    literal.match_indices("--").any(|(at, dashes)| {
        let before = literal[..at].chars().next_back();
        let after = literal[at + dashes.len()..].chars().next();
        after.is_some_and(|letter| letter.is_ascii_lowercase())
            && before.is_none_or(|before| !before.is_alphanumeric() && before != '-')
    })
}

/// The line on which a literal begins, counted from 1.
fn line_of(text: &str, literal: &str) -> usize {
    text.find(literal).map_or(0, |at| text[..at].matches('\n').count() + 1)
}

/// The literals of a source file, as they are written, without those of its tests and documentation.
fn texts_of(text: &str) -> Vec<String> {
    let mut literals = Literals(Vec::new());
    literals.visit_file(&syn::parse_file(text).expect("a source file that compiles"));
    literals.0
}

struct Literals(Vec<String>);

impl Literals {
    /// Those among the tokens of a macro or an attribute.
    fn take_tokens(&mut self, mut at: Cursor<'_>) {
        while let Some((_, next)) = at.token_tree() {
            if let Some((literal, _)) = at.literal() {
                self.0.push(literal.to_string());
            } else if let Some((inside, ..)) = at.any_group() {
                self.take_tokens(inside);
            }
            at = next;
        }
    }
}

impl<'a> Visit<'a> for Literals {
    fn visit_item(&mut self, item: &'a Item) {
        let attributes: &[Attribute] = match item {
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Mod(item) => &item.attrs,
            _ => &[],
        };
        if !is_for_tests(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'a ImplItem) {
        let is_test = matches!(item, ImplItem::Fn(item) if is_for_tests(&item.attrs));
        if !is_test {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_attribute(&mut self, attribute: &'a Attribute) {
        match &attribute.meta {
            _ if attribute.path().is_ident("doc") => {}
            Meta::List(list) => self.take_tokens(TokenBuffer::new2(list.tokens.clone()).begin()),
            _ => visit::visit_attribute(self, attribute),
        }
    }

    fn visit_macro(&mut self, call: &'a Macro) {
        self.take_tokens(TokenBuffer::new2(call.tokens.clone()).begin());
    }

    fn visit_lit_str(&mut self, literal: &'a LitStr) {
        self.0.push(literal.token().to_string());
    }
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    let is_cfg_test = |attribute: &Attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string() == "test")
    };
    attributes.iter().any(is_cfg_test)
}

#[test]
fn literals_are_found_wherever_they_stand() {
    let text = r##"
        //! See --docs.
        /// See --docs.
        const A: &str = "see --const";
        #[error("see --attribute")]
        struct Bad;
        impl Bad { fn f() { let x = format!("a {}", g(&["--macro"])); h(r#"--raw"#, "a--b", "--{x}", "--- -x"); } }
        #[cfg(test)]
        mod tests { const B: &str = "--test"; }
    "##;
    let found: Vec<String> =
        texts_of(text).into_iter().filter(|literal| names_an_argument(literal)).collect();
    assert_eq!(found, ["\"see --const\"", "\"see --attribute\"", "\"--macro\"", "r#\"--raw\"#"]);
    assert_eq!(line_of(text, &found[1]), 5);
}
