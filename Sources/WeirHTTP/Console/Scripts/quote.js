// The price of what is being filled in, asked anew as it changes (BIL-23), and choices that fit each other: images by tool, flavors by
// accelerator, versions by dataset. The form's own button shows the price without this.
const pause = 300;

export function begin(form) {
  flavorsByAccelerator(form);
  imagesByTool(form);
  versions(form);
  if ("quote" in form.dataset) price(form);
}

function price(form) {
  const ask = form.querySelector("button[formaction$='/quote']");
  const view = document.getElementById("quote");
  ask.hidden = true;
  let asked = 0;
  const show = async () => {
    const own = ++asked;
    const body = new URLSearchParams(new FormData(form));
    // A price needs no name, but the form does in the end.
    if (!body.get("name")) body.set("name", "–");
    if (!body.get("command") && form.elements.command) body.set("command", "true");
    if (!body.get("flavor") || !body.get("image")) return;
    body.set("_show", "1");
    view.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(ask.formAction, { method: "POST", body, headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (own !== asked) return;
      const [part, problem] = [page.getElementById("quote"), page.querySelector("main > [role=alert]")];
      if (problem) view.replaceChildren(problem);
      else if (part) view.replaceChildren(...part.childNodes);
    } catch { /* asked again at the next change */ }
    if (own === asked) view.removeAttribute("aria-busy");
  };
  let waiting = null;
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(show, pause); });
  if (!form.querySelector("[name=flavor]:checked")) form.querySelector("[name=flavor]:not(:disabled)")?.click();
  show();
}

function flavorsByAccelerator(form) {
  const choice = form.querySelector("[data-accelerators]");
  if (!choice || choice.options.length < 3) return;
  choice.closest("label").hidden = false;
  choice.addEventListener("change", () => {
    for (const row of form.querySelectorAll("tr[data-accelerator]")) {
      row.hidden = choice.value !== "*" && row.dataset.accelerator.trim() !== choice.value.trim();
    }
    const chosen = form.querySelector("[name=flavor]:checked");
    if (chosen?.closest("tr").hidden) form.querySelector("tr[data-accelerator]:not([hidden]) [name=flavor]:not(:disabled)")?.click();
  });
}

function imagesByTool(form) {
  const [tool, images] = [form.querySelector("[data-tool]"), form.querySelector("[data-tools]")];
  if (!tool || !images) return;
  const has = (image) => image.dataset.tools.split(" ").includes(tool.value);
  const fit = () => {
    // Without a value it stands for an image that could not be taken over: whoever sends the form chooses one.
    for (const image of images.options) image.hidden = image.disabled = image.value !== "" && !has(image);
    if (!images.selectedOptions[0] || images.selectedOptions[0].disabled) images.value = [...images.options].find(has)?.value ?? "";
  };
  // A tool that no image has can't be chosen.
  for (const option of tool.options) option.disabled = ![...images.options].some((image) => image.dataset.tools.split(" ").includes(option.value));
  tool.addEventListener("change", fit);
  images.addEventListener("weir:found", fit);
  fit();
}

// The versions of the dataset or model that was chosen, to choose from.
function versions(form) {
  for (const choice of form.querySelectorAll("[data-versions]")) {
    choice.addEventListener("change", async () => {
      const list = document.getElementById(choice.dataset.versions);
      list.replaceChildren();
      if (!choice.value) return;
      const answer = await fetch(`/api/v1/assets/${choice.value}/versions`);
      if (!answer.ok) return;
      list.replaceChildren(...(await answer.json()).items.map((version) => new Option(version.note || `v${version.number}`, version.number)));
    });
  }
}
