//! What goes wrong around the program: it is killed, the disk is full, folders vanish, readers leave. Each with its exit
//! code and what is left. `just faults` runs these alone.

use super::*;
use std::{
    io::Read,
    os::unix::{
        fs::{PermissionsExt, symlink},
        process::ExitStatusExt,
    },
    path::PathBuf,
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

const VERBS: [&[&str]; 9] = [
    &["report", "--format", "table"],
    &["report", "--format", "csv"],
    &["report", "--format", "json"],
    &["report", "--format", "markdown"],
    &["meter"],
    &["doctor", "--format", "table"],
    &["doctor", "--format", "json"],
    &["estimate", "--format", "table"],
    &["estimate", "--format", "csv"],
];
/// What prints without inputs.
const ASKED: [&[&str]; 7] = [
    &["--help"],
    &["--version"],
    &["report", "--help"],
    &["man"],
    &["completions", "bash"],
    &["catalog", "list"],
    &["catalog", "show", "china-site", "--format", "csv"],
];
const SIGNALS: [(&str, i32); 4] = [("HUP", 1), ("INT", 2), ("KILL", 9), ("TERM", 15)];

/// All arguments of a verb on the inputs of the folder.
fn arguments(verb: &[&str]) -> Vec<String> {
    let inputs = ["--usage", "usage.csv", "--connections", "connections.csv", "--month", "2026-10"];
    let prices = ["--catalog", "china-site"];
    let priced = matches!(verb[0], "report" | "estimate");
    let all = verb.iter().chain(&inputs).chain(prices.iter().filter(|_| priced));
    all.map(|argument| (*argument).to_owned()).collect()
}

/// Those signals that whoever started the tests does not let programs ignore, as `nohup` does: such a one would never end.
fn signals() -> Vec<(&'static str, i32)> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap_or_default();
    let ignored = u64::from_str_radix(mask.trim(), 16).unwrap_or_default();
    let (left_out, sent): (Vec<_>, Vec<_>) =
        SIGNALS.into_iter().partition(|(_, number)| ignored >> (number - 1) & 1 == 1);
    left_out.iter().for_each(|(name, _)| eprintln!("skipped: SIG{name}, which is ignored here"));
    sent
}

fn signal(child: &Child, name: &str) {
    let killed = Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status();
    assert!(killed.expect("kill is there").success());
}

/// Looks until `found`, and fails after a minute.
fn wait_until(mut found: impl FnMut() -> bool, what: &str) {
    let begun = Instant::now();
    while !found() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        thread::sleep(Duration::from_millis(1));
    }
}

impl Folder {
    fn fifo(&self, name: &str) -> PathBuf {
        let path = self.path().join(name);
        assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo is there").success());
        path
    }

    /// Runs a line of the shell, in which `$PEERBILL` is the program.
    fn shell(&self, line: &str) -> Outcome {
        let mut command = Command::new("sh");
        command.args(["-c", line]).env("PEERBILL", env!("CARGO_BIN_EXE_peerbill")).current_dir(self.path());
        finish(command.stdout(Stdio::piped()).stderr(Stdio::piped()), b"")
    }

    fn start(&self, args: &[impl AsRef<std::ffi::OsStr>]) -> Child {
        peerbill(self.path()).args(args).spawn().expect("the program starts")
    }
}

/// A report of so many connections and hours that it takes a while to print.
fn large() -> Folder {
    const CONNECTIONS_OF_IT: usize = 40;
    let folder = Folder::new();
    let (header, row) = CONNECTIONS.split_once('\n').expect("two lines");
    let rows = (1..=CONNECTIONS_OF_IT).map(|number| row.replace("pcc-1", &format!("pcc-{number}")));
    folder.write("connections.csv", format!("{header}\n{}", rows.collect::<String>()));
    let mut usage = String::from("timestamp,connection_id,sender,bytes\n");
    for number in 1..=CONNECTIONS_OF_IT {
        for hour in 0..24 {
            usage +=
                &format!("2026-10-05T{hour:02}:00:00Z,pcc-{number},requester,{}\n", 1000 + number + hour);
        }
    }
    folder.write("usage.csv", usage);
    folder
}

