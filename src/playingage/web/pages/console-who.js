// Who is this? An operator's word on a face: a performer, nobody of the cast, or let the program decide.

import { Panel, byId, make, mark, write } from "./console-dom.js";
import { faceWords } from "./console-picture.js";

export class Who {
  #store;
  #panel = new Panel("who");
  #face = null;
  #built = "";

  constructor(store) {
    this.#store = store;
  }

  ask(face) {
    this.#face = face;
    this.#built = "";
    this.paint();
    this.#panel.show(byId("who-choices").querySelector("button"));
  }

  paint() {
    const { set, header } = this.#store;
    if (this.#face === null || set === null) return;
    const face = header?.faces.find((each) => each.id === this.#face) ?? null;
    write(byId("who-about"), face === null ? "This face has left the picture." : faceWords(face).join(" · "));
    write(byId("who-said"), this.#store.said("who"));
    const hindered = this.#store.hindrance !== "";
    const built = JSON.stringify([set.performers.map((each) => each.name), this.#face]);
    if (built !== this.#built) {
      this.#built = built;
      const choice = (text, act, values, value) => make("button", { type: "button", text, "data-value": value, on: { click: () => this.#say(act, values, value) } });
      byId("who-choices").replaceChildren(
        ...set.performers.map((each) => choice(`This is ${each.name}`, "pin", { performer: each.performer }, each.performer)),
        choice("Nobody of the cast", "pin", { performer: null }, "nobody"),
        choice("Let the program decide", "unpin", {}, "program"),
      );
    }
    const now = face === null ? null : !face.pinned ? "program" : face.performer || "nobody";
    for (const button of byId("who-choices").children) {
      mark(button, "aria-pressed", String(button.dataset.value === this.#store.asked(`pin:${this.#face}`, now)));
      mark(button, "disabled", hindered);
    }
    if (set.performers.length === 0) write(byId("who-said"), "Nobody is told from others here: live was started without performers.");
  }

  #say(act, values, value) {
    this.#store.act(act, { face: this.#face, ...values }, { key: `pin:${this.#face}`, value, place: "who" });
    if (this.#store.hindrance === "") this.#panel.close();
  }
}
