// One workload: where it stands and why, its log, what it uses.
import { t } from "./texts.js";
import { api, get, post, create } from "./api.js";
import { h, say, button, table, actions, section, link, state, time, size, duration, form, dialog } from "./dom.js";
import { operations, live } from "./workloads.js";
import { signed } from "./create.js";
import { points } from "./money.js";
import { sshLines } from "./ssh.js";

export async function workloadPage(place, id) {
  const facts = h("div");
  const [log, followLog, closeLog] = logView(id);
  const usage = h("div");
  const ssh = h("div");
  const draw = async () => {
    const [workload, history, runs] = await Promise.all([get("workloads/" + id), get(`workloads/${id}/history`), get(`workloads/${id}/runs`)]);
    facts.replaceChildren(...about(place, workload, draw), runsAndHistory(runs.items, history.items));
    followLog();
    usage.replaceChildren(workload.state === "running" ? inside(id) : "");
  };
  await draw();
  ssh.replaceChildren(await sshLines(`workloads/${id}/ssh`));
  let close = null;
  live({ ...place, onLeave: (action) => { close = action; } }, draw);
  place.onLeave(() => { close?.(); closeLog(); });
  return h("div", {}, facts, section(t("log"), log), ssh, usage);
}

function about(place, workload, draw) {
  const own = workload[workload.kind] ?? {};
  const rows = [
    [t("state"), [state(workload.state), " ", time(workload.state_since)]],
    [t("project"), link("projects/" + workload.project, workload.project)],
    [t("image"), workload.image.reference], [t("flavor"), workload.flavor.name],
    [t("running_time"), duration(workload.running_seconds)],
    workload.remaining_seconds !== null ? [t("remaining"), duration(workload.remaining_seconds)] : null,
    workload.cost !== null ? [t("cost"), `${points(workload.cost)} (${points(workload.price_per_hour)} ${t("price")})`] : null,
    own.command ? [t("command"), h("code", {}, own.command)] : null,
    own.log_path ? [t("log_path"), own.log_path] : null,
    ...[...workload.datasets, ...workload.models].map((mount) => [mount.path, [link("assets/" + mount.asset, mount.asset), ` v${mount.version}`]]),
    [t("by"), workload.created_by.login],
    [t("kept"), workload.keeps.kept.join(", ")], [t("lost"), workload.keeps.lost],
  ].filter(Boolean);
  return [
    h("h1", {}, workload.name, h("span", { className: "soft" }, t(workload.kind)), operations(workload, draw),
      workload.kind === "job" && ["completed", "failed", "stopped"].includes(workload.state) ? button(t("export"), () => exportOutput(workload)) : null),
    workload.queue ? h("p", { className: "note" }, workload.queue.message) : null,
    workload.failure ? h("p", { className: "note bad" }, workload.failure.message, " ", workload.failure.remedy) : null,
    workload.kind === "service" ? port(place, workload, draw) : null,
    section(null, h("dl", {}, rows.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]))),
  ].filter(Boolean);
}

function port(place, workload, draw) {
  const open = workload.port;
  const address = open && (open.mode === "http" ? `http://${open.address}/` : open.address);
  return section(t("external_port"), open ? [
    h("div", { className: "row" }, open.mode === "http" ? h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, address) : h("code", {}, address),
      button(t("copy"), async () => { await navigator.clipboard.writeText(open.address); say(t("copied")); }),
      button(t("close_port"), async () => { await api("DELETE", `workloads/${workload.id}/port`); await draw(); })),
    h("p", { className: "soft" }, `${t("requests")} ${open.requests} · ${t("errors")} ${open.errors} · ${t("released_at")} `, time(open.released_at)),
  ] : button(t("open_port"), async () => { if (await signed(place)) { await post(`workloads/${workload.id}/port`); await draw(); } }));
}

function runsAndHistory(runs, history) {
  return section(t("history"), table([t("since"), t("state"), t("cause"), t("by"), ""], [...history].reverse().map((change) =>
    [time(change.at), state(change.state), change.cause_text, change.actor?.login ?? "Weir", change.failure?.message ?? ""])),
  h("h2", {}, t("runs")), table(["#", t("flavor"), t("created"), t("running_time"), t("state")], runs.map((run) =>
    [run.number, run.flavor, time(run.queued_at), duration(run.running_seconds), run.outcome ? state(run.outcome) : ""])));
}

// The last lines at once, then each new one; what is far back is dropped from the page, not from the log.
function logView(id) {
  const view = h("pre", { className: "log", tabIndex: 0 });
  const add = (line) => {
    const atEnd = view.scrollTop + view.clientHeight > view.scrollHeight - 30;
    view.append(h("div", { className: line.stream }, line.text));
    while (view.childElementCount > 5000) view.firstChild.remove();
    if (atEnd) view.scrollTop = view.scrollHeight;
  };
  let source = null;
  let shown = null;
  let isClosed = false;
  const begin = async () => {
    const part = await get(`workloads/${id}/logs?offset=-65536&limit=5000`);
    if (isClosed || source || !part.instance || part.instance === shown) return;
    // Another start has another log.
    shown = part.instance;
    view.replaceChildren();
    part.lines.forEach(add);
    source = new EventSource(`/api/v1/workloads/${id}/logs/stream?offset=${part.next_offset}`);
    source.addEventListener("line", (event) => add(JSON.parse(event.data)));
    source.addEventListener("end", () => { source.close(); source = null; });
  };
  const follow = () => begin().catch((error) => say(error.message, true));
  return [view, follow, () => { isClosed = true; source?.close(); }];
}

function inside(id) {
  const place = h("div");
  const draw = async () => {
    const [usage, processes] = await Promise.all([get(`workloads/${id}/usage`), get(`workloads/${id}/processes`)]);
    place.replaceChildren(
      ...usage.items.map((item) => h("p", {}, `${t("memory")} ${size(item.memory)} / ${size(item.memory_limit)} · ${t("cpu")} ${duration(Math.round(item.cpu_milliseconds / 1000))} · ${t("processes")} ${item.processes}`)),
      table(["PID", t("command"), t("memory"), t("running_time"), ""], processes.items.map((process) => [
        process.pid, h("code", {}, process.command), size(process.memory), duration(process.elapsed_seconds),
        actions(process.pid > 1 ? button(t("end_process"), async () => { await post(`workloads/${id}/processes/kill`, { pid: process.pid, instance: process.instance }); await draw(); }, "danger") : null),
      ])));
  };
  return section(t("usage"), button(t("usage"), draw), place);
}

function exportOutput(workload) {
  const box = dialog(t("export"), form([
    { name: "kind", label: t("kind"), options: [["model", t("model")], ["dataset", t("dataset")]] },
    { name: "name", label: t("name"), value: workload.name, required: true },
    { name: "path", label: t("path") }, { name: "note", label: t("note") },
  ], t("export"), async (values) => {
    const made = await create(`jobs/${workload.id}/export`, values);
    box.close();
    location.hash = "#/assets/" + made.asset.id;
  }));
}
