#!/bin/sh
# Builds all targets with coverage, as libFuzzer needs it, by the stable compiler.
set -eu
cd "$(dirname "$0")"
coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
coverage="$coverage -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"
RUSTFLAGS="--cfg fuzzing $coverage -Ccodegen-units=1" \
    cargo build --quiet --release --locked --bins --target x86_64-unknown-linux-gnu "$@"
