//! An estimate as a comment: what a reader of a pull request needs, without its lines.

use super::{
    changes::{change_tables, coverage},
    facts, findings, notes_once,
    page::{accounts_table, connections_table, missing, scenario_cells},
};
use crate::{
    error::Result,
    estimate::{Changes, Estimate},
    write::{
        finding_words,
        page::{Block, Notices, Page, Room, Section},
        report::basis,
    },
};

/// The page that is a comment on an estimate.
pub(in crate::write) fn comment_of(estimate: &Estimate) -> Result<Page> {
    let catalog = &estimate.catalog;
    let prices = estimate.month.map_or("newest prices".into(), |month| format!("billing month {month}"));
    let about = format!("From {}, {prices}, {} in {}", estimate.source, catalog.name, catalog.currency);
    let mut sections = vec![scenarios(estimate)?];
    sections.push(match &estimate.changes {
        Some(planned) => changes(planned)?,
        None => costs(estimate)?,
    });
    sections.extend(missing(estimate));
    sections.extend(notices(estimate));
    sections.push(basis(facts(estimate), catalog));
    let page = Page::titled("VPC peering traffic, what if");
    Ok(Page { about: Some(about), assumed: estimate.assumed(), sections, ..page })
}

fn scenarios(estimate: &Estimate) -> Result<Section> {
    let header = if estimate.measured {
        ["scenario", "SLA", "payable", "difference", "raised hours"]
    } else {
        ["scenario", "SLA", "payable", "difference per month", "per year (x 12)"]
    };
    let mut rows = Vec::new();
    for scenario in &estimate.scenarios {
        rows.push(scenario_cells(estimate, scenario, header.len())?);
    }
    let about = estimate.scenarios.iter().map(|scenario| format!("{}: {}", scenario.name, scenario.about));
    Ok(Section::untitled([Block::table(&header, rows, &[2, 3, 4]), Block::Items(about.collect())]))
}

fn changes(changes: &Changes) -> Result<Section> {
    let [connections, accounts] = change_tables(changes)?;
    let rounding = Block::Paragraph("Per month, not rounded as a bill is:".into());
    Ok(Section::untitled([rounding, connections, Block::Paragraph(coverage(changes)), accounts]))
}

/// What accounts and connections cost in each scenario.
fn costs(estimate: &Estimate) -> Result<Section> {
    let mut blocks = vec![accounts_table(estimate, &["account, payable"])];
    blocks.extend(connections_table(estimate, &["connection"])?);
    Ok(Section::untitled(blocks))
}

/// What a reader should know before choosing, and what was found in the traffic.
fn notices(estimate: &Estimate) -> Option<Section> {
    let notes = notes_once(estimate).into_iter().map(|note| (note.code.as_str(), finding_words(note)));
    let findings = findings(estimate);
    let findings = findings.iter().map(|finding| (finding.code.as_str(), finding_words(finding)));
    let notices: Vec<_> = notes.chain(findings).collect();
    let room = Room::InAll(notices.len());
    (!notices.is_empty())
        .then(|| Section::new("Before choosing", [Block::Notices(Notices { notices, room })]))
}
