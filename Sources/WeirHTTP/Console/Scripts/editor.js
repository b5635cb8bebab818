import { say } from "./console.js";

// Makes an editor of a text field, with CodeMirror where Weir has it, else with the Tab key alone. The field is what is sent.
export async function begin(field) {
  let isSent = false;
  let first = field.defaultValue;
  let text = () => field.value;
  const form = field.form;
  form.addEventListener("submit", () => { isSent = true; });
  addEventListener("beforeunload", (event) => { if (!isSent && text() !== first) event.preventDefault(); });
  addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") { event.preventDefault(); save(); }
  });
  // The text is saved where it stands: caret, undo and what was scrolled stay. What is refused is shown by the form itself.
  let isSaving = false;
  async function save() {
    if (isSaving) return;
    if (!form.checkValidity()) { form.requestSubmit(); return; }
    isSaving = true;
    const sent = text();
    field.value = sent;
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) }).catch(() => null);
    const page = answer?.ok && answer.redirected ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
    const fresh = page?.querySelector("form input[name=tag]")?.form;
    isSaving = false;
    if (!fresh) { form.requestSubmit(); return; }
    // Whoever wrote in the moment between is not written over by the next save: the old tag stays, and that save is refused.
    if (fresh.querySelector("textarea").value !== sent.replaceAll("\r\n", "\n")) {
      first = sent;
      say(form.dataset.overtaken, true);
      return;
    }
    for (const name of ["tag", "line_end", "_key", "_csrf"]) {
      let own = form.elements[name];
      if (!own) { own = document.createElement("input"); own.type = "hidden"; own.name = name; form.append(own); }
      own.value = fresh.elements[name]?.value ?? own.value;
    }
    const facts = fresh.querySelector("[data-facts]");
    if (facts) form.querySelector("[data-facts]")?.replaceWith(facts);
    first = sent;
    history.replaceState(null, "", answer.url);
    say(form.dataset.saved);
  }
  try {
    const mirror = await import("./codemirror.js");
    text = await put(mirror, field);
  } catch {
    plain(field);
  }
}

async function put(mirror, field) {
  const { EditorView, EditorState, basicSetup, keymap, indentWithTab, languages, oneDark } = mirror;
  const name = field.dataset.editor.split("/").pop();
  const language = languages.find((one) => one.extensions.some((end) => name.toLowerCase().endsWith("." + end)) || one.filename?.test(name));
  const extensions = [basicSetup, keymap.of([indentWithTab]), EditorView.lineWrapping,
    EditorView.contentAttributes.of({ "aria-label": field.labels[0]?.textContent ?? name, tabindex: "0" }),
    EditorView.theme({ "&": { height: "100%", fontSize: "0.9rem" }, ".cm-scroller": { fontFamily: "ui-monospace, monospace", overflow: "auto" } })];
  if (matchMedia("(prefers-color-scheme: dark)").matches) extensions.push(oneDark);
  try { if (language) extensions.push(await language.load()); } catch { /* without colours */ }
  // In a tree of its own the styles of the editor are objects, not text of the page: the content policy allows no other.
  const host = document.createElement("div");
  host.className = "editor-host";
  const root = host.attachShadow({ mode: "open" });
  const inside = document.createElement("div");
  inside.style.height = "100%";
  root.append(inside);
  field.before(host);
  const view = new EditorView({
    root, parent: inside,
    state: EditorState.create({
      doc: field.value,
      extensions: [...extensions, EditorView.updateListener.of((update) => { if (update.docChanged) field.value = update.state.doc.toString(); })],
    }),
  });
  field.hidden = true;
  view.focus();
  return () => view.state.doc.toString();
}

// Tab indents; Escape and then Tab leaves the field, as who works with the keyboard alone needs it.
function plain(field) {
  let leaves = false;
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { leaves = true; return; }
    if (event.key !== "Tab" || event.ctrlKey || event.altKey || event.shiftKey || leaves) { leaves = false; return; }
    event.preventDefault();
    field.setRangeText("    ", field.selectionStart, field.selectionEnd, "end");
  });
}
