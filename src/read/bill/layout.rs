//! How bills are laid out: by which names of its columns each layout is known, and which of them say what is read.

use crate::{
    model::{
        did_you_mean,
        id::unwrapped,
        invalid::{Invalid, Remedy},
        quoted,
    },
    read::{
        decimal::Printed,
        header::{HOLDS_NUL, TOO_LONG, table_that_is_no_bill},
        rows::{Row, RowRule, Shape, header_name},
    },
};
use serde::Deserialize;
use std::borrow::Cow;

/// What is read of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// What tells a line from all others.
    LineId,
    /// Who uses the resource.
    Owner,
    /// Whose bill it is, where that is another than who pays.
    BillAccount,
    /// Who pays.
    Payer,
    Month,
    Day,
    Start,
    End,
    LineType,
    /// A further word on the kind of line.
    Transaction,
    Product,
    Item,
    Instance,
    Resource,
    Region,
    Usage,
    UsageUnit,
    ListPrice,
    /// What it costs by the list.
    List,
    /// What it costs after discounts.
    Discounted,
    /// The discount itself.
    Discount,
    /// What is to be paid: after discounts, and after coupons of their own column.
    Payable,
    Coupon,
    WithoutTax,
    WithTax,
    Currency,
}

use Field::{
    BillAccount, Coupon, Currency, Day, Discount, Discounted, End, Instance, Item, LineId, LineType, List,
    ListPrice, Month, Owner, Payable, Payer, Product, Region, Resource, Start, Transaction, Usage, UsageUnit,
    WithTax, WithoutTax,
};

/// How many there are.
pub(super) const FIELDS: usize = Currency as usize + 1;

impl Field {
    /// All of them, in their order.
    pub const ALL: [Self; FIELDS] = [
        LineId,
        Owner,
        BillAccount,
        Payer,
        Month,
        Day,
        Start,
        End,
        LineType,
        Transaction,
        Product,
        Item,
        Instance,
        Resource,
        Region,
        Usage,
        UsageUnit,
        ListPrice,
        List,
        Discounted,
        Discount,
        Payable,
        Coupon,
        WithoutTax,
        WithTax,
        Currency,
    ];
}

