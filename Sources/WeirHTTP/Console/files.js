// A folder of files: to look through, and where it may be changed, to upload, rename, unpack and delete.
import { t } from "./texts.js";
import { get, post } from "./api.js";
import { h, ask, button, table, actions, time, size, form, dialog } from "./dom.js";

const query = (path) => "?path=" + encodeURIComponent(path);
const isArchive = (name) => /\.(tar|zip|tar\.gz|tgz|rar)$/i.test(name);

// source: {list, file, archive} are API paths; upload, rename, remove, unpack are there where files can be changed.
export async function fileBrowser(source) {
  const element = h("div");
  const draw = async (path = "") => {
    const listing = await get(source.list + query(path) + "&limit=200").catch((error) => {
      if (error.status === 404 && path === "") return { items: [], next: null };
      throw error;
    });
    const parts = path.split("/").filter(Boolean);
    const crumbs = [[t("top"), ""], ...parts.map((part, index) => [part, parts.slice(0, index + 1).join("/")])];
    const bar = h("div", { className: "row" },
      crumbs.map(([name, to]) => [h("a", { href: "#", onclick: (event) => { event.preventDefault(); draw(to); } }, name), " / "]),
      source.upload ? uploadButton(source, path, () => draw(path)) : null,
      source.archive ? h("a", { className: "button", href: "/api/v1/" + source.archive + query(path) }, t("download_all")) : null);
    const again = (action) => async () => { await action(); await draw(path); };
    const rows = listing.items.map((entry) => [
      entry.kind === "folder" ? h("a", { href: "#", onclick: (event) => { event.preventDefault(); draw(entry.path); } }, entry.name + "/") : entry.name,
      entry.kind === "file" ? size(entry.size) : "", time(entry.changed_at),
      actions(
        entry.kind === "file" && source.file ? h("a", { href: "/api/v1/" + source.file + query(entry.path) }, t("download")) : null,
        entry.kind === "file" && source.unpack && isArchive(entry.name) ? button(t("unpack"), again(() => source.unpack(entry.path))) : null,
        source.rename ? button(t("rename"), again(() => rename(source, entry))) : null,
        source.remove ? button(t("delete"), again(async () => { if (await ask(t("delete_question"), h("p", {}, entry.path))) await source.remove(entry.path); }), "danger") : null),
    ]);
    element.replaceChildren(bar, table([t("name"), t("size"), t("changed"), ""], rows));
    source.changed?.(listing.items.length);
  };
  await draw();
  return element;
}

function rename(source, entry) {
  return new Promise((resolve) => {
    const box = dialog(t("rename"), form([{ name: "to", label: t("name"), value: entry.path, required: true }], t("save"), async ({ to }) => {
      await source.rename(entry.path, to);
      box.close();
    }));
    box.addEventListener("close", resolve);
  });
}

function uploadButton(source, path, done) {
  const bar = h("progress", { max: 1, value: 0, hidden: true });
  const input = h("input", { type: "file", multiple: true, hidden: true });
  input.addEventListener("change", () => run.click());
  const run = button("", async () => {
    if (!input.files.length) return;
    bar.hidden = false;
    try { await source.upload(path, [...input.files], (part) => { bar.value = part; }); } finally { bar.hidden = true; input.value = ""; }
    await done();
  });
  run.hidden = true;
  return [h("button", { type: "button", className: "first", onclick: () => input.click() }, t("upload")), input, run, bar];
}

export const renameBy = (path) => (from, to) => post(path, { from, to });
