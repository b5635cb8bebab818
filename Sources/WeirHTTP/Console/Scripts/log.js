// The last lines of a workload's log at once, then each new one. What is far back is dropped from the page, not from the log.
const most = 5000;

export async function begin(view) {
  const path = `/api/v1/workloads/${view.dataset.log}/logs`;
  const part = await fetch(`${path}?offset=-65536&limit=${most}`).then((answer) => answer.json());
  if (!part.lines) return;
  const add = (line) => {
    const row = document.createElement("div");
    row.className = line.stream;
    row.textContent = line.text;
    return row;
  };
  const show = (lines) => {
    const atEnd = view.scrollTop + view.clientHeight > view.scrollHeight - 30;
    view.append(...lines.map(add));
    while (view.childElementCount > most) view.firstChild.remove();
    if (atEnd) view.scrollTop = view.scrollHeight;
  };
  show(part.lines);
  // Many lines in one frame are drawn once.
  let waiting = [];
  const source = new EventSource(`${path}/stream?offset=${part.next_offset}`);
  source.addEventListener("line", (event) => {
    if (!waiting.length) requestAnimationFrame(() => { show(waiting.slice(-most)); waiting = []; });
    waiting.push(JSON.parse(event.data));
  });
  source.addEventListener("end", () => source.close());
  addEventListener("pagehide", () => source.close());
}
