// The fee centre: what is left, what was charged and why, and how to recharge.
import { t } from "./texts.js";
import { api, get, create, post, all } from "./api.js";
import { h, say, ask, button, table, actions, section, link, time, size, form, dialog } from "./dom.js";

export const points = (text) => (text === null || text === undefined ? "" : text.replace(/(\.\d\d)(\d*?)0*$/, "$1$2"));
const may = (place) => place.workspace.role !== "member";

export async function moneyPage(place) {
  const base = "workspaces/" + place.workspace.id;
  const [balance, bills, budgets, warnings, notices, storage] = await Promise.all([
    get(base + "/balance"), get(base + "/bills"), get(base + "/budgets"), get(base + "/balance/warnings"),
    get(base + "/notices?limit=10"), get(base + "/storage"),
  ]);
  return h("div", {},
    h("h1", {}, "¥ " + t("money"), place.account.is_operator ? link("operations", t("operations")) : null),
    standing(balance),
    may(place) ? recharge(base, place) : null,
    section(t("bills"), table([t("month"), t("points"), ""], bills.items.map((bill) => [
      link("money/" + bill.month, bill.month), points(bill.total), actions(...exports(base, bill.month)),
    ]))),
    kept(storage),
    await budgetList(base, place, budgets.items),
    warned(base, place, warnings),
    await invoices(base, place),
    section(t("notices"), table([t("since"), ""], notices.items.map((notice) => [time(notice.at), notice.text]))));
}

function standing(balance) {
  const rows = [
    [t("balance"), h("strong", {}, points(balance.balance))],
    [t("per_hour"), points(balance.per_hour)],
    [t("hours_left"), balance.hours_left === null ? "–" : balance.hours_left],
    [t("charged_this_month"), `${points(balance.charged)} (${balance.month})`],
    [t("forecast"), points(balance.forecast)],
  ];
  return section(null,
    balance.is_used_up ? h("p", { className: "note bad" }, t("used_up"), balance.stops_at ? [" ", t("stops_at"), " ", time(balance.stops_at)] : null) : null,
    h("dl", { className: "balance" }, rows.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])));
}

function recharge(base, place) {
  return section(t("redeem"), form([{ name: "code", label: t("voucher_code"), required: true }], t("redeem"), async ({ code }) => {
    const entry = await post(base + "/vouchers/redeem", { code });
    say(`${t("balance")}: ${points(entry.balance)}`);
    await place.reload();
  }));
}

const exports = (base, month) => ["csv", "json"].map((format) =>
  h("a", { className: "button", href: `/api/v1/${base}/bills/${month}/export?format=${format}`, download: "" }, format.toUpperCase()));

function kept(storage) {
  return section(t("storage"),
    table([t("kind"), t("size")], Object.entries(storage.by_kind).filter(([, bytes]) => bytes > 0).map(([kind, bytes]) => [t(kind), size(bytes)])),
    h("p", { className: "soft" }, `${size(storage.held)} / ${size(storage.free)} ${t("free_storage")} · ${points(storage.per_day)} ${t("a_day")}`));
}

async function budgetList(base, place, budgets) {
  const names = { workspace: t("workspace") };
  for (const project of await all(base + "/projects")) names[project.id] = project.name;
  for (const member of (await get(base + "/members")).items) names[member.account] = member.login;
  return section(t("budgets"), table([t("budget_of"), t("limit"), t("charged_this_month"), t("warn_at"), t("at_limit"), ""], budgets.map((budget) => [
    names[budget.scope] ?? budget.scope, points(budget.limit), points(budget.charged), budget.warnings.map((percent) => percent + " %").join(", "), t("limit_" + budget.at_limit),
    actions(may(place) ? button(t("remove"), async () => { await api("DELETE", `${base}/budgets/${budget.scope}`); await place.reload(); }, "danger") : null),
  ])), may(place) ? form([
    { name: "scope", label: t("budget_of"), options: Object.entries(names) },
    { name: "limit", label: t("limit"), type: "number", min: 0, step: 0.000001, required: true },
    { name: "at_limit", label: t("at_limit"), options: [["refuse", t("limit_refuse")], ["stop", t("limit_stop")]] },
  ], t("save"), async ({ scope, limit, at_limit: atLimit }) => {
    await api("PUT", `${base}/budgets/${scope}`, { limit, at_limit: atLimit });
    await place.reload();
  }) : null);
}

function warned(base, place, warnings) {
  const list = (text) => text.split(/[\s,，]+/).filter(Boolean);
  const [amounts, hours] = [warnings.amounts.map(points).join(", "), warnings.hours.join(", ")];
  if (!may(place)) return section(t("warnings"), h("p", {}, `${t("warn_amounts")}: ${amounts || "–"} · ${t("warn_hours")}: ${hours || "–"}`));
  return section(t("warnings"), form([
    { name: "amounts", label: t("warn_amounts"), value: amounts }, { name: "hours", label: t("warn_hours"), value: hours },
  ], t("save"), async (values) => {
    await api("PUT", base + "/balance/warnings", { amounts: list(values.amounts), hours: list(values.hours).map(Number) });
    await place.reload();
  }));
}

