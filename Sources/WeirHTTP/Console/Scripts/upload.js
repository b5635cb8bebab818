// Uploads by the tus protocol: files and whole folders, chosen or dropped; each can be paused, goes on by itself after a broken
// network, and after a reload of the page when the same file is chosen again.
const part = 16 << 20;
const small = 1 << 20;
const atOnce = 3;
const depth = 12;

export function begin(place) {
  const target = place.dataset.upload;
  const most = Number(place.dataset.most) || 2000;
  const largest = Number(place.dataset.largest) || Infinity;
  const says = Object.fromEntries([...place.querySelectorAll("[data-say]")].map((line) => [line.dataset.say, line.textContent]));
  const table = place.querySelector(".uploads");
  const overall = place.querySelector("[data-overall]");
  const summary = overall.querySelector("[data-summary]");
  const drop = place.querySelector(".drop");
  let items = [];
  // Files of a folder that have no turn yet: so many go at a time, and what is done makes room.
  let later = [];
  // Counted as it changes: a folder may have more files than can be gone through at each step of each of them.
  const counts = { waits: 0, runs: 0, broken: 0, paused: 0, done: 0, failed: 0, given_up: 0 };
  const sums = { bytes: 0, sent: 0, later: 0, unlisted: 0 };
  const open = () => counts.waits + counts.runs + counts.broken + counts.paused;
  const queue = [];
  let running = 0;
  let last = { at: 0, bytes: 0, speed: 0 };

  place.querySelectorAll("[data-files]").forEach((input) => {
    const take = () => {
      const files = [...input.files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
      input.value = "";
      if (files.length) add(files);
    };
    input.addEventListener("change", take);
    // Who is quick has chosen before this script was there.
    queueMicrotask(take);
  });
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
  drop.addEventListener("drop", async (event) => {
    event.preventDefault();
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const found = [];
    for (const entry of entries) await walk(entry, found, 0);
    add(found);
  });
  overall.querySelector("[data-pause]").addEventListener("click", () => items.forEach(pause));
  overall.querySelector("[data-resume]").addEventListener("click", () => items.forEach(resume));
  // Files without a turn go first: they would begin as soon as those before them end.
  overall.querySelector("[data-cancel]").addEventListener("click", () => { later = []; sums.later = 0; items.forEach(cancel); show(); });
  addEventListener("online", () => items.forEach((item) => item.wake?.()));
  addEventListener("beforeunload", (event) => { if (open() || later.length) event.preventDefault(); });

  function add(found) {
    const loose = found.filter(({ path }) => !path.includes("/")).length;
    if (loose && open() + later.length + loose > most) { tell(`${says.too_many} (${most})`); return; }
    for (const one of found) { later.push(one); sums.later += one.file.size; }
    turn();
  }

  function turn() {
    const room = Math.max(0, most - open());
    if (later.length > room) dropDone();
    for (const { file, path } of later.splice(0, room)) {
      const row = place.querySelector("template[data-row]").content.firstElementChild.cloneNode(true);
      const item = { file, path: (place.dataset.path ? place.dataset.path + "/" : "") + path, row, sent: 0, state: null, tries: 0 };
      row.querySelector("[data-name]").textContent = path;
      row.querySelector("[data-size]").textContent = size(file.size);
      row.querySelector("progress").setAttribute("aria-label", path);
      row.querySelector("[data-pause]").addEventListener("click", () => pause(item));
      row.querySelector("[data-resume]").addEventListener("click", () => resume(item));
      row.querySelector("[data-cancel]").addEventListener("click", () => cancel(item));
      items.push(item);
      sums.later -= file.size;
      sums.bytes += file.size;
      table.tBodies[0].append(row);
      const wrong = wrongName(path) ? says.bad_name : file.size > largest ? says.too_large : null;
      set(item, wrong ? "failed" : "waits", wrong);
    }
    table.hidden = overall.hidden = items.length === 0;
    next();
  }

  function next() {
    while (running < atOnce && queue.length) {
      const item = queue.shift();
      if (item.state !== "waits") continue;
      running += 1;
      set(item, "runs");
      send(item).finally(() => { running -= 1; next(); if (!open()) over(); });
    }
    show();
  }

  function over() {
    // Nothing of a whole turn may be fit to be sent: then the next one comes.
    while (later.length && !open()) { dropDone(); turn(); }
    if (!open()) finished();
  }

  function dropDone() {
    items = items.filter((one) => { if (one.state === "done") one.row.remove(); return one.state !== "done"; });
  }

  // One file from where it is to its end. A network that breaks is waited for; what Weir refuses is told.
  async function send(item) {
    while (item.state === "runs" || item.state === "broken") {
      try {
        if (item.state === "broken") set(item, "runs");
        if (!await step(item)) return;
        item.tries = 0;
      } catch (error) {
        if (item.state !== "runs") return;
        if (error.refusal) {
          forget(item);
          set(item, "failed", error.refusal);
          return;
        }
        item.tries += 1;
        item.asked = false;
        set(item, "broken");
        await new Promise((done) => { item.wake = done; setTimeout(done, Math.min(15_000, 500 * 2 ** item.tries)); });
        item.wake = null;
      }
    }
  }

  // True while there is more to do.
  async function step(item) {
    if (!item.url) item.url = remembered(item);
    if (item.url && !item.asked) {
      const answer = await request(item, "HEAD", item.url);
      if (answer.status === 200) {
        came(item, Number(answer.header("Upload-Offset")));
        item.asked = true;
        if (item.sent > 0 && !item.told) { item.told = true; item.note = says.resumed; }
      } else if (item.created && item.sent === item.file.size) {
        done(item);
        return false;
      } else {
        // It has ended meanwhile, or is somebody else's: from the beginning.
        forget(item);
        came(item, 0);
      }
    }
    if (!item.url) {
      const whole = item.file.size <= small;
      const headers = { "Upload-Length": item.file.size, "Upload-Metadata": "filename " + base64(item.path) };
      if (whole && item.file.size > 0) headers["Content-Type"] = "application/offset+octet-stream";
      const answer = await request(item, "POST", `/api/v1/${target}/uploads`, headers, whole && item.file.size > 0 ? item.file : null);
      if (answer.status !== 201) throw refused(answer);
      item.url = answer.header("Location");
      item.created = item.asked = true;
      came(item, whole ? item.file.size : 0);
      if (!whole) remember(item);
    } else if (item.sent < item.file.size) {
      const from = item.sent;
      const answer = await request(item, "PATCH", item.url, { "Upload-Offset": from, "Content-Type": "application/offset+octet-stream" },
        item.file.slice(from, from + part), (loaded) => { came(item, from + loaded); show(item); });
      if (answer.status === 409 || answer.status === 404) { item.asked = false; came(item, from); return true; }
      if (answer.status !== 204) throw refused(answer);
      came(item, Number(answer.header("Upload-Offset")));
    }
    if (item.sent < item.file.size) { show(item); return true; }
    done(item);
    return false;
  }

  function done(item) {
    forget(item);
    came(item, item.file.size);
    set(item, "done");
  }

  function came(item, bytes) {
    if (item.state !== "given_up") sums.sent += bytes - item.sent;
    item.sent = bytes;
  }

  function request(item, method, url, headers = {}, body = null, progress = null) {
    return new Promise((resolve, reject) => {
      const call = new XMLHttpRequest();
      item.call = call;
      call.open(method, url);
      for (const [name, value] of Object.entries({ "Tus-Resumable": "1.0.0", "X-Weir-Request": "1", "Accept-Language": document.documentElement.lang, ...headers })) {
        call.setRequestHeader(name, value);
      }
      if (progress) call.upload.onprogress = (event) => progress(event.loaded);
      call.onload = () => {
        // A gateway on the way that has lost Weir is a broken network, too.
        if (call.status >= 502 || call.status === 429 || call.status === 423) reject(new Error("unavailable"));
        else resolve({ status: call.status, text: call.responseText, header: (name) => call.getResponseHeader(name) });
      };
      call.onerror = call.onabort = () => reject(new Error("broken"));
      call.send(body);
    });
  }

  function refused(answer) {
    let told;
    try { told = JSON.parse(answer.text).error; } catch { told = { message: `HTTP ${answer.status}` }; }
    return Object.assign(new Error(told.code), { refusal: [told.message, told.remedy].filter(Boolean).join(" ") });
  }

  function pause(item) {
    if (!["waits", "runs", "broken"].includes(item.state)) return;
    set(item, "paused");
    item.asked = false;
    item.call?.abort();
    item.wake?.();
  }

  function resume(item) {
    if (item.state !== "paused" && item.state !== "failed") return;
    if (item.state === "failed" && (item.file.size > largest || wrongName(item.row.querySelector("[data-name]").textContent))) return;
    item.tries = 0;
    set(item, "waits");
    next();
  }

  function cancel(item) {
    if (!isOpen(item) && item.state !== "failed") return;
    set(item, "given_up");
    item.call?.abort();
    item.wake?.();
    if (item.url) fetch(item.url, { method: "DELETE", headers: { "Tus-Resumable": "1.0.0", "X-Weir-Request": "1" } }).catch(() => {});
    forget(item);
  }

  function set(item, state, note = null) {
    // What was given up does not come back, whatever was still on its way.
    if (item.state === "given_up") return;
    if (item.state) counts[item.state] -= 1;
    counts[state] += 1;
    item.state = state;
    item.note = note;
    if (state === "waits") queue.push(item);
    if (state === "done") sums.unlisted += 1;
    if (state === "given_up") { sums.bytes -= item.file.size; sums.sent -= item.sent; }
    show(item);
  }

  function show(item) {
    if (item) {
      const { row, state } = item;
      row.querySelector("progress").value = item.file.size ? item.sent / item.file.size : Number(state === "done");
      row.querySelector("[data-state]").textContent = says[state] + (state === "runs" && item.file.size ? ` ${Math.floor(100 * item.sent / item.file.size)} %` : "")
        + (item.note ? ` · ${item.note}` : "");
      row.dataset.state = state;
      row.querySelector("[data-pause]").hidden = !["waits", "runs", "broken"].includes(state);
      row.querySelector("[data-resume]").hidden = !["paused", "failed"].includes(state);
      row.querySelector("[data-cancel]").hidden = ["done", "given_up"].includes(state);
    }
    const all = sums.bytes + sums.later;
    const sent = sums.sent;
    const now = performance.now();
    if (!last.at || now - last.at > 1000) {
      last = { at: now, bytes: sent, speed: last.at ? Math.max(0, (sent - last.bytes) * 1000 / (now - last.at)) : 0 };
      summary.textContent = `${counts.done} ${says.of} ${open() + counts.done + counts.failed + later.length} · ${size(sent)} ${says.of} ${size(all)}` + (last.speed ? ` · ${size(last.speed)}/s` : "");
    }
    overall.querySelector("progress").value = all ? sent / all : 0;
    overall.querySelector("[data-pause]").hidden = !(counts.waits + counts.runs + counts.broken);
    overall.querySelector("[data-resume]").hidden = !counts.paused;
    overall.querySelector("[data-cancel]").hidden = !open();
  }

  // The list of the page shows what has come.
  async function finished() {
    last.at = 0;
    show();
    if (!sums.unlisted) return;
    sums.unlisted = 0;
    try {
      const response = await fetch(location.href);
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      for (const id of ["list", "unfinished"]) {
        const part = page.getElementById(id);
        if (response.ok && part) document.getElementById(id)?.replaceWith(part);
      }
    } catch { /* it is shown when the page is opened again */ }
    place.dispatchEvent(new CustomEvent("weir:uploaded", { bubbles: true }));
  }

  function tell(text) {
    const note = document.createElement("p");
    note.className = "note bad";
    note.setAttribute("role", "alert");
    note.textContent = text;
    drop.after(note);
    setTimeout(() => note.remove(), 15_000);
  }

  // What is on its way is known by the file: its place, size and time.
  const mark = (item) => `weir-upload:${target}:${item.path}:${item.file.size}:${item.file.lastModified}`;
  function remember(item) { try { localStorage.setItem(mark(item), item.url); } catch { /* no memory, no resuming after a reload */ } }
  function remembered(item) { try { return localStorage.getItem(mark(item)); } catch { return null; } }
  function forget(item) {
    item.url = null;
    item.asked = false;
    try { localStorage.removeItem(mark(item)); } catch { /* there was none */ }
  }
}

const isOpen = (item) => ["waits", "runs", "broken", "paused"].includes(item.state);

const wrongName = (path) => path.split("/").some((name) => name.length < 1 || [...name].length > 64 || name === "." || name === "..");

function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

function size(bytes) {
  let unit = 0;
  while (bytes >= 1024 && unit < 4) { bytes /= 1024; unit += 1; }
  return `${unit && bytes < 10 ? bytes.toFixed(1) : Math.floor(bytes)} ${["B", "KiB", "MiB", "GiB", "TiB"][unit]}`;
}

async function walk(entry, found, level) {
  if (level > depth) return;
  if (entry.isFile) {
    const file = await new Promise((done, failed) => entry.file(done, failed));
    found.push({ file, path: entry.fullPath.replace(/^\//, "") });
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const entries = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!entries.length) return;
    for (const inner of entries) await walk(inner, found, level + 1);
  }
}
