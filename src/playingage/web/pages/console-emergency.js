// Emergency: one key or one touch takes every aged monitor to the clean picture. Back again only after a second word.

import { Panel, byId, mark, write } from "./console-dom.js";

export class Emergency {
  #store;
  #panel = new Panel("resume", byId("emergency"));

  constructor(store) {
    this.#store = store;
    byId("emergency").addEventListener("click", () => (this.#on ? this.ask() : this.act()));
    byId("resume-no").addEventListener("click", () => this.#panel.close());
    byId("resume-yes").addEventListener("click", () => { this.#act(false); this.#panel.close(); });
  }

  get #on() {
    return this.#store.asked("emergency", this.#store.set?.emergency ?? false);
  }

  /** The clean picture, now. Pressed again it stays so. */
  act() {
    this.#panel.close();
    this.#act(true);
  }

  /** Before the aged picture comes back. */
  ask() {
    if (this.#on) this.#panel.show(byId("resume-yes"));
  }

  #act(on) {
    this.#store.act("emergency", { on }, { key: "emergency", value: on, place: "emergency" });
  }

  paint() {
    const { set, hindrance } = this.#store;
    const on = this.#on;
    if (!on) this.#panel.close();
    mark(document.body, "data-emergency", on);
    mark(byId("emergency"), "aria-pressed", String(on));
    mark(byId("emergency"), "data-waits", this.#store.waits("emergency"));
    mark(byId("emergency"), "disabled", hindrance !== "" || set === null);
    write(byId("emergency-words"), on ? "RESUME AGEING …" : "EMERGENCY");
    write(byId("emergency-note"), on ? "every monitor shows the clean picture" : "clean picture on every monitor");
    write(byId("emergency-said"), this.#store.said("emergency"));
  }
}