#[test]
fn a_signal_ends_it_while_it_waits_for_an_input_and_leaves_nothing() {
    for (name, number) in signals() {
        let folder = Folder::new();
        folder.write("old.csv", "the report of September");
        let fifo = folder.fifo("waiting.csv");
        let args = ["report", "--usage", "usage.csv", "--connections", "waiting.csv"];
        let child =
            folder.start(&[&args[..], &MONTH, &["--output", "old.csv", "--quarantine", "q.csv"]].concat());
        // Opened by both: the program has come as far as its connections, and waits for more of them.
        let mut held = fs::OpenOptions::new().write(true).open(&fifo).expect("it is opened");
        held.write_all(b"connection_id,").expect("it reads");
        signal(&child, name);
        let status = child.wait_with_output().expect("it ends").status;
        assert_eq!(status.signal(), Some(number), "{name}: {status}");
        assert_eq!(folder.read("old.csv"), "the report of September");
        assert_eq!(folder.names(), ["connections.csv", "old.csv", "usage.csv", "waiting.csv"]);
    }
}

#[test]
fn a_signal_ends_it_while_it_prints_and_leaves_whole_files() {
    for (name, number) in signals() {
        let folder = large();
        let refused = "2026-10-05T03:00:00Z,pcc-1,requester,-1\n";
        folder.write("usage.csv", folder.read("usage.csv") + refused);
        let args = report_args(&["usage.csv"], &["--hourly", "--quarantine", "q.csv"]);
        let mut child = folder.start(&args);
        // It prints more than a pipe holds, and nobody reads on.
        let mut first = [0];
        child.stdout.as_mut().expect("a pipe").read_exact(&mut first).expect("it prints");
        signal(&child, name);
        let status = child.wait().expect("it ends");
        assert_eq!(status.signal(), Some(number), "{name}: {status}");
        assert_eq!(folder.names(), ["connections.csv", "q.csv", "usage.csv"]);
        let quarantine = folder.read("q.csv");
        assert!(quarantine.lines().count() == 2 && quarantine.ends_with('\n'), "{quarantine}");
    }
}

#[test]
fn a_signal_at_any_moment_of_writing_leaves_the_old_file_or_the_new_one() {
    let folder = large();
    let args = report_args(&["usage.csv"], &["--hourly", "--output", "out.csv"]);
    assert_eq!(folder.run(&args).code, 0);
    let whole = folder.read("out.csv");
    for (turn, (name, _)) in SIGNALS.iter().cycle().take(16).enumerate() {
        folder.write("out.csv", "the report of September");
        let mut child = folder.start(&args);
        let descriptors = PathBuf::from(format!("/proc/{}/fd", child.id()));
        let is_writing = || {
            let open = fs::read_dir(&descriptors).into_iter().flatten().flatten();
            open.filter_map(|entry| fs::read_link(entry.path()).ok()).any(|target| {
                target.parent() == Some(folder.path()) && target.to_string_lossy().contains(['#', '.'])
            }) && turn > 3
        };
        // In the first turns at once, in the others when a file is open in the folder.
        wait_until(|| turn <= 3 || is_writing() || child.try_wait().expect("a child").is_some(), "it writes");
        if child.try_wait().expect("a child").is_none() {
            signal(&child, name);
        }
        child.wait().expect("it ends");
        let left = folder.read("out.csv");
        assert!(left == whole || left == "the report of September", "{name}: {} bytes", left.len());
        assert_eq!(folder.names(), ["connections.csv", "out.csv", "usage.csv"], "{name}");
    }
}

#[test]
fn a_signal_that_is_to_be_ignored_is() {
    let folder = Folder::new();
    let fifo = folder.fifo("waiting.csv");
    let line = "trap '' HUP INT; exec \"$PEERBILL\" report --usage usage.csv --connections waiting.csv \
                --catalog china-site --month 2026-10 --output out.csv";
    let mut command = Command::new("sh");
    command.args(["-c", line]).env("PEERBILL", env!("CARGO_BIN_EXE_peerbill")).current_dir(folder.path());
    let child = command.stderr(Stdio::piped()).spawn().expect("the shell starts");
    let mut held = fs::OpenOptions::new().write(true).open(&fifo).expect("it is opened");
    signal(&child, "HUP");
    signal(&child, "INT");
    held.write_all(CONNECTIONS.as_bytes()).expect("it reads on");
    drop(held);
    assert_eq!(child.wait_with_output().expect("it ends").status.code(), Some(0));
    assert!(folder.read("out.csv").contains("96.00"));
}