async function invoices(base, place) {
  const list = await get(base + "/invoices");
  return section(t("invoices"), table([t("title"), t("points"), t("state"), t("number"), t("since"), ""], list.items.map((invoice) => [
    invoice.title, points(invoice.amount), t("invoice_" + invoice.state) + (invoice.reason ? ": " + invoice.reason : ""), invoice.number ?? "", time(invoice.requested_at),
    actions(invoice.has_file ? h("a", { className: "button", href: `/api/v1/invoices/${invoice.id}/file`, download: "" }, "PDF") : null),
  ])), h("p", { className: "soft" }, `${t("invoiceable")}: ${points(list.invoiceable)}`), may(place) && Number(list.invoiceable) > 0 ? form([
    { name: "title", label: t("title"), required: true }, { name: "tax_number", label: t("tax_number"), required: true },
    { name: "amount", label: t("points"), type: "number", min: 0.000001, step: 0.000001, value: Number(list.invoiceable), required: true },
  ], t("request_invoice"), async (values) => { await create(base + "/invoices", values); await place.reload(); }) : null);
}

// One month: its lines, the arithmetic of each, and what is usually overlooked.
export async function billPage(place, month) {
  const base = "workspaces/" + place.workspace.id;
  const page = h("div");
  let kind = "";
  const draw = async () => {
    const query = kind ? "&kind=" + kind : "";
    const [bill, why] = await Promise.all([get(`${base}/bills/${month}?limit=200${query}`), get(`${base}/why-charged?month=${month}${query}`)]);
    const causes = Object.fromEntries(why.items.map((item) => [item.first_entry, item.causes]));
    const rows = bill.items.map((line) => row(line, causes[line.first_entry] ?? []));
    const body = h("tbody", {}, rows);
    let next = bill.next;
    const more = next ? button(t("more"), async () => {
      const part = await get(`${base}/bills/${month}?limit=200${query}&after=${next}`);
      body.append(...part.items.map((line) => row(line, [])));
      next = part.next;
      if (!next) more.remove();
    }) : null;
    page.replaceChildren(
      h("h1", {}, `${t("bill")} ${month}`, h("span", { className: "soft" }, `${points(bill.total)} ${t("points")} · ${bill.time_zone}`), exports(base, month),
        h("select", { className: "narrow-select", onchange: (event) => { kind = event.target.value; draw().catch((error) => say(error.message, true)); } },
          ["", "environment", "job", "service", "board", "storage"].map((value) => h("option", { value, selected: value === kind }, value ? t(value) : t("all_kinds"))))),
      section(null, bill.items.length ? h("table", {}, h("thead", {}, h("tr", {}, ["name", "kind", "by", "since", "minutes", "points"].map((key) => h("th", {}, t(key))))), body) : h("p", { className: "soft" }, t("nothing")), more));
  };
  await draw();
  return page;
}

function row(line, causes) {
  const name = line.subject.workload ? link("workloads/" + line.subject.workload, line.name) : t("storage");
  return h("tr", {}, h("td", {}, name, h("div", { className: "soft" }, line.explanation), causes.map((cause) => h("div", { className: "note" }, cause.text))),
    h("td", {}, t(line.kind)), h("td", {}, line.account?.login ?? ""), h("td", {}, time(line.from)), h("td", {}, line.minutes ?? ""), h("td", {}, points(line.amount)));
}

