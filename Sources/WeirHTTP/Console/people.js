// Members of the workspace, one's own account, all accounts for the operator; and the images.
import { t } from "./texts.js";
import { api, get, post, all } from "./api.js";
import { h, ask, button, table, actions, section, time, size, form, dialog } from "./dom.js";
import { passwordPage } from "./access.js";
import { sshSettings } from "./ssh.js";

const roles = () => ["member", "administrator", "owner"].map((role) => [role, t(role)]);

export async function membersPage(place) {
  const base = `workspaces/${place.workspace.id}/members`;
  const members = (await get(base)).items;
  const may = place.workspace.role !== "member";
  const set = async (login, role) => { await api("PUT", `${base}/${encodeURIComponent(login)}`, { role }); await place.reload(); };
  return h("div", {},
    section(t("members"), table([t("login_name"), t("display_name"), t("role"), t("since"), ""], members.map((member) => [
      member.login, member.display_name, t(member.role), time(member.since),
      actions(may ? roles().filter(([role]) => role !== member.role).map(([role, text]) => button(text, () => set(member.login, role))) : null,
        may || member.login === place.account.login ? button(t("remove"), async () => {
          if (!await ask(t("sure"), h("p", {}, member.login))) return;
          await api("DELETE", `${base}/${encodeURIComponent(member.login)}`);
          location.reload();
        }, "danger") : null),
    ]))),
    may ? section(t("add"), form([
      { name: "login", label: t("login_name"), required: true }, { name: "role", label: t("role"), options: roles() },
    ], t("add"), ({ login, role }) => set(login, role))) : null);
}

export async function accountPage(place) {
  const tokens = (await get("tokens")).items;
  return h("div", {},
    h("h1", {}, place.account.display_name, h("span", { className: "soft" }, place.account.login)),
    section(t("tokens"), table([t("name"), t("created"), t("expires"), ""], tokens.map((token) => [
      token.name, time(token.created_at), token.expires_at ? time(token.expires_at) : t("never"),
      actions(button(t("delete"), async () => { if (await ask(t("sure"), h("p", {}, token.name))) { await api("DELETE", "tokens/" + token.id); await place.reload(); } }, "danger")),
    ])), form([{ name: "name", label: t("name"), required: true }, { name: "expires_at", label: t("expires"), type: "date" }], t("create"), async ({ name, expires_at: date }) => {
      const made = await post("tokens", { name, expires_at: date ? date + "T00:00:00Z" : null });
      secret(t("token_secret"), made.secret, place.reload);
    })),
    passwordPage(() => location.reload()), await sshSettings());
}

export async function accountsPage(place) {
  const accounts = await all("accounts");
  const change = (account, what) => async () => { await post(`accounts/${account.id}/${what}`); await place.reload(); };
  return h("div", {},
    section(t("accounts"), table([t("login_name"), t("display_name"), t("created"), t("state"), ""], accounts.map((account) => [
      account.login, account.display_name, time(account.created_at),
      [account.is_operator ? t("operator") : "", account.disabled_at ? " " + t("disabled") : ""],
      actions(account.id === place.account.id ? null : [
        button(t("reset_password"), async () => { if (await ask(t("sure"), h("p", {}, account.login))) secret(t("one_time_password"), (await post(`accounts/${account.id}/password`)).one_time_password, place.reload); }),
        account.disabled_at ? button(t("enable"), change(account, "enable")) : button(t("disable"), change(account, "disable"), "danger"),
      ]),
    ]))),
    section(t("add"), form([
      { name: "login", label: t("login_name"), required: true }, { name: "display_name", label: t("display_name") },
      { name: "role", label: t("role"), options: [["", t("member")], ["operator", t("operator")]] },
    ], t("create"), async ({ login, display_name: displayName, role }) => {
      const made = await post("accounts", { login, display_name: displayName || login, is_operator: role === "operator" });
      secret(`${made.account.login}: ${t("one_time_password")}`, made.one_time_password, place.reload);
    })));
}

function secret(title, text, done) {
  dialog(title, h("p", {}, h("code", {}, text)), h("div", { className: "row" },
    button(t("copy"), () => navigator.clipboard.writeText(text)), h("button", { onclick: (event) => event.target.closest("dialog").close() }, "OK")))
    .addEventListener("close", done);
}

export async function imagesPage(place) {
  const images = await all("images?workspace=" + place.workspace.id);
  return section(t("images"), table([t("name"), t("tool"), t("size"), t("created"), ""], images.map((image) => [
    image.reference, image.tools.join(", "), size(image.size), time(image.created_at), h("code", { title: image.digest }, image.digest.slice(0, 19)),
  ])));
}
