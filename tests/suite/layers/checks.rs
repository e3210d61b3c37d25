//! The check itself, on small crates.

use super::{graph::Graph, modules::Modules};

/// What the files of a crate reach; the first one is its root.
fn graph(files: &[(&str, &str)]) -> Graph {
    let text_of =
        |wanted: &str| files.iter().find(|(file, _)| *file == wanted).map(|(_, text)| (*text).to_owned());
    Graph::of(&Modules::read(files[0].0, &text_of))
}

fn circles(files: &[(&str, &str)]) -> Vec<String> {
    graph(files).circles()
}

/// `one.rs` holds [`ONE`] and `text`; `two.rs` imports from it. Whether they reach each other.
fn reaches_two(text: &str) -> bool {
    let one = format!("pub struct One; {text}");
    let two = "pub mod inner { pub struct Deep; } pub enum Two { A, B } pub const TWO: u8 = 2; pub fn two() {} \
               impl From<crate::one::One> for Two {}";
    let files = [
        (
            "lib.rs",
            "mod one; mod two; pub(crate) use two::two as renamed; mod all { pub use crate::two::*; }",
        ),
        ("one.rs", &*one),
        ("two.rs", two),
    ];
    !circles(&files).is_empty()
}

#[test]
fn imports_and_paths_reach_a_file() {
    for text in [
        "use crate::two::Two;",
        "use super::two::{self, inner::Deep};",
        "use crate::{two::Two::{A, B}};",
        "use crate::two::*;",
        "use crate::two::Two::*;",
        "pub use crate::two::two;",
        "use crate::renamed;",
        "use crate::all::TWO;",
        "use crate::two; fn f() -> u8 { two::TWO }",
        "use crate::two as other; struct S(Vec<other::Two>);",
        "fn f() { use super::two::Two; }",
        "fn f() { crate::two::two() }",
        "fn f() { let two = (); super::two::two() }",
        "fn f(x: u8) { match x { crate::two::TWO => {} _ => {} } }",
        "fn f() -> impl Iterator<Item = crate::two::Two> { g() }",
        "fn f() { println!(\"{}\", crate::two::TWO) }",
        "fn f() { assert!(matches!(g()..super::two::TWO, Some(_))); }",
        "macro_rules! m { () => { $crate::two::two() } }",
        "#[arg(value_parser = crate::two::two)] struct S;",
        "#[cfg(feature = \"x\")] use crate::two::Two;",
        "#[cfg(not(test))] use crate::two::Two;",
        "mod inside { fn f() { super::super::two::two() } }",
    ] {
        assert!(reaches_two(text), "{text}");
    }
}

#[test]
fn other_names_and_tests_do_not() {
    for text in [
        "use crate::two;",
        "use std::fmt; use two::Two; use ::two::TWO;",
        "fn f(two: u8) -> u8 { two.two() + self.two }",
        "fn f() { println!(\"{two}\", g().two) }",
        "#[cfg(test)] mod tests { use crate::two::*; }",
        "#[cfg(test)] use crate::two::Two;",
        "#[cfg(all(test, feature = \"x\"))] use crate::two::Two;",
        "impl One { #[cfg(test)] fn f() { crate::two::two() } }",
        "/// [`crate::two::Two`]\nfn f() {}",
    ] {
        assert!(!reaches_two(text), "{text}");
    }
}

#[test]
fn a_parent_may_export_its_children_but_not_use_them() {
    let with = |parent: &str| {
        let parent = format!("mod child; pub struct Own; {parent}");
        let child =
            "use super::Own; pub struct Child(Own); pub const CHILD: u8 = 0; pub fn child(own: Own) {}";
        circles(&[("lib.rs", "pub mod parent;"), ("parent/mod.rs", &*parent), ("parent/child.rs", child)])
    };
    for exported in [
        "pub use child::Child;",
        "pub(crate) use child::*;",
        "pub(super) use self::child::{Child, child};",
        // A variable of the same name.
        "pub use child::child; fn f() { let child = Own; g(child) }",
    ] {
        assert!(with(exported).is_empty(), "{exported}");
    }
    for used in [
        "use child::Child;",
        "pub use child::Child; fn f(child: &Child) {}",
        "pub use child::*; fn f() { let child = child(Own); }",
        "pub use child::child; fn f() { [Own].map(child) }",
        "pub use child::CHILD; fn f(x: u8) { match x { CHILD => {} _ => {} } }",
        "fn f() { child::child(Own) }",
    ] {
        assert_eq!(with(used).len(), 1, "{used}");
    }
}

