#!/bin/sh
# What-if estimates: from quantities, from a month's traffic, with a schedule, from a Terraform plan, of a topology.
# usage: sh examples/estimates.sh [PEERBILL], by default target/release/peerbill
set -eu

root=$(dirname "$0")/..
peerbill=${1:-$root/target/release/peerbill}

printf '== From quantities: the published example over Gold and over Platinum\n\n'
"$peerbill" estimate --catalog china-site --from Hohhot --to Guangzhou --gb 200 --return-gb 100

printf '\n== From history: October over other link types\n\n'
"$peerbill" estimate --usage "$root/examples/month/usage.csv" --connections "$root/examples/month/connections.csv" \
    --link-changes "$root/examples/month/link-changes.csv" --catalog china-site --month 2026-10

printf '\n== A schedule: October over Platinum in office hours\n\n'
"$peerbill" estimate --usage "$root/examples/month/usage.csv" --connections "$root/examples/month/connections.csv" \
    --link-changes "$root/examples/month/link-changes.csv" --catalog china-site --month 2026-10 \
    --platinum-when "Mon-Fri 09:00-18:00" --scenario as-billed,all-platinum,scheduled

printf '\n== A Terraform plan: what it changes, stopped by a gate of 50 a month\n\n'
"$peerbill" estimate --terraform "$root/examples/terraform/plan.json" \
    --traffic "$root/examples/terraform/traffic.csv" --catalog china-site --fail-above 50 || test $? -eq 1

printf '\n== A planned mesh of three VPCs, and a hub with its branches\n\n'
"$peerbill" estimate --plan "$root/examples/topology/mesh.toml" --catalog china-site
"$peerbill" estimate --plan "$root/examples/topology/hub.toml" --catalog china-site
