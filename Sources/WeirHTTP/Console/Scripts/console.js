// What makes pages handier. Without it every page works, too: forms are sent, links lead on.
import { live } from "./live.js";

// On a phone the menu is closed until it is wanted; one menu is open at a time, and Escape closes it.
if (matchMedia("(max-width: 50rem)").matches) document.querySelector(".side")?.removeAttribute("open");
const menus = () => document.querySelectorAll("details[data-menu][open]");
addEventListener("click", (event) => menus().forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; }));
addEventListener("keydown", (event) => { if (event.key === "Escape") menus().forEach((menu) => { menu.open = false; menu.querySelector("summary").focus(); }); });

// What is larger than its place is reached, and scrolled, by keys, too.
const reach = () => document.querySelectorAll(".scroll").forEach((part) => {
  if (part.scrollWidth > part.clientWidth || part.scrollHeight > part.clientHeight) part.tabIndex = 0;
  else part.removeAttribute("tabindex");
});
for (const event of ["load", "resize", "weir:live"]) addEventListener(event, reach);

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
  say(document.body.dataset[await copied(button) ? "copied" : "notCopied"]);
});

// A browser gives its clipboard to pages of a secure origin alone. Over plain HTTP the old way still does, and where that does not, the
// text is selected for the person's own keys.
async function copied(button) {
  const text = button.dataset.copy;
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch { /* no clipboard, or none for this page */ }
  const field = document.createElement("textarea");
  field.value = text;
  field.readOnly = true;
  field.className = "sr";
  (button.closest("[popover], dialog") ?? document.body).append(field);
  field.select();
  let done = false;
  try { done = document.execCommand("copy"); } catch { /* not there any more */ }
  field.remove();
  const shown = [...(button.parentElement?.querySelectorAll("code, pre") ?? [])].find((one) => one.textContent === text);
  if (!done && shown) getSelection().selectAllChildren(shown);
  button.focus();
  return done;
}

// A form that was refused is shown at its own page's address, so that Enter, a bookmark and what is live ask for the page.
if (location.pathname.startsWith("/form/") && document.body.dataset.address) history.replaceState(null, "", document.body.dataset.address);

// A filter takes effect when it is chosen; what is typed, when the typing pauses.
let pause = null;
addEventListener("input", (event) => {
  const form = event.target.closest("form.filters");
  if (!form) return;
  clearTimeout(pause);
  pause = setTimeout(() => narrow(form), event.target.tagName === "SELECT" ? 0 : 400);
});

// The parts marked `data-narrow` are put in the old ones' place, and who types goes on typing. Where a page has none, the form is sent.
let narrowed = 0;
async function narrow(form) {
  const own = ++narrowed;
  if (!document.querySelector("[data-narrow]")) { form.requestSubmit(); return; }
  const address = new URL(form.getAttribute("action") ?? location.pathname, location.href);
  address.search = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ""));
  const answer = await fetch(address, { headers: { Accept: "text/html" } }).catch(() => null);
  const page = answer?.ok && !answer.redirected && new DOMParser().parseFromString(await answer.text(), "text/html");
  if (own !== narrowed) return;
  const parts = [...document.querySelectorAll("[data-narrow]")];
  if (!page || parts.some((part) => !page.getElementById(part.id))) { form.requestSubmit(); return; }
  for (const part of parts) part.replaceChildren(...page.getElementById(part.id).childNodes);
  history.replaceState(null, "", address);
  document.querySelector("#ask")?.replaceWith(page.querySelector("#ask"));
  document.querySelector("#act")?.replaceWith(page.querySelector("#act"));
  dispatchEvent(new CustomEvent("weir:live"));
}
addEventListener("submit", (event) => { if (event.target.matches("form.filters")) { clearTimeout(pause); narrowed += 1; } });

// A form is sent once.
addEventListener("submit", (event) => {
  // What opens a window of its own leaves this page as it is: it can be sent again.
  if (event.target.method !== "post" || event.defaultPrevented) return;
  if ((event.submitter?.formTarget || event.target.target) === "_blank") return;
  const buttons = [...event.target.elements].filter((button) => button.type === "submit");
  setTimeout(() => buttons.forEach((button) => { button.disabled = true; }), 0);
});
addEventListener("pageshow", () => document.querySelectorAll("button:disabled").forEach((button) => { button.disabled = false; }));

// What is asked before something is lost is a page of an address of its own; from there it is laid over this one.
let isAsking = false;
addEventListener("submit", async (event) => {
  if (event.target.id !== "ask" || event.defaultPrevented) return;
  event.preventDefault();
  if (isAsking) return;
  isAsking = true;
  const address = new URL(event.target.action);
  address.search = new URLSearchParams(new FormData(event.target, event.submitter));
  const response = await fetch(address, { headers: { Accept: "text/html" } }).catch(() => null);
  const question = response?.ok && new DOMParser().parseFromString(await response.text(), "text/html").getElementById("question");
  isAsking = false;
  if (!question) { location.href = address; return; }
  document.getElementById("question")?.remove();
  question.popover = "auto";
  document.querySelector("main").append(question);
  question.showPopover();
  (question.querySelector("form :is(input:not([type=hidden]), select, textarea)") ?? question.querySelector("a")).focus();
  question.addEventListener("toggle", () => { if (!question.matches(":popover-open")) question.remove(); });
});
addEventListener("click", (event) => {
  const question = event.target.closest("a")?.closest("#question:popover-open");
  if (!question) return;
  event.preventDefault();
  question.hidePopover();
});

// Cookies know no ports, so another program on this host could have put a session of its own in the place of the visitor's. What the
// login of this very origin has begun is noted where only this origin can write; nothing is done in any other session.
const session = document.body.dataset.session;
function isForeign() {
  try {
    const login = Number(localStorage.getItem("weir-login"));
    localStorage.removeItem("weir-login");
    if (!session || localStorage.getItem("weir-session") === session) return false;
    // From the login's own page, by its form, or by where the browser says that it comes from.
    const before = document.referrer ? new URL(document.referrer) : null;
    const isFromLogin = before?.origin === location.origin && ["/login", "/form/sessions"].includes(before.pathname);
    if (!isFromLogin && Date.now() - login > 60_000) return true;
    localStorage.setItem("weir-session", session);
  } catch { /* no memory, no note */ }
  return false;
}
addEventListener("submit", (event) => {
  if (!session && event.target.action === location.origin + "/form/sessions") {
    try { localStorage.setItem("weir-login", Date.now()); } catch { /* as above */ }
  }
});
if (isForeign()) {
  const told = document.createElement("section");
  told.id = "foreign";
  told.className = "narrow";
  const text = document.createElement("p");
  text.textContent = document.body.dataset.foreign;
  told.append(text, document.querySelector("header form[action='/form/sessions']").cloneNode(true));
  document.querySelector("main").replaceChildren(told);
} else {
  live();
}

// What only some pages have is fetched by those alone.
const parts = { "[data-log]": "./log.js", "[data-upload]": "./upload.js", "[data-editor]": "./editor.js", "[data-build]": "./build.js", "[data-find]": "./find.js", "[data-quote], [data-choices]": "./quote.js" };
for (const [selector, file] of Object.entries(parts)) {
  const places = document.querySelectorAll(selector);
  if (places.length) import(file).then(({ begin }) => places.forEach(begin));
}
