// What runs, what ran, and what is free.
import { t } from "./texts.js";
import { get } from "./api.js";
import { h, section, size, cores } from "./dom.js";
import { workloadTable, live } from "./workloads.js";

const isLive = (workload) => ["queued", "deploying", "running", "stopping"].includes(workload.state);

export async function overviewPage(place) {
  const page = h("div");
  const draw = async () => {
    const [workloads, zones] = await Promise.all([get(`workspaces/${place.workspace.id}/workloads?limit=100`), get("zones")]);
    const zone = zones.items[0];
    page.replaceChildren(
      section(t("what_runs"), workloadTable(workloads.items.filter(isLive), draw)),
      zone ? section(t("capacity"), h("p", {}, `${zone.name}: ${cores(zone.free.cpu)} / ${cores(zone.capacity.cpu)} · ${size(zone.free.memory)} / ${size(zone.capacity.memory)}`
        + (zone.capacity.gpu ? ` · GPU ${zone.free.gpu / 1000} / ${zone.capacity.gpu / 1000}` : ""))) : null,
      section(t("what_ran"), workloadTable(workloads.items.filter((workload) => !isLive(workload)), draw)));
  };
  await draw();
  live(place, draw);
  return page;
}
