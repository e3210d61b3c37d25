//! `peerbill explain`.

use crate::{
    args::{ExplainArgs, ExplainFormat, offset_of},
    job::{self, Job},
    output::{self, Staged, Target},
    settings::{self, Open},
};
use peerbill::{
    Error, Result,
    explain::{AccountLines, Question, account_lines, explain},
    files,
    model::{
        id::unwrapped,
        time::{BillingMonth, Hour},
    },
    read::read_accounts,
    write::{self, Lang, in_shell},
};
use std::sync::Arc;

/// Explains a charge, or lists the lines of an account; true where records were quarantined.
pub fn run(mut args: ExplainArgs) -> Result<bool> {
    settings::fill(Open {
        traffic: Some(&mut args.traffic),
        pricing: Some(&mut args.pricing),
        offset: Some(&mut args.offset),
        accounts: Some(&mut args.accounts),
        language: Some(&mut args.language),
        ..Open::default()
    })?;
    let (targets, lang) = (args.to.targets()?, args.language.lang());
    let question = question(&args)?;
    let month = month_of(&args, question.as_ref())?;
    let mut job = Job::new(&args.traffic, &month, &args.offset, &args.to.output, &args.quarantine)?;
    let accounts = args.accounts.iter().map(String::as_str);
    job::inputs_of_traffic(&args.traffic, args.pricing.paths().chain(accounts))?;
    let catalog = files::load(&args.pricing.at_paths(), &mut job.metering.inputs)?;
    let accounts = args
        .accounts
        .as_deref()
        .map(|path| job.metering.inputs.one_document("accounts", path))
        .transpose()?;
    let accounts = accounts.map(|document| read_accounts(&document).map(Arc::new)).transpose()?;
    let (metered, sources) = job.meter_sources(&|region| catalog.check_region(region))?;
    let Some(question) = question else {
        let id = unwrapped(args.account.as_deref().unwrap_or_default());
        let lines = account_lines(&metered, &catalog, id, accounts)?;
        return job.finish(&metered, |quarantine| print_lines(&targets, &lines, lang, quarantine));
    };
    let explained = explain(&metered, &sources, &catalog, &question)?.with_accounts(accounts);
    job.finish(&metered, |quarantine| {
        output::print(&targets, quarantine, |target, output| match target.format {
            ExplainFormat::Text => write::text::explanation(&explained, lang, output),
            ExplainFormat::Json => write::explain::json(&explained, output),
        })
    })
}

/// The charge that is asked about; `None` where it is an account.
fn question(args: &ExplainArgs) -> Result<Option<Question>> {
    let (Some(connection), Some(sender), Some(hour)) = (&args.connection, args.sender, &args.hour) else {
        return match args.account {
            Some(_) => Ok(None),
            None => {
                let why = "--connection, --sender and --hour are needed: the charge to explain; or --account and --month";
                Err(Error::usage(why))
            }
        };
    };
    let hour = files::whole_hour("hour", hour)?;
    Ok(Some(Question { connection_id: unwrapped(connection).to_owned(), sender, hour }))
}

/// The billing month, as stated or that of the hour.
fn month_of(args: &ExplainArgs, question: Option<&Question>) -> Result<String> {
    match (&args.month, question) {
        (Some(month), _) => Ok(month.clone()),
        (None, Some(question)) => Ok(BillingMonth::of(question.hour, offset_of(&args.offset)?)?.to_string()),
        (None, None) => Err(Error::usage("--month is needed: the billing month of the account's lines")),
    }
}

fn print_lines(
    targets: &[Target<ExplainFormat>],
    lines: &AccountLines,
    lang: Lang,
    quarantine: Option<Staged>,
) -> Result<()> {
    let commands = commands(lines);
    output::print(targets, quarantine, |target, output| match target.format {
        ExplainFormat::Text => write::text::account_lines(lines, &commands, lang, output),
        ExplainFormat::Json => write::explain::lines_json(lines, &commands, output),
    })
}

/// Of each line the command that explains its largest hour: the one that runs, about a connection and not an account.
fn commands(lines: &AccountLines) -> Vec<String> {
    let same = arguments(std::env::args_os().skip(2).map(|own| own.to_string_lossy().into_owned()));
    let same: String = same.iter().map(|argument| format!(" {}", in_shell(argument))).collect();
    let command = |(line, hour): (&peerbill::Line, Hour)| {
        let (id, sender) = (in_shell(&line.connection_id), line.sender);
        format!("peerbill explain{same} --connection {id} --sender {sender} --hour {hour}")
    };
    let hours = lines.largest.iter().map(|largest| largest.hour);
    lines.report.lines.iter().zip(hours).map(command).collect()
}

/// The arguments without those that ask about an account, and without where to write.
fn arguments(all: impl Iterator<Item = String>) -> Vec<String> {
    const ELSE: [&str; 4] = ["--account", "--month", "--format", "--output"];
    let mut all = all.peekable();
    let mut kept = Vec::new();
    while let Some(argument) = all.next() {
        if ELSE.contains(&&*argument) {
            all.next();
        } else if !ELSE.iter().any(|own| argument.strip_prefix(own).is_some_and(|rest| rest.starts_with('=')))
        {
            kept.push(argument);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_asks_about_the_same_inputs() {
        let given = "--usage a b --account 1 --catalog china-site --month=2026-10 --accounts names.csv --output=x --format json";
        let kept = arguments(given.split(' ').map(String::from));
        assert_eq!(kept.join(" "), "--usage a b --catalog china-site --accounts names.csv");
    }

    #[test]
    fn an_hour_is_whole_and_has_an_offset() {
        let hour_of = |text| files::whole_hour("hour", text).unwrap();
        assert_eq!(hour_of("2026-10-05T11:00:00+08:00"), hour_of("2026-10-05 03:00Z"));
        for text in ["2026-10-05T03:00:00", "2026-10-05T03:20:00Z", "", "03:00"] {
            assert_eq!(
                files::whole_hour("hour", text).unwrap_err().kind(),
                peerbill::ErrorKind::Usage,
                "{text}"
            );
        }
    }
}
