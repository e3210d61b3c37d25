//! Lines grouped by columns (`--by`): polars finds the groups, the sums are our checked integers.

use crate::{
    catalog::PriceStatus,
    error::{Error, Result},
    model::{checked_add, money::Amount},
    rating::Line,
    report::Row,
};

/// Lines that share the values of some columns, summed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The values they share; all other columns are empty.
    pub key: Row,
    /// Bytes sent.
    pub bytes: u128,
    /// What they cost, exactly.
    pub amount: Amount,
    /// Hours with a record, counted per connection and sender.
    pub metered_hours: u64,
    /// Those of them that hold a change of link type.
    pub raised_hours: u64,
    /// What raising them cost, exactly.
    pub raised_amount: Amount,
    /// Whether an assumed price touched any of them.
    pub assumed: bool,
}

/// Sums lines of equal keys; `keys` has one row per line. Groups are sorted by their keys' columns.
pub(crate) fn group(lines: &[Line], keys: &[Row]) -> Result<Vec<Group>> {
    let mut groups = Vec::new();
    for members in members_of_groups(keys)? {
        let key = keys[members[0]].clone();
        groups.push(sum(key, members.iter().map(|&index| &lines[index]))?);
    }
    groups.sort_by(|a, b| a.key.cmp_by_columns(&b.key));
    Ok(groups)
}

fn sum<'a>(key: Row, lines: impl Iterator<Item = &'a Line>) -> Result<Group> {
    let mut group = Group {
        key,
        bytes: 0,
        amount: Amount::ZERO,
        metered_hours: 0,
        raised_hours: 0,
        raised_amount: Amount::ZERO,
        assumed: false,
    };
    for line in lines {
        checked_add(&mut group.bytes, line.bytes, "a group")?;
        group.amount = group.amount.checked_add(line.amount)?;
        group.metered_hours += line.metered_hours;
        group.raised_hours += line.raised_hours;
        group.raised_amount = group.raised_amount.checked_add(line.raised_amount)?;
        group.assumed |= line.price.status == PriceStatus::Assumed;
    }
    Ok(group)
}

/// Indices of the rows of each group.
#[cfg(feature = "dataframe")]
fn members_of_groups(keys: &[Row]) -> Result<Vec<Vec<usize>>> {
    crate::dataframe::group_rows(keys)
        .map_err(|error| Error::internal(format!("lines cannot be grouped: {error}")))
}

#[cfg(not(feature = "dataframe"))]
fn members_of_groups(_: &[Row]) -> Result<Vec<Vec<usize>>> {
    Err(Error::usage("--by needs a peerbill that is built with the feature `dataframe`"))
}
