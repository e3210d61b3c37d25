//! Two exports of one connection, as both accounts make them, put together.

use crate::model::connection::{Bandwidth, Connection, End};
use std::fmt;

/// Lets `first` take what only `second` has; returns in what they differ.
pub(super) fn merge(first: &mut Connection, second: &Connection) -> Vec<String> {
    let mut differences = Differences::default();
    merge_end(&mut differences, "requester", &mut first.requester, &second.requester);
    merge_end(&mut differences, "accepter", &mut first.accepter, &second.accepter);
    differences.compare("link type", &first.link_type, &second.link_type);
    let bandwidth = |bandwidth: Bandwidth| match bandwidth {
        Bandwidth::Mbps(mbps) => format!("{mbps} Mbit/s"),
        Bandwidth::Unlimited => "unlimited".into(),
    };
    differences.compare("bandwidth", &bandwidth(first.bandwidth), &bandwidth(second.bandwidth));
    differences.fill("creation time", &mut first.created_at, second.created_at.as_ref());
    differences.fill("name", &mut first.name, second.name.as_ref());
    if let (Some(one), Some(other)) = (first.status, second.status)
        && one.never_active() != other.never_active()
    {
        differences.compare("status", &one.as_str(), &other.as_str());
    }
    // Otherwise the two exports are of other moments; which status is kept depends on neither order (R17).
    first.status = first.status.max(second.status);
    differences.0
}

fn merge_end(differences: &mut Differences, which: &str, first: &mut End, second: &End) {
    differences.compare(&format!("{which} account"), &first.account_id, &second.account_id);
    differences.compare(&format!("{which} region"), &first.region, &second.region);
    differences.fill(&format!("{which} VPC"), &mut first.vpc_id, second.vpc_id.as_ref());
    if first.cidrs.is_empty() {
        first.cidrs.clone_from(&second.cidrs);
    } else if !second.cidrs.is_empty() {
        let text = |end: &End| end.cidrs.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        differences.compare(&format!("{which} CIDR blocks"), &text(first), &text(second));
    }
}

/// In what two rows of a connection differ, in words.
#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn compare<T: PartialEq + fmt::Display>(&mut self, what: &str, first: &T, second: &T) {
        if first != second {
            self.0.push(format!("{what} {first} there, {second} here"));
        }
    }

    fn fill<T: PartialEq + Clone + fmt::Display>(
        &mut self,
        what: &str,
        first: &mut Option<T>,
        second: Option<&T>,
    ) {
        match (&first, second) {
            (Some(one), Some(other)) => self.compare(what, one, other),
            (None, Some(other)) => *first = Some(other.clone()),
            _ => {}
        }
    }
}
