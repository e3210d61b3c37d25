//! Inputs in stores of objects (docs/decisions/0036), read from a real server that speaks S3, on the loopback, and through a
//! proxy that does what networks and stores do.

use crate::support::program;
use std::fs;

const CONNECTIONS: &str = "\
connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type,requester_vpc_id,\
accepter_vpc_id,requester_cidrs,accepter_cidrs
pcc-1,1000000000000001,cn-huhehaote,1000000000000002,cn-guangzhou,Gold,vpc-a,vpc-b,10.0.0.0/16,10.1.0.0/16
";
const USAGE: &str = "\
timestamp,connection_id,sender,bytes
2026-10-05T03:00:00Z,pcc-1,requester,214748364800
2026-10-05T04:00:00Z,pcc-1,accepter,107374182400
";

/// A folder with connections and some traffic.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("connections.csv"), CONNECTIONS).unwrap();
    fs::write(folder.path().join("usage.csv"), USAGE).unwrap();
    folder
}

/// The arguments of a report of October.
fn report(traffic: &str) -> Vec<String> {
    let line = format!(
        "report {traffic} --connections connections.csv --catalog china-site --month 2026-10 --format csv"
    );
    line.split_whitespace().map(str::to_owned).collect()
}

#[cfg(not(feature = "object-store"))]
#[test]
fn a_build_without_the_feature_says_so_and_how_to_build_with_it() {
    let folder = folder();
    let refused = |line: &str, place: &str| {
        let outcome = program::run(folder.path(), &line.split_whitespace().collect::<Vec<_>>());
        let why = format!(
            "peerbill: {place}: is an object in a store, which this build cannot read: it was made without the feature \
             object-store; build it with cargo build --release --features object-store\n"
        );
        assert_eq!((outcome.code, &*outcome.stdout, outcome.stderr), (3, "", why), "{line}");
    };
    let bill = "--connections connections.csv --catalog china-site --month 2026-10";
    let report = format!("report --usage usage.csv {bill}");
    let (known, both) =
        ("--usage usage.csv", "--from Hohhot --to Guangzhou --catalog china-site --month 2026-10");
    // Every option and argument that names an input.
    for place in ["s3://bucket/october.json", "oss://bucket/october/"] {
        for line in [
            format!("report --usage {place} {bill}"),
            format!("report --usage usage.csv {place} {bill}"),
            format!("report --cloudmonitor IntranetRX={place} {bill}"),
            format!("report --flow-logs {place} {bill}"),
            format!("report --metered {place} {bill}"),
            format!("report {known} --connections {place} --catalog china-site --month 2026-10"),
            format!("{report} --link-changes {place}"),
            format!("{report} --prices {place}"),
            format!("{report} --contract {place}"),
            format!("{report} --accounts {place}"),
            format!("{report} --budget {place}"),
            format!("{report} --corrects {place}"),
            format!("meter {known} --connections connections.csv --month 2026-10 --merge {place}"),
            format!("doctor --usage {place}"),
            format!("doctor {known} --connections {place}"),
            format!("crosscheck {known} {bill} --counterpart-usage {place}"),
            format!("crosscheck {known} {bill} --counterpart-cloudmonitor IntranetTX={place}"),
            format!("crosscheck {known} {bill} --counterpart-flow-logs {place}"),
            format!("reconcile {known} {bill} --bill {place}"),
            format!("reconcile --report {place} --bill usage.csv"),
            format!("compare {place} usage.csv"),
            format!("explain {known} {bill} --accounts {place} --account 1000000000000001"),
            format!("estimate {both} --gb 1 --contract {place}"),
            format!("estimate {known} {bill} --schedule {place}"),
            format!("estimate --terraform {place} --catalog china-site"),
            format!("estimate --plan {place} --catalog china-site"),
            format!("catalog price {both} --prices {place}").replace(" --month 2026-10", ""),
            format!("catalog show china-site --prices {place}"),
            format!("catalog check china-site --contract {place}"),
        ] {
            refused(&line, place);
        }
    }
}

