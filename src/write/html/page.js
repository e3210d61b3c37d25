"use strict";
// Sorts and filters the table of lines. The page is whole without it.
(() => {
  const table = document.getElementById("lines");
  const controls = document.getElementById("controls");
  if (!table || !controls) return;
  const body = table.tBodies[0];
  const heads = Array.from(table.tHead.rows[0].cells);
  const lines = Array.from(body.rows, (row) => ({
    row,
    values: Array.from(row.cells, (cell) => cell.textContent),
    all: row.textContent.toLowerCase(),
  }));
  for (const line of lines) line.all = line.values.join("\n").toLowerCase();

  // Ids of 16 digits and money of 20 are no doubles: numbers are compared as the digits that stand there.
  const number = (text) => {
    const found = /^(-?)0*(\d*)(?:\.(\d*))?$/.exec(text);
    if (!found) return null;
    const [, sign, whole, fraction = ""] = found;
    const decimals = fraction.replace(/0+$/, "");
    return { negative: sign !== "" && whole + decimals !== "", whole, decimals };
  };
  const byText = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  const bySize = (a, b) =>
    a.whole.length - b.whole.length || byText(a.whole, b.whole) || byText(a.decimals, b.decimals);
  const byValue = (a, b) => {
    const [one, other] = [number(a), number(b)];
    if (!one || !other) return byText(a, b);
    if (one.negative !== other.negative) return one.negative ? -1 : 1;
    return one.negative ? bySize(other, one) : bySize(one, other);
  };

  let sorted = { column: -1, direction: "none" };
  const order = ({ column, direction }) => {
    if (direction === "none") return lines;
    const sign = direction === "ascending" ? 1 : -1;
    return Array.from(lines).sort((a, b) => {
      const [one, other] = [a.values[column], b.values[column]];
      // What is empty stands last in either direction.
      if (one === "" || other === "") return (one === "") - (other === "");
      return sign * byValue(one, other);
    });
  };
  const NEXT = { none: "ascending", ascending: "descending", descending: "none" };
  const sort = (column) => {
    const before = sorted.column === column ? sorted.direction : "none";
    sorted = { column, direction: NEXT[before] };
    heads.forEach((head, index) => {
      head.setAttribute("aria-sort", index === column ? sorted.direction : "none");
    });
    body.replaceChildren(...order(sorted).map((line) => line.row));
  };
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(column));
    head.append(button);
    head.setAttribute("aria-sort", "none");
  });

  const DECIMALS = 10;
  const units = (text) => {
    const found = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
    if (!found) return 0n;
    const [, sign, whole, fraction = ""] = found;
    const value = BigInt(whole + fraction.padEnd(DECIMALS, "0"));
    return sign ? -value : value;
  };
  const decimal = (value) => {
    const digits = String(value < 0n ? -value : value).padStart(DECIMALS + 1, "0");
    const fraction = digits.slice(-DECIMALS).replace(/0+$/, "").padEnd(2, "0");
    return `${value < 0n ? "-" : ""}${digits.slice(0, -DECIMALS)}.${fraction}`;
  };

  const column = (name) => heads.findIndex((head) => head.dataset.column === name);
  const cost = column("billed_cost");
  const search = document.getElementById("filter");
  const count = document.getElementById("count");
  const selects = [];
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let [shown, sum] = [0, 0n];
    for (const line of lines) {
      const fits =
        words.every((word) => line.all.includes(word)) &&
        selects.every(({ select, index }) => select.value === "" || line.values[index] === select.value.slice(1));
      line.row.hidden = !fits;
      if (fits) {
        shown += 1;
        sum += units(line.values[cost]);
      }
    }
    const values = { shown: String(shown), all: String(lines.length), sum: decimal(sum) };
    count.textContent = count.dataset.text.replace(/\{(\w+)\}/g, (name, key) => values[key] ?? name);
  };

  const CHOICES = 60;
  const choose = (name) => {
    const index = column(name);
    if (index < 0) return;
    const values = Array.from(new Set(lines.map((line) => line.values[index]))).sort(byValue);
    if (values.length < 2 || values.length > CHOICES) return;
    const label = document.createElement("label");
    const select = document.createElement("select");
    select.dataset.column = name;
    select.append(new Option(controls.dataset.all, ""));
    // Behind a mark, so that an empty value is not taken for none chosen.
    values.forEach((value) => select.append(new Option(value || "\u2013", `=${value}`)));
    label.append(name, select);
    controls.insertBefore(label, document.getElementById("reset"));
    select.addEventListener("change", filter);
    selects.push({ select, index });
  };
  ["scenario", "billing_month", "billing_account_id", "connection_id", "link_type", "charge_category", "class"].forEach(choose);
  search.addEventListener("input", filter);
  document.getElementById("reset").addEventListener("click", () => {
    search.value = "";
    for (const { select } of selects) select.value = "";
    filter();
  });
  filter();
  controls.hidden = false;
})();
