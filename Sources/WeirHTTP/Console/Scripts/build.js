// The build of the official images: its progress, line by line, as the API tells it.
export function begin(button) {
  const log = document.getElementById(button.dataset.build);
  const add = (text, kind) => {
    const line = document.createElement("div");
    line.textContent = text;
    if (kind) line.className = kind;
    log.append(line);
    while (log.childElementCount > 2000) log.firstChild.remove();
    log.scrollTop = log.scrollHeight;
  };
  button.addEventListener("click", async () => {
    button.disabled = true;
    log.hidden = false;
    log.replaceChildren();
    try {
      const response = await fetch("/api/v1/images/build-official", {
        method: "POST", headers: { "Content-Type": "application/json", "X-Weir-Request": "1" }, body: "{}",
      });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        rest += value ?? "";
        const lines = rest.split("\n");
        rest = done ? "" : lines.pop();
        for (const line of lines.filter(Boolean)) take(JSON.parse(line));
        if (done) break;
      }
    } catch {
      add(button.dataset.broken, "stderr");
    }
    button.disabled = false;
  });
  function take(line) {
    if (line.progress) add(line.progress);
    else if (line.image) add(`✓ ${line.image.reference}`);
    else if (line.error) add(`${line.error.message} ${line.error.remedy ?? ""}`, "stderr");
    else if (line.done) { add(button.dataset.done); setTimeout(() => location.reload(), 1500); }
  }
}
