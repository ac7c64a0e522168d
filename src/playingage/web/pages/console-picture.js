// The picture, small, and the faces in it: who they are, how surely, why they are not aged. A tap asks who it is.

import { Screen } from "./screen.js";
import { Who } from "./console-who.js";
import { byId, make, mark, write } from "./console-dom.js";
import { overWords } from "./words.js";

const KEPT = "playingage-console-pictures";
const STAY_MS = 1500;
const WHY = {
  child: "READS AS A CHILD", pose: "TURNED AWAY", size: "TOO SMALL", unknown: "NOT RECOGNISED", unsure: "UNSURE", ages: "AGE NOT COVERED",
  off: "SWITCHED OFF", unasked: "NO AGE ASKED", grant: "NO GRANT",
};
const SURE = 0.4;
const LIKELY = 0.5;

export class Picture {
  #store;
  #send;
  #clock;
  #screen;
  #canvases = new Map();
  #boxes = new Map();
  #chips = new Map();
  #asked = "";
  #pictures = "aged";
  #over = byId("over");

  /** `shown(header, times)`: with every picture that was drawn. */
  constructor(store, clock, send, shown) {
    this.#store = store;
    this.#send = send;
    this.#clock = clock;
    this.who = new Who(store);
    this.#screen = new Screen(this.#canvases, clock, {
      shape: (width, height) => {
        byId("stage").style.setProperty("--aspect", String(width / height));
        this.want();
      },
      skipped: (header) => send({ type: "skipped", serial: header.serial }),
      shown: (header, times) => {
        send({ type: "shown", serial: header.serial, ...times, error: clock.error });
        shown(header, times);
      },
    });
    for (const button of document.querySelectorAll("[data-pictures]")) button.addEventListener("click", () => this.show(button.dataset.pictures));
    document.addEventListener("visibilitychange", () => this.want());
    new ResizeObserver(() => this.want()).observe(byId("stage"));
    this.show(localStorage.getItem(KEPT) ?? "aged");
  }

  /** Show `aged`, `camera` or `both`. */
  show(pictures) {
    const names = { aged: ["aged"], camera: ["camera"], both: ["camera", "aged"] }[pictures] ?? ["aged"];
    this.#pictures = pictures in { aged: 1, camera: 1, both: 1 } ? pictures : "aged";
    localStorage.setItem(KEPT, this.#pictures);
    this.#canvases.clear();
    for (const name of names) this.#canvases.set(name, byId(name));
    for (const name of ["aged", "camera"]) mark(byId(`${name}-figure`), "hidden", !names.includes(name));
    mark(byId("stage"), "data-both", names.length === 2);
    for (const button of document.querySelectorAll("[data-pictures]")) mark(button, "aria-pressed", String(button.dataset.pictures === this.#pictures));
    byId(`${names.at(-1)}-figure`).append(byId("boxes"));
    this.#screen.reset();
    this.want();
  }

  turn() {
    const all = ["aged", "camera", "both"];
    this.show(all[(all.indexOf(this.#pictures) + 1) % all.length]);
  }

  /** A new connection. */
  begin() {
    this.#asked = "";
    this.#screen.reset();
    this.want();
  }

  take(header, jpegs) {
    this.#screen.take(header, jpegs);
  }

  want() {
    const { width, height } = byId(this.#pictures === "camera" ? "camera" : "aged").getBoundingClientRect();
    const side = Math.max(1, Math.min(16384, Math.round(Math.min(width, height) * devicePixelRatio)));
    const message = { type: "want", pictures: document.hidden ? "none" : this.#pictures, short_side: side, linked: false };
    const text = JSON.stringify(message);
    if (text === this.#asked || !this.#store.connected) return;
    this.#asked = text;
    this.#send(message);
  }

  /** What is said over the picture, and under it. */
  paint() {
    const { connected, everConnected, stopped, full, state, header, lostAt } = this.#store;
    const over = overWords(this.#pictures === "camera" ? "camera" : "aged", { connected, everConnected, stopped, full, state, header, lostAt });
    mark(this.#over, "hidden", over === null);
    if (over !== null) {
      write(this.#over.querySelector("strong"), over[0]);
      write(this.#over.querySelector("span"), over[1]);
    }
    this.paintFaces();
  }

  /** With every picture. */
  paintFaces() {
    const { header } = this.#store;
    if (header === null) return;
    const aged = byId("aged-figure").querySelector("figcaption");
    write(aged, header.view === "aged" ? header.words : [header.words, header.note].filter(Boolean).join(" · "));
    mark(aged, "class", header.view === "aged" ? null : "warn");
    write(byId("camera-figure").querySelector("figcaption"), "CAMERA");
    const over = !this.#over.hidden;
    const faces = over ? [] : header.faces;
    this.#paintBoxes(faces);
    this.#paintChips(faces);
    this.who.paint();
  }

  #paintBoxes(faces) {
    const ids = new Set(faces.filter((face) => face.box).map((face) => face.id));
    for (const [id, box] of this.#boxes) if (!ids.has(id)) { box.remove(); this.#boxes.delete(id); }
    for (const face of faces) {
      if (!face.box) continue;
      let box = this.#boxes.get(face.id);
      if (box === undefined) {
        box = make("button", { type: "button", class: "box", tabindex: "-1", "data-face": face.id, on: { click: () => this.who.ask(face.id) } }, make("span"));
        this.#boxes.set(face.id, box);
        byId("boxes").append(box);
      }
      const [left, top, right, bottom] = face.box;
      box.style.left = `${left * 100}%`;
      box.style.top = `${top * 100}%`;
      box.style.width = `${(right - left) * 100}%`;
      box.style.height = `${(bottom - top) * 100}%`;
      mark(box, "data-kind", kindOf(face));
      mark(box, "data-low", top < 0.08);
      mark(box, "aria-label", faceWords(face).join(", "));
      write(box.firstChild, `${face.pinned ? "◆ " : ""}${nameOf(face)}`);
    }
  }

  /** Under the picture the same faces stand still: easier to hit than one that moves. */
  #paintChips(faces) {
    const now = performance.now();
    for (const face of faces) {
      let chip = this.#chips.get(face.id);
      if (chip === undefined) {
        const element = make("button", { type: "button", class: "chip", "data-face": face.id, "aria-haspopup": "dialog", on: { click: () => this.who.ask(face.id) } }, make("b"), make("span"));
        chip = { element, seen: now };
        this.#chips.set(face.id, chip);
        byId("faces").append(element);
      }
      chip.seen = now;
      const [name, ...rest] = faceWords(face);
      write(chip.element.firstChild, `${face.pinned ? "◆ " : ""}${name}`);
      write(chip.element.lastChild, rest.join(" · "));
      mark(chip.element, "data-kind", kindOf(face));
      mark(chip.element, "data-gone", false);
    }
    for (const [id, { element, seen }] of this.#chips) {
      if (seen === now) continue;
      mark(element, "data-gone", true);
      if (now - seen > STAY_MS) { element.remove(); this.#chips.delete(id); }
    }
    const told = { clean: "Clean picture: faces are not told", failed: "The engine tells of no face now" }[this.#store.header.view];
    mark(byId("faces"), "data-none", this.#chips.size === 0 ? told ?? "No face in the picture" : null);
  }
}

/** known, changed only in part, or left alone. */
function kindOf({ performer, name, strength, reasons }) {
  if (strength > 0.98) return "aged";
  if (strength > 0.02) return "fading";
  return performer || name || !reasons.includes("unknown") ? "left" : "stranger";
}

export function nameOf({ name, reasons, pinned, id }) {
  if (name) return name;
  if (pinned) return "Nobody of the cast";
  return reasons.includes("unknown") ? `Stranger ${id}` : `Face ${id}`;
}

/** Name, how surely, to which age, why not: in words. */
export function faceWords(face) {
  const sure = face.pinned ? "PINNED" : likenessWords(face);
  const why = face.reasons.filter((reason) => !(face.pinned && reason === "unknown")).map((reason) => WHY[reason] ?? reason.toUpperCase());
  const age = face.target_age !== null && face.target_age !== undefined && face.strength > 0.02 ? `AT ${Math.round(face.target_age * 10) / 10}` : "";
  return [nameOf(face), age, sure, ...why].filter(Boolean);
}

/** How surely it is who it is taken for; of a stranger, how near the likeliest performer is. */
export function likenessWords({ likeness, performer, name }) {
  if (likeness === null || likeness === undefined) return "";
  if (!performer && !name) return `nearest ${likeness.toFixed(2)}`;
  const words = likeness <= SURE ? "SURE" : likeness <= LIKELY ? "LIKELY" : "DOUBTFUL";
  return `${words} ${likeness.toFixed(2)}`;
}
