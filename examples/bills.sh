#!/bin/sh
# Prints the bill of the provider's published example on both sites, and of a month of six connections.
# usage: sh examples/bills.sh [PEERBILL], by default target/release/peerbill
set -eu

root=$(dirname "$0")/..
peerbill=${1:-$root/target/release/peerbill}

for catalog in china-site international-site; do
    printf '== The published example, %s\n\n' "$catalog"
    "$peerbill" report --usage "$root/examples/published/usage.csv" \
        --connections "$root/examples/published/connections.csv" --catalog "$catalog" --month 2026-10
    printf '\n'
done

printf '== A month of six connections, china-site\n\n'
"$peerbill" report --usage "$root/examples/month/usage.csv" \
    --connections "$root/examples/month/connections.csv" \
    --link-changes "$root/examples/month/link-changes.csv" --catalog china-site --month 2026-10
