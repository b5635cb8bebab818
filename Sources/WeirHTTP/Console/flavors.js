// What people choose from: kinds of accelerators, flavors, and how much is needed; the operator changes the flavors.
import { t } from "./texts.js";
import { api, get, post } from "./api.js";
import { h, form, table, actions, section, button, ask, size, cores, duration, dialog } from "./dom.js";
import { allQuotas } from "./quotas.js";

const GiB = 1024 ** 3;
const gpu = (part) => part ? `${part.compute / 1000} × ${part.class ?? part.kind}, ${size(part.memory)}` : "–";

export async function flavorsPage(place) {
  const operator = place.account.is_operator;
  const [flavors, kinds] = await Promise.all([get("flavors" + (operator ? "?retired=true" : "")), get("accelerators")]);
  const shown = h("div");
  const draw = (chosen) => shown.replaceChildren(flavorTable(place, flavors.items.filter((flavor) => !chosen || chosen.flavors.includes(flavor.name))));
  draw(null);
  const name = (kind) => kind.kind === null ? t("no_accelerator") : [kind.class, kind.kind, kind.simulated ? `(${t("simulated")})` : null].filter(Boolean).join(" ");
  return h("div", {}, h("h1", {}, t("flavors")),
    section(t("accelerators"), table([t("kind"), t("devices"), t("quota_gpu_memory"), t("flavors"), ""], kinds.items.map((kind) => [
      name(kind), kind.kind === null ? "–" : kind.devices, kind.memory === null ? "–" : size(kind.memory), kind.flavors.join(", "),
      actions(button(t("choose"), () => draw(kind))),
    ])), button(t("all_kinds"), () => draw(null))),
    section(t("flavors"), shown, operator ? button(t("create"), () => edit(place, null), "first") : null),
    sizing(), operator ? await allQuotas(place) : null);
}

function flavorTable(place, flavors) {
  const offered = flavors.filter((flavor) => !flavor.retired_at).map((flavor) => flavor.name);
  const move = (name, by) => async () => {
    const names = [...offered];
    const at = names.indexOf(name);
    [names[at], names[at + by]] = [names[at + by], names[at]];
    await api("PUT", "flavor-order", { names });
    await place.reload();
  };
  return table([t("name"), t("quota_cpu"), t("quota_memory"), t("scratch"), "GPU", t("longest_run"), t("price"), ""], flavors.map((flavor) => {
    const at = offered.indexOf(flavor.name);
    return [
      h("td", {}, flavor.name, h("div", { className: "soft" }, [flavor.group === "default" ? null : flavor.group, flavor.preemptible ? t("preemptible") : null, flavor.retired_at ? t("retired") : null].filter(Boolean).join(" · "))),
      cores(flavor.cpu), size(flavor.memory), size(flavor.scratch), gpu(flavor.gpu), flavor.longest_run ? duration(flavor.longest_run) : "–",
      flavor.price_per_hour === null ? h("span", { className: "state failed" }, t("no_price")) : String(Number(flavor.price_per_hour)),
      actions(place.account.is_operator ? [
        at > 0 ? button("↑", move(flavor.name, -1)) : null, at >= 0 && at + 1 < offered.length ? button("↓", move(flavor.name, 1)) : null,
        flavor.retired_at ? null : button(t("change"), () => edit(place, flavor)),
        button(t(flavor.retired_at ? "restore" : "retire"), async () => {
          if (!flavor.retired_at && !await ask(t("sure"), h("p", {}, flavor.name))) return;
          await post(`flavors/${flavor.name}/${flavor.retired_at ? "restore" : "retire"}`);
          await place.reload();
        }, flavor.retired_at ? "" : "danger"),
      ] : null),
    ];
  }));
}

// A new flavor, or another definition of one: what runs keeps what it has.
function edit(place, flavor) {
  const number = (name, label, value, more = {}) => ({ name, label, type: "number", min: 0, step: "any", value, ...more });
  const box = dialog(flavor?.name ?? t("new_flavor"), form([
    ...(flavor ? [] : [{ name: "name", label: t("name"), required: true }]),
    number("cpu", t("quota_cpu"), flavor ? flavor.cpu / 1000 : 1, { required: true }),
    number("memory", t("quota_memory") + " (GiB)", flavor ? flavor.memory / GiB : 2, { required: true }),
    number("scratch", t("scratch") + " (GiB)", flavor ? flavor.scratch / GiB : 10, { required: true }),
    number("processes", t("processes"), flavor?.processes ?? 1024),
    number("compute", "GPU", flavor?.gpu ? flavor.gpu.compute / 1000 : ""),
    number("gpu_memory", t("quota_gpu_memory") + " (GiB)", flavor?.gpu ? flavor.gpu.memory / GiB : ""),
    { name: "kind", label: t("kind"), value: flavor?.gpu?.kind ?? "nvidia.com/gpu" },
    { name: "class", label: t("accelerator_class"), value: flavor?.gpu?.class ?? "" },
    number("hours", t("longest_run") + " (h)", flavor?.longest_run ? flavor.longest_run / 3600 : ""),
    { name: "group", label: t("resource_group"), value: flavor?.group ?? "default" },
    { name: "preemptible", label: t("preemptible"), value: String(flavor?.preemptible ?? false), options: [["false", t("no")], ["true", t("yes")]] },
    ...(flavor ? [] : [number("price_per_hour", t("price"), "")]),
  ], t("save"), async (values) => {
    const body = {
      cpu: Math.round(values.cpu * 1000), memory: Math.round(values.memory * GiB), scratch: Math.round(values.scratch * GiB), processes: Number(values.processes) || 1024,
      gpu: Number(values.compute) ? { kind: values.kind, class: values.class || null, compute: Math.round(values.compute * 1000), memory: Math.round(values.gpu_memory * GiB) } : null,
      longest_run: values.hours ? Math.round(values.hours * 3600) : null, group: values.group || null, preemptible: values.preemptible === "true",
    };
    if (flavor) await api("PUT", `flavors/${flavor.name}`, body);
    else await post("flavors", { name: values.name, price_per_hour: values.price_per_hour || null, ...body });
    box.close();
    await place.reload();
  }), h("p", { className: "soft" }, t("flavor_explained")));
}

// How much is needed for a purpose (QUO-14).
function sizing() {
  const result = h("div");
  return section(t("sizing"), form([
    { name: "purpose", label: t("purpose"), options: ["development", "training", "inference"].map((name) => [name, t("purpose_" + name)]) },
    { name: "billions", label: t("model_size"), type: "number", min: 0.001, step: "any", value: 7 },
    { name: "precision", label: t("precision"), value: "fp16", options: ["fp32", "fp16", "int8", "int4"].map((name) => [name, name]) },
    { name: "method", label: t("method"), options: ["full", "adapter"].map((name) => [name, t("method_" + name)]) },
    { name: "concurrency", label: t("concurrency"), type: "number", min: 1, value: 1 },
  ], t("suggest"), async ({ purpose, billions, precision, method, concurrency }) => {
    const query = new URLSearchParams({ purpose });
    if (purpose !== "development") { query.set("parameters", Math.round(billions * 1e9)); query.set("precision", precision); }
    if (purpose === "training") query.set("method", method);
    if (purpose === "inference") query.set("concurrency", concurrency);
    const advice = await get("sizing?" + query);
    result.replaceChildren(h("p", { className: "note" }, advice.arithmetic), table([t("flavor"), t("price"), t("reason")],
      advice.flavors.map(({ flavor, reason }) => [flavor.name, flavor.price_per_hour === null ? t("no_price") : String(Number(flavor.price_per_hour)), reason])));
  }), result);
}