#[test]
fn a_full_disk_is_told_by_the_name_that_the_user_knows_and_nothing_is_left() {
    let folder = large();
    folder.write("old", "the report of September");
    let names = folder.names();
    for verb in VERBS {
        let told = |line: &str, name: &str| {
            let outcome = folder.shell(line);
            assert_eq!((outcome.code, outcome.stdout.as_str()), (4, ""), "{line}: {}", outcome.stderr);
            let said = format!("peerbill: {name}: cannot be written: ");
            assert!(outcome.stderr.lines().any(|line| line.starts_with(&said)), "{line}: {}", outcome.stderr);
            assert!(!outcome.stderr.contains(".peerbill"), "{}", outcome.stderr);
            assert_eq!(folder.names(), names, "{line}");
        };
        let all = format!("\"$PEERBILL\" {}", arguments(verb).join(" "));
        told(&format!("{all} --output /dev/full"), "/dev/full");
        told(&format!("{all} > /dev/full"), "standard output");
        for name in ["new", "old"] {
            told(&format!("ulimit -f 0; {all} --output {name}"), name);
        }
    }
    assert_eq!(folder.read("old"), "the report of September");
    let quarantine = "\"$PEERBILL\" meter --usage usage.csv --connections connections.csv --month 2026-10";
    let outcome = folder.shell(&format!("{quarantine} --quarantine /dev/full --output new"));
    assert_eq!((outcome.code, folder.names() == names), (4, true), "{}", outcome.stderr);
}

/// A file system of one page, which an older output fills: a new one does not fit. Only root may mount one, within a name space of
/// its own.
#[test]
fn a_small_file_system_that_fills_up_keeps_what_it_held() {
    let folder = large();
    let mount = "mkdir small && mount -t tmpfs -o size=4k tmpfs small";
    if folder.shell(&format!("unshare -m sh -c '{mount}'")).code != 0 {
        eprintln!("skipped: no file system can be mounted here");
        return;
    }
    for verb in VERBS {
        for name in ["new", "old"] {
            let written = format!(
                "{{ mountpoint -q small || mount -t tmpfs -o size=4k tmpfs small; }} && echo kept > small/old && \
                 \"$PEERBILL\" {} --output small/{name}; code=$?; ls -A small; cat small/old; exit $code",
                arguments(verb).join(" ")
            );
            let outcome = folder.shell(&format!("unshare -m sh -c '{written}'"));
            assert_eq!((outcome.code, outcome.stdout.as_str()), (4, "old\nkept\n"), "{}", outcome.stderr);
            let said = format!("peerbill: small/{name}: cannot be written: ");
            assert!(outcome.stderr.starts_with(&said), "{}", outcome.stderr);
        }
    }
}

#[test]
fn what_is_asked_for_and_cannot_be_printed_is_told() {
    let folder = Folder::new();
    for asked in ASKED {
        let outcome = folder.shell(&format!("\"$PEERBILL\" {} > /dev/full", asked.join(" ")));
        assert_eq!(outcome.code, 4, "{asked:?}: {}", outcome.stderr);
        assert!(
            outcome.stderr.contains("cannot be written: no storage space"),
            "{asked:?}: {}",
            outcome.stderr
        );
    }
}

#[test]
fn a_reader_that_has_gone_is_no_error_of_any_verb() {
    let folder = large();
    let verbs = VERBS.iter().map(|verb| arguments(verb));
    let asked = ASKED.iter().map(|verb| verb.iter().map(|own| (*own).to_owned()).collect());
    for args in verbs.chain(asked) {
        let fifo = folder.fifo("pipe");
        // Both ends are opened, then the reading one is closed: every byte finds the pipe broken.
        let reader = thread::spawn({
            let fifo = fifo.clone();
            move || drop(File::open(fifo).expect("a pipe"))
        });
        let writer = fs::OpenOptions::new().write(true).open(&fifo).expect("a pipe");
        reader.join().expect("it closes");
        let output = peerbill(folder.path()).args(&args).stdout(writer).output().expect("it runs");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{args:?}: {told}");
        assert!(!told.to_lowercase().contains("pipe") && !told.contains("fault"), "{args:?}: {told}");
        fs::remove_file(fifo).expect("removed");
    }
}

