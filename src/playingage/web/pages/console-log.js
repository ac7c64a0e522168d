// What happened lately, read off the difference of two states: also what another console did.

import { years } from "./console-age.js";
import { grantWords } from "./console-card.js";
import { byId, make } from "./console-dom.js";
import { RUNS } from "./console-health.js";

const MOST = 200;
const SAME_MS = 3000;

export class Log {
  #store;
  #list = byId("lines");
  #last = new Map();
  #set = null;
  #state = null;
  #notice = "";

  constructor(store) {
    this.#store = store;
  }

  heardSet(set) {
    const before = this.#set;
    this.#set = set;
    if (before === null) {
      this.#notice = set.notice;
      return;
    }
    const lines = setChanges(before, set);
    const { me } = this.#store;
    const other = set.by !== "" && set.by !== me.name ? set.by : "another console";
    for (const line of lines) this.add(line.words, line, line.act === "" || this.#store.mine(line.act) ? "" : other);
    const told = set.notice !== this.#notice && set.notice !== "" && lines.length === 0;
    this.#notice = set.notice;
    if (told) this.add(set.notice, { key: "notice" });
  }

  heardState(state) {
    const before = this.#state;
    this.#state = state;
    if (before === null) return;
    const { source, engine } = state;
    if (source.state !== before.source.state) {
      const bad = source.state !== "live";
      this.add(bad ? source.words : `CAMERA BACK after ${Math.round(before.source.for_s)} s`, { key: "source", bad });
    }
    if (engine.state !== before.engine.state) {
      const bad = !RUNS.includes(engine.state);
      this.add(bad ? `ENGINE ${engine.state.toUpperCase()}: ${engine.detail}` : "ENGINE RUNS AGAIN", { key: "engine", bad });
    }
    const [was, is] = [before.recorder, state.recorder];
    if (was !== undefined && is !== undefined && was.state !== is.state && is.state !== "recording" && is.state !== "idle") {
      this.add(`RECORDER ${is.words || is.state}`, { key: "recorder", bad: true });
    }
  }

  /** A line at the top; one about an age that follows its like within seconds (a slider) takes its place. */
  add(words, { key = "", bad = false } = {}, by = "") {
    const now = performance.now();
    const time = new Date().toTimeString().slice(0, 8);
    const like = this.#last.get(key);
    if (key.startsWith("age:") && like !== undefined && now - like.at < SAME_MS) like.line.remove();
    const line = make("li", { "data-bad": bad }, make("time", { text: time }), make("span", { text: words }), make("i", { text: by }));
    this.#last.set(key, { line, at: now });
    this.#list.prepend(line);
    while (this.#list.children.length > MOST) this.#list.lastChild.remove();
  }
}

/** Lines about what changed from one set state to the next: words, the act that does this, whether it is bad news. */
export function setChanges(before, after) {
  const lines = [];
  const add = (words, act, key = act, bad = false) => lines.push({ words, act, key, bad });
  const [was, is] = [before.slate, after.slate];
  if (was.scene !== is.scene) add(`Scene ${is.scene || "–"} ${is.shot} take ${is.take}`, "scene");
  else if (was.shot !== is.shot) add(`Shot ${is.shot || "–"} take ${is.take}`, "shot");
  else if (was.take !== is.take && !before.rolling) add(`Take ${is.take}`, "take");
  if (before.rolling !== after.rolling) add(after.rolling ? `Rolling: scene ${is.scene || "–"} ${is.shot} take ${is.take}` : `Cut: scene ${was.scene || "–"} ${was.shot} take ${was.take}`, "rolling");
  if (before.emergency !== after.emergency) add(after.emergency ? "EMERGENCY: clean picture on every monitor" : "Aged picture again on every monitor", "emergency", "emergency", after.emergency);
  if (before.age !== after.age) add(`Everybody: ${years(after.age)}`, "age:");
  const moved = was.scene !== is.scene || was.shot !== is.shot;
  for (const each of after.performers) {
    const old = before.performers.find((other) => other.performer === each.performer);
    if (old === undefined) continue;
    const { performer: id, name } = each;
    if (old.stopped !== each.stopped) add(`${name}: ${each.stopped === "" ? grantWords(each) : each.stopped}`, "", `stopped:${id}`, each.stopped !== "");
    if (old.on !== each.on) add(`${name}: ${each.on ? "on" : "off"}`, `on:${id}`);
    if (old.strength !== each.strength) add(`${name}: strength ${Math.round(each.strength * 100)}%`, `strength:${id}`, `age:strength:${id}`);
    const byHand = each.age_from === "hand" || old.age_from === "hand";
    if (byHand && !moved && (old.age !== each.age || old.age_from !== each.age_from)) {
      add(each.age_from === "hand" ? `${name}: ${years(each.age)} by hand` : `${name}: back to ${each.age === null ? "no age" : years(each.age)}, by ${each.age_from}`, `age:${id}`);
    }
  }
  return lines;
}
