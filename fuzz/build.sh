#!/bin/sh
# Builds all targets as libFuzzer needs them, by the stable compiler: with coverage in what is fuzzed (covered.sh).
set -eu
cd "$(dirname "$0")"
RUSTFLAGS="--cfg fuzzing" RUSTC_WRAPPER="$PWD/covered.sh" \
    cargo build --quiet --release --locked --bins --target x86_64-unknown-linux-gnu "$@"
