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

# Rewrites what the golden cases expect, then fails on purpose: read `git diff`, and change why.md first.
golden:
    PEERBILL_UPDATE_GOLDEN=1 cargo test --release --locked --test suite golden

# The bills and the estimates of the examples.
bills: build
    sh examples/bills.sh
    sh examples/estimates.sh

build:
    cargo build --release --locked

# Licences, advisories and banned crates of the dependency tree; needs cargo-deny.
deny:
    cargo deny check

# Fuzzes every target so many times, one after the other, as docs/reliability.md says: `just fuzz 100000`.
fuzz runs="100000":
    for target in $(basename -s .rs fuzz/src/bin/*.rs); do nice sh fuzz/run.sh $target {{runs}}; done
