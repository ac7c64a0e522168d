// One age: a slider with the allowed range marked, steps, a number to type. A hand on it is never moved by the server's word.

import { make, mark, write } from "./console-dom.js";

const HOLD_MS = 700;

export class AgeControl {
  #ask;
  #wrong;
  #held = 0;
  #down = false;
  #age = null;
  #ages = [18, 90];
  #limits = null;
  #scale = "";

  /** `who`: for the labels. `ask(years)`: at once, with every movement. `wrong(words)`: what was typed is no age. */
  constructor(who, ask, wrong) {
    this.#ask = ask;
    this.#wrong = wrong;
    this.slider = make("input", { type: "range", class: "age-slider", min: 18, max: 90, step: 1, "aria-label": `Age of ${who}` });
    this.number = make("input", { type: "text", class: "age-number", inputmode: "decimal", autocomplete: "off", maxlength: 5, "aria-label": `Age of ${who} in years` });
    const step = (by, sign, words) => make("button", {
      type: "button", class: "step", text: sign, "aria-label": `${who}: ${words}`, on: { click: () => this.step(by) },
    });
    this.allowed = make("span", { class: "allowed" });
    this.spans = [make("span", { class: "span model" }), make("span", { class: "span grant-span" })];
    this.ends = [make("span", { class: "end low" }), make("span", { class: "end high" })];
    this.element = make("div", { class: "age" },
      step(-1, "−", "one year younger"),
      make("div", { class: "track" }, ...this.spans, this.allowed, this.slider, ...this.ends),
      step(1, "+", "one year older"),
      this.number,
    );
    this.slider.addEventListener("input", () => this.#set(Number(this.slider.value)));
    this.slider.addEventListener("pointerdown", () => { this.#down = true; });
    for (const kind of ["pointerup", "pointercancel", "lostpointercapture", "change"]) this.slider.addEventListener(kind, () => this.#let());
    this.number.addEventListener("focus", () => this.number.select());
    this.number.addEventListener("change", () => this.#typed());
    this.number.addEventListener("keydown", (event) => {
      if (event.key === "Enter") { event.preventDefault(); this.#typed(); this.number.blur(); }
      if (event.key === "Escape") { event.stopPropagation(); this.#show(this.#age, true); this.number.blur(); }
      const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (by !== undefined) { event.preventDefault(); this.step(by * (event.shiftKey ? 5 : 1)); }
    });
  }

  /** The server's word, or what is asked and not answered yet. `ages`: what may be asked; `limits`: { model, grant }, what each covers, or null. */
  paint(age, ages, limits, hindered) {
    this.#ages = ages;
    this.#limits = limits;
    const spans = Object.values(limits ?? { ages });
    const [low, high] = [Math.min(...spans.map((span) => span[0])), Math.max(...spans.map((span) => span[1]))];
    const scale = [low, high, ...ages, ...spans].join();
    if (scale !== this.#scale) {
      this.#scale = scale;
      this.slider.min = Math.floor(low);
      this.slider.max = Math.ceil(high);
      const share = (value) => (high > low ? (value - low) / (high - low) : 0);
      const span = (element, from, to) => {
        element.style.setProperty("--from", String(share(from)));
        element.style.setProperty("--to", String(share(to)));
      };
      span(this.allowed, ...ages);
      this.spans.forEach((element, i) => span(element, ...(spans[i] ?? ages)));
      const words = Object.entries(limits ?? {}).map(([name, [from, to]]) => `${name} ${years(from)} to ${years(to)}`).join(", ");
      mark(this.slider, "title", words || null);
      this.ends.forEach((end, i) => {
        write(end, years(ages[i]));
        end.style.setProperty("--at", String(share(ages[i])));
      });
    }
    mark(this.slider, "aria-valuetext", age === null ? "none" : `${years(age)} years, allowed ${years(ages[0])} to ${years(ages[1])}`);
    mark(this.slider, "disabled", hindered);
    mark(this.number, "disabled", hindered);
    for (const button of this.element.querySelectorAll("button")) mark(button, "disabled", hindered);
    this.#show(age);
  }

  step(by) {
    const from = this.#age ?? (this.#ages[0] + this.#ages[1]) / 2;
    this.#set(Math.round((from + by) * 10) / 10);
  }

  #show(age, force = false) {
    if (!this.#holding || force) this.#age = age;
    if (!this.#holding || force) {
      const value = age ?? (this.#ages[0] + this.#ages[1]) / 2;
      if (Number(this.slider.value) !== value) this.slider.value = value;
      this.slider.classList.toggle("none", age === null);
    }
    if (document.activeElement !== this.number || force) {
      const text = this.#age === null ? "–" : years(this.#age);
      if (this.number.value !== text) this.number.value = text;
    }
  }

  get #holding() {
    return this.#down || performance.now() < this.#held;
  }

  #set(wanted) {
    const [low, high] = this.#ages;
    const age = Math.max(low, Math.min(high, wanted));
    const news = age !== this.#age;
    this.#held = performance.now() + HOLD_MS;
    this.#age = age;
    this.slider.value = age;
    this.slider.classList.remove("none");
    this.number.value = years(age);
    if (news) this.#ask(age);
    if (age !== wanted) this.#wrong(this.#whyNot(wanted));
  }

  /** Which limit stands in the way. */
  #whyNot(age) {
    const [name, [low, high]] = Object.entries(this.#limits ?? {}).find(([, span]) => age < span[0] || age > span[1]) ?? ["this run", this.#ages];
    return `THE ${name.toUpperCase()} COVERS ${years(low)} TO ${years(high)}`.replace("THE THIS", "THIS");
  }

  #let() {
    this.#down = false;
    this.#held = performance.now() + HOLD_MS;
  }

  #typed() {
    const text = this.number.value.trim().replace(",", ".");
    if (text === years(this.#age ?? NaN) || text === "–") return;
    if (text === "" || !Number.isFinite(Number(text))) {
      this.#wrong("AN AGE IS A NUMBER OF YEARS");
      this.#show(this.#age, true);
      return;
    }
    // What is typed is sent as it is: the server says why it may not be.
    this.#held = 0;
    this.#ask(Number(text));
  }
}

export function years(age) {
  return String(Math.round(age * 10) / 10);
}
