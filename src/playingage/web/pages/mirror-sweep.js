// An age that goes from one to another and back, again and again, as fast as the server answers.

const EVERY_MS = 80;
const LEAST = 0.2;
const KEPT = 24;

/** The age after `passed` seconds: from `from` to `to` in `seconds`, back in as many, and so on. */
export function ageAt(from, to, seconds, passed) {
  const turn = (passed / seconds) % 2;
  const share = turn <= 1 ? turn : 2 - turn;
  return from + (to - from) * share;
}

export class Sweep {
  #ask;
  #busy;
  #timer = 0;
  #plan = null;
  #said = [];
  #was = null;
  #holds = false;

  /** `ask(age, was)`: only while `was` still holds; `busy()`: the last one is not answered yet. */
  constructor(ask, busy) {
    this.#ask = ask;
    this.#busy = busy;
  }

  get going() {
    return this.#plan !== null;
  }

  /** `was`: the age that is set by hand now, or null. */
  start(from, to, seconds, was) {
    this.#was = was;
    this.#plan = { from, to, seconds, begun: performance.now() };
    this.#said = [];
    this.#holds = false;
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#tick(), EVERY_MS);
    this.#tick();
  }

  /** The age that it asked for last, or what held before. */
  get last() {
    return this.#was;
  }

  stop() {
    clearInterval(this.#timer);
    this.#plan = null;
  }

  /** Whether what holds now is of this sweep: one of the ages asked lately, once the first of them has come to hold. */
  owns(age, byHand) {
    const ours = byHand && this.#said.includes(age);
    this.#holds ||= ours;
    return ours || !this.#holds;
  }

  #tick() {
    const { from, to, seconds, begun } = this.#plan;
    if (this.#busy()) return;
    const age = Math.round(ageAt(from, to, seconds, (performance.now() - begun) / 1000) * 10) / 10;
    if (this.#said.length > 0 && Math.abs(age - this.#said.at(-1)) < LEAST && age !== from && age !== to) return;
    if (age === this.#said.at(-1)) return;
    this.#said.push(age);
    if (this.#said.length > KEPT) this.#said.shift();
    this.#ask(age, this.#was);
    this.#was = age;
  }
}