#[test]
fn messages_that_nobody_can_read_change_no_exit_code() {
    let folder = Folder::new();
    folder.write("bad.csv", USAGE.replace("214748364800", "-1"));
    for (code, args) in [
        (0, "report --usage usage.csv --connections connections.csv --catalog china-site --month 2026-10"),
        (0, "meter --usage usage.csv --connections connections.csv --month 2026-10"),
        (2, "report --nothing"),
        (2, "meter --month 2026-10"),
        (3, "report --usage bad.csv --connections connections.csv --catalog china-site --month 2026-10"),
    ] {
        for stderr in ["2>/dev/full", "2>&-"] {
            let outcome = folder.shell(&format!("\"$PEERBILL\" {args} {stderr}"));
            assert_eq!(outcome.code, code, "{args} {stderr}: {}", outcome.stderr);
        }
        let outcome = folder.shell(&format!("\"$PEERBILL\" {args} >&- 2>&- <&-"));
        assert_eq!(outcome.code, code, "all closed: {args}");
    }
}

#[test]
fn r17_where_no_thread_can_be_had_one_does_the_work_of_all() {
    // Hourly lines and link changes that are worth threads, and traffic that another thread would decompress.
    let folder = large();
    let change = |index: usize| {
        let (from, to) = if index.is_multiple_of(2) { ("Gold", "Platinum") } else { ("Platinum", "Gold") };
        format!(
            "pcc-1,2026-10-{:02}T{:02}:{:02}:00Z,{from},{to}\n",
            1 + index / 720,
            index / 30 % 24,
            index % 30
        )
    };
    folder.write("changes.csv", CHANGES.to_owned() + &(0..1_600).map(change).collect::<String>());
    fs::write(folder.path().join("usage.csv.gz"), gzip(&folder.read("usage.csv"))).expect("it is written");
    for usage in ["usage.csv", "usage.csv.gz"] {
        for format in ["csv", "table", "markdown", "json", "focus"] {
            let args =
                report_args(&[usage], &["--hourly", "--link-changes", "changes.csv", "--format", format]);
            let run = |stack: Option<&str>| {
                let mut command = peerbill(folder.path());
                command.args(&args).env("PEERBILL_THREADS", "3");
                // No memory is large enough for the stack of another thread.
                stack.map(|bytes| command.env("RUST_MIN_STACK", bytes));
                finish(&mut command, b"")
            };
            let expected = run(None);
            assert_eq!(
                (expected.code, expected.stdout.lines().count() > 960),
                (0, true),
                "{}",
                expected.stderr
            );
            assert_eq!(run(Some("1000000000000000")), expected, "{usage} {format}");
        }
    }
}

#[test]
fn a_folder_that_goes_meanwhile_is_told_by_the_name_of_its_file() {
    let folder = Folder::new();
    let fifo = folder.fifo("waiting.csv");
    folder.write("out/old.csv", "");
    let args = ["report", "--usage", "usage.csv", "--connections", "waiting.csv", "--output", "out/new.csv"];
    let child = folder.start(&[&args[..], &MONTH].concat());
    let mut held = fs::OpenOptions::new().write(true).open(&fifo).expect("it is opened");
    fs::remove_dir_all(folder.path().join("out")).expect("removed");
    held.write_all(CONNECTIONS.as_bytes()).expect("it reads on");
    drop(held);
    let output = child.wait_with_output().expect("it ends");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{told}");
    assert_eq!(told, "peerbill: out/new.csv: cannot be written: its folder does not exist\n");
}

