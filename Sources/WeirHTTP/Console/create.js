// The forms for new workloads.
import { t } from "./texts.js";
import { get, post, create, all } from "./api.js";
import { h, form, section, size, cores, ask } from "./dom.js";
import { points } from "./money.js";

export async function createPage(place, project, kind) {
  const [flavors, images, datasets, models] = await Promise.all([
    get("flavors").then((list) => list.items), all("images?workspace=" + place.workspace.id),
    all(`workspaces/${place.workspace.id}/assets?kind=dataset`), all(`workspaces/${place.workspace.id}/assets?kind=model`),
  ]);
  const fitting = images.filter((image) => kind === "board" ? image.tools.includes("tensorboard") : kind === "environment" ? image.tools.some((tool) => tool !== "tensorboard") : true);
  const mounts = (assets, key) => [1, 2, 3].map((number) => ({
    name: key + number, label: `${t(key)} ${number}`,
    options: [["", "–"], ...assets.filter((asset) => asset.latest_version).map((asset) => [asset.id, asset.name])],
  }));
  const fields = [
    { name: "name", label: t("name"), required: true },
    { name: "description", label: t("description") },
    { name: "image", label: t("image"), options: fitting.map((image) => [image.id, image.reference]) },
    { name: "flavor", label: t("flavor"), options: flavors.map((flavor) => [flavor.name, `${flavor.name}: ${cores(flavor.cpu)}, ${size(flavor.memory)}${flavor.gpu ? `, ${flavor.gpu.class ?? ""} GPU ${flavor.gpu.compute / 1000}` : ""}, ${flavor.price_per_hour ?? t("no_price")} ${t("price")}`]) },
    { name: "priority", label: t("priority"), value: "normal", options: ["low", "normal", "high"].map((name) => [name, t("priority_" + name)]) },
    ...(kind === "board" ? [{ name: "path", label: t("log_path") }] : [...mounts(datasets, "dataset"), ...mounts(models, "model")]),
    ...({
      environment: [{ name: "hours", label: t("auto_stop"), type: "number", min: 0.1, step: 0.1 }],
      job: [
        { name: "command", label: t("command"), type: "textarea", required: true, value: "python train.py" },
        { name: "hours", label: t("time_limit"), type: "number", min: 0.1, step: 0.1 },
      ],
      service: [
        { name: "command", label: t("command"), type: "textarea", required: true, value: "python serve.py" },
        { name: "port", label: t("port"), type: "number", min: 1, max: 65535, value: 8000, required: true },
        { name: "health_path", label: t("health_path") },
        { name: "replicas", label: t("replicas"), type: "number", min: 1, max: 16, value: 1 },
      ],
      board: [],
    })[kind],
  ];
  const bodyOf = (values) => {
    const body = { name: values.name, description: values.description, image: values.image, flavor: values.flavor, priority: values.priority === "normal" ? null : values.priority };
    const chosen = (key) => [1, 2, 3].map((number) => values[key + number]).filter(Boolean).map((asset) => ({ asset }));
    const seconds = values.hours ? Math.round(values.hours * 3600) : null;
    if (kind === "board") body.path = values.path;
    else Object.assign(body, { datasets: chosen("dataset"), models: chosen("model") });
    if (kind === "environment") body.auto_stop = seconds;
    if (kind === "job") Object.assign(body, { command: values.command, time_limit: seconds });
    if (kind === "service") {
      Object.assign(body, { command: values.command, port: Number(values.port), replicas: Number(values.replicas) || 1 });
      if (values.health_path) body.health_path = values.health_path;
    }
    return body;
  };
  const element = form(fields, t("create"), async (values) => {
    if (kind === "service" && !await signed(place)) return;
    const made = await create(`projects/${project}/${kind}s`, bodyOf(values));
    location.hash = "#/workloads/" + made.id;
  });
  return section(t("new_" + kind), element, priceOf(`projects/${project}/${kind}s/quote`, element, bodyOf));
}

// The price before anything is submitted, asked anew as the form changes (BIL-23).
function priceOf(path, element, bodyOf) {
  const place = h("div", { className: "price" });
  let asked = 0;
  let waiting = null;
  const ask = async () => {
    const own = ++asked;
    let lines;
    try {
      const quote = await post(path, bodyOf(element.values()));
      const whole = quote.longest ? ` · ${t("whole_run")} ${points(quote.longest.amount)}` : "";
      lines = [
        h("p", { className: "note" }, h("strong", {}, `${points(quote.per_hour)} ${t("price")} · ${points(quote.per_day)} ${t("a_day")}${whole}`), h("div", { className: "soft" }, quote.formula)),
        quote.warning ? h("p", { className: "note" }, quote.warning) : null,
        quote.refusal ? h("p", { className: "note bad" }, quote.refusal.message, " ", quote.refusal.remedy) : null,
      ];
    } catch (error) {
      lines = [h("p", { className: "note bad" }, error.message)];
    }
    if (own === asked) place.replaceChildren(...lines.filter(Boolean));
  };
  element.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(ask, 250); });
  ask();
  return place;
}

// The first external port needs a signature (INF-06).
export async function signed(place) {
  const path = `workspaces/${place.workspace.id}/commitments/port`;
  const commitment = await get(path);
  if (commitment.signed_at) return true;
  if (!await ask(t("commitment"), h("p", {}, commitment.text), t("sign"))) return false;
  await post(path, { text_version: commitment.text_version });
  return true;
}