/// Names of columns for what is read of them, the preferred one first.
type Names = &'static [(Field, &'static [&'static str])];

/// A layout of the provider's bills.
#[derive(Debug)]
pub(super) struct Layout {
    /// What it is called where it is said how an input was read.
    pub name: &'static str,
    /// Columns by which it is known, all of them; of the new bill, whose names have a group in front, the second parts.
    marks: &'static [&'static [&'static str]],
    names: Names,
    /// Whether a group and `/` stand in front of its names.
    is_grouped: bool,
    /// Whether its times are told in UTC+8 where they tell no offset.
    pub in_utc8: bool,
    /// What its net amounts are.
    pub net: &'static str,
}

/// The new detailed bill; file columns as `bill-columns.csv` of the facts has them.
const NEW: Layout = Layout {
    name: "the new detailed bill",
    marks: &[&["账单月份"], &["BillingMonth"]],
    names: &[
        (LineId, &["账单明细ID"]),
        (Payer, &["资源购买账号ID", "ResourcePurchaseAccountId"]),
        (Owner, &["资源归属账号ID", "ResourceOwnerAccountId"]),
        (Month, &["账单月份", "BillingMonth"]),
        (Day, &["账单日期", "BillingDate"]),
        (Start, &["服务开始时间"]),
        (End, &["服务结束时间"]),
        (LineType, &["费用类型", "LineItemType"]),
        (Transaction, &["交易类型"]),
        (Product, &["产品Code", "ProductCode"]),
        (Item, &["计费项Code", "BillingItemCode"]),
        (Instance, &["实例ID（出账粒度）", "InstanceId"]),
        (Resource, &["资源ID", "ResourceId"]),
        (Region, &["地域Code", "RegionCode"]),
        (Usage, &["用量", "Usage"]),
        (UsageUnit, &["用量单位", "UsageUnit"]),
        (ListPrice, &["官网目录价"]),
        (List, &["目录总价", "GrossAmount"]),
        (Discounted, &["优惠后金额"]),
        (Discount, &["优惠金额", "DiscountAmount"]),
        (WithoutTax, &["TaxExclusivePayableAmount"]),
        (WithTax, &["应付金额（含税）"]),
        (Currency, &["定价币种", "Currency"]),
    ],
    is_grouped: true,
    in_utc8: true,
    net: "after discounts, before coupons",
};

const BILL_DETAILS: Layout = Layout {
    name: "the console's bill details",
    marks: &[&["资源归属账号ID", "账单月份", "产品Code"]],
    names: &[
        (LineId, &["主键"]),
        (Payer, &["资源购买账号ID"]),
        (Owner, &["资源归属账号ID"]),
        (Month, &["账单月份"]),
        (Day, &["账单日期"]),
        (LineType, &["费用类型"]),
        (Product, &["产品Code"]),
        (Item, &["计费项Code"]),
        (Instance, &["资产/资源实例ID"]),
        (Region, &["地域"]),
        (Usage, &["用量"]),
        (UsageUnit, &["用量单位"]),
        (ListPrice, &["目录价"]),
        (List, &["目录总价"]),
        (Coupon, &["优惠券抵扣金额"]),
        (Payable, &["应付金额"]),
        (Currency, &["定价币种"]),
    ],
    is_grouped: false,
    in_utc8: true,
    net: PAYABLE_AND_COUPONS,
};

const ITEM_DETAIL: Layout = Layout {
    name: "the detail by billing item",
    marks: &[&["账期", "账号ID", "产品Code"]],
    names: &[
        (LineId, &["主键"]),
        (Payer, &["账号ID"]),
        (Owner, &["Owner账号ID"]),
        (Month, &["账期"]),
        (Start, &["账单开始时间"]),
        (End, &["账单结束时间"]),
        (LineType, &["账单类型"]),
        (Transaction, &["消费类型"]),
        (Product, &["产品Code"]),
        (Item, &["计费项Code"]),
        (Instance, &["实例ID"]),
        (Region, &["地域"]),
        (Usage, &["用量"]),
        (UsageUnit, &["用量单位"]),
        (ListPrice, &["单价"]),
        (List, &["官网价"]),
        (Coupon, &["优惠券抵扣"]),
        (Payable, &["应付金额"]),
        (Currency, &["币种"]),
    ],
    is_grouped: false,
    in_utc8: true,
    net: PAYABLE_AND_COUPONS,
};

/// Files in OSS by billing item or by instance, and items of the API: their members have the same names.
const OSS: Layout = Layout {
    name: "a file of OSS, or items of the API",
    marks: &[&["ProductCode", "PretaxGrossAmount"], &["ProductCode", "PretaxAmount"]],
    names: &[
        (Payer, &["AccountID"]),
        (Owner, &["OwnerID"]),
        (BillAccount, &["BillAccountID"]),
        (Month, &["BillingCycle"]),
        (Day, &["BillingDate"]),
        (Start, &["UsageStartTime"]),
        (End, &["UsageEndTime"]),
        (LineType, &["Item"]),
        (Product, &["ProductCode"]),
        (Item, &["BillingItemCode"]),
        (Instance, &["InstanceID"]),
        (Region, &["Region"]),
        (Usage, &["Usage"]),
        (UsageUnit, &["UsageUnit"]),
        (ListPrice, &["ListPrice"]),
        (List, &["PretaxGrossAmount"]),
        (Coupon, &["DeductedByCoupons"]),
        (Payable, &["PretaxAmount"]),
        (Currency, &["Currency"]),
    ],
    is_grouped: false,
    in_utc8: true,
    net: PAYABLE_AND_COUPONS,
};

const FOCUS: Layout = Layout {
    name: "the provider's FOCUS export",
    marks: &[&["BillingAccountId", "BilledCost", "ChargePeriodStart"]],
    names: &[
        (Payer, &["BillingAccountId"]),
        (Owner, &["SubAccountId"]),
        (Start, &["ChargePeriodStart"]),
        (End, &["ChargePeriodEnd"]),
        (LineType, &["ChargeCategory"]),
        (Transaction, &["ChargeClass"]),
        (Product, &["x_CommodityCode"]),
        (Item, &["x_BillingItemCode"]),
        (Instance, &["x_InstanceID"]),
        (Resource, &["ResourceId"]),
        (Region, &["RegionId"]),
        (Usage, &["PricingQuantity"]),
        (UsageUnit, &["PricingUnit"]),
        (ListPrice, &["ListUnitPrice"]),
        (List, &["ListCost"]),
        (Discounted, &["BilledCost"]),
        (Currency, &["BillingCurrency"]),
    ],
    is_grouped: false,
    in_utc8: false,
    net: "billed costs",
};

/// A layout of which nothing is known but what the settings call its columns.
const MAPPED: Layout = Layout {
    name: "by the columns of the settings",
    marks: &[],
    names: &[],
    is_grouped: false,
    in_utc8: true,
    net: "as the settings name them",
};

const PAYABLE_AND_COUPONS: &str = "what is payable, and what coupons have paid";

const LAYOUTS: [&Layout; 5] = [&NEW, &BILL_DETAILS, &ITEM_DETAIL, &OSS, &FOCUS];

/// Names that separate a header of bills: what separates its fields is seen by them.
pub(super) fn header_marks() -> Vec<&'static str> {
    LAYOUTS.iter().flat_map(|layout| layout.names).flat_map(|(_, names)| names.iter().copied()).collect()
}

/// What a bill calls its columns, or the members of its JSON, where that is none of the names which are known.
///
/// A name holds in every layout that has such a column, and in others those that are known hold. Times without an offset
/// are read in UTC+8. An empty name has the column not read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct BillColumns {
    /// What tells a line from all others.
    pub line_id: Option<String>,
    /// The account that owns the resource.
    pub account_id: Option<String>,
    /// The account that pays.
    pub payer_account_id: Option<String>,
    /// The month of the bill: `2026-10` or `202610`.
    pub billing_month: Option<String>,
    /// The day in UTC+8: `2026-10-05` or `20261005`.
    pub billing_date: Option<String>,
    /// The start of what is billed.
    pub start: Option<String>,
    /// Its end.
    pub end: Option<String>,
    /// The kind of line.
    pub line_type: Option<String>,
    /// The code of the product.
    pub product_code: Option<String>,
    /// The code of the billing item.
    pub item_code: Option<String>,
    /// The instance, which may name a connection.
    pub instance_id: Option<String>,
    /// The source region.
    pub region: Option<String>,
    /// How much was used.
    pub usage: Option<String>,
    /// In which unit.
    pub usage_unit: Option<String>,
    /// The price of one unit by the list.
    pub list_price: Option<String>,
    /// What it costs by the list.
    pub list_amount: Option<String>,
    /// What it costs after discounts, before coupons and tax.
    pub net_amount: Option<String>,
    /// The currency of the amounts.
    pub currency: Option<String>,
}

