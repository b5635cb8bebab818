// What the workspace and the people in it may hold at once, and what they hold; for the operator, all workspaces.
import { t } from "./texts.js";
import { api, get } from "./api.js";
import { h, form, table, actions, section, button, ask, size, time, dialog } from "./dom.js";

const GiB = 1024 ** 3;
// How an amount of each dimension is shown, and in which unit people write it.
const dimensions = [
  ["cpu", (amount) => amount / 1000, 1000], ["memory", size, GiB], ["gpu", (amount) => amount / 1000, 1000],
  ["gpu_memory", size, GiB], ["instances", (amount) => amount, 1], ["storage", size, GiB],
];
const may = (place) => place.workspace.role !== "member";
const heads = () => dimensions.map(([name]) => t("quota_" + name));

const cells = (standing) => dimensions.map(([name, shown]) => {
  const [held, limit, waiting] = [standing.held[name] ?? 0, standing.quota[name], standing.waiting[name] ?? 0];
  return h("td", { className: limit !== null && held >= limit ? "state failed" : "" }, limit === null ? String(shown(held)) : `${shown(held)} / ${shown(limit)}`,
    limit ? h("div", {}, h("meter", { min: 0, max: limit, value: Math.min(held, limit), title: t("quota_" + name) })) : null,
    waiting ? h("div", { className: "soft" }, `+${shown(waiting)} ${t("waits")}`) : null);
});

const standingRow = (name, standing) => [name, ...cells(standing), standing.weight, standing.highest_priority ? t("priority_" + standing.highest_priority) : "–"];

export async function quotasPage(place) {
  const base = `workspaces/${place.workspace.id}/quotas`;
  const [quotas, changes] = await Promise.all([get(base), get(`workspaces/${place.workspace.id}/quota-changes`)]);
  const titles = [...heads(), t("weight"), t("priority"), ""];
  const edit = (scope, title, standing) => button(t("change"), () => change(place, base, scope, title, standing));
  const drop = (scope) => button(t("remove"), async () => {
    if (!await ask(t("sure"))) return;
    await api("DELETE", `${base}/${scope}`);
    await place.reload();
  }, "danger");
  const everyone = quotas.everyone ?? { quota: Object.fromEntries(dimensions.map(([name]) => [name, null])), weight: 100, highest_priority: null };
  const limits = dimensions.map(([name, shown]) => everyone.quota[name] === null ? "–" : String(shown(everyone.quota[name])));
  const names = { workspace: t("workspace"), everyone: t("everyone"), ...Object.fromEntries(quotas.people.map((person) => [person.account.id, person.account.login])) };
  return h("div", {}, h("h1", {}, t("quotas")),
    section(t("workspace"), table([t("name"), ...titles], [[
      ...standingRow(quotas.workspace.name, quotas.workspace),
      actions(place.account.is_operator ? [edit("workspace", quotas.workspace.name, quotas.workspace), quotas.workspace.is_own ? drop("workspace") : null] : null),
    ]]), h("p", { className: "soft" }, t("quota_explained"))),
    section(t("people"), table([t("login_name"), ...titles], [
      ...quotas.people.map((person) => [
        ...standingRow(person.account.login + (person.is_own ? " *" : ""), person),
        actions(may(place) ? [edit(person.account.id, person.account.login, person), person.is_own ? drop(person.account.id) : null] : null),
      ]),
      [h("em", {}, t("everyone")), ...limits, everyone.weight, everyone.highest_priority ? t("priority_" + everyone.highest_priority) : "–",
        actions(may(place) ? [edit("everyone", t("everyone"), everyone), quotas.everyone ? drop("everyone") : null] : null)],
    ]), h("p", { className: "soft" }, t("own_quota"))),
    section(t("history"), table([t("since"), t("by"), t("budget_of"), t("before"), t("after")], changes.items.map((change) => [
      time(change.at), change.by?.login ?? "", names[change.subject] ?? change.subject, said(change.before), said(change.after),
    ]))));
}

// An allowance as it was kept, in words.
function said(text) {
  if (!text) return "–";
  const { quota, weight, highest } = JSON.parse(text);
  const parts = dimensions.filter(([name]) => quota[camel(name)] !== undefined).map(([name, shown]) => `${t("quota_" + name)} ${shown(quota[camel(name)])}`);
  return [...parts, `${t("weight")} ${weight}`, highest ? `${t("priority")} ${t("priority_" + highest)}` : null].filter(Boolean).join(", ");
}

const camel = (name) => name.replace(/_(\w)/, (_, letter) => letter.toUpperCase());

function change(place, base, scope, title, standing) {
  const box = dialog(title, form([
    ...dimensions.map(([name, , unit]) => ({
      name, label: t("quota_" + name) + (unit === GiB ? " (GiB)" : ""), type: "number", min: 0, step: "any", value: standing.quota[name] === null ? "" : standing.quota[name] / unit,
    })),
    { name: "weight", label: t("weight"), type: "number", min: 1, max: 10000, value: standing.weight, required: true },
    { name: "highest_priority", label: t("highest_priority"), value: standing.highest_priority ?? "", options: [["", "–"], ...["low", "normal", "high"].map((name) => [name, t("priority_" + name)])] },
  ], t("save"), async ({ weight, highest_priority: highest, ...limits }) => {
    const quota = Object.fromEntries(dimensions.map(([name, , unit]) => [name, limits[name] === "" ? null : Math.round(Number(limits[name]) * unit)]));
    await api("PUT", `${base}/${scope}`, { quota, weight: Number(weight), highest_priority: highest || null });
    box.close();
    await place.reload();
  }), h("p", { className: "soft" }, t("empty_is_no_limit")));
}

// All workspaces, for the operator.
export async function allQuotas(place) {
  const quotas = await get("quotas");
  return section(t("quotas"), table([t("workspace"), ...heads(), t("weight"), t("priority"), ""], quotas.items.map((standing) => [
    ...standingRow(standing.name, standing),
    actions(button(t("change"), () => change(place, `workspaces/${standing.workspace}/quotas`, "workspace", standing.name, standing))),
  ])));
}
