// How it runs: delay, rate, what was dropped where, camera, engine, recorder, outputs, viewers.

import { byId, make, mark, write } from "./console-dom.js";
import { signed } from "./words.js";

const ASK_MS = 2000;
const FEW_MINUTES = 20;
const SMOOTH = 0.15;
export const RUNS = ["idle", "working"];

export class Health {
  #store;
  #clock;
  #cells = new Map();
  #delay = null;
  #times = [];
  #box = byId("health");

  constructor(store, clock) {
    this.#store = store;
    this.#clock = clock;
    setInterval(() => this.#ask(), ASK_MS);
    this.#ask();
  }

  /** A new connection. */
  begin() {
    this.#delay = null;
    this.#times = [];
    this.#ask();
  }

  shown(header, at) {
    const delay = at - header.captured;
    this.#delay = this.#delay === null ? delay : this.#delay * (1 - SMOOTH) + delay * SMOOTH;
    this.#times.push(performance.now());
    while (this.#times.length > 0 && this.#times[0] < performance.now() - 2000) this.#times.shift();
  }

  async #ask() {
    if (document.hidden || !this.#store.connected) return;
    try {
      const answer = await fetch("/api/state");
      if (answer.ok) this.#store.figures = await answer.json();
    } catch {
      this.#store.figures = null;
    }
  }

  paint() {
    const { state, figures, set, header, connected } = this.#store;
    const source = state?.source;
    const bad = !connected || (source && source.state !== "live" && source.state !== "starting");
    this.#cell("camera", state === null ? "–" : source.state === "live" ? "LIVE" : source.words,
      source ? `${source.name} · ${source.width} × ${source.height} · ${rate(source.rate)} fps${source.detail ? ` · ${source.detail}` : ""}` : "", bad);
    const engine = state?.engine;
    const failed = engine !== undefined && !RUNS.includes(engine.state);
    this.#cell("engine", engine?.state.toUpperCase() ?? "–", engine?.detail || "", failed);
    this.#cell("delay", this.#delay !== null && this.#clock.known ? signed(this.#delay, this.#clock.error) : "–", "capture to this page", false);
    this.#cell("fps", fps(this.#times), source ? `of ${rate(source.rate)}` : "", false);
    const dropped = figures?.dropped ?? {};
    const all = Object.values(dropped).reduce((sum, each) => sum + each, 0);
    this.#cell("dropped", figures === null ? String(header?.dropped ?? "–") : String(all), droppedWords(dropped), false);
    this.#recorder(set?.recorder ?? state?.recorder ?? figures?.recorder ?? null, state?.recorder);
    this.#outputs(state?.outputs ?? []);
    const viewers = figures?.viewers;
    this.#cell("viewers", viewers === undefined ? "–" : String(viewers.length), viewers ? viewersWords(viewers) : "", false);
  }

  #recorder(told, newer) {
    const report = { ...told, ...newer };
    if (told === null || report.state === "none") {
      this.#cell("recorder", "NONE", "nothing is recorded in this run", false);
      return;
    }
    const bad = report.state === "stopped" || Boolean(report.words);
    const left = minutesLeft(report);
    const few = left !== null && left < FEW_MINUTES;
    const parts = [
      report.words, report.state === "recording" ? `${report.frames} frames` : "", report.dropped ? `${report.dropped} dropped` : "",
      left !== null ? `${left} min left on disk` : report.free_bytes !== undefined ? `${(report.free_bytes / 1e9).toFixed(1)} GB free` : "",
    ];
    this.#cell("recorder", String(report.state).toUpperCase(), parts.filter(Boolean).join(" · "), bad || few);
  }

  #outputs(outputs) {
    if (outputs.length === 0) return;
    const bad = outputs.filter((each) => each.state !== "live");
    this.#cell("outputs", bad.length > 0 ? `${bad.length} OF ${outputs.length} NOT LIVE` : `${outputs.length} LIVE`,
      [...bad, ...outputs.filter((each) => each.state === "live")].map((each) => `${each.shows} to ${each.address}: ${each.words || each.state}`).join(" · "), bad.length > 0);
  }

  #cell(name, words, note, bad) {
    let cell = this.#cells.get(name);
    if (cell === undefined) {
      cell = make("div", { class: "cell", "data-name": name }, make("i", { text: name }), make("b"), make("span"));
      this.#cells.set(name, cell);
      this.#box.append(cell);
    }
    write(cell.children[1], words);
    write(cell.children[2], note);
    mark(cell.children[2], "title", note || null);
    mark(cell, "data-bad", bad);
  }
}

function minutesLeft({ minutes_left: minutes }) {
  return typeof minutes === "number" ? Math.floor(minutes) : null;
}

function fps(times) {
  return times.length < 3 ? "–" : ((times.length - 1) * 1000 / (times.at(-1) - times[0])).toFixed(1);
}

function rate(value) {
  return String(Math.round(value * 1000) / 1000);
}

/** Only places where frames were lost. */
function droppedWords(dropped) {
  const places = Object.entries(dropped).filter(([, number]) => number > 0);
  return places.length > 0 ? places.map(([place, number]) => `${place} ${number}`).join(" · ") : "nowhere";
}

function viewersWords(viewers) {
  const slow = viewers.filter((each) => each.strained).length;
  return slow > 0 ? `${slow} too slow for every picture` : "watching now";
}
