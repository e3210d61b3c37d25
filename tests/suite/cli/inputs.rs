//! Inputs in every form.

use super::*;

#[test]
fn inputs_are_read_plain_or_compressed_from_files_folders_globs_and_standard_input() {
    let folder = Folder::new();
    let halves: Vec<&str> = USAGE.lines().collect();
    let (first, second) =
        (format!("{}\n{}\n", halves[0], halves[1]), format!("{}\n{}\n", halves[0], halves[2]));
    folder.write("whole.csv.gz", gzip(USAGE));
    folder.write("two-members.csv.gz", [gzip(&first[..50]), gzip(&USAGE[50..])].concat());
    folder.write("whole.csv.zst", zstd::encode_all(USAGE.as_bytes(), 0).expect("compressed"));
    folder.write("no-hint-in-its-name", gzip(USAGE));
    folder.write("halves/2026/a.csv", &first);
    folder.write("halves/b.csv.gz", gzip(&second));
    folder.write("halves/.hidden", "not traffic");
    folder.write("halves/_SUCCESS", "");
    for usage in [
        &["whole.csv.gz"][..],
        &["two-members.csv.gz"],
        &["whole.csv.zst"],
        &["no-hint-in-its-name"],
        &["halves"],
        &["halves/b.csv.gz", "halves/2026/a.csv"],
        &["halves/*.gz", "halves/2026"],
        &["halves/**/[ab].csv*"],
    ] {
        assert_eq!(lines_of(&folder.report_on(usage, &[])), LINES, "{usage:?}");
    }
    for stdin in [USAGE.as_bytes(), &gzip(USAGE)] {
        let outcome = finish(peerbill(folder.path()).args(report_args(&["-"], &[])), stdin);
        assert_eq!(lines_of(&outcome), LINES);
    }
    folder.write("connections.csv", gzip(CONNECTIONS));
    assert_eq!(lines_of(&folder.report(&[])), LINES);
}

#[test]
fn a_compressed_file_that_is_cut_off_or_damaged_is_refused() {
    let folder = Folder::new();
    let (gz, zst) = (gzip(USAGE), zstd::encode_all(USAGE.as_bytes(), 0).expect("compressed"));
    folder.write("cut.csv.gz", &gz[..gz.len() - 9]);
    folder.write("cut.csv.zst", &zst[..zst.len() - 9]);
    let mut damaged = gz;
    damaged[30] ^= 0xff;
    folder.write("damaged.csv.gz", damaged);
    for file in ["cut.csv.gz", "cut.csv.zst", "damaged.csv.gz"] {
        folder.refused(3, &report_args(&[file], &[]), &[file]);
    }
}

#[test]
fn the_same_file_named_twice_is_counted_once() {
    let folder = Folder::new();
    folder.write("sub/other.csv", "timestamp,connection_id,sender,bytes\n");
    for usage in
        [&["usage.csv", "usage.csv"][..], &["usage.csv", "./usage.csv", "sub/../usage.csv", "us*.csv"]]
    {
        assert_eq!(lines_of(&folder.report_on(usage, &[])), LINES, "{usage:?}");
    }
}

#[test]
fn a_byte_order_mark_crlf_quotes_other_orders_and_further_columns_change_nothing() {
    let row = |fields: &[&str]| format!("{}\n", fields.join(","));
    let records = [
        ["2026-10-05T03:00:00Z", "pcc-1", "requester", "214748364800"],
        ["2026-10-05T04:00:00Z", "pcc-1", "accepter", "107374182400"],
    ];
    let reordered = records.map(|[at, id, sender, bytes]| row(&["a note", bytes, sender, "", id, at]));
    let quoted =
        records.map(|record| row(&record.map(|field| format!("\"{field}\"")).each_ref().map(|f| &f[..])));
    for usage in [
        format!("\u{feff}{USAGE}"),
        USAGE.replace('\n', "\r\n"),
        USAGE.trim_end().to_owned(),
        USAGE.replace('\n', "\n\n"),
        format!("\u{feff}timestamp,\"connection_id\",sender,bytes\r\n{}", quoted.concat()),
        format!("note,bytes,sender,,connection_id,timestamp\n{}", reordered.concat()),
        format!(
            "timestamp,connection_id,sender,bytes,note\n{},\"two\nlines, \"\"quoted\"\"\"\n{},\n",
            records[0].join(","),
            records[1].join(",")
        ),
    ] {
        let folder = Folder::new();
        folder.write("usage.csv", &usage);
        folder.write("connections.csv", format!("\u{feff}{}", CONNECTIONS.replace('\n', "\r\n")));
        assert_eq!(lines_of(&folder.report(&[])), LINES, "{usage:?}");
    }
}

#[test]
fn lines_are_counted_from_1_through_blank_lines_and_quoted_line_ends() {
    let folder = Folder::new();
    folder.write("usage.csv", "timestamp,connection_id,sender,bytes,note\r\n\r\n2026-10-05T03:00:00Z,pcc-1,requester,1,\"a\r\nb\"\r\nsoon,pcc-1,requester,1,\r\n");
    folder.refused(3, &report_args(&["usage.csv"], &[]), &["usage.csv:5:", "soon"]);
}
