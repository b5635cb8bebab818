// What makes pages handier. Without it every page works, too: forms are sent, links lead on.
import { live } from "./live.js";

// On a phone the menu is closed until it is wanted; one menu is open at a time, and Escape closes it.
if (matchMedia("(max-width: 50rem)").matches) document.querySelector(".side")?.removeAttribute("open");
const menus = () => document.querySelectorAll("details[data-menu][open]");
addEventListener("click", (event) => menus().forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; }));
addEventListener("keydown", (event) => { if (event.key === "Escape") menus().forEach((menu) => { menu.open = false; menu.querySelector("summary").focus(); }); });

export function say(text, bad = false) {
  const message = document.createElement("p");
  message.className = "note " + (bad ? "bad" : "good");
  message.textContent = text;
  document.getElementById("messages").append(message);
  setTimeout(() => message.remove(), bad ? 9000 : 4000);
}

addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  say(document.body.dataset.copied);
});

// A filter takes effect when it is chosen; what is typed, when the typing pauses.
let pause = null;
addEventListener("input", (event) => {
  const form = event.target.closest("form.filters");
  if (!form) return;
  clearTimeout(pause);
  pause = setTimeout(() => form.requestSubmit(), event.target.tagName === "SELECT" ? 0 : 400);
});

// A form is sent once.
addEventListener("submit", (event) => {
  // What opens a window of its own leaves this page as it is: it can be sent again.
  if (event.target.method !== "post" || event.defaultPrevented || event.target.target === "_blank") return;
  const buttons = event.target.querySelectorAll("button:not([type=button])");
  setTimeout(() => buttons.forEach((button) => { button.disabled = true; }), 0);
});
addEventListener("pageshow", () => document.querySelectorAll("button:disabled").forEach((button) => { button.disabled = false; }));

live();

// What only some pages have is fetched by those alone.
const parts = { "[data-log]": "./log.js", "[data-upload]": "./upload.js", "[data-editor]": "./editor.js", "[data-build]": "./build.js", "[data-quote], [data-choices]": "./quote.js" };
for (const [selector, file] of Object.entries(parts)) {
  const places = document.querySelectorAll(selector);
  if (places.length) import(file).then(({ begin }) => places.forEach(begin));
}
