//! Records that stand more than once: same connection, sender and timestamp, or the same entry of a flow log.
//!
//! [`repeated`] finds out which there are. The next reading holds them, and [`resolve`] decides what becomes of them
//! once all are known.

use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    meter::{
        metered::Duplicates,
        refused::{Keep, Refusal},
        totals::Count,
        totals::Sums,
        worker::{Plan, SpanFindings},
    },
    model::invalid::{Invalid, Remedy},
};
pub(super) use repeated::{DuplicateKey, Folded, HeldDuplicate};

pub(super) mod repeated;

/// Decides what becomes of the duplicates that were held; they were counted as read before.
pub(super) fn resolve(
    mut held: Vec<HeldDuplicate>,
    plan: &Plan<'_>,
    resolved: &mut SpanFindings,
    sums: &mut Sums,
) -> Result<()> {
    let rules = plan.rules;
    // Stable, so that duplicates of one record stay in the order of the input.
    held.sort_by_key(HeldDuplicate::group);
    let times = |some: &[HeldDuplicate]| {
        some.len() as u64 + some.iter().map(|duplicate| duplicate.folded.records).sum::<u64>()
    };
    for met in held.chunk_by(|a, b| a.key == b.key) {
        if times(met) < 2 {
            let name = &plan.names[met[0].record.source];
            return Err(Error::unusable(ErrorKind::Input, name, "the input changed while it was read"));
        }
    }
    for same in held.chunk_by(|a, b| a.group() == b.group()) {
        let times = times(same);
        if let [HeldDuplicate { month, end, shares, is_free, .. }] = same
            && times == 1
        {
            // Entries of flow logs may share a number.
            sums.bill(*end, shares, *is_free, &mut resolved.months[*month].told.totals)?;
            continue;
        }
        let as_first = |own: &HeldDuplicate| own.shares == same[0].shares && !own.folded.differ;
        let equal = same.iter().all(as_first);
        let keep_one = rules.duplicates == Duplicates::First && equal;
        if keep_one {
            let HeldDuplicate { month, end, shares, is_free, .. } = &same[0];
            let told = &mut resolved.months[*month].told;
            sums.bill(*end, shares, *is_free, &mut told.totals)?;
            if rules.keep != Keep::First {
                told.refusals.originals.push(same[0].record.number);
            }
        }
        for (index, duplicate) in same.iter().enumerate().skip(usize::from(keep_one)) {
            let other = &same[usize::from(index == 0)].record.fault;
            let mut record = duplicate.record.clone();
            let own = duplicate.record.fault.input.as_deref();
            let Refusal { code, why, cause } = why_refused(times, equal, keep_one, own, other);
            let place = (record.fault.input, record.fault.line, record.fault.path);
            record.fault = Fault::new(code, why);
            (record.fault.input, record.fault.line, record.fault.path) = place;
            let quantity = duplicate.quantity();
            let Folded { records, bytes, added, .. } = duplicate.folded;
            let month = Some(duplicate.month);
            resolved.told(month).totals.read.bytes += quantity.rounded() - quantity.bytes + added;
            let all = Count { records: 1 + records, bytes: quantity.rounded() + bytes };
            resolved.refuse(month, record, cause.as_deref(), all, rules.keep);
        }
    }
    Ok(())
}

/// Of a record of the input `own`. Where an input is given twice, or two overlap, that is the one cause of all their copies.
fn why_refused(times: u64, equal: bool, one_kept: bool, own: Option<&str>, other: &Fault) -> Refusal {
    let place = other.place();
    if one_kept {
        return Refusal::new(FaultCode::DroppedCopy, format!("a copy of the record at {place}, dropped"));
    }
    let bytes = if equal { "equal" } else { "different" };
    let why = format!("this record stands {times} times with {bytes} bytes, also at {place}");
    let cause = format!("{bytes} {own:?} {:?}", other.input);
    Refusal::new(FaultCode::DuplicateRecord, Invalid::new(why).with(Remedy::ChooseDuplicateRule))
        .because_of(&cause)
}