impl BillColumns {
    /// The keys of the settings, what they stand for, and the names that are given.
    fn all(&self) -> [(&'static str, Field, Option<&str>); 18] {
        let name = Option::<String>::as_deref;
        [
            ("line-id", LineId, name(&self.line_id)),
            ("account-id", Owner, name(&self.account_id)),
            ("payer-account-id", Payer, name(&self.payer_account_id)),
            ("billing-month", Month, name(&self.billing_month)),
            ("billing-date", Day, name(&self.billing_date)),
            ("start", Start, name(&self.start)),
            ("end", End, name(&self.end)),
            ("line-type", LineType, name(&self.line_type)),
            ("product-code", Product, name(&self.product_code)),
            ("item-code", Item, name(&self.item_code)),
            ("instance-id", Instance, name(&self.instance_id)),
            ("region", Region, name(&self.region)),
            ("usage", Usage, name(&self.usage)),
            ("usage-unit", UsageUnit, name(&self.usage_unit)),
            ("list-price", ListPrice, name(&self.list_price)),
            ("list-amount", List, name(&self.list_amount)),
            ("net-amount", Discounted, name(&self.net_amount)),
            ("currency", Currency, name(&self.currency)),
        ]
    }

    /// Keys of the settings with the names that are given, as reports show settings.
    pub fn given(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.all().into_iter().filter_map(|(key, _, name)| Some((key, name?)))
    }

    fn of(&self, field: Field) -> Option<&str> {
        self.all().into_iter().find_map(|(_, own, name)| name.filter(|_| own == field))
    }
}

/// Where the columns of a layout stand in a header, or among the members of an object.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    pub layout: &'static Layout,
    /// By [`Field`].
    pub positions: [Option<usize>; FIELDS],
}

