// What pages share about workloads: the table, the operations, the live changes.
import { t } from "./texts.js";
import { api, get, post, create } from "./api.js";
import { h, ask, say, button, table, actions, link, state, time, duration, form, dialog } from "./dom.js";

export async function enter(workload, tool) {
  // The window is opened in the click itself, else the browser takes it for an advertisement.
  const opened = window.open("about:blank", "_blank");
  try {
    const entry = await post(`workloads/${workload.id}/enter`, tool ? { tool } : {});
    opened.opener = null;
    opened.location = entry.url;
  } catch (error) {
    opened?.close();
    throw error;
  }
}

async function stop(workload) {
  const details = h("dl", {}, h("dt", {}, t("kept")), h("dd", {}, workload.keeps.kept.join(", ")), h("dt", {}, t("lost")), h("dd", {}, workload.keeps.lost));
  if (await ask(t("stop_question"), details)) await post(`workloads/${workload.id}/stop`);
}

async function switchFlavor(workload) {
  const flavors = (await get("flavors")).items;
  return new Promise((resolve) => {
    const box = dialog(t("switch_flavor"), form([{ name: "flavor", label: t("flavor"), value: workload.flavor.name, options: flavors.map((flavor) => [flavor.name, flavor.name]) }],
      t("save"), async (values) => { await post(`workloads/${workload.id}/switch-flavor`, values); box.close(); }));
    box.addEventListener("close", resolve);
  });
}

export function operations(workload, after) {
  const then = (action) => async () => { await action(); await after(); };
  const known = {
    enter: () => (workload.kind === "service" ? null : [button(t("enter"), () => enter(workload), "first"),
      workload.kind === "environment" ? button(t("terminal"), () => enter(workload, "terminal")) : null]),
    start: () => button(t("start"), then(() => post(`workloads/${workload.id}/start`))),
    stop: () => button(t("stop"), then(() => stop(workload))),
    switch_flavor: () => button(t("switch_flavor"), then(() => switchFlavor(workload))),
    rerun: () => button(t("rerun"), then(() => create(`workloads/${workload.id}/rerun`, {}))),
    delete: () => button(t("delete"), async () => {
      if (!await ask(t("delete_question"), h("p", {}, workload.name))) return;
      await api("DELETE", `workloads/${workload.id}`);
      if (location.hash.startsWith("#/workloads/")) location.hash = "#/projects/" + workload.project;
      else await after();
    }, "danger"),
  };
  return workload.operations.map((operation) => known[operation]?.());
}

export function workloadTable(workloads, after) {
  return table([t("name"), t("kind"), t("state"), t("flavor"), t("running_time"), t("remaining"), ""], workloads.map((workload) => [
    link("workloads/" + workload.id, workload.name), t(workload.kind),
    [state(workload.state), h("div", { className: "soft" }, workload.queue?.message ?? workload.failure?.message ?? "")],
    workload.flavor.name, duration(workload.running_seconds), duration(workload.remaining_seconds),
    actions(operations(workload, after)),
  ]));
}

// Calls `changed` when a state changes; several at once become one call.
export function live(place, changed) {
  const source = new EventSource(`/api/v1/workspaces/${place.workspace.id}/events`);
  let timer = null;
  const soon = () => { timer ??= setTimeout(() => { timer = null; changed(); }, 150); };
  source.addEventListener("transition", soon);
  source.addEventListener("notice", (event) => say(JSON.parse(event.data).text));
  source.onerror = () => { if (source.readyState === EventSource.CLOSED) say(t("offline"), true); };
  // What happened while the stream was away is seen when it is back.
  source.onopen = soon;
  place.onLeave(() => { source.close(); clearTimeout(timer); });
}
