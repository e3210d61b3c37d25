# Recipes for `just`; each is one or a few plain cargo commands.

# Format, lints and docs, as .ci/run checks them.
check:
    cargo fmt --check
    cargo clippy --locked --all-targets -- -D warnings
    cargo clippy --locked --all-targets --no-default-features -- -D warnings
    cargo clippy --locked --all-targets --no-default-features --features cli -- -D warnings
    cargo clippy --locked --all-targets --no-default-features --features parquet -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps

# All tests, on the build that the program uses.
test:
    cargo test --release --locked

# Tests of the program without polars: the quick ones.
test-lean:
    cargo test --release --locked --no-default-features --features cli

# What goes wrong around the program, each with its exit code and what is left: kills, full disks, lost folders and readers,
# locales, time zones, threads, places; and texts of inputs that try to act.
faults:
    cargo test --release --locked --test suite cli::faults
    cargo test --release --locked --test suite cli::hostile

# Rewrites what the golden cases expect, then fails on purpose: read `git diff`, and change why.md first.
golden:
    PEERBILL_UPDATE_GOLDEN=1 cargo test --release --locked --test suite golden

# The bills and the estimates of the examples.
bills: build
    sh examples/bills.sh
    sh examples/estimates.sh

build:
    cargo build --release --locked

# Licences, sources, banned crates and second versions in the dependency tree; needs cargo-deny.
deny:
    cargo deny check bans licenses sources

# What a release is made of, in target/dist: needs cargo-deny, cargo-audit and cargo-cyclonedx, and the network for advisories.
release: check test deny
    cargo audit --deny warnings
    cargo package --locked
    cargo build --release --locked
    SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) cargo cyclonedx --format json --describe binaries --no-build-deps
    mkdir -p target/dist
    mv peerbill_bin.cdx.json target/dist/peerbill.cdx.json
    cp target/release/peerbill target/package/peerbill-*.crate target/dist/
    cd target/dist && sha256sum peerbill peerbill.cdx.json peerbill-*.crate > SHA256SUMS

# Fuzzes every target so many times, one after the other, as docs/reliability.md says: `just fuzz 100000`.
fuzz runs="100000":
    for target in $(basename -s .rs fuzz/src/bin/*.rs); do nice sh fuzz/run.sh $target {{runs}}; done

# Damages Parquet files in so many ways, instead of the few hundred that every test run tries.
mutations number="20000":
    PEERBILL_MUTATIONS={{number}} cargo test --release --locked --test suite -- parquet::
