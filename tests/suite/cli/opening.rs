//! Inputs as they are opened: files that change, many files, folders and globs, encodings, what is no text, and memory.

use super::*;
use std::{
    ffi::OsStr,
    os::unix::{
        ffi::OsStrExt,
        fs::{OpenOptionsExt, symlink},
    },
    process::Command,
};

/// Of Linux.
const O_NONBLOCK: i32 = 0o4000;

/// Runs the program with `args` that name `signal`, a pipe that it waits for, and changes the folder meanwhile: inputs
/// that are named before it were found by then.
fn with_a_change(folder: &Folder, args: &[&str], signal: &str, change: impl FnOnce()) -> Outcome {
    let pipe = folder.path().join("signal");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is there").success());
    let mut child = peerbill(folder.path()).args(args).spawn().expect("the program starts");
    let mut writer = loop {
        // Opens once the program has opened it to read: until then it would wait, and so it is told not to.
        match File::options().write(true).custom_flags(O_NONBLOCK).open(&pipe) {
            Ok(writer) => break writer,
            Err(_) => assert!(child.try_wait().expect("a child").is_none(), "{args:?} did not wait"),
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    };
    change();
    writer.write_all(signal.as_bytes()).expect("it is read");
    drop(writer);
    let output = child.wait_with_output().expect("the program ends");
    fs::remove_file(pipe).expect("removed");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Outcome {
        code: output.status.code().expect("not killed"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

const HEADER: &str = "timestamp,connection_id,sender,bytes\n";

/// A way to change a file.
type Change = (&'static str, fn(&Path));

const CHANGES_OF_A_FILE: [Change; 6] = [
    ("appended to", |path| {
        let mut file = File::options().append(true).open(path).expect("a file");
        file.write_all(b"2026-10-05T05:00:00Z,pcc-1,requester,1\n").expect("written");
    }),
    ("truncated", |path| File::options().write(true).open(path).expect("a file").set_len(80).expect("cut")),
    ("overwritten in place with as many bytes, its time set back", |path| {
        let file = File::options().write(true).open(path).expect("a file");
        let modified = file.metadata().and_then(|metadata| metadata.modified()).expect("a time");
        std::os::unix::fs::FileExt::write_all_at(&file, b"9", 71).expect("written");
        file.set_modified(modified).expect("set back");
    }),
    ("replaced", |path| {
        let other = path.with_extension("new");
        fs::copy(path, &other).expect("copied");
        fs::rename(other, path).expect("renamed");
    }),
    ("removed", |path| fs::remove_file(path).expect("removed")),
    ("emptied", |path| fs::write(path, "").expect("written")),
];

#[test]
fn an_input_that_changes_while_it_is_read_is_refused_and_nothing_is_written() {
    let verbs: [&[&str]; 5] = [
        &["report", "--format", "json"],
        &["report", "--format", "csv", "--quarantine", "refused.csv"],
        &["meter"],
        &["doctor"],
        &["estimate", "--scenario", "all-gold"],
    ];
    for (what, change) in CHANGES_OF_A_FILE {
        for verb in verbs {
            let folder = Folder::new();
            let mut args = verb.to_vec();
            args.extend(["--usage", "usage.csv", "signal", "--connections", "connections.csv"]);
            args.extend(["--month", "2026-10", "--output", "out"]);
            if !["meter", "doctor"].contains(&verb[0]) {
                args.extend(["--catalog", "china-site"]);
            }
            let path = folder.path().join("usage.csv");
            let outcome = with_a_change(&folder, &args, HEADER, || change(&path));
            assert_eq!(outcome.code, 3, "{what}, {verb:?}: {}", outcome.stderr);
            let said = outcome.stderr.contains("usage.csv: it changed while it was read");
            assert!(said, "{what}, {verb:?}: {}", outcome.stderr);
            let left = folder.names();
            assert!(!left.iter().any(|name| name == "out" || name.contains("refused")), "{left:?}");
        }
    }
}

#[test]
fn every_kind_of_input_is_held_to_stay_what_it_was() {
    for (input, args) in [
        ("usage.csv.gz", &["--usage", "usage.csv.gz", "signal", "--connections", "connections.csv"][..]),
        ("connections.csv", &["--usage", "signal", "--connections", "connections.csv"]),
        (
            "changes.csv",
            &["--usage", "signal", "--connections", "connections.csv", "--link-changes", "changes.csv"],
        ),
        ("prices.csv", &["--usage", "signal", "--connections", "connections.csv", "--prices", "prices.csv"]),
        ("hours.csv", &["--metered", "hours.csv", "signal", "--connections", "connections.csv"]),
    ] {
        let folder = Folder::new();
        folder.write("usage.csv.gz", gzip(USAGE));
        folder.write("changes.csv", CHANGES);
        folder.write("prices.csv", "source,destination,link_type,unit_price,effective_from,status,source_url,source_date\ncn-huhehaote,cn-guangzhou,Gold,1,,published,a page,2026-10-01\n");
        folder.write("hours.csv", USAGE.replace("timestamp", "hour"));
        let signal = if input == "hours.csv" { "hour,connection_id,sender,bytes\n" } else { HEADER };
        let path = folder.path().join(input);
        let args = [&["report"], args, &MONTH, &["--output", "out"]].concat();
        let outcome = with_a_change(&folder, &args, signal, || CHANGES_OF_A_FILE[3].1(&path));
        let words = format!("{input}: it changed while it was read");
        assert!(outcome.code == 3 && outcome.stderr.contains(&words), "{input}: {}", outcome.stderr);
        assert!(!folder.path().join("out").exists());
    }
}

#[test]
fn an_input_that_stays_is_not_refused_though_others_look_at_it() {
    let folder = Folder::new();
    let args = report_args(&["usage.csv", "signal"], &[]);
    let outcome = with_a_change(&folder, &args, HEADER, || {
        folder.read("usage.csv");
    });
    assert_eq!(lines_of(&outcome), LINES);
}

#[test]
fn files_that_tell_no_size_are_read_whole() {
    let folder = Folder::new();
    folder.write("empty.csv", "");
    folder.refused(3, &report_args(&["empty.csv"], &[]), &["empty.csv:1: the input is empty"]);
    // A file of the kernel's, whose size is told as 0 though it has content: it is no table, but not taken as empty.
    folder.refused(3, &report_args(&["/proc/version"], &[]), &["/proc/version:1: the header lacks", "Linux"]);
}

/// Runs the program where no more than `limit` files may be open.
fn with_few_files(folder: &Folder, limit: u32, args: &[&str]) -> Outcome {
    let program = peerbill(folder.path());
    let mut shell = Command::new("sh");
    shell.current_dir(folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    shell.arg("-c").arg(format!("ulimit -n {limit} && exec \"$0\" \"$@\"")).arg(program.get_program());
    finish(shell.args(args), b"")
}

#[test]
fn more_files_than_may_be_open_are_read() {
    let folder = Folder::new();
    for number in 0..1500 {
        let row = format!("2026-10-{:02}T{:02}:00:00Z,pcc-1,requester,1\n", 1 + number / 60, number % 24);
        let text = format!("{HEADER}{row}");
        folder.write(&format!("plain/{number}.csv"), &text);
        folder.write(&format!("gz/{number}.csv.gz"), gzip(&text));
    }
    for (usage, limit) in [("plain", 1024), ("plain", 64), ("gz", 64)] {
        let outcome = with_few_files(&folder, limit, &report_args(&[usage], &["--duplicates", "sum"]));
        assert!(lines_of(&outcome).contains("usage,1500,"), "{usage}: {}", outcome.stdout);
    }
}

#[test]
fn links_that_lead_back_end_and_are_said() {
    let folder = Folder::new();
    folder.write("d/usage.csv", USAGE);
    for name in ["a", "b"] {
        symlink(".", folder.path().join("d").join(name)).expect("a link");
    }
    for usage in ["d", "d/**", "d/**/usage.csv", "d/*"] {
        let outcome = folder.report_on(&[usage], &[]);
        assert_eq!(lines_of(&outcome), LINES, "{usage}");
        let said = "is skipped: it is a folder that was read already";
        assert!(outcome.stderr.contains(said), "{usage}: {}", outcome.stderr);
    }
}

#[test]
fn folders_and_globs_find_the_same_files() {
    let folder = Folder::new();
    let rows: Vec<String> = USAGE.lines().skip(1).map(|row| format!("{HEADER}{row}\n")).collect();
    folder.write("d/one.csv", &rows[0]);
    fs::write(folder.path().join("d").join(OsStr::from_bytes(b"tw\xffo.csv")), &rows[1]).expect("a file");
    folder.write("d/.hidden.csv", USAGE);
    folder.write("d/_part.csv", USAGE);
    for usage in ["d", "d/*", "d/**", "d/*.csv", "d/[ot]*", "**/[ot]*.csv", "./d/**/*.csv"] {
        let outcome = folder.report_on(&[usage], &[]);
        assert_eq!(lines_of(&outcome), LINES, "{usage}");
        if !usage.contains('[') {
            for name in [".hidden.csv", "_part.csv"] {
                let said = format!("d/{name} is skipped; name the file itself to have it read");
                assert_eq!(outcome.stderr.matches(&said).count(), 1, "{usage}: {}", outcome.stderr);
            }
        }
    }
    assert_eq!(lines_of(&folder.report_on(&["d/.*.csv"], &[])), LINES);
    folder.refused(3, &report_args(&["d/x*"], &[]), &["names no file"]);
    folder.refused(3, &report_args(&["d/[*"], &[]), &["bad pattern"]);
}

#[test]
fn a_link_that_leads_nowhere_is_named() {
    let folder = Folder::new();
    folder.write("d/usage.csv", USAGE);
    symlink("gone.csv", folder.path().join("d/link.csv")).expect("a link");
    for usage in ["d", "d/*", "d/link.csv"] {
        let words = ["d/link.csv: it is a link to gone.csv, which is not there"];
        folder.refused(3, &report_args(&[usage], &[]), &words);
    }
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    format!("\u{feff}{text}").encode_utf16().flat_map(bytes).collect()
}

#[test]
fn text_with_a_mark_of_utf_16_is_read_in_every_form() {
    let folder = Folder::new();
    for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
        folder.write("connections.csv", utf16(&CONNECTIONS.replace('\n', "\r\n"), bytes));
        folder.write("usage.csv", utf16(USAGE, bytes));
        assert_eq!(lines_of(&folder.report(&[])), LINES);
        folder.write("usage.csv.zst", zstd::encode_all(&utf16(USAGE, bytes)[..], 0).expect("compressed"));
        assert_eq!(lines_of(&folder.report_on(&["usage.csv.zst"], &[])), LINES);
        let stdin = utf16(USAGE, bytes);
        let outcome = finish(peerbill(folder.path()).args(report_args(&["-"], &[])), &stdin);
        assert_eq!(lines_of(&outcome), LINES);
        let rows = USAGE.lines().skip(1).map(|row| {
            let [at, id, sender, bytes]: [&str; 4] =
                row.split(',').collect::<Vec<_>>().try_into().expect("four");
            format!(
                "{{\"timestamp\":\"{at}\",\"connection_id\":\"{id}\",\"sender\":\"{sender}\",\"bytes\":{bytes}}}\n"
            )
        });
        folder.write("usage.ndjson", utf16(&rows.collect::<String>(), bytes));
        assert_eq!(lines_of(&folder.report_on(&["usage.ndjson"], &[])), LINES);
        folder.write("peerbill.toml", utf16("catalog = \"china-site\"\n", bytes));
        assert_eq!(lines_of(&folder.report(&[])), LINES);
    }
    // The digest is that of the bytes that are stored.
    let json = json_of(&folder.report(&["--format", "json"]));
    let stored = fs::read(folder.path().join("usage.csv")).expect("a file");
    assert!(json.to_string().contains(blake3::hash(&stored).to_hex().as_str()));
}

#[test]
fn a_stated_encoding_is_used_for_text_without_a_mark_and_shown() {
    let folder = Folder::new();
    // 时间, 发送方 in GBK.
    let head = [&b"\xca\xb1\xbc\xe4,connection_id,\xb7\xa2\xcb\xcd\xb7\xbd,bytes\n"[..]].concat();
    let rows = USAGE.split_once('\n').expect("a header").1;
    folder.write("usage.csv", [&head[..], rows.as_bytes()].concat());
    folder.write("connections.csv", utf16(CONNECTIONS, u16::to_le_bytes));
    let settings = "[columns.usage]\ntimestamp = \"时间\"\nsender = \"发送方\"\n";
    folder.write("peerbill.toml", settings);
    let words = ["usage.csv:1: the header lacks", "is not UTF-8; it may be GBK", "--encoding gbk"];
    folder.refused(3, &report_args(&["usage.csv"], &[]), &words);
    let outcome = folder.report(&["--encoding", "GB18030", "--verbose"]);
    assert_eq!(lines_of(&outcome), LINES);
    assert!(outcome.stderr.contains("setting encoding: gb18030"), "{}", outcome.stderr);
    folder.write("peerbill.toml", format!("encoding = \"gbk\"\n{settings}"));
    let outcome = folder.report(&["--verbose"]);
    assert_eq!(lines_of(&outcome), LINES);
    assert!(outcome.stderr.contains("setting encoding: gbk"), "{}", outcome.stderr);
    folder.refused(2, &report_args(&["usage.csv"], &["--encoding", "klingon"]), &["--encoding", "klingon"]);
}

#[test]
fn text_that_is_not_of_its_encoding_is_refused_with_its_line() {
    let folder = Folder::new();
    folder.write("usage.csv", [USAGE.as_bytes(), b"2026-10-05T05:00:00Z,pcc-1,\xff\xff,1\n"].concat());
    let args = report_args(&["usage.csv"], &["--encoding", "gbk"]);
    folder.refused(3, &args, &["usage.csv: line 4 is not GBK"]);
    // Half a surrogate, and half a unit at the end.
    let mut odd = utf16(USAGE, u16::to_le_bytes);
    odd.push(b'x');
    folder.write("usage.csv", odd);
    folder.refused(3, &report_args(&["usage.csv"], &[]), &["usage.csv: line 4 is not UTF-16LE"]);
    folder.write("usage.csv", &utf16(USAGE, u16::to_le_bytes)[2..]);
    let args = report_args(&["usage.csv"], &[]);
    folder.refused(3, &args, &["looks like UTF-16 without a mark", "--encoding utf-16le"]);
    folder.write("connections.csv", utf16(CONNECTIONS, u16::to_be_bytes));
    assert_eq!(lines_of(&folder.report(&["--encoding", "utf-16le"])), LINES);
}

/// What is no text, with what is said of it.
const CONTAINERS: [(&[u8], &str); 15] = [
    (
        b"PK\x03\x04\x14\0\0\0\x08\0....[Content_Types].xml....PK\x03\x04xl/workbook.xml",
        "is an Excel workbook",
    ),
    (b"PK\x03\x04\x14\0\0\0\x08\0....tfplan....tfstate", "is the plan file itself"),
    (b"PK\x03\x04\x14\0\0\0\x08\0....usage.csv", "is a zip archive; unpack it"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0\0", "is an old Excel workbook"),
    (b"\x04\x22\x4d\x18\x64\x40\xa7", "is compressed with lz4"),
    (b"BZh91AY&SY\x9c\x5b\x2c", "is compressed with bzip2"),
    (b"\xfd7zXZ\0\0\x04\xe6", "is compressed with xz"),
    (b"7z\xbc\xaf\x27\x1c\0\x04", "is a 7z archive"),
    (b"Rar!\x1a\x07\x01\0", "is a RAR archive"),
    (b"%PDF-1.7\n%\xe2\xe3", "is a PDF document"),
    (b"<!DOCTYPE html>\n<html><body>Sign in</body></html>", "is a web page (HTML)"),
    (b"\n<HTML><head></head></HTML>", "is a web page (HTML)"),
    (b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "is XML"),
    (b"Obj\x01\x04\x14avro.codec", "is an Avro file"),
    (b"\xff\xfe\0\0t\0\0\0", "is UTF-32"),
];

#[test]
fn what_is_no_text_is_named_for_what_it_is() {
    let mut tar = vec![0; 1024];
    tar[..9].copy_from_slice(b"usage.csv");
    tar[257..263].copy_from_slice(b"ustar\0");
    let containers = CONTAINERS.into_iter().chain([(&tar[..], "is a tar archive; unpack it")]);
    for (bytes, words) in containers {
        let folder = Folder::new();
        folder.write("thing", bytes);
        let name = |argument: &'static str| {
            vec!["report", argument, "thing", "--connections", "connections.csv"]
                .into_iter()
                .chain(MONTH)
                .collect::<Vec<_>>()
        };
        let documents = [
            vec!["report", "--usage", "usage.csv", "--connections", "thing"]
                .into_iter()
                .chain(MONTH)
                .collect(),
            vec!["estimate", "--terraform", "thing", "--traffic", "usage.csv", "--catalog", "china-site"],
            vec!["estimate", "--plan", "thing", "--catalog", "china-site"],
            vec!["catalog", "show", "china-site", "--prices", "thing"],
            vec!["doctor", "--link-changes", "thing"],
        ];
        let traffic = [name("--usage"), name("--flow-logs"), name("--metered")];
        for args in traffic.into_iter().chain(documents) {
            let told = folder.refused(3, &args, &["thing: ", words]);
            assert!(told.lines().count() <= 2 && !told.contains(['\0', '\u{1b}', '\u{fffd}']), "{told:?}");
        }
        let outcome = finish(peerbill(folder.path()).args(report_args(&["-"], &[])), bytes);
        assert!(outcome.code == 3 && outcome.stderr.contains(words), "{}", outcome.stderr);
        folder.write("thing.gz", gzip_of(bytes));
        let words = if words.contains("UTF-32") { "is UTF-32" } else { "(within gzip)" };
        folder.refused(3, &report_args(&["thing.gz"], &[]), &["thing.gz: ", words]);
    }
}

fn gzip_of(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("compressed");
    encoder.finish().expect("compressed")
}

#[test]
fn zstd_that_begins_with_a_skippable_frame_is_read_and_what_is_compressed_twice_is_named() {
    let folder = Folder::new();
    let frame = zstd::encode_all(USAGE.as_bytes(), 0).expect("compressed");
    folder.write("usage.zst", [&b"\x50\x2a\x4d\x18\x04\0\0\0abcd"[..], &frame].concat());
    assert_eq!(lines_of(&folder.report_on(&["usage.zst"], &[])), LINES);
    folder.write("usage.gz", gzip_of(&gzip(USAGE)));
    folder.refused(3, &report_args(&["usage.gz"], &[]), &["usage.gz: is compressed twice"]);
}

#[test]
fn what_needs_more_memory_than_is_stated_is_refused_with_the_figure() {
    let folder = Folder::new();
    let rows: String = (2..2002)
        .map(|id| CONNECTIONS.lines().nth(1).expect("a row").replace("pcc-1", &format!("pcc-{id}")) + "\n")
        .collect();
    folder.write("connections.csv", format!("{CONNECTIONS}{rows}"));
    assert_eq!(lines_of(&folder.report(&[])), LINES);
    let told = folder.refused(
        3,
        &report_args(&["usage.csv"], &["--memory", "1MiB"]),
        &[
            "connections.csv: what is held as a whole takes 3MiB of memory or more",
            "and 1MiB are allowed",
            "--memory 3MiB",
        ],
    );
    assert!(!told.contains("nothing"), "{told}");
    assert_eq!(lines_of(&folder.report(&["--memory", "3MiB"])), LINES);
    folder.write("peerbill.toml", "memory = \"1 MB\"\n");
    folder.refused(3, &report_args(&["usage.csv"], &[]), &["state more with --memory 3MiB"]);
    folder.refused(2, &report_args(&["usage.csv"], &["--memory", "much"]), &["--memory", "much"]);
}

#[test]
fn nesting_without_end_is_refused_in_every_reader() {
    let folder = Folder::new();
    for text in ["[".repeat(1 << 20), "{\"a\":".repeat(1 << 20), format!("{{\"a\":{}", "[".repeat(1 << 20))] {
        folder.write("deep", &text);
        for args in [
            vec!["--usage", "deep", "--connections", "connections.csv"],
            vec!["--usage", "usage.csv", "--connections", "deep"],
            vec!["--usage", "usage.csv", "--connections", "connections.csv", "--link-changes", "deep"],
            vec!["--flow-logs", "deep", "--connections", "connections.csv"],
            vec!["--cloudmonitor", "inbound=deep", "--connections", "connections.csv"],
        ] {
            folder.refused(3, &[&["report"], &args[..], &MONTH].concat(), &["deep"]);
        }
        folder.refused(
            3,
            &["estimate", "--terraform", "deep", "--traffic", "usage.csv", "--catalog", "china-site"],
            &["deep"],
        );
    }
    folder.write("deep.toml", format!("a = {}", "[".repeat(1 << 20)));
    folder.refused(3, &["estimate", "--plan", "deep.toml", "--catalog", "china-site"], &["deep.toml"]);
}

#[test]
fn settings_that_are_no_small_file_are_refused_and_not_waited_for() {
    let folder = Folder::new();
    let place = folder.path().join("peerbill.toml");
    assert!(Command::new("mkfifo").arg(&place).status().expect("mkfifo is there").success());
    let args = report_args(&["usage.csv"], &[]);
    folder.refused(3, &args, &["peerbill.toml: it is no file"]);
    fs::remove_file(&place).expect("removed");
    fs::create_dir(&place).expect("a folder");
    folder.refused(3, &args, &["peerbill.toml: it is no file"]);
    fs::remove_dir(&place).expect("removed");
    symlink("/dev/zero", &place).expect("a link");
    folder.refused(3, &args, &["peerbill.toml: it is no file"]);
    fs::remove_file(&place).expect("removed");
    symlink("gone.toml", &place).expect("a link");
    folder.refused(3, &args, &["peerbill.toml: it is a link to gone.toml"]);
    fs::remove_file(&place).expect("removed");
    folder.write("peerbill.toml", "#".repeat((1 << 20) + 1));
    folder.refused(3, &args, &["peerbill.toml: it is larger than 1 MiB"]);
}