/// In builds of both kinds.
#[test]
fn no_result_is_written_to_a_store() {
    let folder = folder();
    let before = fs::read_dir(folder.path()).unwrap().count();
    let metered = "--usage usage.csv --connections connections.csv --month 2026-10";
    for (verb, option) in [
        (format!("report {metered} --catalog china-site"), "--output"),
        (format!("report {metered} --catalog china-site --output bill.csv"), "--output"),
        (format!("report {metered} --catalog china-site"), "--quarantine"),
        (format!("meter {metered}"), "--output"),
        (format!("meter {metered}"), "--quarantine"),
    ] {
        for place in ["s3://bucket/october.csv", "oss://bucket/october/", "OSS:/bucket/october.csv"] {
            let line = format!("{verb} {option} {place}");
            let outcome = program::run(folder.path(), &line.split_whitespace().collect::<Vec<_>>());
            let why = format!(
                "error: invalid value '{place}' for '{option} <FILE>': stores are read and not written to: name a file of \
                 this machine, and upload it\n"
            );
            assert_eq!((outcome.code, &*outcome.stdout), (2, ""), "{line}: {}", outcome.stderr);
            assert!(outcome.stderr.starts_with(&why), "{line}: {}", outcome.stderr);
        }
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), before);
}

#[test]
fn a_catalog_is_a_folder_of_this_machine() {
    let mut args = report("--usage usage.csv");
    let catalog = args.iter().position(|own| own == "china-site").unwrap();
    args[catalog] = "s3://bucket/catalog/".into();
    let outcome = program::run(folder().path(), &args);
    assert_eq!(outcome.code, 3, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("a catalog is a folder of this machine: copy it here"),
        "{}",
        outcome.stderr
    );
}

#[cfg(feature = "object-store")]
mod stores {
    use super::*;
    use crate::support::{program::Outcome, tools};
    use std::{
        io::{self, BufRead, BufReader, Read, Write},
        net::{TcpListener, TcpStream},
        path::Path,
        process::{Child, Command, Stdio},
        sync::{Arc, Mutex},
        thread,
    };

    const ID: &str = "LTAItheId";
    const SECRET: &str = "theSecretOfTheKey";
    const TOKEN: &str = "theTokenOfTheSession";

    /// What the program says of traffic that stands here.
    fn local(folder: &Path, traffic: &str) -> Outcome {
        program::run(folder, &report(traffic))
    }

    /// A server that speaks S3; it ends with this.
    struct Server {
        child: Child,
        port: u16,
    }

    /// Three keys to a page of a listing, so that there are several.
    const SERVE: &str = "\
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address='127.0.0.1', port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
";

    /// Stands before a server on this port, for those who trust the certificate that it writes to `ca.pem`.
    const FRONT: &str = "\
import datetime, ipaddress, socket, ssl, sys, threading
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.timezone.utc)
name, day = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, 'a test')]), datetime.timedelta(days=1)
def signed(key_of, issuer, signer, authority, *more):
    made = x509.CertificateBuilder().subject_name(name if authority else x509.Name([])).issuer_name(issuer)
    made = made.public_key(key_of.public_key()).serial_number(x509.random_serial_number())
    made = made.not_valid_before(now - day).not_valid_after(now + day)
    made = made.add_extension(x509.BasicConstraints(authority, None), True)
    for own in more:
        made = made.add_extension(own, True)
    return made.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
