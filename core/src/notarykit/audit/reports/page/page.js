"use strict";

const ROWS_OF_A_PAGE = 50;
const MOST_PRINTED = 1000;
const data = JSON.parse(document.getElementById("data").textContent);
const named = (names, values) => Object.fromEntries(names.map((name, place) => [name, values[place]]));
const unpacked = (value) => (Array.isArray(value) ? value.map(unpacked) : data.texts[value]);
const records = data.rows.map((row, place) => {
  const record = named(data.record, unpacked(row));
  record.signatures = record.signatures.map((values) => named(data.signature, values));
  return { ...record, place };
});

const form = document.getElementById("filters");
const rows = document.getElementById("rows");
const pages = document.getElementById("pages");
const heads = [...document.querySelectorAll("[data-column]")];
const KEYS = { status: "place", artifact: "name", signer: "signer", ends: "ends", reason: "reason" };
const REMOVABLE = ["repository", "signer", "claimed", "digest"];

// The fragment of the address is the state: what it shows can be sent to others.
let filters = new URLSearchParams();

const built = (name, content = [], attributes = {}) => {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...[content].flat());
  return node;
};
// Foreign text, whose lines may break behind separators.
const foreign = (text, attributes) =>
  built("bdi", text.split(/(?<=[/,@])(?=\w)/).flatMap((part, place) => (place ? [built("wbr"), part] : part)), attributes);
const counted = (number) => number.toLocaleString("en-US");

const textOf = ({ signatures, ...record }) =>
  [Object.values(record), signatures.map(Object.values)].flat(2).join("\n").toLowerCase();

