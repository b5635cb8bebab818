// Keeps the parts of a page that are marked `data-live` as they are now: whenever something happens in the workspace, or time has
// passed (`data-every`, in seconds), the page is asked for again and those parts that differ are put in the old ones' place.
export function live() {
  const marked = document.querySelectorAll("[data-live]");
  if (!marked.length) return;
  let running = false;
  let again = false;
  let last = 0;
  const refresh = async () => {
    if (document.hidden || isBusy()) { again = true; return; }
    if (running) { again = true; return; }
    running = true;
    again = false;
    last = performance.now();
    try {
      const response = await fetch(location.href, { headers: { Accept: "text/html", "X-Weir-Refresh": "1" } });
      if (response.redirected && new URL(response.url).pathname !== location.pathname) { location.reload(); return; }
      if (response.ok) replace(new DOMParser().parseFromString(await response.text(), "text/html"));
    } catch { /* the stream says when Weir is there again */ }
    running = false;
    if (again) refresh();
  };
  let timer = null;
  // The first change is shown at once; those that come close behind it, together.
  const soon = () => { clearTimeout(timer); timer = setTimeout(refresh, performance.now() - last > 200 ? 0 : 60); };
  // What came while a question was open is shown when it is closed.
  document.addEventListener("toggle", (event) => { if (event.newState === "closed" && again) soon(); }, true);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) soon(); });

  const workspace = document.body.dataset.workspace;
  if (workspace) {
    let source = null;
    let wasLost = false;
    const listen = () => {
      source = new EventSource(`/api/v1/workspaces/${workspace}/events`);
      source.addEventListener("transition", soon);
      source.addEventListener("notice", soon);
      source.onopen = () => { offline(false); if (wasLost) soon(); wasLost = false; };
      source.onerror = () => { wasLost = true; offline(true); };
    };
    listen();
    addEventListener("pagehide", () => source.close());
    // A browser may have kept the page to which one comes back as it was.
    addEventListener("pageshow", (event) => { if (event.persisted) { listen(); soon(); } });
  }
  const every = Math.min(...[...marked].map((part) => Number(part.dataset.every) || Infinity));
  if (every < Infinity) setInterval(refresh, every * 1000);
}

// Nobody's typing is taken away, and no question that is being asked.
const isBusy = () => document.querySelector("[popover]:popover-open, details[data-menu][open] form") !== null
  || (document.activeElement?.closest("[data-live]") && /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName));

function replace(page) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const other = page.getElementById(part.id);
    if (!other) continue;
    // Each page has fresh keys for its forms: they make no difference.
    const same = (node) => node.innerHTML.replace(/_key(=|" value=")[^"&]*/g, "");
    if (same(other) === same(part)) continue;
    const focus = part.contains(document.activeElement) ? document.activeElement.id : null;
    const open = [...part.querySelectorAll("details[open][id]")].map((details) => details.id);
    part.replaceChildren(...other.childNodes);
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (focus) document.getElementById(focus)?.focus();
    part.dispatchEvent(new CustomEvent("weir:live", { bubbles: true }));
  }
}

function offline(isOffline) {
  let note = document.getElementById("offline");
  if (!isOffline) { note?.remove(); return; }
  if (note) return;
  note = document.createElement("p");
  note.id = "offline";
  note.className = "note bad";
  note.textContent = document.body.dataset.offline;
  document.getElementById("messages").append(note);
}