#[test]
fn an_output_that_cannot_be_there_says_why() {
    let folder = Folder::new();
    folder.write("folder/file", "");
    symlink("loop", folder.path().join("loop")).expect("a link");
    for (name, why) in [
        ("folder", "it is a folder; name a file in it"),
        ("folder/", "it is a folder; name a file in it"),
        ("new/", "it is a folder; name a file in it"),
        ("..", "it is a folder; name a file in it"),
        ("absent/out.csv", "its folder does not exist"),
        ("folder/file/out.csv", "not a directory"),
        ("loop", "too many links"),
    ] {
        let said = format!("peerbill: {name}: cannot be written: {why}");
        for flag in ["--output", "--quarantine"] {
            folder.refused(4, &report_args(&["usage.csv"], &[flag, name]), &[&said]);
        }
    }
}

#[test]
fn a_file_keeps_its_mode_and_links_lead_to_it_also_before_it_is_there() {
    let folder = Folder::new();
    let place = |name: &str| folder.path().join(name);
    folder.write("secret.csv", "the report of September");
    fs::set_permissions(place("secret.csv"), fs::Permissions::from_mode(0o600)).expect("a mode");
    symlink("secret.csv", place("link.csv")).expect("a link");
    symlink("later/new.csv", place("dangling.csv")).expect("a link");
    fs::create_dir(place("later")).expect("a folder");
    for name in ["secret.csv", "link.csv", "dangling.csv"] {
        assert_eq!(folder.report(&["--output", name]).code, 0);
    }
    let mode = fs::metadata(place("secret.csv")).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(place("link.csv").is_symlink() && place("dangling.csv").is_symlink());
    for name in ["secret.csv", "later/new.csv"] {
        assert!(folder.read(name).contains("96.00"), "{name}");
    }
}

#[test]
fn a_log_that_is_written_on_keeps_what_it_holds() {
    let folder = Folder::new();
    let args = arguments(&["report", "--format", "csv"]).join(" ");
    for line in [
        format!("\"$PEERBILL\" {args} --output /dev/stdout >> log"),
        format!("\"$PEERBILL\" {args} --output /dev/fd/3 3>> log"),
        format!("\"$PEERBILL\" {args} --output /proc/self/fd/1 >> log"),
        format!("{{ \"$PEERBILL\" {args} --output /dev/stdout; echo end; }} >> log"),
    ] {
        folder.write("log", "what was there\n");
        assert_eq!(folder.shell(&line).code, 0, "{line}");
        let log = folder.read("log");
        assert!(log.starts_with("what was there\nbilling_month,") && log.contains("96.00"), "{line}: {log}");
    }
    assert!(folder.read("log").ends_with("end\n"));
}

