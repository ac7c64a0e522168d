// What the console knows: the server's word, and what was asked of it and not answered yet.

const PATIENCE_MS = 2500;
const SETTLE_MS = 250;
const SAID_MS = 9000;
const MINE_MS = 4000;

export class Store {
  set = null;
  state = null;
  header = null;
  figures = null;
  connected = false;
  everConnected = false;
  stopped = false;
  full = null;
  refused = "";
  me = { role: "", may_act: true };
  lostAt = null;
  #id = 0;
  #pending = new Map();
  #said = new Map();
  #mine = new Map();
  #send;
  #changed;

  /** `send(message)` to the server; `changed()`: something is to be painted. */
  constructor(send, changed) {
    this.#send = send;
    this.#changed = changed;
  }

  /** Why nothing may be asked now, in words; empty when it may. */
  get hindrance() {
    if (this.full !== null) return this.full;
    if (this.refused !== "") return this.refused;
    if (!this.connected) return "NOT CONNECTED: nothing was sent";
    if (this.me.may_act === false) return "LOOKING ONLY: this page was opened as a viewer's; ask for an operator's invitation";
    return "";
  }

  /** Ask for something, at once. `key`, `value`: what the page shows meanwhile. `place`: where a refusal is said. */
  act(name, values = {}, { key = name, value = true, place = name } = {}) {
    if (this.hindrance !== "") {
      this.say(place, this.hindrance);
      return;
    }
    const id = this.#id += 1;
    this.#said.delete(place);
    this.#pending.set(key, { id, value, place, done: false });
    this.#mine.set(key, performance.now());
    this.#send({ ...values, type: "act", act: name, id });
    setTimeout(() => this.#late(id), PATIENCE_MS);
    this.#changed();
  }

  /** What was asked under `key` and is not answered yet; otherwise the server's word. */
  asked(key, word) {
    return this.#pending.has(key) ? this.#pending.get(key).value : word;
  }

  waits(key) {
    return this.#pending.has(key);
  }

  /** Whether this page asked for a change of `key` lately. */
  mine(key) {
    return performance.now() - (this.#mine.get(key) ?? -Infinity) < MINE_MS;
  }

  say(place, words) {
    this.#said.set(place, words);
    setTimeout(() => {
      if (this.#said.get(place) !== words) return;
      this.#said.delete(place);
      this.#changed();
    }, SAID_MS);
    this.#changed();
  }

  /** What was refused at a control, in words. */
  said(place) {
    return this.#said.get(place) ?? "";
  }

  heardSet({ type, me, ...set }) {
    // The list of scenes need not be sent again with every change.
    this.set = { ...set, scenes: set.scenes ?? this.set?.scenes ?? [] };
    if (me !== undefined) this.me = me;
    for (const [key, pending] of this.#pending) if (pending.done) this.#pending.delete(key);
    this.#changed();
  }

  heardDid({ id, version }) {
    const key = this.#keyOf(id);
    if (key === null) return;
    if (this.set.version >= version) {
      this.#forget(key);
      return;
    }
    this.#pending.get(key).done = true;
    setTimeout(() => { if (this.#keyOf(id) === key) this.#forget(key); }, SETTLE_MS);
  }

  /** Returns the words, in one line, if they answer something that was asked here. */
  heardRefused({ id, words: lines }) {
    const key = this.#keyOf(id);
    if (key === null) return null;
    const words = lines.trim().replace(/[.\s]*\n\s*/g, ". ");
    this.say(this.#pending.get(key).place, words);
    this.#forget(key);
    return words;
  }

  /** The line is down: what was not answered may not have arrived. */
  lost() {
    this.connected = false;
    for (const { place, done } of this.#pending.values()) if (!done) this.say(place, "LINE LOST: perhaps not done");
    this.#pending.clear();
    this.#changed();
  }

  #late(id) {
    const key = this.#keyOf(id);
    if (key === null || this.#pending.get(key).done) return;
    this.say(this.#pending.get(key).place, "NO ANSWER: perhaps not done");
    this.#forget(key);
  }

  #keyOf(id) {
    for (const [key, pending] of this.#pending) if (pending.id === id) return key;
    return null;
  }

  #forget(key) {
    this.#pending.delete(key);
    this.#changed();
  }
}
