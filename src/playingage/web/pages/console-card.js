// A performer: age now and where it comes from, what may be asked, model, grant, strength, on or off.

import { AgeControl, years } from "./console-age.js";
import { make, mark, write } from "./console-dom.js";

const FROM = { schedule: "SCHEDULE", hand: "BY HAND", start: "AS STARTED", none: "NO AGE ASKED" };
const HASH = 10;

export class Card {
  #store;
  #who;
  #name;

  constructor(store, performer, name, chosen) {
    this.#store = store;
    this.#who = performer;
    this.#name = name;
    this.age = new AgeControl(name, (age) => this.#act("age", { age }, age), (words) => store.say(this.#place, words));
    this.key = make("kbd");
    this.name = make("h3", {}, make("span", { text: name }), this.key);
    this.model = make("p", { class: "quiet" });
    this.limits = make("p", { class: "quiet limits" });
    this.grant = make("p", { class: "grant" });
    this.now = make("b", { class: "now" });
    this.from = make("span", { class: "from" });
    this.back = make("button", { type: "button", class: "back", text: "back to schedule", on: { click: () => this.follow() } });
    this.switch = make("button", { type: "button", class: "switch-on", "aria-pressed": "true", on: { click: () => this.turn() } });
    this.strength = make("input", { type: "range", min: 0, max: 100, step: 5, "aria-label": `Strength for ${name}` });
    this.strengthWords = make("b", { class: "strength-words" });
    this.strength.addEventListener("input", () => {
      this.#act("strength", { strength: Number(this.strength.value) / 100 }, Number(this.strength.value) / 100);
    });
    this.regions = make("ul", { class: "regions", "aria-label": "Ages of parts of the face" });
    this.seen = make("span", { class: "seen" });
    this.said = make("p", { class: "said", role: "alert" });
    this.element = make("article", { class: "card", tabindex: "-1", "aria-label": name, "data-performer": performer },
      make("div", { class: "who" }, this.name, this.model, this.grant, this.limits, this.seen),
      make("div", { class: "asked" }, this.now, this.from),
      make("div", { class: "controls" },
        make("div", { class: "line" }, this.age.element),
        make("div", { class: "line" }, this.back,
          make("label", { class: "strength" }, make("i", { text: "strength" }), this.strength, this.strengthWords), this.regions),
        this.said),
      this.switch);
    this.element.addEventListener("pointerdown", () => chosen(this));
    this.element.addEventListener("focusin", () => chosen(this));
  }

  get #place() {
    return `card:${this.#who}`;
  }

  #act(name, values, value) {
    this.#store.act(name, { performer: this.#who, ...values }, { key: `${name}:${this.#who}`, value, place: this.#place });
  }

  step(by) {
    this.age.step(by);
  }

  follow() {
    this.#act("age", { age: null }, null);
  }

  turn() {
    const on = !this.#store.asked(`on:${this.#who}`, this.#performer?.on ?? true);
    this.#act("on", { on }, on);
  }

  get #performer() {
    return this.#store.set?.performers.find((each) => each.performer === this.#who) ?? null;
  }

  /** `faces`: those of the newest picture that show this performer; `told`: whether that picture tells of faces. */
  paint(p, faces, told, number) {
    const store = this.#store;
    const hindered = store.hindrance !== "";
    const asked = store.asked(`age:${this.#who}`, p.age);
    const on = store.asked(`on:${this.#who}`, p.on);
    const strength = store.asked(`strength:${this.#who}`, p.strength);
    // What moves within the shot is read off the picture itself.
    const moving = p.keyed && typeof faces[0]?.target_age === "number" && !store.waits(`age:${this.#who}`);
    const now = moving ? faces[0].target_age : asked;
    this.age.paint(now, p.ages, { model: p.known, grant: p.granted }, hindered);
    write(this.now, now === null ? "–" : years(now));
    const scheduled = p.age_from === "hand" && typeof p.planned === "number" ? ` · ${store.set.schedule ? "SCHEDULE" : "START"} ${years(p.planned)}` : "";
    write(this.from, (FROM[p.age_from] ?? p.age_from.toUpperCase()) + (p.keyed ? " · MOVING" : "") + scheduled);
    mark(this.element, "data-waits", ["age", "on", "strength"].some((name) => store.waits(`${name}:${this.#who}`)));
    mark(this.element, "data-off", !on);
    mark(this.element, "data-stopped", p.stopped !== "" && on);
    mark(this.element, "data-from", p.age_from);
    write(this.key, String(number));
    mark(this.key, "hidden", number > 9);
    write(this.limits, `ages: grant ${span(p.granted)}, model ${span(p.known)}`);
    mark(this.back, "hidden", p.age_from !== "hand" && !store.waits(`age:${this.#who}`));
    write(this.back, store.set.schedule ? "back to schedule" : "back to start");
    mark(this.back, "disabled", hindered);
    write(this.model, [p.model || "no model", p.size ? `${p.size} px` : "", p.model_sha256.slice(0, HASH)].filter(Boolean).join(" · "));
    mark(this.model, "title", p.model_sha256 ? `${p.model} ${p.model_sha256}` : null);
    write(this.grant, grantWords(p));
    mark(this.grant, "title", p.grant ? `grant ${p.grant}` : null);
    mark(this.grant, "class", p.stopped === "" && p.grant ? "grant" : "grant bad");
    write(this.switch, on ? "on" : "off");
    mark(this.switch, "aria-pressed", String(on));
    mark(this.switch, "aria-label", `${this.#name}: ageing ${on ? "on" : "off"}`);
    mark(this.switch, "disabled", hindered);
    if (!this.strength.matches(":active")) this.strength.value = Math.round(strength * 100);
    mark(this.strength, "disabled", hindered);
    write(this.strengthWords, `${Math.round(strength * 100)}%`);
    const regions = Object.entries(p.regions).map(([name, age]) => `${name} ${years(age)}`);
    if (this.regions.textContent !== regions.join("")) this.regions.replaceChildren(...regions.map((text) => make("li", { text })));
    write(this.seen, told ? seenWords(faces) : "");
    write(this.said, store.said(this.#place));
  }
}

/** What stands about the right to age this performer: in words, never a bare colour. */
export function grantWords({ stopped, grant, grant_until: until }) {
  if (stopped !== "") return stopped;
  if (grant === "") return "NO GRANT";
  return until ? `GRANT IN FORCE UNTIL ${until.slice(0, 10)}` : "GRANT IN FORCE";
}

function span([low, high]) {
  return `${years(low)}–${years(high)}`;
}

function seenWords(faces) {
  if (faces.length === 0) return "NOT IN THE PICTURE";
  return faces.some((face) => face.pinned) ? "IN THE PICTURE ◆" : "IN THE PICTURE";
}
