// Keys. They are told here, in one table, to the hand and to the help.

import { Panel, byId, make } from "./console-dom.js";

export class Keys {
  #panel = new Panel("help", byId("open-help"));
  #on;

  /** `on`: { emergency, roll, scene, shot, scenes, step, choose, type, follow, turn, mark, picture }. */
  constructor(on) {
    this.#on = on;
    const told = [
      ["E · Pause", "emergency: clean picture on every monitor, at once; Pause also while you type words"],
      ["T", "roll the take; cut"],
      ["N · B", "next scene · the one before; with shift: shot"],
      ["/", "list of scenes, search"],
      ["1 … 9", "choose a performer"],
      ["↑ ↓", "the chosen one a year older · younger; with shift five"],
      ["A", "type the chosen one's age"],
      ["S", "the chosen one back to the schedule"],
      ["O", "the chosen one off · on"],
      ["M", "mark the take with words"],
      ["P", "playback of the last take, in a window of its own"],
      ["V", "aged picture · camera · both"],
      ["?", "this list; Esc closes it"],
    ];
    byId("help-keys").replaceChildren(...told.flatMap(([key, words]) => [make("dt", { text: key }), make("dd", { text: words })]));
    byId("open-help").addEventListener("click", () => this.help());
    document.addEventListener("keydown", (event) => this.#key(event));
  }

  help() {
    if (this.#panel.open) this.#panel.close();
    else this.#panel.show();
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Pause") { event.preventDefault(); this.#on.emergency(); return; }
    const { target } = event;
    const words = target instanceof HTMLInputElement && (target.type === "search" || target.id === "mark-words");
    const number = target instanceof HTMLInputElement && target.type === "text" && !words;
    if (words) return;
    // On keyboards of other scripts the key's place counts.
    const letter = event.key.length === 1 && event.key > "~" ? event.code.replace(/^Key|^Digit/, "") : event.key;
    const key = letter.length === 1 ? letter.toLowerCase() : letter;
    // No number has a letter in it: the emergency key works in the fields for numbers too.
    if (number && key !== "e") return;
    if (event.key.startsWith("Arrow") && target instanceof HTMLInputElement) return;
    const step = event.shiftKey ? 5 : 1;
    const acts = {
      e: this.#on.emergency, t: this.#on.roll, "/": this.#on.scenes, a: this.#on.type, s: this.#on.follow, o: this.#on.turn, m: this.#on.mark,
      v: this.#on.picture, p: () => byId("playback").click(), "?": () => this.help(),
      n: () => (event.shiftKey ? this.#on.shot(1) : this.#on.scene(1)),
      b: () => (event.shiftKey ? this.#on.shot(-1) : this.#on.scene(-1)),
      ArrowUp: () => this.#on.step(step), ArrowDown: () => this.#on.step(-step),
    };
    for (let n = 1; n <= 9; n += 1) acts[n] = () => this.#on.choose(n - 1);
    const act = acts[key];
    if (act === undefined) return;
    event.preventDefault();
    if (!event.repeat || key.startsWith("Arrow")) act();
  }
}
