//! Which files reach which others, through which items.

use super::modules::Modules;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How many imports may lead from a name to its item: those of a circle of imports would never end.
const MOST_IMPORTS: usize = 16;

/// What a path leads to.
enum Target {
    Module(usize),
    /// An item, in the module that defines it.
    Item(usize, String),
}

/// By file: the files that it reaches, and the items that it reaches there.
pub struct Graph(BTreeMap<String, BTreeMap<String, BTreeSet<String>>>);

impl Graph {
    pub fn of(modules: &Modules) -> Self {
        let mut graph = Self(BTreeMap::new());
        for (at, module) in modules.0.iter().enumerate() {
            for import in &module.imports {
                let all_of_it = import.name.is_none();
                let (to, item) = match modules.find(at, &import.path, all_of_it, MOST_IMPORTS) {
                    Some(Target::Item(to, item)) => (to, item),
                    Some(Target::Module(to)) if all_of_it => (to, "*".to_owned()),
                    _ => continue,
                };
                if !(import.exported && modules.holds(at, to)) {
                    graph.insert(modules, at, to, item);
                }
            }
            for path in &module.paths {
                if let Some(Target::Item(to, item)) = modules.find(at, path, false, MOST_IMPORTS) {
                    graph.insert(modules, at, to, item);
                }
            }
        }
        graph
    }

    fn insert(&mut self, modules: &Modules, from: usize, to: usize, item: String) {
        let (from, to) = (&modules.0[from].file, &modules.0[to].file);
        if from != to {
            self.0.entry(from.clone()).or_default().entry(to.clone()).or_default().insert(item);
        }
    }

    /// Every group of files that all reach each other, with its shortest circle.
    pub fn circles(&self) -> Vec<String> {
        let mut open: Vec<(&str, Vec<&str>)> =
            self.0.keys().filter_map(|file| Some((file.as_str(), self.way(file, file)?))).collect();
        let mut groups = Vec::new();
        while let Some(&(first, _)) = open.first() {
            let is_with = |file: &str| self.way(first, file).is_some() && self.way(file, first).is_some();
            let (group, rest): (Vec<_>, Vec<_>) = open.into_iter().partition(|(file, _)| is_with(file));
            groups.push(self.describe(&group));
            open = rest;
        }
        groups
    }

    /// The shortest way of at least one step, with both its ends.
    fn way<'a>(&'a self, from: &'a str, to: &str) -> Option<Vec<&'a str>> {
        let mut ways = VecDeque::from([vec![from]]);
        let mut seen = BTreeSet::new();
        while let Some(way) = ways.pop_front() {
            for next in self.0.get(way[way.len() - 1]).into_iter().flat_map(BTreeMap::keys) {
                if !seen.insert(next) {
                    continue;
                }
                let way = [&way[..], &[next]].concat();
                if next == to {
                    return Some(way);
                }
                ways.push_back(way);
            }
        }
        None
    }

    /// The files of a group, given with the shortest circle of each.
    fn describe(&self, group: &[(&str, Vec<&str>)]) -> String {
        let files: Vec<&str> = group.iter().map(|(file, _)| *file).collect();
        let mut text = format!("{} files: {}\n", files.len(), files.join(", "));
        let shortest = group.iter().map(|(_, circle)| circle).min_by_key(|circle| circle.len());
        for step in shortest.into_iter().flat_map(|circle| circle.windows(2)) {
            text += &format!("    {}\n", self.describe_step(step[0], step[1]));
        }
        text
    }

    fn describe_step(&self, from: &str, to: &str) -> String {
        let items: Vec<&str> = self.0[from][to].iter().map(String::as_str).collect();
        format!("{from} -> {to} ({})", items.join(", "))
    }

    /// What reaches a later one of `layers`, and the files that are in none of them.
    pub fn against(&self, layers: &[&str]) -> Vec<String> {
        let layer = |file: &str| {
            let name = file.split('/').next().unwrap_or(file).trim_end_matches(".rs").to_owned();
            layers.iter().position(|layer| *layer == name)
        };
        let mut found = BTreeSet::new();
        // The root stands above all layers: it exports them.
        for (from, reached) in self.0.iter().filter(|(from, _)| *from != "lib.rs") {
            for to in reached.keys() {
                match (layer(from), layer(to)) {
                    (Some(own), Some(other)) if other <= own => {}
                    (Some(_), Some(_)) => _ = found.insert(self.describe_step(from, to)),
                    (None, _) => _ = found.insert(format!("{from} is in no layer")),
                    (_, None) => _ = found.insert(format!("{to} is in no layer")),
                }
            }
        }
        found.into_iter().collect()
    }
}

impl Modules {
    /// Whether one module lies in another, at whatever depth.
    fn holds(&self, outer: usize, inner: usize) -> bool {
        let mut parents = std::iter::successors(Some(inner), |&at| self.0[at].parent);
        parents.any(|at| at == outer)
    }

    /// What a path leads to that is written in the module `at`; `None` for what other crates define. Where a module
    /// and an item have one name, `to_module` says which of them is meant.
    fn find(&self, at: usize, path: &[String], to_module: bool, imports: usize) -> Option<Target> {
        let mut module = at;
        for (index, name) in path.iter().enumerate() {
            module = match name.as_str() {
                "crate" => 0,
                "self" => module,
                "super" => self.0[module].parent?,
                name => match self.look_up(module, name, to_module || index + 1 < path.len(), imports)? {
                    Target::Module(found) => found,
                    // What follows is a variant or an associated item.
                    item @ Target::Item(..) => return Some(item),
                },
            };
        }
        Some(Target::Module(module))
    }

    /// What a name stands for in a module: a child, an item of its own or what it imports.
    fn look_up(&self, at: usize, name: &str, to_module: bool, imports: usize) -> Option<Target> {
        let module = &self.0[at];
        let imports = imports.checked_sub(1)?;
        let child = module.children.get(name).map(|&child| Target::Module(child));
        let item = module.items.contains(name).then(|| Target::Item(at, name.to_owned()));
        let named = module.imports.iter().filter(|import| import.name.as_deref() == Some(name));
        let named = named.filter_map(|import| self.find(at, &import.path, to_module, imports));
        let all = module.imports.iter().filter(|import| import.name.is_none());
        let all = all.filter_map(|import| match self.find(at, &import.path, true, imports)? {
            Target::Module(other) => self.look_up(other, name, to_module, imports),
            Target::Item(..) => None,
        });
        let mut other = None;
        for target in child.into_iter().chain(item).chain(named).chain(all) {
            if matches!(target, Target::Module(_)) == to_module {
                return Some(target);
            }
            other.get_or_insert(target);
        }
        other
    }
}