/// A name without what does not tell it from others: blanks, marks between words, the width of brackets, capitals.
fn plain(name: &str) -> String {
    let kept = name.chars().filter(|own| !own.is_whitespace() && !matches!(own, '_' | '-' | '\u{feff}'));
    let narrow = |own| match own {
        '（' => '(',
        '）' => ')',
        own => own.to_ascii_lowercase(),
    };
    kept.map(narrow).collect()
}

/// The part of a name behind its group.
fn second_part(name: &str) -> Option<&str> {
    name.rsplit_once('/').map(|(_, name)| name)
}

impl Columns {
    /// The columns in this header; or why it is no header of a bill. What is `told` of all lines needs no column.
    pub fn find(header: &[String], settings: &BillColumns, told: &[Field]) -> Result<Self, Invalid> {
        let own: Vec<String> = header.iter().map(|name| plain(name)).collect();
        let known = LAYOUTS.iter().copied().find(|layout| layout.is_shown_by(&own));
        let layout = known.unwrap_or(&MAPPED);
        let mut positions = [None; FIELDS];
        for (_, field, name) in settings.all() {
            let Some(name) = name.map(plain).filter(|name| !name.is_empty()) else { continue };
            positions[field as usize] = only(&own, header, |own| *own == name)?;
        }
        for (field, names) in layout.names {
            let is_read = positions[*field as usize].is_none() && settings.of(*field) != Some("");
            if is_read {
                positions[*field as usize] = layout.position(&own, header, names)?;
            }
        }
        let found = Self { layout, positions };
        if known.is_none() && settings.given().next().is_none() {
            return Err(no_bill(header));
        }
        found.refuse_ours(&own)?;
        match found.missing(told) {
            missing if missing.is_empty() => Ok(found),
            missing => Err(lacking(header, layout, &missing)),
        }
    }

    /// What a line cannot do without and no column tells: the settings' keys, and fields that would do.
    fn missing(&self, told: &[Field]) -> Vec<(&'static str, &'static [Field])> {
        let wanted: [(&'static str, &'static [Field]); 4] = [
            ("account-id", &[Owner, BillAccount, Payer]),
            ("billing-date", &[Day, Start, Month]),
            ("product-code", &[Product]),
            ("list-amount", &[List, Discounted, Payable, WithoutTax, WithTax]),
        ];
        let is_told = |field: &Field| told.contains(field) || self.positions[*field as usize].is_some();
        wanted.into_iter().filter(|(_, fields)| !fields.iter().any(is_told)).collect()
    }

    /// Refuses a FOCUS file that was made from traffic: it would be compared with itself.
    fn refuse_ours(&self, own: &[String]) -> Result<(), Invalid> {
        let has = |name: &str| own.iter().any(|own| own == name);
        match self.layout.name == FOCUS.name && has("xlinktype") && has("xsender") {
            true => Err("these are charges that were made from traffic, and no bill of the provider".into()),
            false => Ok(()),
        }
    }
}

impl Layout {
    fn is_shown_by(&self, header: &[String]) -> bool {
        let has = |mark: &&str| {
            let mark = plain(mark);
            header.iter().any(|name| match self.is_grouped {
                true => second_part(name) == Some(&mark),
                false => *name == mark,
            })
        };
        self.marks.iter().any(|marks| marks.iter().all(has))
    }