#[test]
fn items_count_where_they_are_defined() {
    // `b.rs` and `a/row.rs` reach `a/mod.rs` in name alone.
    let mut files = vec![
        ("lib.rs", "pub mod a; pub mod b; pub use b::b;"),
        ("a/mod.rs", "mod row; pub use row::*; use crate::b; fn f() { b() }"),
        ("a/row.rs", "pub struct Row; impl Row { fn row(&self) -> crate::a::Row { Self } }"),
        ("b.rs", "use crate::a::Row; pub fn b() -> Row { Row::new() }"),
    ];
    assert_eq!(circles(&files), Vec::<String>::new());
    // Methods of an item in another file are none of its own file's.
    files[2] = ("a/row.rs", "mod methods; pub struct Row;");
    files.push(("a/row/methods.rs", "use super::Row; impl Row { fn row() { crate::b() } }"));
    assert_eq!(circles(&files), Vec::<String>::new());
}

#[test]
fn a_name_of_a_module_and_of_a_function_is_told_apart() {
    let files = [
        ("lib.rs", "mod report; mod rows; pub use report::report;"),
        (
            "report/mod.rs",
            "mod parts; use crate::rows::Rows; pub fn report(rows: Rows) {} pub use parts::Part;",
        ),
        ("report/parts.rs", "pub struct Part;"),
        ("rows.rs", "use crate::report; pub struct Rows(report::Part);"),
    ];
    // `use crate::report` imports the function as well.
    let circle = "2 files: report/mod.rs, rows.rs\n    report/mod.rs -> rows.rs (Rows)\n    rows.rs -> report/mod.rs (report)\n";
    assert_eq!(circles(&files), [circle]);
    let rows = ("rows.rs", "use crate::report::{self, Part}; pub struct Rows(report::Part);");
    assert_eq!(circles(&[files[0], files[1], files[2], rows]), Vec::<String>::new());
}

#[test]
fn each_group_is_shown_with_its_shortest_circle() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c; mod x; mod y; mod z;"),
        ("a.rs", "pub struct A1(crate::b::B); pub struct A2;"),
        ("b.rs", "pub struct B(crate::c::C);"),
        ("c.rs", "use super::a::{A1, A2}; use super::b::B; pub struct C(crate::x::X);"),
        ("x.rs", "pub struct X(crate::y::Y);"),
        ("y.rs", "pub struct Y(crate::x::X, super::z::Z);"),
        ("z.rs", "pub struct Z;"),
    ];
    let expected = [
        "3 files: a.rs, b.rs, c.rs\n    b.rs -> c.rs (C)\n    c.rs -> b.rs (B)\n",
        "2 files: x.rs, y.rs\n    x.rs -> y.rs (Y)\n    y.rs -> x.rs (X)\n",
    ];
    assert_eq!(circles(&files), expected);
}

#[test]
fn a_later_layer_is_not_reached() {
    let files = [
        ("lib.rs", "mod early; mod late; mod other; pub use late::Late;"),
        ("early/mod.rs", "pub mod part; pub struct Early(crate::Late);"),
        ("early/part.rs", "use super::Early;"),
        ("late.rs", "use crate::early::Early; pub struct Late;"),
        ("other.rs", "use crate::early::Early;"),
    ];
    let expected = ["early/mod.rs -> late.rs (Late)", "other.rs is in no layer"];
    assert_eq!(graph(&files).against(&["early", "late"]), expected);
}
