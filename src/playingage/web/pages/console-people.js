// All performers, and who of them the keys act on. Where nobody is told from others: one age for everybody.

import { AgeControl, years } from "./console-age.js";
import { Card } from "./console-card.js";
import { byId, make, mark, write } from "./console-dom.js";

export class People {
  #store;
  #box = byId("people");
  #cards = new Map();
  #chosen = 0;
  #everybody = null;

  constructor(store) {
    this.#store = store;
  }

  get chosen() {
    return this.#everybody ?? [...this.#cards.values()][this.#chosen] ?? null;
  }

  /** Take the n-th performer, from 0. */
  choose(n) {
    const cards = [...this.#cards.values()];
    if (cards[n] === undefined) return;
    this.#chosen = n;
    cards[n].element.focus();
    cards[n].element.scrollIntoView({ block: "nearest" });
    this.#show();
  }

  paint() {
    const { set, header } = this.#store;
    if (set === null) return;
    if (set.performers.map((each) => each.performer).join() !== [...this.#cards.keys()].join()) this.#build(set.performers);
    mark(this.#box, "data-count", set.performers.length);
    if (set.performers.length === 0) this.#paintEverybody();
    set.performers.forEach((performer, i) => {
      const faces = header?.faces.filter((face) => face.performer === performer.performer) ?? [];
      this.#cards.get(performer.performer).paint(performer, faces, header !== null && !["clean", "failed"].includes(header.view), i + 1);
    });
  }

  #build(performers) {
    const take = (card) => { this.#chosen = [...this.#cards.values()].indexOf(card); this.#show(); };
    this.#cards = new Map(performers.map((each) => [each.performer, new Card(this.#store, each.performer, each.name, take)]));
    this.#everybody = null;
    this.#chosen = 0;
    this.#box.replaceChildren(...[...this.#cards.values()].map((card) => card.element));
    this.#show();
  }

  #show() {
    [...this.#cards.values()].forEach((card, i) => mark(card.element, "data-chosen", i === this.#chosen));
  }

  #paintEverybody() {
    const store = this.#store;
    this.#everybody ??= this.#buildEverybody();
    const { state, set } = store;
    const age = store.asked("age:", set.age);
    this.#everybody.age.paint(age, state === null ? [18, 90] : [state.youngest, state.oldest], null, store.hindrance !== "");
    write(this.#everybody.now, years(age));
    write(this.#everybody.said, store.said("card:"));
    mark(this.#everybody.element, "data-waits", store.waits("age:"));
  }

  #buildEverybody() {
    const store = this.#store;
    const ask = (age) => store.act("age", { age }, { key: "age:", value: age, place: "card:" });
    const age = new AgeControl("everybody", ask, (words) => store.say("card:", words));
    const now = make("b", { class: "now" });
    const said = make("p", { class: "said", role: "alert" });
    const element = make("article", { class: "card", "data-chosen": true, "aria-label": "Everybody" },
      make("div", { class: "who" }, make("h3", { text: "Everybody" }), make("p", { class: "quiet", text: "Nobody is told from others: every face is taken to this age." })),
      make("div", { class: "asked" }, now, make("span", { class: "from", text: "BY HAND" })),
      make("div", { class: "controls" }, make("div", { class: "line" }, age.element), said));
    this.#box.replaceChildren(element);
    return { element, age, now, said, step: (by) => age.step(by), follow: () => {}, turn: () => {} };
  }
}
