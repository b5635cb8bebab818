// Projects: the list, and one with its code, its workloads and its output (PRJ-01 to PRJ-12).
import { t } from "./texts.js";
import { api, get, post, create, all } from "./api.js";
import { h, ask, button, table, actions, section, link, time, form, dialog } from "./dom.js";
import { fileBrowser, renameBy } from "./files.js";
import { workloadTable, live } from "./workloads.js";

const fields = (project = {}) => [
  { name: "name", label: t("name"), value: project.name, required: true },
  { name: "description", label: t("description"), type: "textarea", value: project.description },
  { name: "tags", label: t("tags"), value: (project.tags ?? []).join(", ") },
];
const read = (values) => ({ ...values, tags: values.tags.split(/[,，]/).map((tag) => tag.trim()).filter(Boolean) });

export async function projectsPage(place) {
  const projects = await all(`workspaces/${place.workspace.id}/projects`);
  return h("div", {},
    section(t("projects"), table([t("name"), t("description"), t("by"), t("changed")], projects.map((project) =>
      [link("projects/" + project.id, project.name), project.description.slice(0, 120), project.created_by.login, time(project.changed_at)]))),
    section(t("new_project"), form(fields(), t("create"), async (values) => {
      const project = await create(`workspaces/${place.workspace.id}/projects`, read(values));
      // The three choices after creation (PRJ-05).
      const go = (to) => () => { box.close(); location.hash = to; };
      const box = dialog(t("project_made"), h("div", { className: "row" },
        h("button", { className: "first", onclick: go(`#/projects/${project.id}`) }, t("upload_code_first")),
        h("button", { onclick: go(`#/projects/${project.id}/new/environment`) }, t("start_environment_now")),
        h("button", { onclick: () => { box.close(); place.reload(); } }, t("not_now"))));
    })));
}

export async function projectPage(place, id) {
  const project = await get("projects/" + id);
  const workloads = h("div");
  const draw = async () => workloads.replaceChildren(workloadTable(
    await all(`workspaces/${project.workspace}/workloads?project=${id}`, 200), draw));
  const base = "projects/" + id;
  const code = await fileBrowser({
    list: base + "/code", file: base + "/code/file", archive: base + "/code/archive",
    rename: renameBy(base + "/code/rename"),
    remove: (path) => api("DELETE", `${base}/code/file?path=${encodeURIComponent(path)}`),
    unpack: (path) => post(base + "/code/unpack", { path }),
    upload: async (path, files, progress) => {
      for (const [index, file] of files.entries()) {
        progress(index / files.length);
        await api("PUT", `${base}/code/file?path=${encodeURIComponent((path ? path + "/" : "") + file.name)}`, file);
      }
    },
  });
  await draw();
  live(place, draw);
  return h("div", {},
    h("h1", {}, project.name, h("span", { className: "soft" }, project.tags.join(" · ")),
      button(t("edit"), () => edit(place, project)),
      button(t("delete"), async () => {
        if (!await ask(t("delete_question"), h("p", {}, project.name))) return;
        await api("DELETE", base);
        location.hash = "#/projects";
      }, "danger")),
    project.description ? h("p", {}, project.description) : null,
    h("section", {}, h("div", { className: "row" }, ["environment", "job", "service", "board"].map((kind) =>
      h("a", { className: "button", href: `#/projects/${id}/new/${kind}` }, t("new_" + kind)))), workloads),
    section(t("code"), code, h("div", { className: "row" }, button(t("clone"), () => clone(place, base)))),
    section(t("output"), await fileBrowser({ list: base + "/output", file: base + "/output/file", archive: base + "/output/archive" })));
}

function edit(place, project) {
  const box = dialog(t("edit"), form(fields(project), t("save"), async (values) => {
    await api("PATCH", "projects/" + project.id, read(values));
    box.close();
    await place.reload();
  }));
}

function clone(place, base) {
  const box = dialog(t("clone"), form([
    { name: "url", label: t("address"), type: "url", required: true }, { name: "into", label: t("path") },
  ], t("clone"), async ({ url, into }) => {
    await post(base + "/code/clone", into ? { url, into } : { url });
    box.close();
    await place.reload();
  }));
}
