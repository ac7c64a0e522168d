// One face, large, with its origin and measures; and the dialog that labels.

import { age, write } from "/pages/faces-grid.js";

const SWEEP_PX = 50;

export class Large {
  #box = document.getElementById("large");
  #picture = document.getElementById("large-picture");
  #state = document.getElementById("large-state");

  /** `step(by)`: to a neighbour. `closed()`. */
  constructor(step, closed) {
    this.closed = closed;
    let from = null;
    const figure = this.#box.querySelector("figure");
    figure.addEventListener("pointerdown", (event) => { from = event.clientX; });
    figure.addEventListener("pointerup", (event) => {
      const far = from === null ? 0 : event.clientX - from;
      from = null;
      if (Math.abs(far) > SWEEP_PX) step(far < 0 ? 1 : -1);
    });
    this.#picture.draggable = false;
  }

  get open() {
    return !this.#box.hidden;
  }

  show(faces, i) {
    const source = `/cut?face=${encodeURIComponent(faces.id[i])}&v=${faces.picture[i]}`;
    if (this.#picture.getAttribute("src") !== source) this.#picture.setAttribute("src", source);
    this.#picture.alt = `The face of ${faces.name}, ${faces.titles[faces.title[i]]}, age ${age(faces.age[i])}`;
    const why = faces.reason[i] ? `: ${faces.reason[i]}` : "";
    write(this.#state, faces.stateOf(i) + why);
    this.#state.className = faces.state[i];
    const facts = document.getElementById("facts");
    facts.replaceChildren(...faces.facts(i).flatMap(([name, value]) => [element("dt", name), element("dd", value)]));
    this.#box.hidden = false;
  }

  close() {
    if (!this.open) return;
    this.#box.hidden = true;
    this.#picture.removeAttribute("src");
    this.closed();
  }
}

export class Label {
  #dialog = document.getElementById("label");
  #age = document.getElementById("label-age");
  #wrong = document.getElementById("label-wrong");
  #on = null;

  constructor() {
    this.#dialog.addEventListener("close", () => { this.#on = null; });
    this.#dialog.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit(event.submitter?.value ?? "faces");
    });
    document.getElementById("label-cancel").addEventListener("click", () => this.#dialog.close());
    document.getElementById("label-other").addEventListener("click", () => { const on = this.#on; this.#dialog.close(); on.other(); });
    this.#dialog.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key.toLowerCase() === "o") { event.preventDefault(); document.getElementById("label-other").click(); }
    });
  }

  get open() {
    return this.#dialog.open;
  }

  /** `many` faces of `title`, which has `whole`; `on`: { faces(age), title(age), other() }. */
  ask(many, years, title, whole, on) {
    this.#on = on;
    write(document.getElementById("label-title"), many === 1 ? "Label this face" : `Label ${many} faces`);
    write(document.getElementById("label-faces"), many === 1 ? "this age for this face" : `this age for these ${many} faces`);
    document.getElementById("label-whole").hidden = title === null;
    write(document.getElementById("label-whole"), `this age for all ${whole} of “${title}”`);
    write(this.#wrong, "");
    this.#age.value = age(years);
    this.#dialog.showModal();
    this.#age.select();
  }

  #submit(what) {
    const years = Number(this.#age.value.replace(",", "."));
    if (this.#age.value.trim() === "" || !(years > 0 && years < 130)) {
      write(this.#wrong, "Give the age in years, like 34 or 34.5.");
      this.#age.focus();
      return;
    }
    const on = this.#on;
    this.#dialog.close();
    if (what === "title") on.title(years);
    else on.faces(years);
  }
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}
