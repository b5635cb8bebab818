// Small tools to build pages. Text is always set as text, so nothing that a person typed becomes markup.
import { t, language } from "./texts.js";

export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && name !== "list") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function say(text, bad = false) {
  const place = document.getElementById("messages") ?? document.body.appendChild(h("div", { id: "messages", role: "status" }));
  const message = h("div", { className: "note" + (bad ? " bad" : "") }, text);
  place.append(message);
  setTimeout(() => message.remove(), bad ? 9000 : 4000);
}

// Runs what a button does; its failure is shown, and the button waits meanwhile.
export function button(label, action, kind = "") {
  const element = h("button", { type: "button", className: kind }, label);
  element.addEventListener("click", async () => {
    element.disabled = true;
    try { await action(); } catch (error) { say(error.message, true); }
    element.disabled = false;
  });
  return element;
}

// fields: [{name, label, type, value, options, required}]; done gets the values by name, as `values()` of the form does.
let suggested = 0;

// What may be meant by what has been typed; asked for when the typing pauses.
function suggestions(input, suggest) {
  const list = h("datalist", { id: `suggest-${suggested++}` });
  input.setAttribute("list", list.id);
  let timer = null;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      try {
        list.replaceChildren(...(await suggest(input.value.trim())).map(([value, text]) => h("option", { value }, text)));
      } catch (error) { say(error.message, true); }
    }, 250);
  });
  return list;
}

export function form(fields, label, done) {
  const inputs = {};
  const submit = h("button", { className: "first" }, label);
  const element = h("form", {}, fields.map((field) => {
    let input;
    if (field.options) {
      input = h("select", {}, field.options.map(([value, text]) => h("option", { value, selected: value === field.value }, text)));
    } else if (field.type === "textarea") {
      input = h("textarea", { value: field.value ?? "" });
    } else {
      input = h("input", { type: field.type ?? "text", value: field.value ?? "", autocomplete: field.autocomplete ?? "off" });
      for (const limit of ["min", "max", "step"]) if (field[limit] !== undefined) input[limit] = field[limit];
    }
    input.required = field.required ?? false;
    inputs[field.name] = input;
    return h("label", {}, h("span", {}, field.label), input, field.suggest ? suggestions(input, field.suggest) : null);
  }), h("div", { className: "row" }, submit));
  element.values = () => Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.value]));
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    try {
      await done(element.values());
    } catch (error) { say(error.message, true); }
    submit.disabled = false;
  });
  return element;
}

export function dialog(title, ...content) {
  const element = h("dialog", {}, h("h2", {}, title), content);
  element.addEventListener("close", () => element.remove());
  document.body.append(element);
  element.showModal();
  return element;
}

export function ask(question, details = null, label = "OK") {
  return new Promise((resolve) => {
    let answer = false;
    const box = dialog(question, details ?? "", h("div", { className: "row" },
      h("button", { className: "first", onclick: () => { answer = true; box.close(); } }, label),
      h("button", { onclick: () => box.close() }, t("cancel"))));
    box.addEventListener("close", () => resolve(answer));
  });
}

export function table(heads, rows) {
  if (!rows.length) return h("p", { className: "soft" }, t("nothing"));
  return h("table", {}, h("thead", {}, h("tr", {}, heads.map((head) => h("th", {}, head)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell) => (cell instanceof HTMLTableCellElement ? cell : h("td", {}, cell ?? "")))))));
}

export const actions = (...children) => h("td", { className: "actions" }, children);
export const section = (title, ...children) => h("section", {}, title ? h("h2", {}, title) : null, children);
export const link = (to, text) => h("a", { href: "#/" + to }, text);
export const state = (name) => h("span", { className: "state " + name }, t(name));

export function time(text) {
  if (!text) return "";
  return h("time", { dateTime: text, title: text }, new Date(text).toLocaleString(language === "en" ? "en-GB" : "zh-CN"));
}

export function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (bytes >= 1024 && unit < 4) { bytes /= 1024; unit += 1; }
  return (unit && bytes < 10 ? bytes.toFixed(1) : Math.round(bytes)) + " " + units[unit];
}

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "";
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

export const cores = (thousandths) => (thousandths / 1000).toLocaleString() + " " + t("cores");
