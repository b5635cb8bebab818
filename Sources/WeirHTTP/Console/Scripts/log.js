// A workload's log as it is written. All lines that came are held as text; only blocks of them near to what is seen are laid out
// (`content-visibility`), and they are added a few at a time, so that a hundred thousand lines leave the page at ease. Finding in the
// page works on all that is loaded.
import { Line } from "./logline.js";

const most = 200_000;
const block = 250;
// Milliseconds of a frame that may be spent on new lines.
const budget = 8;
// Lines a second above which they are fetched many at a time: each event of a stream costs more than its line.
const fast = 1000;
const first = 1 << 20;
// Most lines have none of these, and are shown as they are.
const controls = /[\u001b\r\b]/;

export async function begin(view) {
  const query = view.dataset.instance ? `&instance=${view.dataset.instance}` : "";
  const path = `/api/v1/workloads/${view.dataset.log}/logs`;
  const toEnd = view.parentElement.querySelector(".toend");
  const count = document.getElementById("log-count");
  let [waiting, shown, planned, follows, ownScroll] = [[], 0, false, true, false];

  // What a program wrote in pieces is one line: the rest of it goes where its beginning is.
  let unended = {};
  // Those of them that stand in the page already and have to be shown anew.
  const changed = new Set();
  const take = (lines) => {
    for (const line of lines) {
      const begun = unended[line.stream];
      const whole = begun ?? line;
      if (!begun) waiting.push(line);
      if (begun || line.partial || controls.test(line.text)) {
        whole.shown ??= new Line();
        whole.shown.take(line.text);
        if (begun) changed.add(begun);
      }
      unended[line.stream] = line.partial && !whole.shown.isFull ? whole : null;
    }
    plan();
  };
  const plan = () => { if (!planned) { planned = true; requestAnimationFrame(draw); } };
  const draw = () => {
    planned = false;
    // In a page that is hidden nothing is drawn: what came waits, and what is too old is left out.
    if (waiting.length > most) waiting.splice(0, waiting.length - most);
    for (const line of changed) if (line.row) line.shown.show(line.row);
    changed.clear();
    const begun = performance.now();
    let at = 0;
    let part = view.lastElementChild;
    while (at < waiting.length && performance.now() - begun < budget) {
      if (!part?.classList.contains("block") || part.childElementCount >= block) {
        part = document.createElement("div");
        part.className = "block";
        view.append(part);
      }
      const lines = waiting.slice(at, at + block - part.childElementCount);
      part.append(...lines.flatMap(rows));
      at += lines.length;
      // Only of a whole block it is known how high it is while it is not laid out.
      part.classList.toggle("full", part.childElementCount === block);
    }
    waiting = at === waiting.length ? [] : waiting.slice(at);
    shown += at;
    while (shown > most) { shown -= view.firstElementChild.childElementCount; view.firstElementChild.remove(); }
    if (at) count.textContent = `${shown.toLocaleString()} ${view.dataset.lines}`;
    if (follows) end();
    else if (at) toEnd.textContent = view.dataset.new;
    if (waiting.length) plan();
  };
  const toBottom = () => { ownScroll = true; view.scrollTop = view.scrollHeight; };
  // Once more when the new blocks have been laid out: before, their height was a guess.
  const end = () => { toBottom(); requestAnimationFrame(() => { if (follows) toBottom(); }); };
  const follow = (on) => { follows = on; toEnd.hidden = on; };

  view.addEventListener("scroll", () => {
    const isAtEnd = view.scrollTop + view.clientHeight > view.scrollHeight - 40;
    if (ownScroll) { ownScroll = false; return; }
    if (isAtEnd !== follows) follow(isAtEnd);
  }, { passive: true });
  view.addEventListener("wheel", (event) => { if (event.deltaY < 0) follow(false); }, { passive: true });
  view.addEventListener("keydown", (event) => {
    if (["ArrowUp", "PageUp", "Home"].includes(event.key)) follow(false);
    if (event.key === "End") { follow(true); end(); }
  });
  toEnd.addEventListener("click", () => { follow(true); end(); view.focus(); });

  let source = null;
  let instance = null;
  const newest = () => fetch(`${path}?offset=-1&limit=1`).then((answer) => answer.json()).catch(() => ({}));
  const open = async (from) => {
    const part = await fetch(`${path}?offset=${from}&limit=5000${query}`).then((answer) => answer.json()).catch(() => ({}));
    if (!part.lines) return;
    source?.close();
    source = null;
    view.replaceChildren();
    [waiting, shown, instance, unended] = [[], 0, part.instance, {}];
    take(part.lines);
    if (part.ended) return;
    stream(part.next_offset);
  };
  const stream = (from) => {
    let [since, many] = [performance.now(), 0];
    const own = source = new EventSource(`${path}/stream?offset=${from}${query}`);
    own.addEventListener("line", (event) => {
      take([JSON.parse(event.data)]);
      const now = performance.now();
      if (now - since > 1000) [since, many] = [now, 0];
      if (++many > fast) { own.close(); catchUp(Number(event.lastEventId), own); }
    });
    own.addEventListener("end", async () => {
      own.close();
      // It began before there was an instance: which one it was is known now.
      instance ??= (await newest()).instance;
      if (source === own) source = null;
    });
  };
  const catchUp = async (offset, own) => {
    let part = null;
    do {
      part = await fetch(`${path}?offset=${offset}&limit=5000${query}`).then((answer) => answer.json()).catch(() => ({}));
      // Somebody has asked for the log from its beginning meanwhile.
      if (source !== own) return;
      if (!part.lines) break;
      take(part.lines);
      offset = part.next_offset;
      while (waiting.length > 2 * part.lines.length) await new Promise(requestAnimationFrame);
    } while (part.lines.length > 500);
    stream(offset);
  };
  await open(-first);
  const whole = document.getElementById("log-whole");
  whole.hidden = false;
  whole.addEventListener("click", () => { whole.hidden = true; follow(false); open(0).then(() => { view.scrollTop = 0; }); });
  // Another start, and a program that was started again, have a log of their own.
  addEventListener("weir:live", async () => {
    if (source || query) return;
    const now = await newest();
    if (now.instance && now.instance !== instance && !source) await open(-first);
  });
  addEventListener("pagehide", () => source?.close());
}

function rows(line) {
  const row = document.createElement("div");
  row.className = line.stream;
  if (line.shown) line.shown.show(row);
  else row.textContent = line.text || "\u200b";
  if (line.partial) line.row = row;
  if (!line.gap) return [row];
  const gap = document.createElement("div");
  gap.className = "gap";
  gap.textContent = line.gap.message;
  return [gap, row];
}
