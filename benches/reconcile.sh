#!/bin/sh
# A million lines of a bill against ten million hours: how long `peerbill reconcile` takes, and how much memory.
# usage: sh benches/reconcile.sh FOLDER   About 600 MB are made in FOLDER; the program is the one of `cargo build --release`.
# One line in 9000 is wrong by a third of its usage. Seen on two cores that others used as well (2026-11-29): 8 to 24 s, 765 to 834 MB.
set -eu
folder=$1
mkdir -p "$folder"
python3 - "$folder" <<'END'
import sys
folder, connections, start = sys.argv[1], 6720, 1790784000
account = lambda c, s: 1000000000000001 + (c * 2 + s) % 2000
sent = lambda c, s, h: (c * 7919 + h * 104729 + s * 31337 + (c * h) % 997 * 100003) % 20000000000
link_type = lambda c: ("Gold", 48) if c % 3 else ("Platinum", 72)
digits = lambda units: f"{units // 10**6}.{units % 10**6:06}"
with open(f"{folder}/connections.csv", "w") as out:
    out.write("connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n")
    for c in range(connections):
        out.write(f"pcc-{c},{account(c, 0)},cn-huhehaote,{account(c, 1)},cn-guangzhou,{link_type(c)[0]}\n")
with open(f"{folder}/usage.csv", "w") as out:
    out.write("timestamp,connection_id,sender,bytes\n")
    for h in range(744):
        for c in range(connections):
            out.writelines(f"{start + h * 3600},pcc-{c},{w},{sent(c, s, h)}\n" for s, w in enumerate(("requester", "accepter")))
with open(f"{folder}/bill.csv", "w") as out:
    out.write("BillingCycle,OwnerID,ProductCode,BillingDate,InstanceID,Usage,UsageUnit,ListPrice,PretaxGrossAmount,Currency\n")
    for c in range(connections):
        price = link_type(c)[1]
        for s in (0, 1):
            for d in range(31):
                cuts = (0, 8, 16, 24) if (c + d) % 5 < 2 else (0, 12, 24)
                for first, last in zip(cuts, cuts[1:]):
                    sum_of = sum(sent(c, s, d * 24 + h) for h in range(first, last))
                    usage = (sum_of * 10**6 + 2**29) >> 30
                    amount = ((sum_of * price * 10**4 + 2**29) >> 30) + (usage // 3 if c % 500 == 7 and d % 7 == 3 else 0)
                    out.write(f"2026-10,{account(c, s)},cdt,2026-10-{d + 1:02},pcc-{c},{digits(usage)},GB,0.{price},{digits(amount)},CNY\n")
END
cd "$(dirname "$0")/.."
/usr/bin/time -v target/release/peerbill reconcile --bill "$folder/bill.csv" --usage "$folder/usage.csv" \
    --connections "$folder/connections.csv" --catalog china-site --month 2026-10 --output "$folder/reconciled.csv" || test $? = 1
