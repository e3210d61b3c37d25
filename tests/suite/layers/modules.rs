//! The modules of a crate, as its source files write them.

use std::collections::{BTreeMap, BTreeSet};
use syn::{
    Attribute, Expr, ExprCall, Ident, ImplItem, Item, ItemUse, Macro, MetaList, PatIdent, UseTree,
    VisRestricted, Visibility,
    buffer::{Cursor, TokenBuffer},
    visit::{self, Visit},
};

/// A path as it is written, one name after the other: `crate`, `model`, `Money`.
pub type Written = Vec<String>;

/// A module, in a file of its own or inside its parent's.
#[derive(Default)]
pub struct Module {
    pub file: String,
    pub parent: Option<usize>,
    pub children: BTreeMap<String, usize>,
    /// What it defines.
    pub items: BTreeSet<String>,
    pub imports: Vec<Import>,
    /// What its code names, beside imports.
    pub paths: BTreeSet<Written>,
}

/// One name of a `use`.
pub struct Import {
    /// The name by which it is known here; `None` where all names are imported.
    pub name: Option<String>,
    pub path: Written,
    /// Whether others can see it: `pub use`, of any visibility.
    pub exported: bool,
}

/// The modules of a crate; the first one is its root.
pub struct Modules(pub Vec<Module>);

impl Modules {
    /// Reads the crate whose root is the file `root`, and what it says `mod` of; `text_of` gives the text of a file.
    pub fn read(root: &str, text_of: &dyn Fn(&str) -> Option<String>) -> Self {
        let items_of = |file: &str| {
            let text = text_of(file)?;
            Some(syn::parse_file(&text).unwrap_or_else(|why| panic!("{file} cannot be parsed: {why}")).items)
        };
        let mut all = Self(Vec::new());
        let items = items_of(root).unwrap_or_else(|| panic!("there is no file {root}"));
        all.add(None, root.to_owned(), "", items, &items_of);
        all
    }

    /// Adds a module of `file`, whose children lie in `folder`, and its children.
    fn add(
        &mut self,
        parent: Option<usize>,
        file: String,
        folder: &str,
        items: Vec<Item>,
        items_of: &dyn Fn(&str) -> Option<Vec<Item>>,
    ) -> usize {
        let at = self.0.len();
        self.0.push(Module { file: file.clone(), parent, ..Module::default() });
        for item in items.into_iter().filter(|item| !is_for_tests(head(item).0)) {
            let Item::Mod(module) = item else {
                self.0[at].items.extend(head(&item).1.map(Ident::to_string));
                Reader { module: &mut self.0[at], variables: Variables::of(&item) }.visit_item(&item);
                continue;
            };
            let name = module.ident.to_string();
            let inside = format!("{folder}{name}/");
            let (file, items) = module.content.map(|(_, items)| (file.clone(), items)).unwrap_or_else(|| {
                [format!("{folder}{name}.rs"), format!("{inside}mod.rs")]
                    .into_iter()
                    .find_map(|file| items_of(&file).map(|items| (file, items)))
                    .unwrap_or_else(|| panic!("there is no file of {folder}{name}"))
            });
            let child = self.add(Some(at), file, &inside, items, items_of);
            self.0[at].children.insert(name, child);
        }
        at
    }
}

/// The attributes of an item, and the name that it has in its module.
fn head(item: &Item) -> (&[Attribute], Option<&Ident>) {
    match item {
        Item::Const(item) => (&item.attrs, Some(&item.ident)),
        Item::Enum(item) => (&item.attrs, Some(&item.ident)),
        Item::Fn(item) => (&item.attrs, Some(&item.sig.ident)),
        Item::Impl(item) => (&item.attrs, None),
        Item::Macro(item) => (&item.attrs, item.ident.as_ref()),
        Item::Mod(item) => (&item.attrs, Some(&item.ident)),
        Item::Static(item) => (&item.attrs, Some(&item.ident)),
        Item::Struct(item) => (&item.attrs, Some(&item.ident)),
        Item::Trait(item) => (&item.attrs, Some(&item.ident)),
        Item::Type(item) => (&item.attrs, Some(&item.ident)),
        Item::Use(item) => (&item.attrs, None),
        _ => (&[], None),
    }
}

/// Whether an item is there in tests alone: `#[cfg(test)]`, `#[cfg(all(test, ...))]`.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).any(|attribute| {
        let Ok(list) = attribute.meta.require_list() else { return false };
        let words = paths_in(&TokenBuffer::new2(list.tokens.clone())).concat();
        let has = |wanted: &str| words.iter().any(|word| word == wanted);
        has("test") && !has("not") && !has("any")
    })
}

/// The paths among the tokens of a macro or an attribute, but no fields and no methods.
fn paths_in(tokens: &TokenBuffer) -> Vec<Written> {
    let mut found = Vec::new();
    collect_paths(tokens.begin(), &mut found);
    found
}

