// Finds what a choice does not hold, since it shows the first of a long list: the page is asked anew with the name, and its choices are taken.
const pause = 300;

export function begin(field) {
  const { find, found } = field.dataset;
  const status = field.parentElement.querySelector("[role=status]");
  field.parentElement.hidden = false;
  let waiting = null;
  let asked = 0;
  // Neither a filter nor a price hangs on it, and Enter sends no form.
  field.addEventListener("input", (event) => { event.stopPropagation(); clearTimeout(waiting); waiting = setTimeout(look, pause); });
  field.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });

  async function look() {
    const own = ++asked;
    const address = new URL(location);
    for (const other of document.querySelectorAll("[data-find]")) address.searchParams.set(other.dataset.find, other.value);
    address.searchParams.set(find, field.value);
    const answer = await fetch(address, { headers: { Accept: "text/html" } }).catch(() => null);
    if (!answer?.ok || own !== asked) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const name = field.value.trim().toLowerCase();
    for (const choice of document.querySelectorAll(`select[data-found~="${find}"]`)) {
      const other = page.querySelector(`select[data-found~="${find}"][name="${choice.name}"]`)?.cloneNode(true);
      if (!other) continue;
      const [chosen, option] = [choice.value, choice.selectedOptions[0]];
      choice.replaceChildren(...other.childNodes);
      status.textContent = `${[...choice.options].filter((one) => one.value && one.text.toLowerCase().includes(name)).length} ${found}`;
      // What is chosen stays chosen, found or not.
      if (option && ![...choice.options].some((one) => one.value === chosen)) choice.append(option);
      choice.value = chosen;
      choice.dispatchEvent(new Event("weir:found"));
    }
  }
}
