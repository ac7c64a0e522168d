// What is known of a take, of one of its frames, and what people said of them.

const ENDED = {
  cut: "cut", stopped: "the program was stopped", "disk full": "the disk was full", unwritable: "the disk could not be written",
  "power cut": "power cut: whole up to its end", "picture changed": "the picture changed its size", rolling: "is being recorded",
};
const REASONS = {
  child: "reads as a child", pose: "turned away", size: "too small", unknown: "not recognised", off: "switched off",
  grant: "no grant", ages: "ages out of range", unsure: "not sure who it is",
};

export class Facts {
  #box = document.getElementById("facts");
  #open = document.getElementById("facts-open");
  #go;

  /** `go(index)`: to a frame. `told()`: the panel opened or closed. */
  constructor(go, told) {
    this.#go = go;
    const toggle = () => {
      this.#box.hidden = !this.#box.hidden;
      this.#open.setAttribute("aria-pressed", String(!this.#box.hidden));
      document.body.classList.toggle("facts", !this.#box.hidden);
      told();
    };
    this.#open.addEventListener("click", toggle);
    document.getElementById("facts-close").addEventListener("click", toggle);
    this.toggle = toggle;
  }

  take(sheet) {
    document.getElementById("slate").textContent = sheet.slate;
    const { document: facts } = sheet;
    const counts = facts.counts ?? {};
    const rows = [
      ["folder", sheet.name],
      ["rolled", when(facts.rolled)],
      ["ended", [when(facts.cut), ENDED[sheet.ended] ?? sheet.ended, facts.words].filter(Boolean).join(" · ")],
      ["timecode", `${sheet.timecodes[0] ?? "–"} to ${sheet.timecodes.at(-1) ?? "–"}${facts.timecode_from === "count" ? " (counted: the source has none)" : ""}`],
      ["length", `${sheet.seconds.toFixed(2)} s, ${sheet.numbers.length} frames at ${rateWords(sheet.rate)}`],
      ["not there", [
        counts.missing ? `${counts.missing} frames dropped before` : "", counts.not_kept_up ? `${counts.not_kept_up} not kept up with` : "",
        sheet.torn ? `${sheet.torn} torn` : "",
      ].filter(Boolean).join(", ")],
      ["not aged", counts.late ? `${counts.late} frames that the engine had no time for` : ""],
      ["picture", `${sheet.width} × ${sheet.height}`],
      ["source", facts.source?.name],
      ...sheet.performers.map((each) => [each.name, [
        each.model ? `model ${each.model} ${short(each.model_sha256)}` : "", each.grant ? `grant ${short(each.grant)}` : "no grant",
        each.ages ? `ages ${each.ages[0]} to ${each.ages[1]}` : "",
      ].filter(Boolean).join(", ")]),
      ["schedule", facts.schedule ? short(facts.schedule) : ""],
      ["take.json", sheet.sealed ? short(sheet.sha256) : "hashes follow"],
    ];
    fill(document.getElementById("take-facts"), rows);
    this.marks(sheet.marks);
  }

  marks(marks) {
    const list = document.getElementById("marks");
    list.replaceChildren(...marks.map((mark) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      const time = document.createElement("b");
      time.textContent = mark.timecode;
      button.append(time, ` ${mark.words}`);
      button.addEventListener("click", () => {
        if (matchMedia("(max-width: 860px)").matches) this.toggle(); // there it covers the pictures
        this.#go(mark.index);
      });
      item.append(button);
      return item;
    }));
    if (!marks.length) list.textContent = "none; M marks a frame";
  }

  frame(sheet, index) {
    if (this.#box.hidden) return;
    const [view, words, note] = sheet.said[sheet.words[index]] ?? ["", "", ""];
    fill(document.getElementById("frame-facts"), [
      ["timecode", sheet.timecodes[index]],
      ["number", String(sheet.numbers[index])],
      ["monitor", [words, note].filter(Boolean).join(" · ") || view],
      ...sheet.faces[index].map(([, name, target, strength, source, reasons]) => [name || "face", [
        target === null ? "left as it is" : `at age ${years(target)}${source === null ? "" : ` from ${years(source)}`}`,
        strength < 0.98 && target !== null ? `strength ${Math.round(strength * 100)} %` : "",
        ...reasons.map((reason) => REASONS[reason] ?? reason),
      ].filter(Boolean).join(", ")]),
    ]);
  }
}

function fill(list, rows) {
  const cells = rows.filter(([, text]) => text).flatMap(([name, text]) => {
    const [term, value] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = name;
    value.textContent = text;
    return [term, value];
  });
  list.replaceChildren(...cells);
}

export const years = (age) => String(Math.round(age * 10) / 10);
const short = (hash) => (hash ?? "").slice(0, 12);
const when = (text) => (text ? new Date(text).toLocaleTimeString([], { hour12: false }) : "");

export function rateWords(rate) {
  const [whole, parts] = rate.split("/").map(Number);
  return String(Math.round((whole / (parts ?? 1)) * 1000) / 1000);
}
