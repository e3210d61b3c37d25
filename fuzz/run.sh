#!/bin/sh
# Fuzzes one target so many times, on stable Rust: sh fuzz/run.sh TARGET RUNS. Prints executions, time and peak memory.
# More arguments go to libFuzzer. What is found lies in fuzz/artifacts/TARGET; the corpus that grew in fuzz/grown/TARGET.
set -eu
cd "$(dirname "$0")"
target=$1 runs=$2
shift 2
sh build.sh
mkdir -p "artifacts/$target" "grown/$target" "corpus/$target"
dictionary=dictionaries/$(sed -n "s/^$target //p" dictionaries/of-targets)
[ -f "$dictionary" ] && set -- "-dict=$dictionary" "$@"
# An input that takes a second, or with which the process has 512 MiB, is a find.
"target/x86_64-unknown-linux-gnu/release/$target" "grown/$target" "corpus/$target" -runs="$runs" -timeout=1 \
    -rss_limit_mb=512 -max_len=65536 -len_control=20 -artifact_prefix="artifacts/$target/" -print_final_stats=1 "$@" \
    2>"artifacts/$target.log" || { tail -n 40 "artifacts/$target.log" >&2; exit 1; }
awk -v target="$target" '/number_of_executed_units/ { runs = $2 } /average_exec_per_sec/ { speed = $2 }
    /peak_rss_mb/ { memory = $2 } END { printf "%s: %s executions, %s in a second, %s MiB at most\n", target, runs, speed, memory }' \
    "artifacts/$target.log"