const matching = () => {
  const words = (filters.get("text") ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const statuses = filters.getAll("status");
  const [from, to] = (filters.get("ends") ?? "").split("..");
  const repository = filters.get("repository");
  const digest = filters.get("digest");
  const signedBy = (name, isAccepted) => (signature) =>
    signature.signer === name && (signature.outcome === "accepted") === isAccepted;
  const signers = ["signer", "claimed"]
    .filter((name) => filters.has(name))
    .map((name) => signedBy(filters.get(name), name === "signer"));
  return records.filter(
    (record) =>
      (!statuses.length || statuses.includes(record.status)) &&
      (!repository || record.name === repository) &&
      (!digest || record.digest === digest) &&
      (!from || record.ends.slice(0, 10) >= from) &&
      (!to || (record.ends && record.ends.slice(0, 10) <= to)) &&
      signers.every((isSigner) => record.signatures.some(isSigner)) &&
      words.every((word) => (record.text ??= textOf(record)).includes(word)),
  );
};

const sorted = (chosen) => {
  const order = filters.get("sort") ?? "status";
  const key = KEYS[order.replace("-", "")] ?? "place";
  const sign = order.startsWith("-") ? -1 : 1;
  // Rows without a value come last in both directions.
  return chosen.sort((a, b) => {
    if (a[key] === b[key]) return a.place - b.place;
    if (a[key] === "" || b[key] === "") return a[key] === "" ? 1 : -1;
    return a[key] < b[key] ? -sign : sign;
  });
};

const fragment = (name, value) => `#${new URLSearchParams([[name, value]])}`;

const rowOf = (record) => {
  const row = document.getElementById("row").content.firstElementChild.cloneNode(true);
  const slots = Object.fromEntries([...row.querySelectorAll("[data-slot]")].map((node) => [node.dataset.slot, node]));
  row.dataset.status = record.status;
  slots.mark.setAttribute("href", `#mark-${record.status}`);
  slots.repository.setAttribute("href", fragment("repository", record.name));
  slots.digest.setAttribute("href", fragment("digest", record.digest));
  slots.tags.append(...record.tags.map((tag) => foreign(tag, { class: "tag" })));
  for (const name of ["label", "name", "kind", "signer", "reason"]) slots[name].append(...foreign(record[name]).childNodes);
  slots.digest.textContent = record.digest.slice(0, 19);
  slots.ends.textContent = record.ends.slice(0, 10);
  slots.signer.className = record.signerOutcome;
  slots.more.addEventListener("click", () => unfold(row, record, slots.more));
  return row;
};

const terms = (pairs) =>
  built("dl", pairs.filter(([, value]) => value).flatMap(([name, value]) => [built("dt", name), built("dd", foreign(value))]));

const signatureOf = (signature, place, all) => [
  built("h3", `Signature ${place + 1} of ${all.length}: ${signature.outcome}`),
  terms([
    [signature.outcome === "accepted" ? "Signer" : "Claimed signer", signature.signer],
    ["Issuer", signature.issuer],
    ["Certificate (SHA-256)", signature.thumbprint],
    ["Signed at", signature.signedAt],
    ["Expiry", signature.expiry],
    ["Chain ends", signature.chainEnds],
    ["Timestamp", signature.timestamp],
    ["Timestamp authority's chain ends", signature.timestampEnds],
    ["Revocation", signature.revocation],
    ["Envelope", signature.mediaType],
    ["Digest", signature.digest],
    ["Reason", signature.reason],
  ]),
];

const unfold = (row, record, button) => {
  const isOpen = button.getAttribute("aria-expanded") === "true";
  button.setAttribute("aria-expanded", String(!isOpen));
  if (isOpen) return row.nextElementSibling.remove();
  const content = [
    terms([
      ["Repository", record.name],
      ["Digest", record.digest],
      ["Tags", record.tags.join(", ")],
      ["Media type", record.mediaType],
      ["Artifact type", record.artifactType],
      ["Size", `${counted(Number(record.size))} bytes`],
      ["Platform", record.platform],
      ["In the index", record.parent],
      ["Trust policy", [record.policy, record.level].filter(Boolean).join(", level ")],
      ["Reason", record.reason],
      ["Advice", record.advice],
      ["Ends", [record.ends, record.endsBy].filter(Boolean).join(", by ")],
      ["Audited at", record.auditedAt],
    ]),
    ...record.signatures.flatMap(signatureOf),
  ];
  const cell = built("td", content, { colspan: heads.length, role: "cell" });
  row.after(built("tr", cell, { class: "record", role: "row" }));
};

// Where the keyboard goes on after a link, or a button that is no longer there.
const goToTable = () => {
  const title = document.getElementById("artifacts");
  title.scrollIntoView();
  title.focus({ preventScroll: true });
};

const button = (text, action, attributes = {}) => {
  const node = built("button", text, { type: "button", ...attributes });
  node.addEventListener("click", action);
  return node;
};

const change = (name, value) => {
  filters.delete("page");
  value ? filters.set(name, value) : filters.delete(name);
  keep();
};

// Writes the state into the address, without a step in the history.
const keep = () => {
  history.replaceState(null, "", `#${filters}`);
  show();
};

const showFilters = () => {
  const [from = "", to = ""] = (filters.get("ends") ?? "").split("..");
  const values = { text: filters.get("text") ?? "", from, to };
  for (const [name, value] of Object.entries(values)) if (form.elements[name].value !== value) form.elements[name].value = value;
  for (const box of form.querySelectorAll("[name=status]")) box.checked = filters.getAll("status").includes(box.value);
  const chosen = REMOVABLE.filter((name) => filters.has(name)).map((name) =>
    button([`${name}: `, foreign(filters.get(name)), " \u00d7"], () => (change(name, ""), goToTable()), { "aria-label": `Remove the filter ${name}: ${filters.get(name)}` }),
  );
  const isFiltered = [...filters.keys()].some((name) => name !== "sort" && name !== "page");
  if (isFiltered) chosen.push(button("Show all", () => ((filters = new URLSearchParams()), keep(), goToTable())));
  document.getElementById("chosen").replaceChildren(...chosen);
};

const showHeads = () => {
  const order = filters.get("sort") ?? "status";
  for (const head of heads) {
    const { column } = head.dataset;
    if (order === column) head.setAttribute("aria-sort", "ascending");
    else if (order === `-${column}`) head.setAttribute("aria-sort", "descending");
    else head.removeAttribute("aria-sort");
  }
};

const showPages = (page, last) => {
  const turn = (to) => () => {
    filters.set("page", to);
    keep();
    goToTable();
  };
  const disabled = (is) => (is ? { disabled: "" } : {});
  pages.hidden = last < 2;
  pages.replaceChildren(
    button("Previous", turn(page - 1), disabled(page === 1)),
    built("span", `Page ${counted(page)} of ${counted(last)}`),
    button("Next", turn(page + 1), disabled(page === last)),
  );
};

const show = (size = ROWS_OF_A_PAGE) => {
  const chosen = sorted(matching());
  const last = Math.max(1, Math.ceil(chosen.length / size));
  const page = Math.min(last, Math.max(1, Number.parseInt(filters.get("page") ?? "1", 10) || 1));
  const start = (page - 1) * size;
  const shown = chosen.slice(start, start + size);
  rows.replaceChildren(...shown.map(rowOf));
  if (chosen.length === 1) rows.querySelector(".more").click();
  const range = shown.length ? `, rows ${counted(start + 1)} to ${counted(start + shown.length)}` : "";
  document.getElementById("count").textContent = `${counted(chosen.length)} of ${counted(records.length)} artifacts${range}`;
  showFilters();
  showHeads();
  showPages(page, last);
};

// Returns true if the fragment is a state, and not a place in the page or nothing.
const open = () => {
  const hash = location.hash.slice(1);
  if (hash && !hash.includes("=")) return false;
  filters = new URLSearchParams(hash);
  show();
  return Boolean(hash);
};

for (const head of heads) {
  const { column } = head.dataset;
  const sort = () => change("sort", filters.get("sort") === column || (column === "status" && !filters.has("sort")) ? `-${column}` : column);
  head.replaceChildren(button(head.textContent, sort));
}
form.hidden = false;
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", ({ target }) => {
  if (target.name === "text") return change("text", target.value);
  if (target.name !== "status") {
    const { from, to } = form.elements;
    return change("ends", from.value || to.value ? `${from.value}..${to.value}` : "");
  }
  const statuses = [...form.querySelectorAll("[name=status]:checked")].map((box) => box.value);
  filters.delete("status");
  for (const status of statuses) filters.append("status", status);
  filters.delete("page");
  return keep();
});
addEventListener("hashchange", () => open() && goToTable());
addEventListener("beforeprint", () => show(MOST_PRINTED));
addEventListener("afterprint", () => show());
if (open()) goToTable();
else show();
