//! docs/dependencies.md names every dependency of Cargo.toml, with the features that it is used with, and no other.

use std::collections::{BTreeMap, BTreeSet};

/// Crate and features, as Cargo.toml has them: "default" where they are not turned off and none is named.
fn declared(manifest: &toml::Table) -> BTreeMap<String, String> {
    let dependencies = manifest["dependencies"].as_table().unwrap();
    let features = |value: &toml::Value| {
        let named = value.get("features").and_then(toml::Value::as_array).into_iter().flatten();
        let named: Vec<String> = named.map(|name| format!("`{}`", name.as_str().unwrap())).collect();
        let without_default =
            value.get("default-features").is_some_and(|value| value.as_bool() == Some(false));
        match (named.is_empty(), without_default) {
            (false, _) => named.join(", "),
            (true, true) => "none".into(),
            (true, false) => "default".into(),
        }
    };
    dependencies.iter().map(|(name, value)| (name.clone(), features(value))).collect()
}

#[test]
fn every_dependency_has_its_reason() {
    let root = env!("CARGO_MANIFEST_DIR");
    let manifest: toml::Table =
        std::fs::read_to_string(format!("{root}/Cargo.toml")).unwrap().parse().unwrap();
    let page = std::fs::read_to_string(format!("{root}/docs/dependencies.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| crate |"));
    let listed: BTreeMap<String, String> = rows
        .map(|row| {
            let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
            assert!(cells.len() == 4 && cells.iter().all(|cell| !cell.is_empty()), "{row}");
            (cells[0].to_owned(), cells[2].to_owned())
        })
        .collect();
    assert_eq!(listed, declared(&manifest));
    let for_tests: BTreeSet<&str> =
        manifest["dev-dependencies"].as_table().unwrap().keys().map(String::as_str).collect();
    for name in for_tests {
        assert!(page.contains(&format!("**{name}**")), "{name} is for tests, and not on the page");
    }
}
