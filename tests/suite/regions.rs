//! Regions are found by every name that the provider's pages have for them.

use peerbill::{Catalog, catalog::Region};

/// How one name may be written: with either width of brackets, with blanks around them, without them, in capitals.
fn spellings(name: &str) -> Vec<String> {
    let half = name.replace('（', "(").replace('）', ")");
    let full = name.replace(" (", "（").replace('(', "（").replace(')', "）");
    let without = half.replace(['(', ')'], " ");
    let wide: String = half.chars().map(full_width).collect();
    vec![name.to_owned(), half.replace('(', " ("), half, full, without, wide, name.to_uppercase()]
}

/// The full-width form of a character of ASCII.
fn full_width(character: char) -> char {
    match character {
        ' ' => '\u{3000}',
        '!'..='~' => char::from_u32(u32::from(character) + 0xfee0).expect("it is assigned"),
        _ => character,
    }
}

fn names(region: &Region) -> Vec<&str> {
    let mut names = vec![&*region.id, &region.name_en, &region.name_zh, &region.name_zh_hant];
    names.extend(region.other_names.iter().map(String::as_str).filter(|name| !name.is_empty()));
    names
}

#[test]
fn every_name_of_every_region_is_found_however_it_is_written() {
    let catalog = Catalog::shipped("china-site").expect("it is shipped");
    let mut lost = Vec::new();
    for region in catalog.regions().all() {
        for written in names(region).into_iter().flat_map(spellings) {
            match catalog.regions().find(&written) {
                Ok(found) if found.id == region.id => {}
                other => lost.push(format!("{written:?} of {}: {other:?}", region.id)),
            }
        }
    }
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}

/// By id: what is enough of its names.
const ENOUGH: [(&str, &[&str]); 40] = [
    ("cn-hangzhou", &["Hangzhou", "杭州", "华东1", "華東1", "China East 1 (Hangzhou)", "华东（杭州）"]),
    ("cn-shanghai", &["Shanghai", "上海", "华东2", "華東2", "East China 2 (Shanghai)"]),
    ("cn-nanjing", &["Nanjing", "南京", "华东5", "China (Nanjing)", "华东5 (南京-本地地域-关停中)"]),
    ("cn-fuzhou", &["Fuzhou", "福州", "華東6"]),
    ("cn-wuhan-lr", &["Wuhan", "武汉", "武漢", "华中1", "華中1"]),
    ("cn-qingdao", &["Qingdao", "青岛", "青島", "华北1", "華北1"]),
    ("cn-beijing", &["Beijing", "北京", "华北2", "華北2", "华北2(北京)", "China North 2 (Beijing)"]),
    ("cn-zhangjiakou", &["Zhangjiakou", "张家口", "張家口", "华北3"]),
    (
        "cn-huhehaote",
        &[
            "Hohhot",
            "呼和浩特",
            "华北5",
            "華北5(呼和浩特)",
            "华北5（呼和浩特）",
            "China (Hohhot)",
            "HUHEHAOTE",
        ],
    ),
    ("cn-wulanchabu", &["Ulanqab", "乌兰察布", "烏蘭察布", "华北6", "華北6"]),
    ("cn-shenzhen", &["Shenzhen", "深圳", "华南1", "華南1"]),
    ("cn-heyuan", &["Heyuan", "河源", "华南2"]),
    ("cn-guangzhou", &["Guangzhou", "广州", "廣州", "华南3", "華南3"]),
    ("cn-chengdu", &["Chengdu", "成都", "西南1"]),
    ("cn-zhongwei", &["Zhongwei", "中卫", "中衛", "西北2", "China (Zhongwei)"]),
    ("cn-hongkong", &["Hong Kong", "香港", "中国香港", "中國香港", "中国(香港)"]),
    ("ap-northeast-1", &["Tokyo", "东京", "東京", "日本(東京)"]),
    ("ap-northeast-2", &["Seoul", "首尔", "首爾", "韓國（首爾）"]),
    ("ap-southeast-1", &["Singapore", "新加坡", "singapore (singapore)"]),
    ("ap-southeast-2", &["Sydney", "悉尼", "Australia (Sydney)"]),
    ("ap-southeast-3", &["Kuala Lumpur", "吉隆坡", "馬來西亞（吉隆坡）"]),
    ("ap-southeast-5", &["Jakarta", "雅加达", "雅加達", "印尼(雅加達)"]),
    ("ap-southeast-6", &["Manila", "马尼拉", "馬尼拉"]),
    ("ap-southeast-7", &["Bangkok", "曼谷", "曼穀", "泰國(曼穀)"]),
    ("ap-southeast-8", &["Johor", "柔佛州", "Johor Bahru"]),
    ("ap-south-1", &["Mumbai", "孟买", "孟買"]),
    ("eu-central-1", &["Frankfurt", "法兰克福", "法蘭克福"]),
    ("eu-west-1", &["London", "伦敦", "倫敦"]),
    ("eu-west-2", &["Paris", "巴黎"]),
    ("us-west-1", &["Silicon Valley", "硅谷", "矽谷"]),
    ("us-east-1", &["Virginia", "弗吉尼亚", "維吉尼亞"]),
    ("na-south-1", &["Mexico", "墨西哥"]),
    ("sa-east-1", &["Sao Paulo", "圣保罗", "聖保羅"]),
    ("me-east-1", &["Dubai", "迪拜", "杜拜"]),
    ("me-central-1", &["Riyadh", "利雅得", "Saudi Arabia (Riyadh)"]),
    ("cn-hangzhou-finance", &["China East 1 Finance Cloud", "华东1金融云", "華東1 金融雲"]),
    ("cn-shanghai-finance-1", &["China (Shanghai) Finance Cloud", "华东2 金融云"]),
    ("cn-shenzhen-finance-1", &["华南1金融云"]),
    ("cn-beijing-finance-1", &["华北2 金融云", "华北2 金融云(邀测)"]),
    ("cn-north-2-gov-1", &["华北2 阿里政务云1", "華北2阿里政務雲1"]),
];

#[test]
fn a_part_of_a_name_is_enough_where_it_is_one_places() {
    let catalog = Catalog::shipped("china-site").expect("it is shipped");
    assert_eq!(catalog.regions().all().count(), ENOUGH.len());
    for (id, parts) in ENOUGH {
        for part in parts {
            let found = catalog.region_id(part);
            assert_eq!(found.as_deref().ok(), Some(id), "{part}: {found:?}");
        }
    }
}

#[test]
fn what_is_no_name_of_one_region_is_refused_and_tells_which_may_be_meant() {
    let catalog = Catalog::shipped("china-site").expect("it is shipped");
    for (text, words) in [
        ("Malaysia", &["ap-southeast-3, Malaysia (Kuala Lumpur)", "ap-southeast-8, Malaysia (Johor)"][..]),
        ("US", &["not known"]),
        ("美国", &["us-east-1", "us-west-1"]),
        ("华北", &["cn-beijing", "one of"]),
        ("金融云", &["cn-hangzhou-finance", "cn-shanghai-finance-1", "cn-shenzhen-finance-1"]),
        ("邀测", &["cn-beijing-finance-1"]),
        ("Hohot", &["did you mean \"Hohhot\"?"]),
        ("cn-guangzou", &["did you mean \"cn-guangzhou\"?"]),
        ("华北5（北京）", &["did you mean \"华北2（北京）\"?"]),
        ("", &["not known"]),
    ] {
        let refused = catalog.region_id(text).expect_err(text).to_string();
        for word in words {
            assert!(refused.contains(word), "{text:?}, no {word:?} in {refused}");
        }
    }
}
