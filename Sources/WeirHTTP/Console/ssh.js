// The way in by SSH and SFTP: lines to copy, keys and the password of a person.
import { t } from "./texts.js";
import { api, get, post } from "./api.js";
import { h, say, button, table, actions, section, time, form } from "./dom.js";

const copied = (text) => button(t("copy"), async () => { await navigator.clipboard.writeText(text); say(t("copied")); });

function lines(address) {
  const shown = [["ssh", address.ssh], ["scp", address.scp], ["sftp", address.sftp], ["rsync", address.rsync], ["~/.ssh/config", address.config]];
  return h("dl", {}, shown.filter(([, text]) => text).map(([name, text]) => [h("dt", {}, name), h("dd", {}, h("code", { className: "lines" }, text), " ", copied(text))]),
    address.host_keys.map((key) => [h("dt", {}, t("fingerprint")), h("dd", {}, h("code", {}, `${key.bits} ${key.fingerprint} (${key.kind})`))]));
}

// Nothing where SSH is switched off.
export async function sshLines(path) {
  try {
    return section("SSH", h("p", { className: "soft" }, t("ssh_hint")), lines(await get(path)));
  } catch (error) {
    return "";
  }
}

export async function sftpLines(path, mayHaveToken = false) {
  const place = h("div");
  const show = async (address, secret) => place.replaceChildren(lines(address), secret ? h("p", { className: "note" }, `${t("password")}: `, h("code", {}, secret), " ", copied(secret)) : "");
  return h("div", {}, h("div", { className: "row" }, button(t("sftp_show"), async () => show(await get(path))),
    mayHaveToken ? button(t("sftp_token"), async () => { const made = await post(path); await show(made.address, made.secret); }) : null), place);
}

export async function sshSettings() {
  const place = h("div");
  const draw = async () => {
    const [keys, password, attempts] = await Promise.all([get("ssh/keys"), get("ssh/password"), get("ssh/attempts")]);
    place.replaceChildren(section(t("ssh_keys"), h("p", { className: "soft" }, t("ssh_keys_hint")),
      table([t("name"), t("kind"), t("fingerprint"), t("created"), t("used"), ""], keys.items.map((key) => [
        key.name, `${key.kind} ${key.bits}`, h("code", {}, key.fingerprint), time(key.created_at), key.used_at ? time(key.used_at) : "–",
        actions(button(t("remove"), async () => { await api("DELETE", "ssh/keys/" + key.id); await draw(); }, "danger"))])),
      form([{ name: "public_key", label: t("public_key"), type: "textarea", required: true }, { name: "name", label: t("name") }], t("add"),
        async (values) => { await post("ssh/keys", { public_key: values.public_key.trim(), name: values.name || null }); await draw(); })),
    section(t("ssh_password"), h("p", { className: "soft" }, t("ssh_password_hint"), " ", password.set_at ? time(password.set_at) : "–"),
      form([{ name: "password", label: t("password"), type: "password", required: true, autocomplete: "new-password" }], t("set"),
        async (values) => { await api("PUT", "ssh/password", values); await draw(); }),
      password.set_at ? h("p", {}, button(t("remove"), async () => { await api("DELETE", "ssh/password"); await draw(); }, "danger")) : null),
    section(t("ssh_attempts"), table([t("since"), t("source"), t("kind"), t("state")], attempts.items.map((attempt) =>
      [time(attempt.at), attempt.source, attempt.method, attempt.outcome]))));
  };
  await draw();
  return place;
}