// What only the operator does: recharges, codes, price lists, invoices, the check of the ledger.
export async function operationsPage(place) {
  const [vouchers, tariffs, open, deletions] = await Promise.all([
    get("vouchers?limit=50"), get("tariffs"), get("invoices?state=requested"), get("arrears-deletions"),
  ]);
  const result = h("p", {});
  return h("div", {}, h("h1", {}, t("operations")),
    section(t("recharge"), form([
      { name: "workspace", label: t("workspace_name_or_id"), value: place.workspace?.id ?? "", required: true, suggest: suggestWorkspaces },
      { name: "amount", label: t("points"), type: "number", min: 0.000001, step: 0.000001, required: true },
      { name: "reference", label: t("reference") }, { name: "note", label: t("note") },
      { name: "kind", label: t("kind"), options: [["recharges", t("recharge")], ["grants", t("grant")]] },
    ], t("recharge"), async ({ workspace, kind, ...entry }) => {
      const found = await workspaceCalled(workspace.trim());
      if (!await ask(t("sure"), h("p", {}, `${found.name} (${found.id}): ${entry.amount}`))) return;
      const posted = await create(`workspaces/${encodeURIComponent(found.id)}/${kind}`, entry);
      say(`${t("balance")}: ${points(posted.balance)}`);
    })),
    section(t("vouchers"), form([
      { name: "amount", label: t("points"), type: "number", min: 0.000001, step: 0.000001, required: true },
      { name: "count", label: t("count"), type: "number", min: 1, max: 1000, value: 1, required: true }, { name: "note", label: t("note") },
      { name: "expires_at", label: t("expires"), type: "date" },
    ], t("create"), async ({ amount, count, note, expires_at: date }) => {
      const made = await create("vouchers", { amount, note, count: Number(count), expires_at: date ? date + "T00:00:00Z" : null });
      dialog(t("codes_once"), h("pre", {}, made.items.map((voucher) => voucher.code).join("\n")),
        h("button", { onclick: (event) => event.target.closest("dialog").close() }, "OK")).addEventListener("close", place.reload);
    }), table([t("points"), t("state"), t("expires"), t("note"), ""], vouchers.items.map((voucher) => [
      points(voucher.amount), t(voucher.used_at ? "used" : voucher.revoked_at ? "revoked" : "good"), voucher.expires_at ? time(voucher.expires_at) : t("never"), voucher.note,
      actions(voucher.used_at || voucher.revoked_at ? null : button(t("revoke"), async () => { await post(`vouchers/${voucher.id}/revoke`); await place.reload(); }, "danger")),
    ]))),
    section(t("open_invoices"), table([t("title"), t("tax_number"), t("points"), t("by"), ""], open.items.map((invoice) => [
      invoice.title, invoice.tax_number, points(invoice.amount), invoice.requested_by.login,
      actions(button(t("issue"), () => issue(place, invoice)), button(t("reject"), () => reject(place, invoice), "danger")),
    ]))),
    priceLists(place, tariffs.items),
    section(t("arrears_deletions"), table([t("workspace_id"), t("since"), t("not_before"), ""], deletions.items.map((deletion) => [
      deletion.workspace, time(deletion.since), time(deletion.earliest),
      actions(button(t(deletion.approved_by ? "withdraw" : "approve"), async () => {
        if (!await ask(t("sure"), h("p", {}, deletion.workspace))) return;
        await post(`workspaces/${deletion.workspace}/arrears-deletion/${deletion.approved_by ? "withdraw" : "approve"}`);
        await place.reload();
      }, "danger")),
    ]))),
    section(t("verify_ledger"), button(t("verify_ledger"), () => verify(result)), result));
}

// Names of workspaces that have the text in them, each with what is left.
async function suggestWorkspaces(text) {
  if (!text || text.startsWith("wsp_")) return [];
  const { items } = await get(`operator/workspaces?limit=20&name=${encodeURIComponent(text)}`);
  return items.map((workspace) => [workspace.name, `${points(workspace.balance)}, ${workspace.id}`]);
}

async function workspaceCalled(text) {
  if (/^wsp_/.test(text)) return { id: text, name: text };
  const { items } = await get(`operator/workspaces?limit=200&name=${encodeURIComponent(text)}`);
  const found = items.find((workspace) => workspace.name.toLowerCase() === text.toLowerCase());
  if (!found) throw new Error(`${t("no_workspace")} ${text}`);
  return found;
}

function priceLists(place, tariffs) {
  const { number, ...newest } = tariffs[0];
  const text = h("textarea", { value: JSON.stringify({ ...newest, starts_at: "" }, null, 2), rows: 12 });
  return section(t("price_lists"), table(["#", t("since"), t("flavor")], tariffs.map((tariff) => [
    tariff.number, time(tariff.starts_at), tariff.flavors.map((flavor) => `${flavor.flavor} ${points(flavor.price_per_hour)}`).join(", "),
  ])), h("details", {}, h("summary", {}, t("publish")), text, button(t("publish"), async () => {
    const made = await post("tariffs", JSON.parse(text.value));
    say(`${t("price_lists")}: ${made.number}`);
    await place.reload();
  }, "first")));
}

function issue(place, invoice) {
  const file = h("input", { type: "file", accept: "application/pdf", required: true });
  const box = dialog(t("issue"), h("p", {}, `${invoice.title}: ${points(invoice.amount)}`), file, form([{ name: "number", label: t("number"), required: true }], t("issue"), async ({ number }) => {
    if (!file.files.length) return;
    await api("POST", `invoices/${invoice.id}/issue?number=${encodeURIComponent(number)}`, new Blob([file.files[0]], { type: "application/pdf" }));
    box.close();
    await place.reload();
  }));
}

function reject(place, invoice) {
  const box = dialog(t("reject"), form([{ name: "reason", label: t("reason"), required: true }], t("reject"), async (values) => {
    await post(`invoices/${invoice.id}/reject`, values);
    box.close();
    await place.reload();
  }));
}

async function verify(result) {
  const response = await fetch("/api/v1/ledger/verify", { method: "POST", headers: { "X-Weir-Request": "1" } });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const lines = (rest + part.value).split("\n");
    rest = lines.pop();
    for (const line of lines.filter(Boolean)) {
      const found = JSON.parse(line);
      if (found.error) throw new Error(found.error.message);
      result.className = found.ok === false ? "note bad" : "note";
      result.textContent = found.ok === undefined ? `${found.entries} …` : found.ok ? `${t("ledger_right")} ${found.head.sequence}:${found.head.hash}` : found.difference.text;
    }
  }
}
