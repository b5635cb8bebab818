// Logging in, and the password that must be one's own.
import { t } from "./texts.js";
import { api, get, post } from "./api.js";
import { h, form, section } from "./dom.js";

export async function loginPage(done) {
  const system = await get("system");
  const card = (...content) => h("div", { className: "narrow" }, section(...content));
  const page = card(t("login"), form([
    { name: "login", label: t("login_name"), required: true, autocomplete: "username" },
    { name: "password", label: t("password"), type: "password", required: true, autocomplete: "current-password" },
  ], t("login"), async (values) => { await post("sessions", values); await done(); }));
  if (!system.sign_up_open) return page;
  page.append(section(t("sign_up"), form([
    { name: "login", label: t("login_name"), required: true },
    { name: "display_name", label: t("display_name"), required: true },
    { name: "password", label: t("password"), type: "password", required: true, autocomplete: "new-password" },
  ], t("sign_up"), async (values) => {
    await post("accounts/sign-up", values);
    await post("sessions", { login: values.login, password: values.password });
    await done();
  })));
  return page;
}

export function passwordPage(done, first = false) {
  return h("div", { className: first ? "narrow" : "" }, section(t("change_password"), first ? h("p", { className: "note" }, t("change_password_first")) : null, form([
    { name: "current_password", label: t("current_password"), type: "password", required: true, autocomplete: "current-password" },
    { name: "new_password", label: t("new_password"), type: "password", required: true, autocomplete: "new-password" },
  ], t("change_password"), async (values) => { await api("PUT", "account/password", values); await done(); })));
}
