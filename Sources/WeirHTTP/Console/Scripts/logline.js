// One line of a log, as a terminal would show it: carriage returns write over what stands there, and colours are colours. What else a
// program may tell a terminal to do is left out.
// A line that is longer goes on in another.
const full = 64 << 10;
// One piece is no longer than the rest of this.
const most = 256 << 10;
// Of a sequence that is not ended by then, the rest is text.
const longestSequence = 64;
const names = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

export class Line {
  #cells = [];
  #at = 0;
  #style = "";
  #pending = "";

  // What a program wrote in pieces is one line: takes a further piece.
  take(text) {
    const all = this.#pending + text;
    this.#pending = "";
    // By characters, not by halves of them.
    const characters = Array.from(all);
    for (let i = 0; i < characters.length; i++) {
      const character = characters[i];
      if (character === "\u001b") {
        const rest = characters.slice(i, i + longestSequence).join("");
        const sequence = /^\u001b(?:\[([0-?]*)[ -/]*([@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[ -/]*[0-~](?<![[\]]))/.exec(rest);
        if (sequence) {
          i += Array.from(sequence[0]).length - 1;
          if (sequence[2] === "m") this.#style = restyled(this.#style, sequence[1]);
          else if (sequence[2] === "K") this.#erase(sequence[1]);
          else if (sequence[2] === "G") this.#at = Math.min(Math.max((Number(sequence[1]) || 1) - 1, 0), most);
          else if (sequence[2] === "C") this.#at = Math.min(this.#at + (Number(sequence[1]) || 1), most);
          else if (sequence[2] === "D") this.#at = Math.max(this.#at - (Number(sequence[1]) || 1), 0);
        } else if (rest.length < longestSequence && i + rest.length >= characters.length) {
          this.#pending = rest;
          return;
        }
      } else if (character === "\r") this.#at = 0;
      else if (character === "\b") this.#at = Math.max(this.#at - 1, 0);
      else if (character === "\t" || character >= " ") this.#put(character);
    }
  }

  get isFull() { return this.#cells.length >= full; }

  get text() { return this.#cells.map((cell) => cell.text).join(""); }

  // The line as elements: a run of characters that look the same is one.
  show(row) {
    const parts = [];
    for (const { text, style } of this.#cells) {
      if (parts.length && parts.at(-1).style === style) parts.at(-1).text += text;
      else parts.push({ text, style });
    }
    if (parts.length < 2 && !parts[0]?.style) { row.textContent = parts[0]?.text || "\u200b"; return; }
    row.replaceChildren(...parts.map(({ text, style }) => {
      if (!style) return document.createTextNode(text);
      const span = document.createElement("span");
      const look = JSON.parse(style);
      span.className = Object.keys(look).filter((key) => look[key] === true).map((key) => `sgr-${key}`).join(" ");
      // Not by a class: there are 16 million of them. Values are made here, of numbers alone.
      if (look.color) span.style.color = look.color;
      if (look.ground) span.style.backgroundColor = look.ground;
      span.textContent = text;
      return span;
    }));
  }

  #put(text) {
    if (this.#at >= most) return;
    while (this.#cells.length < this.#at) this.#cells.push({ text: " ", style: "" });
    this.#cells[this.#at++] = { text, style: this.#style };
  }

  #erase(how) {
    if (how === "1") for (let i = 0; i < Math.min(this.#at, this.#cells.length); i++) this.#cells[i] = { text: " ", style: "" };
    else if (how === "2") this.#cells = [];
    else this.#cells.length = Math.min(this.#cells.length, this.#at);
  }
}

// What `ESC [ … m` makes of the look that was; a look is kept as text, so that two can be compared.
function restyled(style, parameters) {
  const look = style ? JSON.parse(style) : {};
  const codes = parameters.split(/[;:]/).map((code) => Number(code) || 0);
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i];
    if (code === 0) for (const key of Object.keys(look)) delete look[key];
    else if (code === 1) look.bold = true;
    else if (code === 2) look.faint = true;
    else if (code === 3) look.italic = true;
    else if (code === 4) look.underline = true;
    else if (code === 7) look.inverse = true;
    else if (code === 9) look.struck = true;
    else if (code === 22) { delete look.bold; delete look.faint; }
    else if (code === 23) delete look.italic;
    else if (code === 24) delete look.underline;
    else if (code === 27) delete look.inverse;
    else if (code === 29) delete look.struck;
    else if (code >= 30 && code <= 37) look.color = named(code - 30, false);
    else if (code >= 90 && code <= 97) look.color = named(code - 90, true);
    else if (code === 39) delete look.color;
    else if (code >= 40 && code <= 47) look.ground = named(code - 40, false);
    else if (code >= 100 && code <= 107) look.ground = named(code - 100, true);
    else if (code === 49) delete look.ground;
    else if (code === 38 || code === 48) {
      const key = code === 38 ? "color" : "ground";
      if (codes[i + 1] === 5) { look[key] = indexed(codes[i + 2]); i += 2; }
      else if (codes[i + 1] === 2) { look[key] = `rgb(${codes.slice(i + 2, i + 5).map(byte).join(" ")})`; i += 4; }
    }
  }
  return Object.keys(look).length ? JSON.stringify(look, Object.keys(look).sort()) : "";
}

const byte = (value) => Math.min(Math.max(value || 0, 0), 255);
const named = (number, isBright) => `var(--sgr-${isBright ? "bright-" : ""}${names[number]})`;

// Of the 256: the 16 with names, a cube of 216, and 24 greys.
function indexed(number) {
  const index = byte(number);
  if (index < 16) return named(index % 8, index > 7);
  if (index > 231) return `rgb(${Array(3).fill(8 + 10 * (index - 232)).join(" ")})`;
  const level = (part) => (part ? 55 + 40 * part : 0);
  const cube = index - 16;
  return `rgb(${level(Math.floor(cube / 36))} ${level(Math.floor(cube / 6) % 6)} ${level(cube % 6)})`;
}
