// The frame: who is logged in, which workspace, which page.
import { t, language, switchLanguage } from "./texts.js";
import { api, get, post } from "./api.js";
import { h, say, button, form, section } from "./dom.js";
import { loginPage, passwordPage } from "./access.js";
import { overviewPage } from "./overview.js";
import { projectsPage, projectPage } from "./projects.js";
import { workloadPage } from "./workload.js";
import { createPage } from "./create.js";
import { assetsPage, assetPage } from "./assets.js";
import { moneyPage, billPage, operationsPage } from "./money.js";
import { quotasPage } from "./quotas.js";
import { flavorsPage } from "./flavors.js";
import { membersPage, accountPage, accountsPage, imagesPage } from "./people.js";

const pages = [
  [/^$/, overviewPage, "overview"],
  [/^projects$/, projectsPage, "projects"],
  [/^projects\/(\w+)$/, projectPage, "projects"],
  [/^projects\/(\w+)\/new\/(\w+)$/, createPage, "projects"],
  [/^workloads\/(\w+)$/, workloadPage, "overview"],
  [/^(dataset|model)s$/, assetsPage, null],
  [/^assets\/(\w+)$/, assetPage, null],
  [/^images$/, imagesPage, "images"],
  [/^members$/, membersPage, "members"],
  [/^money$/, moneyPage, "money"],
  [/^money\/(\d{4}-\d{2})$/, billPage, "money"],
  [/^operations$/, operationsPage, "operations"],
  [/^quotas$/, quotasPage, "quotas"],
  [/^flavors$/, flavorsPage, "flavors"],
  [/^account$/, accountPage, "account"],
  [/^accounts$/, accountsPage, "accounts"],
];

let session = null;
let leave = null;

async function begin() {
  document.documentElement.lang = language;
  try {
    session = await get("account");
  } catch (error) {
    if (error.status !== 401) say(error.message, true);
    return show(null, await loginPage(begin));
  }
  if (session.account.must_change_password) return show(null, passwordPage(() => logOut(t("password_changed")), true));
  await open();
}

function workspace() {
  const chosen = localStorage.getItem("weir.workspace");
  return session.workspaces.find((workspace) => workspace.id === chosen) ?? session.workspaces[0];
}

async function open() {
  if (!session || session.account.must_change_password) return;
  leave?.();
  leave = null;
  const path = location.hash.replace(/^#\//, "").split("?")[0];
  const [pattern, page, here] = pages.find(([pattern]) => pattern.test(path)) ?? pages[0];
  const place = { workspace: workspace(), account: session.account, onLeave: (action) => { leave = action; }, reload: open };
  if (!place.workspace && !["account", "accounts", "operations", "flavors"].includes(here)) return show(here, firstWorkspace());
  try {
    show(here, await page(place, ...(path.match(pattern) ?? []).slice(1)));
  } catch (error) {
    if (error.status === 401) return begin();
    show(here, section(null, h("p", { className: "note bad" }, error.message)));
  }
}

function firstWorkspace() {
  return section(t("create_workspace"), h("p", {}, t("no_workspace")),
    form([{ name: "name", label: t("name"), required: true }], t("create"), async ({ name }) => choose((await post("workspaces", { name })).id)));
}

async function choose(id) {
  localStorage.setItem("weir.workspace", id);
  session = await get("account");
  if (location.hash === "#/") await open();
  else location.hash = "#/";
}

async function logOut(message) {
  try { await api("DELETE", "sessions"); } catch { /* it is over either way */ }
  session = null;
  leave?.();
  await begin();
  if (message) say(message);
}

function header(here) {
  const own = session && !session.account.must_change_password;
  const current = own && workspace();
  const menu = [["", "overview"], ["projects", "projects"], ["datasets", "datasets"], ["models", "models"], ["images", "images"], ["members", "members"], ["quotas", "quotas"], ["flavors", "flavors"]];
  if (own && session.account.is_operator) menu.push(["accounts", "accounts"]);
  return h("header", {},
    h("a", { className: "brand", href: "#/" }, h("img", { src: "/console/weir.svg", alt: "" }), "Weir"),
    h("nav", {}, own ? menu.map(([path, key]) => h("a", { href: "#/" + path, className: key === here ? "here" : "" }, t(key))) : null),
    current ? h("select", { title: t("workspace"), onchange: (event) => event.target.value ? choose(event.target.value) : show(null, firstWorkspace()) },
      session.workspaces.map((workspace) => h("option", { value: workspace.id, selected: workspace.id === current.id }, workspace.name)),
      h("option", { value: "" }, "+ " + t("create_workspace"))) : null,
    current ? h("a", { href: "#/money", title: t("money"), className: "money" + (here === "money" ? " here" : "") }, "¥") : null,
    own ? h("a", { href: "#/account" }, session.account.login) : null,
    button(t("language"), switchLanguage),
    session ? button(t("logout"), () => logOut()) : null);
}

function show(here, ...content) {
  document.body.replaceChildren(header(here), h("main", {}, content));
}

addEventListener("hashchange", open);
await begin();