#[test]
fn devices_take_two_outputs_and_one_file_by_two_names_does_not() {
    let folder = Folder::new();
    let two = |output: &str, quarantine: &str| {
        folder.run(&report_args(&["usage.csv"], &["--output", output, "--quarantine", quarantine]))
    };
    assert_eq!(two("/dev/null", "/dev/null").code, 0);
    folder.write("one.csv", "kept");
    fs::hard_link(folder.path().join("one.csv"), folder.path().join("hard.csv")).expect("a link");
    symlink("one.csv", folder.path().join("link.csv")).expect("a link");
    symlink("absent.csv", folder.path().join("dangling.csv")).expect("a link");
    for (one, other) in [
        ("one.csv", "hard.csv"),
        ("one.csv", "link.csv"),
        ("link.csv", "hard.csv"),
        ("absent.csv", "dangling.csv"),
    ] {
        let outcome = two(one, other);
        assert_eq!(outcome.code, 2, "{one} {other}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("name the same file"), "{}", outcome.stderr);
    }
    assert_eq!(folder.read("one.csv"), "kept");
    let args = arguments(&["report"]).join(" ");
    let outcome = folder.shell(&format!("\"$PEERBILL\" {args} --quarantine q.csv > q.csv"));
    assert!(
        outcome.code == 2 && outcome.stderr.contains("standard output and --quarantine"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn no_input_and_no_settings_are_written_over_by_any_name() {
    let folder = Folder::new();
    folder.write("peerbill.toml", "offset = \"+08:00\"\n");
    for name in ["catalog.toml", "prices.csv"] {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("pricing/china-site").join(name);
        folder.write(&format!("mine/{name}"), fs::read(shipped).expect("a shipped catalog"));
    }
    let overlay = "source,destination,link_type,unit_price,effective_from,status,source_url,source_date\n";
    folder.write("overlay.csv", overlay);
    folder.write(
        "contract.csv",
        "account_id,source,destination,link_type,unit_price,discount_percent,effective_from,effective_until\n",
    );
    folder.write("changes.csv", CHANGES);
    let args = "report --usage usage.csv --connections connections.csv --link-changes changes.csv --catalog mine \
                --prices overlay.csv --contract contract.csv --month 2026-10";
    let inputs = [
        "usage.csv",
        "connections.csv",
        "changes.csv",
        "mine/catalog.toml",
        "mine/prices.csv",
        "overlay.csv",
        "contract.csv",
        "peerbill.toml",
    ];
    for input in inputs {
        let before = folder.read(input);
        fs::hard_link(folder.path().join(input), folder.path().join("hard")).expect("a link");
        symlink(input, folder.path().join("link")).expect("a link");
        for name in [input, &format!("./{input}"), "hard", "link"] {
            for flag in ["--output", "--quarantine"] {
                folder.refused(
                    2,
                    &args.split(' ').chain([flag, name]).collect::<Vec<_>>(),
                    &[flag, name, "this "],
                );
            }
        }
        assert_eq!(folder.read(input), before);
        for name in ["hard", "link"] {
            fs::remove_file(folder.path().join(name)).expect("removed");
        }
    }
    let args = args.replace("usage.csv", "-");
    for line in [
        format!("\"$PEERBILL\" {args} --output usage.csv < usage.csv"),
        format!("\"$PEERBILL\" {args} < usage.csv >> usage.csv"),
    ] {
        assert_eq!(folder.shell(&line).code, 2, "{line}");
    }
    assert_eq!(folder.read("usage.csv"), USAGE);
}

#[test]
fn a_protected_file_is_not_replaced() {
    let folder = Folder::new();
    folder.write("old.csv", "the report of September");
    fs::set_permissions(folder.path().join("old.csv"), fs::Permissions::from_mode(0o444)).expect("a mode");
    // Who may write everything may write this as well.
    let all_powerful = fs::OpenOptions::new().write(true).open(folder.path().join("old.csv")).is_ok();
    let outcome = folder.report(&["--output", "old.csv"]);
    assert_eq!(outcome.code, if all_powerful { 0 } else { 4 }, "{}", outcome.stderr);
    assert_eq!(folder.read("old.csv") == "the report of September", !all_powerful);
}

#[test]
fn r17_locales_zones_threads_and_places_change_no_byte() {
    let folder = large();
    let elsewhere = Folder(tempfile::Builder::new().prefix("Straße 杭州 ").tempdir().expect("a folder"));
    for name in ["usage.csv", "connections.csv"] {
        elsewhere.write(name, folder.read(name));
    }
    let program = elsewhere.path().join("peer bill é");
    fs::copy(env!("CARGO_BIN_EXE_peerbill"), &program).expect("a copy");
    for verb in VERBS {
        let args = arguments(verb);
        let plain = folder.run(&args.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(plain.code, 0, "{}", plain.stderr);
        for (name, value) in [
            ("LANG", "C"),
            ("LC_ALL", "zh_CN.UTF-8"),
            ("LC_ALL", "tr_TR.UTF-8"),
            ("TZ", "America/St_Johns"),
            ("TZ", "Pacific/Kiritimati"),
            ("PEERBILL_THREADS", "1"),
            ("PEERBILL_THREADS", "2"),
            ("PEERBILL_THREADS", "8"),
        ] {
            let outcome = finish(peerbill(folder.path()).args(&args).env(name, value), b"");
            assert_eq!(outcome, plain, "{verb:?} {name}={value}");
        }
        let mut moved = Command::new(&program);
        moved.current_dir(elsewhere.path()).args(&args).stdout(Stdio::piped()).stderr(Stdio::piped());
        assert_eq!(finish(&mut moved, b""), plain, "{verb:?} elsewhere");
    }
}
