// Datasets and models: the lists, and one with its draft and its versions.
import { t } from "./texts.js";
import { api, post, get, create, all, uploadForm } from "./api.js";
import { h, ask, button, table, actions, section, link, time, size, form } from "./dom.js";
import { sftpLines } from "./ssh.js";
import { fileBrowser, renameBy } from "./files.js";

const types = ["image", "audio", "file", "table", "video", "other"];
const scenarios = ["image_classification", "object_detection", "semantic_segmentation", "face_recognition", "super_resolution", "other"];
const choice = (values) => [["", "–"], ...values.map((value) => [value, value.replaceAll("_", " ")])];

export async function assetsPage(place, kind) {
  const assets = await all(`workspaces/${place.workspace.id}/assets?kind=${kind}`);
  return h("div", {},
    section(t(kind + "s"), table([t("name"), t("data_type"), t("scenario"), t("versions"), t("by"), t("changed")], assets.map((asset) =>
      [link("assets/" + asset.id, asset.name), asset.data_type, asset.scenario?.replaceAll("_", " "), asset.latest_version ?? 0, asset.created_by.login, time(asset.changed_at)]))),
    section(t("new_" + kind), form([
      { name: "name", label: t("name"), required: true }, { name: "description", label: t("description") },
      { name: "visibility", label: t("visibility"), options: [["workspace", t("visible_workspace")], ["owner", t("visible_owner")]] },
      ...(kind === "dataset" ? [{ name: "data_type", label: t("data_type"), options: choice(types) }, { name: "scenario", label: t("scenario"), options: choice(scenarios) }] : []),
    ], t("create"), async (values) => {
      const asset = await create(`workspaces/${place.workspace.id}/assets`, { ...values, kind, data_type: values.data_type || null, scenario: values.scenario || null });
      location.hash = "#/assets/" + asset.id;
    })));
}

export async function assetPage(place, id) {
  const [asset, versions] = await Promise.all([get("assets/" + id), get(`assets/${id}/versions`)]);
  const base = "assets/" + id;
  const shown = h("div");
  const draft = await fileBrowser({
    list: base + "/draft", rename: renameBy(base + "/draft/rename"),
    remove: (path) => post(base + "/draft/delete", { paths: [path] }),
    unpack: (path) => post(base + "/draft/unpack", { path }),
    upload: (path, files, progress) => uploadForm(`${base}/draft/files?path=${encodeURIComponent(path)}`, files, progress),
  });
  const look = (version) => async () => shown.replaceChildren(section(`${t("version")} ${version.number}`, await fileBrowser({
    list: `${base}/versions/${version.number}/files`, file: `${base}/versions/${version.number}/file`, archive: `${base}/versions/${version.number}/archive`,
  })));
  return h("div", {},
    h("h1", {}, asset.name, h("span", { className: "soft" }, t(asset.kind)), button(t("delete"), async () => {
      if (!await ask(t("delete_question"), h("p", {}, asset.name))) return;
      await api("DELETE", base);
      location.hash = `#/${asset.kind}s`;
    }, "danger")),
    asset.description ? h("p", {}, asset.description) : null,
    section(t("draft"), h("p", { className: "soft" }, t("draft_hint")), draft, await sftpLines(base + "/draft/sftp", true),
      form([{ name: "note", label: t("note") }], t("confirm_version"), async (values) => { await create(base + "/versions", values); await place.reload(); }),
      h("p", {}, button(t("discard"), async () => { if (await ask(t("sure"))) { await post(base + "/draft/discard"); await place.reload(); } }, "danger"))),
    section(t("versions"), table(["#", t("note"), t("files"), t("size"), t("by"), t("created"), ""], versions.items.map((version) => [
      version.number, [version.note, version.origin ? [" ", link("workloads/" + version.origin, t("job"))] : null], version.files, size(version.size), version.created_by.login, time(version.created_at),
      actions(button(t("files"), look(version)), button(t("delete"), async () => {
        if (!await ask(t("delete_question"), h("p", {}, `${asset.name} v${version.number}`))) return;
        await api("DELETE", `${base}/versions/${version.number}`);
        await place.reload();
      }, "danger")),
    ]))), shown);
}