    /// The name in a header that is most like one which is known for these fields.
    fn nearest<'h>(&self, fields: &[Field], header: &'h [String]) -> Option<&'h str> {
        let known = self.names.iter().filter(|(field, _)| fields.contains(field));
        let known: Vec<&str> = known.flat_map(|(_, names)| names.iter().copied()).collect();
        let is_near = |name: &&str| {
            let part = if self.is_grouped { second_part(name).unwrap_or(name) } else { name };
            known.iter().any(|own| !did_you_mean(part, [*own]).is_empty())
        };
        // A name that would need escapes is left to be filled in.
        let is_plain = |name: &&str| !name.contains(['"', '\\']) && !name.contains(char::is_control);
        header.iter().map(String::as_str).filter(is_plain).find(is_near)
    }

    /// Where the first of these names stands that is there.
    fn position(&self, own: &[String], header: &[String], names: &[&str]) -> Result<Option<usize>, Invalid> {
        for name in names {
            let name = plain(name);
            let found = only(own, header, |own| match self.is_grouped {
                true => second_part(own).unwrap_or(own) == name,
                false => *own == name,
            })?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

/// The one column of which this holds.
fn only(own: &[String], header: &[String], is: impl Fn(&String) -> bool) -> Result<Option<usize>, Invalid> {
    let mut found = (0..own.len()).filter(|&index| is(&own[index]));
    let first = found.next();
    match found.next() {
        Some(second) => Err(format!("the header has the column {} twice", shown(&header[second])).into()),
        None => Ok(first),
    }
}

fn shown(name: &str) -> Cow<'_, str> {
    quoted(name.as_bytes()).into()
}

/// What to say of a header that no layout has.
fn no_bill(header: &[String]) -> Invalid {
    if let Some(what) = table_that_is_no_bill(header) {
        return Invalid::new(format!("the input holds {what}, and a bill of the provider is wanted here"));
    }
    let all =
        ["account-id", "billing-date", "product-code", "instance-id", "usage", "usage-unit", "list-amount"];
    let why = format!("its header is that of no bill which is known; it has {}", shown(&header.join(",")));
    Invalid::new(why).with(map_columns(all.into_iter().map(|key| (key, None))))
}

fn lacking(header: &[String], layout: &Layout, missing: &[(&'static str, &[Field])]) -> Invalid {
    let keys: Vec<&str> = missing.iter().map(|(key, _)| *key).collect();
    let why = format!(
        "it is read as {}, and no column says what is its {}; it has {}",
        layout.name,
        keys.join(", "),
        shown(&header.join(","))
    );
    let lines = missing.iter().map(|(key, fields)| (*key, layout.nearest(fields, header)));
    Invalid::new(why).with(map_columns(lines))
}

/// The lines of the settings that say how columns are called, with a name where one is near.
fn map_columns<'a>(keys: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> Remedy {
    let line = |(key, near): (&str, Option<&str>)| format!("{key} = \"{}\"", near.unwrap_or("NAME"));
    Remedy::MapColumns { lines: ["[columns.bill]".to_owned()].into_iter().chain(keys.map(line)).collect() }
}

/// The values of one line, by [`Field`]; one that the layout lacks is empty.
#[derive(Debug, Default)]
pub(super) struct Cells<'a> {
    values: [Cow<'a, str>; FIELDS],
    /// Which of them are numbers of JSON.
    numbers: u64,
}

impl<'a> Cells<'a> {
    pub fn set(&mut self, field: Field, value: impl Into<Cow<'a, str>>, is_number: bool) {
        self.values[field as usize] = value.into();
        self.numbers |= u64::from(is_number) << field as usize;
    }

    /// A value without what spreadsheets and exports wrap around it.
    pub fn text(&self, field: Field) -> &str {
        unwrapped(&self.values[field as usize])
    }

    /// Likewise, or `None` where nothing is told.
    pub fn given(&self, field: Field) -> Option<&str> {
        Some(self.text(field)).filter(|text| !NOTHING.contains(text))
    }

    pub fn boxed(&self, field: Field) -> Option<Box<str>> {
        self.given(field).map(Into::into)
    }

    pub fn number(&self, field: Field, what: &str) -> Result<Option<Printed>, Invalid> {
        let Some(text) = self.given(field) else { return Ok(None) };
        let is_number = self.numbers >> field as usize & 1 == 1;
        let read = if is_number { Printed::parse_single(text) } else { Printed::parse(text) };
        read.map(Some).map_err(|why| why.about(what))
    }
}

/// What exports write where there is nothing to tell.
const NOTHING: [&str; 5] = ["", "-", "--", "null", "\\N"];

const _: () = assert!(FIELDS <= 64, "cells note numbers in 64 bits");

/// The header of a table.
pub(super) struct TableHeader {
    pub columns: Columns,
    width: usize,
}

/// Reads the first row of a table.
pub(super) fn header_of(row: &Row<'_>, settings: &BillColumns) -> Result<TableHeader, Invalid> {
    match row.shape {
        Shape::TooLong => return Err(TOO_LONG.into()),
        Shape::OpenQuote => return Err("the header opens a quoted field that is not closed".into()),
        Shape::Fields if row.holds_nul => return Err(HOLDS_NUL.into()),
        Shape::Fields if std::str::from_utf8(row.raw).is_err() => {
            return Err(Invalid::not_utf8("the header"));
        }
        Shape::Fields => {}
    }
    let names: Vec<String> = (0..row.len()).map(|at| header_name(row.field(at)).into_owned()).collect();
    Ok(TableHeader { columns: Columns::find(&names, settings, &[])?, width: names.len() })
}

impl TableHeader {
    /// What a row under it must be like to go on beyond its line.
    pub fn rule(&self) -> RowRule {
        RowRule { width: self.width, of_one_line: self.of_one_line() }
    }

    /// Fields of which none goes on beyond its line.
    fn of_one_line(&self) -> Vec<usize> {
        let fields = [Owner, Product, Month, Day, List];
        fields.into_iter().filter_map(|field| self.columns.positions[field as usize]).collect()
    }

    /// The cells of a row that are read; `None` of one that tells totals.
    pub fn cells<'r>(&self, row: &'r Row<'_>) -> Result<Option<Cells<'r>>, Invalid> {
        if row.shape == Shape::Fields && is_total(row) && row.len() != self.width {
            return Ok(None);
        }
        if let Some(why) = self.malformed(row) {
            return Err(why.into());
        }
        let mut cells = Cells::default();
        for field in Field::ALL {
            let Some(position) = self.columns.positions[field as usize] else { continue };
            let raw = row.field(position);
            let text = std::str::from_utf8(raw).map_err(|_| Invalid::not_utf8(quoted(raw)))?;
            cells.set(field, text, false);
        }
        Ok(Some(cells).filter(|cells| cells.given(Product).is_some() || !is_total(row)))
    }

    fn malformed(&self, row: &Row<'_>) -> Option<String> {
        match row.shape {
            Shape::TooLong => Some(TOO_LONG.into()),
            Shape::OpenQuote => Some("a quoted field is opened here and not closed".into()),
            Shape::Fields if row.holds_nul => Some(HOLDS_NUL.into()),
            Shape::Fields if row.len() != self.width => {
                Some(format!("{} fields where the header has {}: {}", row.len(), self.width, quoted(row.raw)))
            }
            Shape::Fields => None,
        }
    }
}

/// Whether a row says by its first word that it adds up the others.
fn is_total(row: &Row<'_>) -> bool {
    const WORDS: [&str; 6] = ["合计", "总计", "小计", "Total", "Sum", "Subtotal"];
    let fields = (0..row.len()).map(|at| row.field(at).trim_ascii());
    let first = fields.into_iter().find(|field| !field.is_empty()).unwrap_or_default();
    WORDS
        .iter()
        .any(|word| first.get(..word.len()).is_some_and(|own| own.eq_ignore_ascii_case(word.as_bytes())))
}
