// The texts of the console in its two languages; texts.json is the catalogue.
const kept = localStorage.getItem("weir.language");
export let language = kept ?? (navigator.languages.find((l) => /^(zh|en)/i.test(l)) ?? "en").toLowerCase();
language = language.startsWith("zh") ? "zh-Hans" : "en";

const catalogue = await (await fetch("/console/texts.json")).json();

export function t(key) {
  const texts = catalogue[key];
  return texts ? texts[language === "zh-Hans" ? 1 : 0] : key;
}

export function switchLanguage() {
  localStorage.setItem("weir.language", language === "en" ? "zh-Hans" : "en");
  location.reload();
}