leaf = ec.generate_private_key(ec.SECP256R1())
open('ca.pem', 'wb').write(signed(key, name, key, True))
with open('front.pem', 'wb') as own:
    own.write(signed(leaf, name, key, False, x509.SubjectAlternativeName([x509.DNSName('localhost')])))
    own.write(leaf.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain('front.pem')
listener = socket.create_server(('127.0.0.1', 0))
print(listener.getsockname()[1], flush=True)
def pass_on(one, other):
    try:
        while part := one.recv(65536):
            other.sendall(part)
        other.shutdown(socket.SHUT_WR)
    except OSError:
        pass
def serve(client):
    try:
        client = context.wrap_socket(client, server_side=True)
    except OSError:
        return
    server = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
    threading.Thread(target=pass_on, args=(server, client), daemon=True).start()
    pass_on(client, server)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
";

    impl Server {
        /// Starts one, with a bucket `bucket`; `None` where the tool is absent.
        fn start() -> Option<Self> {
            let mut python = tools::python("store", &["moto.server"])?;
            python.args(["-c", SERVE]).env("MOTO_S3_DEFAULT_MAX_KEYS", "3");
            let server = Self::of(python);
            server.put("bucket", b"");
            Some(server)
        }

        /// One that tells its port.
        fn of(mut command: Command) -> Self {
            let mut child = command
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .expect("the server starts");
            let mut line = String::new();
            BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
            Self { child, port: line.trim().parse().expect("a port") }
        }

        /// Puts an object, or makes a bucket.
        fn put(&self, path: &str, bytes: &[u8]) {
            let length = bytes.len();
            // It looks at no signature, but wants one where something is replaced.
            let head = format!(
                "PUT /{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\nAuthorization: AWS4-HMAC-SHA256 \
                 Credential=test/20261001/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n"
            );
            let answer = exchange(self.port, &head, bytes).expect("it answers");
            assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
        }

        /// The program, which finds this server.
        fn peerbill(&self, folder: &Path) -> Command {
            peerbill(folder, self.port)
        }

        fn run(&self, folder: &Path, traffic: &str) -> Outcome {
            program::finish(self.peerbill(folder).args(report(traffic)), b"")
        }
    }

    impl Drop for Server {
        fn drop(&mut self) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }

    /// The program with nothing in its environment but what leads it to a server at this port.
    fn peerbill(folder: &Path, port: u16) -> Command {
        let mut command = program::peerbill(folder);
        command
            .env_clear()
            .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"))
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", ID)
            .env("AWS_SECRET_ACCESS_KEY", SECRET)
            .env("AWS_SESSION_TOKEN", TOKEN);
        command
    }

    /// Sends one request, whose head lacks its end, and returns the whole answer.
    fn exchange(port: u16, head: &str, body: &[u8]) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes())?;
        stream.write_all(body)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    }

    /// What the proxy does with a request.
    enum Act {
        Pass,
        /// Its condition is not passed on, as by a store that knows none.
        Unconditional,
        /// The answer ends after so many bytes.
        Cut(usize),
        /// What tells the version of an object is not passed on, as by a listing that has none.
        Versionless,
        /// This is answered in its place.
        Answer(&'static str, String),
        /// Nothing is.
        Silence,
    }

    /// Stands before a server; `act` sees the head of each request.
    struct Proxy {
        port: u16,
        heads: Arc<Mutex<Vec<String>>>,
    }

    impl Proxy {
        fn before(server: &Server, act: impl Fn(&str) -> Act + Send + Sync + 'static) -> Self {
            let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
            let port = listener.local_addr().expect("an address").port();
            let heads = Arc::<Mutex<Vec<String>>>::default();
            let (to, act, seen) = (server.port, Arc::new(act), heads.clone());
            thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    let (act, seen) = (act.clone(), seen.clone());
                    // Who hangs up is of no interest.
                    thread::spawn(move || serve(stream, to, &*act, &seen).ok());
                }
            });
            Self { port, heads }
        }

        /// The heads of requests that read parts of objects.
        fn ranges(&self) -> Vec<String> {
            let heads = self.heads.lock().unwrap();
            heads.iter().filter(|head| is_range(head)).cloned().collect()
        }
    }

    fn is_range(head: &str) -> bool {
        head.starts_with("GET ") && head.to_ascii_lowercase().contains("\r\nrange: bytes=")
    }

    fn serve(
        mut stream: TcpStream,
        to: u16,
        act: &dyn Fn(&str) -> Act,
        seen: &Mutex<Vec<String>>,
    ) -> io::Result<()> {
        let mut head = String::new();
        let mut lines = BufReader::new(stream.try_clone()?);
        while lines.read_line(&mut head)? > 2 {}
        seen.lock().unwrap().push(head.clone());
        let act = act(&head);
        let dropped = |line: &&str| {
            let line = line.to_ascii_lowercase();
            line.is_empty()
                || line.starts_with("connection:")
                || matches!(act, Act::Unconditional) && line.starts_with("if-match:")
        };
        let kept: String =
            head.split("\r\n").filter(|line| !dropped(line)).map(|line| format!("{line}\r\n")).collect();
        let answer = match &act {
            Act::Answer(status, body) => {
                let length = body.len();
                format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
                    .into_bytes()
            }
            Act::Silence => {
                thread::park();
                Vec::new()
            }
            Act::Cut(bytes) => {
                let mut answer = exchange(to, &kept, b"")?;
                let body = answer.windows(4).position(|own| own == b"\r\n\r\n").map_or(0, |end| end + 4);
                answer.truncate(body + bytes);
                answer
            }
            Act::Versionless => {
                let answer = exchange(to, &kept, b"")?;
                // Of the same length, which the answer states.
                String::from_utf8_lossy(&answer).replace("ETag>", "Else>").into_bytes()
            }
            Act::Pass | Act::Unconditional => exchange(to, &kept, b"")?,
        };
        stream.write_all(&answer)
    }

    /// What is true the first time.
    fn once() -> impl Fn() -> bool + Send + Sync {
        let done = Mutex::new(false);
        move || !std::mem::replace(&mut *done.lock().unwrap(), true)
    }

    /// Traffic of several chunks.
    fn long_usage() -> String {
        let mut usage = String::from("timestamp,connection_id,sender,bytes\n");
        for second in 0..125_000 {
            let (day, rest) = (1 + second / 86_400, second % 86_400);
            let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
            usage += &format!(
                "2026-10-{day:02}T{hour:02}:{minute:02}:{second:02}Z,pcc-1,requester,{}\n",
                1_000_000 + rest
            );
        }
        assert!(usage.len() > 5 << 20);
        usage
    }

    /// That the object at `place` is read as the file `traffic` is, which both name by `{}`.
    fn assert_same(server: &Server, folder: &Path, option: &str, file: &str, place: &str) {
        let here = local(folder, &option.replace("{}", file));
        assert_eq!(here.code, 0, "{}", here.stderr);
        let there = server.run(folder, &option.replace("{}", place));
        assert_eq!(there, here, "{option} {place}");
    }

    #[test]
    fn objects_are_read_as_files_are() {
        let Some(server) = Server::start() else { return };
        let folder = folder();
        let usage = long_usage();
        let mut written: Vec<(&str, Vec<u8>)> = vec![("long.csv", usage.clone().into_bytes())];
        let mut gzip = flate2_of(usage.as_bytes());
        written.push(("long.csv.gz", std::mem::take(&mut gzip)));
        let utf16: Vec<u8> =
            [0xfeff].into_iter().chain(USAGE.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        written.push(("utf16.csv", utf16));
        let rx = r#"{"Period":"60","Datapoints":"[{\"timestamp\":1791169200000,\"instanceId\":\"pcc-1\",\"Sum\":7}]"}"#;
        written.push(("rx.json", rx.into()));
        let entry = r#"{"log-status":"OK","direction":"out","action":"ACCEPT","traffic_path":"17","bytes":"1500","packets":"1","vpc-id":"vpc-a","srcaddr":"10.0.0.1","dstaddr":"10.1.0.1","start":"1791169200","end":"1791169260"}"#;
        written.push(("flows.ndjson", format!("{entry}\n").into()));
        for (name, bytes) in &written {
            fs::write(folder.path().join(name), bytes).unwrap();
            server.put(&format!("bucket/{name}"), bytes);
        }
        for (name, _) in &written {
            let option = match *name {
                "rx.json" => "--cloudmonitor IntranetRX={}",
                "flows.ndjson" => "--flow-logs {}",
                _ => "--usage {}",
            };
            assert_same(&server, folder.path(), option, name, &format!("s3://bucket/{name}"));
        }
        // Beside files of this machine.
        let mixed = "--usage usage.csv {} --duplicates sum";
        assert_same(&server, folder.path(), mixed, "long.csv", "s3://bucket/long.csv");
        // So are all other inputs.
        server.put("bucket/connections.csv", CONNECTIONS.as_bytes());
        let mut args = report("--usage s3://bucket/utf16.csv");
        let connections = args.iter().position(|own| own == "connections.csv").unwrap();
        args[connections] = "s3://bucket/connections.csv".into();
        let outcome = program::finish(server.peerbill(folder.path()).args(&args), b"");
        assert_eq!(outcome.stdout, local(folder.path(), "--usage usage.csv").stdout, "{}", outcome.stderr);
    }

    fn flate2_of(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn metered_hours_are_read_with_the_totals_beside_them() {
        let Some(server) = Server::start() else { return };
        let folder = folder();
        let mut outputs = vec!["hours.csv", "hours.csv.totals.json"];
        let mut line =
            "meter --usage usage.csv --connections connections.csv --month 2026-10 --output hours.csv"
                .to_owned();
        if cfg!(feature = "parquet") {
            line += " --output hours.parquet";
            outputs.push("hours.parquet");
        }
        outputs[1] = "hours.totals.json";
        let outcome = program::run(folder.path(), &line.split_whitespace().collect::<Vec<_>>());
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        for name in &outputs {
            server.put(&format!("bucket/all/{name}"), &fs::read(folder.path().join(name)).unwrap());
        }
        for name in outputs.iter().filter(|name| !name.ends_with("json")) {
            assert_same(&server, folder.path(), "--metered {}", name, &format!("s3://bucket/all/{name}"));
        }
        server.put("bucket/alone/hours.csv", &fs::read(folder.path().join("hours.csv")).unwrap());
        let alone = server.run(folder.path(), "--metered s3://bucket/alone/hours.csv");
        assert_eq!(alone.code, 0, "{}", alone.stderr);
        assert!(alone.stderr.contains("[archive_without_totals]"), "{}", alone.stderr);
    }

    #[test]
    fn a_prefix_is_read_as_a_folder_is() {
        let Some(server) = Server::start() else { return };
        let folder = folder();
        fs::create_dir_all(folder.path().join("month/deep")).unwrap();
        let names = ["b.csv", "a.csv", "deep/c.csv", "d.csv", "e.csv", "deep/f.csv", "g.csv"];
        for (hour, name) in names.iter().enumerate() {
            let usage = USAGE.replace("2026-10-05", &format!("2026-10-{:02}", 10 + hour));
            fs::write(folder.path().join("month").join(name), &usage).unwrap();
            server.put(&format!("bucket/month/{name}"), usage.as_bytes());
        }
        // What is no data: folders as consoles make them, marks of programs, and what has a longer name.
        for (key, bytes) in [
            ("month/", ""),
            ("month/deep/", ""),
            ("month/b.csv/", ""),
            ("month/_SUCCESS", ""),
            ("monthly.csv", "?"),
        ] {
            server.put(&format!("bucket/{key}"), bytes.as_bytes());
        }
        assert_same(&server, folder.path(), "--usage {}", "month", "s3://bucket/month/");
        server.put("bucket/month/deep/_log/1.csv", b"x");
        let told = server.run(folder.path(), "--usage s3://bucket/month/");
        let skipped =
            "peerbill: s3://bucket/month/deep/_log/1.csv is skipped; name the file itself to have it read\n";
        assert_eq!(told.code, 0, "{}", told.stderr);
        assert!(told.stderr.contains(skipped), "{}", told.stderr);
        // The digests of inputs tell their names, in order.
        let mut args = report("--usage s3://bucket/month/");
        *args.last_mut().unwrap() = "json".into();
        let outcome = program::finish(server.peerbill(folder.path()).args(&args), b"");
        let report: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
        let inputs = report["inputs"].as_array().unwrap().iter();
        let names: Vec<&str> =
            inputs.filter_map(|own| own["name"].as_str()).filter(|name| name.starts_with("s3")).collect();
        let keys = ["a.csv", "b.csv", "d.csv", "deep/c.csv", "deep/f.csv", "e.csv", "g.csv"];
        assert_eq!(names, keys.map(|key| format!("s3://bucket/month/{key}")));
    }

    #[test]
    fn a_listing_may_lack_the_versions_of_its_objects() {
        let Some(server) = Server::start() else { return };
        let folder = folder();
        server.put("bucket/month/usage.csv", USAGE.as_bytes());
        let proxy = Proxy::before(&server, |head| match head.contains("list-type=2") {
            true => Act::Versionless,
            false => Act::Pass,
        });
        let args = report("--usage s3://bucket/month/");
        let outcome = program::finish(peerbill(folder.path(), proxy.port).args(args), b"");
        assert_eq!(outcome, local(folder.path(), "--usage usage.csv"));
        let heads = proxy.heads.lock().unwrap();
        assert!(heads.iter().any(|head| head.contains("list-type=2")), "{heads:?}");
        assert!(heads.iter().any(|head| head.starts_with("HEAD ")), "{heads:?}");
    }

    #[test]
    fn an_object_that_went_after_it_was_listed_has_changed() {
        let Some(server) = Server::start() else { return };
        let folder = folder();
        server.put("bucket/month/usage.csv", USAGE.as_bytes());
        let proxy = Proxy::before(&server, |head| match head {
            head if head.contains("list-type=2") => Act::Versionless,
            head if head.starts_with("HEAD ") => Act::Answer("404 Not Found", String::new()),
            _ => Act::Pass,
        });
        let args = report("--usage s3://bucket/month/");
        let outcome = program::finish(peerbill(folder.path(), proxy.port).args(args), b"");
        assert_eq!(outcome.code, 3, "{}", outcome.stderr);
        assert!(
            outcome.stderr.contains("s3://bucket/month/usage.csv: it changed while"),
            "{}",
            outcome.stderr
        );
    }

    #[test]
    fn objects_are_read_by_ranges_of_the_version_that_was_found() {
        let Some(server) = Server::start() else { return };
        let folder = folder();
        fs::write(folder.path().join("long.csv"), long_usage()).unwrap();
        server.put("bucket/long.csv", long_usage().as_bytes());
        let proxy = Proxy::before(&server, |_| Act::Pass);
        let args = report("--usage s3://bucket/long.csv");
        let outcome = program::finish(peerbill(folder.path(), proxy.port).args(args), b"");
        assert_eq!(outcome, local(folder.path(), "--usage long.csv"));
        let ranges = proxy.ranges();
        assert!(ranges.len() >= 3, "{ranges:?}");
        assert!(
            ranges.iter().all(|head| head.to_ascii_lowercase().contains("\r\nif-match: \"")),
            "{ranges:?}"
        );
    }

    /// What the program says where the proxy acts so, once and for all times.
    fn through(server: &Server, act: impl Fn(&str) -> Act + Send + Sync + 'static) -> Outcome {
        let folder = folder();
        let proxy = Proxy::before(server, act);
        let args = report("--usage s3://bucket/long.csv");
        program::finish(peerbill(folder.path(), proxy.port).args(args), b"")
    }

    #[test]
    fn what_fails_in_passing_is_tried_again() {
        let Some(server) = Server::start() else { return };
        let folder = folder();
        fs::write(folder.path().join("long.csv"), long_usage()).unwrap();
        server.put("bucket/long.csv", long_usage().as_bytes());
        let here = local(folder.path(), "--usage long.csv");
        let (first, head) = (once(), once());
        let busy = through(&server, move |own| match is_range(own) {
            true if first() => Act::Answer("503 Slow Down", "<Error><Code>SlowDown</Code></Error>".into()),
            false if head() => Act::Answer("500 Internal Server Error", String::new()),
            _ => Act::Pass,
        });
        assert_eq!(busy, here);
        let first = once();
        let cut =
            through(&server, move |own| if is_range(own) && first() { Act::Cut(70_000) } else { Act::Pass });
        assert_eq!(cut, here);
    }

    #[test]
    fn an_object_that_changes_or_is_cut_short_is_an_error() {
        let Some(server) = Server::start() else { return };
        let usage = long_usage();
        let server = Arc::new(server);
        let changed = "peerbill: s3://bucket/long.csv: it changed while it was read; wait until it is whole, or give a copy \
                       that stays as it is\n";
        // By a store that knows conditions, and by one that does not; to another one of the same size.
        for knows in [true, false] {
            server.put("bucket/long.csv", usage.as_bytes());
            let (first, other, usage) =
                (once(), server.clone(), usage.replace("pcc-1,requester", "pcc-1,accepter "));
            let outcome = through(&server, move |head| {
                if is_range(head) && !head.contains("bytes=0-") && first() {
                    other.put("bucket/long.csv", usage.as_bytes());
                }
                if knows { Act::Pass } else { Act::Unconditional }
            });
            assert_eq!((outcome.code, &*outcome.stdout, &*outcome.stderr), (3, "", changed), "{knows}");
        }
        server.put("bucket/long.csv", usage.as_bytes());
        let gone = through(&server, |head| match is_range(head) && !head.contains("bytes=0-") {
            true => Act::Answer("404 Not Found", "<Error><Code>NoSuchKey</Code></Error>".into()),
            false => Act::Pass,
        });
        assert_eq!((gone.code, &*gone.stdout, &*gone.stderr), (3, "", changed));
        let cut = through(&server, |head| if is_range(head) { Act::Cut(0) } else { Act::Pass });
        assert_eq!((cut.code, &*cut.stdout), (3, ""), "{}", cut.stderr);
        assert!(
            cut.stderr.starts_with("peerbill: s3://bucket/long.csv: cannot be read to its end: "),
            "{}",
            cut.stderr
        );
    }

    #[test]
    fn errors_say_what_is_missing_and_tell_no_secrets() {
        let Some(server) = Server::start() else { return };
        let folder = folder();
        let why = |traffic: &str| {
            let outcome = server.run(folder.path(), &format!("--usage {traffic}"));
            assert_eq!((outcome.code, &*outcome.stdout), (3, ""), "{}", outcome.stderr);
            outcome.stderr
        };
        let absent =
            "there is no such object, or no such bucket; what stands for all objects below it ends with /";
        assert_eq!(why("s3://bucket/no.csv"), format!("peerbill: s3://bucket/no.csv: {absent}\n"));
        assert_eq!(why("s3://none/"), "peerbill: s3://none/: there is no such bucket\n");
        assert!(why("s3://bucket/no/").ends_with("--usage s3://bucket/no/ names no file\n"));
        assert!(why("s3:///a").contains("write it as s3://BUCKET/KEY, or s3://BUCKET/PREFIX/"));
        assert!(why("s3://b@d/a").contains("write it as s3://BUCKET/KEY, or s3://BUCKET/PREFIX/"));
        assert!(why("s3://bucket/a//b").contains("has a key with an empty part"));
        let without = |variables: &[&str], place: &str| {
            let mut command = server.peerbill(folder.path());
            for name in variables {
                command.env_remove(name);
            }
            let outcome = program::finish(command.args(report(&format!("--usage {place}"))), b"");
            assert_eq!((outcome.code, &*outcome.stdout), (3, ""), "{}", outcome.stderr);
            outcome.stderr
        };
        assert!(without(&["AWS_REGION"], "s3://bucket/a").contains("set AWS_REGION, such as us-east-1"));
        let keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
        assert!(without(&keys, "s3://bucket/a").contains("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"));
        assert!(without(&keys[..1], "s3://bucket/a").contains("lacks AWS_ACCESS_KEY_ID: set both"));
        assert!(
            without(&[], "oss://bucket/a")
                .contains("set OSS_ENDPOINT, such as https://s3.oss-cn-hangzhou.aliyuncs.com")
        );
        let told = format!("<Error><Code>SignatureDoesNotMatch</Code><A>{ID} {SECRET} {TOKEN}</A></Error>");
        for status in ["403 Forbidden", "400 Bad Request", "200 OK"] {
            let told = told.clone();
            let outcome = through(&server, move |_| Act::Answer(status, told.clone()));
            assert_eq!(outcome.code, 3, "{}", outcome.stderr);
            for secret in [ID, SECRET, TOKEN] {
                assert!(!outcome.stderr.contains(secret), "{}", outcome.stderr);
            }
        }
        let proxy = Proxy::before(&server, |_| {
            Act::Answer("403 Forbidden", "<Error><Code>AccessDenied</Code></Error>".into())
        });
        let listed =
            program::finish(peerbill(folder.path(), proxy.port).args(report("--usage s3://bucket/a/")), b"");
        assert!(
            listed
                .stderr
                .contains("the store refuses it (AccessDenied) to whom the environment names by AWS_ACCESS"),
            "{}",
            listed.stderr
        );
    }

    #[test]
    fn objects_of_the_provider_are_asked_of_the_host_of_their_bucket() {
        let Some(server) = Server::start() else { return };
        let folder = folder();
        server.put("bucket/october/usage.csv", USAGE.as_bytes());
        // Names of hosts lead nowhere here: a proxy takes all requests, and the bucket from their host.
        let front = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = front.local_addr().unwrap().port();
        let (to, seen) = (server.port, Arc::<Mutex<Vec<String>>>::default());
        let heads = seen.clone();
        thread::spawn(move || {
            for mut stream in front.incoming().flatten() {
                let mut head = String::new();
                let mut lines = BufReader::new(stream.try_clone().unwrap());
                while lines.read_line(&mut head).is_ok_and(|count| count > 2) {}
                heads.lock().unwrap().push(head.clone());
                let head = head.replacen("http://bucket.s3.oss-test.invalid", "/bucket", 1);
                let kept: String = head
                    .trim_end()
                    .split("\r\n")
                    .filter(|line| !line.to_ascii_lowercase().starts_with("host:"))
                    .map(|line| format!("{line}\r\n"))
                    .collect();
                let answer = exchange(to, &format!("{kept}Host: 127.0.0.1\r\n"), b"").unwrap();
                let _ = stream.write_all(&answer);
            }
        });
        let run = |keys: [&str; 3]| {
            let mut command = program::peerbill(folder.path());
            command
                .env_clear()
                .env("http_proxy", format!("http://127.0.0.1:{port}"))
                .env("OSS_ENDPOINT", "http://s3.oss-test.invalid")
                .env("OSS_REGION", "cn-test");
            command.envs(keys.into_iter().zip([ID, SECRET, TOKEN]));
            program::finish(command.args(report("--usage oss://bucket/october/")), b"")
        };
        let here = local(folder.path(), "--usage usage.csv");
        let documented = [
            "ALIBABA_CLOUD_ACCESS_KEY_ID",
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
            "ALIBABA_CLOUD_SECURITY_TOKEN",
        ];
        for keys in [documented, ["OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET", "OSS_SESSION_TOKEN"]] {
            assert_eq!(run(keys), here);
        }
        let heads = seen.lock().unwrap();
        let signed = format!("Credential={ID}/");
        assert!(
            heads.iter().all(|head| head.contains(&signed) && head.contains("/cn-test/s3/aws4_request")),
            "{heads:?}"
        );
        assert!(
            heads.iter().all(|head| head.to_ascii_lowercase().contains("host: bucket.s3.oss-test.invalid")),
            "{heads:?}"
        );
    }

    #[test]
    fn a_store_is_trusted_if_the_system_or_the_environment_names_who_vouches_for_it() {
        let Some(server) = Server::start() else { return };
        let Some(mut front) = tools::python("store", &["cryptography"]) else { return };
        let folder = folder();
        server.put("bucket/usage.csv", USAGE.as_bytes());
        front.args(["-c", FRONT, &server.port.to_string()]).current_dir(folder.path());
        let front = Server::of(front);
        let run = |variable: &str| {
            let mut command = server.peerbill(folder.path());
            command
                .env("AWS_ENDPOINT_URL", format!("https://localhost:{}", front.port))
                .env(variable, folder.path().join("ca.pem"));
            program::finish(command.args(report("--usage s3://bucket/usage.csv")), b"")
        };
        assert_eq!(run("SSL_CERT_FILE"), local(folder.path(), "--usage usage.csv"));
        let refused = run("NO_VARIABLE");
        assert_eq!((refused.code, &*refused.stdout), (3, ""), "{}", refused.stderr);
        assert!(
            refused
                .stderr
                .contains("s3://bucket/usage.csv: the store cannot be read: invalid peer certificate")
        );
    }

    #[test]
    fn a_signal_ends_the_program_while_it_waits() {
        let Some(server) = Server::start() else { return };
        let folder = folder();
        server.put("bucket/usage.csv", USAGE.as_bytes());
        let proxy = Proxy::before(&server, |head| if is_range(head) { Act::Silence } else { Act::Pass });
        let mut child = peerbill(folder.path(), proxy.port)
            .args(report("--usage s3://bucket/usage.csv"))
            .spawn()
            .unwrap();
        while proxy.ranges().is_empty() {
            thread::yield_now();
        }
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        assert!(!child.wait().unwrap().success());
    }
}