fn collect_paths(mut at: Cursor<'_>, found: &mut Vec<Written>) {
    let mut after_dot = false;
    while let Some((_, next)) = at.token_tree() {
        let mut is_dot = false;
        if let Some((name, mut rest)) = at.ident() {
            let mut path = vec![name.to_string()];
            while let Some((name, further)) = joined(rest) {
                path.push(name);
                rest = further;
            }
            found.extend((!after_dot).then_some(path));
            at = rest;
        } else {
            if let Some((inside, ..)) = at.any_group() {
                collect_paths(inside, found);
            }
            // The second dot of `..` is none before a field.
            is_dot = !after_dot && at.punct().is_some_and(|(sign, _)| sign.as_char() == '.');
            at = next;
        }
        after_dot = is_dot;
    }
}

/// The name that follows `::`.
fn joined(at: Cursor<'_>) -> Option<(String, Cursor<'_>)> {
    let (first, rest) = at.punct()?;
    let (second, rest) = rest.punct()?;
    let (name, rest) = rest.ident()?;
    (first.as_char() == ':' && second.as_char() == ':').then(|| (name.to_string(), rest))
}

/// Collects what an item imports and names.
struct Reader<'a> {
    module: &'a mut Module,
    /// What is named like one of these is no item, unless it is called.
    variables: Variables,
}

impl Reader<'_> {
    fn name(&mut self, path: Written) {
        let is_variable = path.len() == 1 && self.variables.0.contains(&path[0]);
        if !is_variable {
            self.module.paths.insert(path);
        }
    }

    fn name_all_in(&mut self, tokens: &TokenBuffer) {
        paths_in(tokens).into_iter().for_each(|path| self.name(path));
    }

    /// Imports what `tree` names inside `path`.
    fn import(&mut self, mut path: Written, tree: &UseTree, exported: bool) {
        let name = match tree {
            UseTree::Path(tree) => {
                path.push(tree.ident.to_string());
                return self.import(path, &tree.tree, exported);
            }
            UseTree::Group(group) => {
                return group.items.iter().for_each(|tree| self.import(path.clone(), tree, exported));
            }
            UseTree::Name(tree) => {
                path.push(tree.ident.to_string());
                // `module::{self}` imports the module by its own name.
                path.iter().rfind(|name| *name != "self").cloned()
            }
            UseTree::Rename(tree) => {
                path.push(tree.ident.to_string());
                Some(tree.rename.to_string())
            }
            UseTree::Glob(_) => None,
        };
        self.module.imports.push(Import { name, path, exported });
    }
}

impl<'a> Visit<'a> for Reader<'_> {
    fn visit_item(&mut self, item: &'a Item) {
        if !is_for_tests(head(item).0) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'a ImplItem) {
        if !matches!(item, ImplItem::Fn(function) if is_for_tests(&function.attrs)) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'a ItemUse) {
        if item.leading_colon.is_none() {
            self.import(Written::new(), &item.tree, !matches!(item.vis, Visibility::Inherited));
        }
    }

    /// `pub(in crate::meter)` says who may see an item, and reaches nothing.
    fn visit_vis_restricted(&mut self, _: &'a VisRestricted) {}

    fn visit_path(&mut self, path: &'a syn::Path) {
        if path.leading_colon.is_none() {
            self.name(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    /// What is called by its name alone is a function, also where a variable has the same name: `let x = x()`.
    fn visit_expr_call(&mut self, call: &'a ExprCall) {
        if let Expr::Path(function) = &*call.func {
            self.module.paths.extend(function.path.get_ident().map(|name| vec![name.to_string()]));
        }
        visit::visit_expr_call(self, call);
    }

    /// A pattern of one name may be a constant.
    fn visit_pat_ident(&mut self, pattern: &'a PatIdent) {
        self.name(vec![pattern.ident.to_string()]);
        visit::visit_pat_ident(self, pattern);
    }

    fn visit_macro(&mut self, call: &'a Macro) {
        self.name_all_in(&TokenBuffer::new2(call.tokens.clone()));
        visit::visit_macro(self, call);
    }

    fn visit_meta_list(&mut self, list: &'a MetaList) {
        self.name_all_in(&TokenBuffer::new2(list.tokens.clone()));
        visit::visit_meta_list(self, list);
    }
}

/// The names of an item's variables: patterns of one name that are no constants.
struct Variables(BTreeSet<String>);

impl Variables {
    fn of(item: &Item) -> Self {
        let mut all = Self(BTreeSet::new());
        all.visit_item(item);
        all
    }
}

impl<'a> Visit<'a> for Variables {
    fn visit_pat_ident(&mut self, pattern: &'a PatIdent) {
        let name = pattern.ident.to_string();
        self.0.extend(name.starts_with(|first: char| !first.is_ascii_uppercase()).then_some(name));
        visit::visit_pat_ident(self, pattern);
    }
}
