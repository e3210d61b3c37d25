//! Addresses of resources: `module.a["key"].alicloud_vpc_peer_connection.b[0]`.

/// The names of the modules that an address lies in, without their instance keys; the rest of it.
///
/// Instance keys are text that may itself look like an address: `module.a["x.y"].module.b.alicloud_vpc.c[0]`.
pub(super) fn split_modules(address: &str) -> (Vec<String>, &str) {
    let mut modules = Vec::new();
    let mut rest = address;
    while let Some(after) = rest.strip_prefix("module.") {
        let end = after.find(['.', '[']).unwrap_or(after.len());
        modules.push(after[..end].to_owned());
        rest = skip_index(&after[end..]);
        rest = rest.strip_prefix('.').unwrap_or(rest);
    }
    (modules, rest)
}

/// The text after an instance key, `[0]` or `["a"]`, where it begins with one.
pub(super) fn skip_index(text: &str) -> &str {
    if !text.starts_with('[') {
        return text;
    }
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b']' if !quoted => return &text[at + 1..],
            _ => {}
        }
    }
    ""
}

/// `TYPE.NAME` of the last part of an address, without its instance key.
pub(super) fn without_index(resource: &str) -> &str {
    resource.split('[').next().unwrap_or(resource)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instance_keys_are_not_taken_for_addresses() {
        assert_eq!(split_modules("t.a[0]"), (vec![], "t.a[0]"));
        let (modules, rest) = split_modules(r#"module.a["x].module.y\"z"].module.b[1].t.c["k.l"]"#);
        assert_eq!((modules, rest), (vec!["a".into(), "b".into()], r#"t.c["k.l"]"#));
        assert_eq!(without_index(rest), "t.c");
        assert_eq!(split_modules("module.a[0]"), (vec!["a".into()], ""));
    }
}
