// Puts the mirror together.

import { ServerClock } from "./clock.js";
import { AgeControl, years } from "./console-age.js";
import { byId, make, mark, write } from "./console-dom.js";
import { Store } from "./console-store.js";
import { Link } from "./link.js";
import { MirrorFrame } from "./mirror-frame.js";
import { Sweep } from "./mirror-sweep.js";
import { faceOf, mirrorWords } from "./mirror-words.js";
import { Screen } from "./screen.js";
import { overWords } from "./words.js";

const KEPT = "playingage-mirror";
const IDLE_MS = 4000;
const SECONDS = 6;
const clock = new ServerClock();
const store = new Store((message) => link.send(message), () => paintSoon());
const canvas = byId("aged");
const kept = remembered();
let chosen = new URLSearchParams(location.search).get("performer") ?? kept.who ?? "";
let asked = "";
let painting = false;
let before;
let owed = false;
let shown = "";

const frame = new MirrorFrame(byId("stage"), canvas, () => want());
frame.following = kept.following !== false;
const screen = new Screen(new Map([["aged", canvas]]), clock, {
  shape: () => { frame.shape(); want(); },
  skipped: (header) => link.send({ type: "skipped", serial: header.serial }),
  shown: (header, times) => {
    link.send({ type: "shown", serial: header.serial, ...times, error: clock.error });
    store.header = header;
    frame.look(["aged", "fading", "no_face"].includes(header.view) ? faceOf(header.faces, who()?.performer ?? "")?.box ?? null : null);
    say();
  },
});
const age = new AgeControl("the performer", (value) => { halt(); ask(value); }, (words) => store.say("age", words));
byId("age").append(age.element);
const sweep = new Sweep((value, was) => ask(value, { was }), () => store.waits("age"));
const link = new Link({
  open: () => {
    Object.assign(store, { connected: true, everConnected: true, stopped: false, full: null });
    screen.reset();
    clock.start((message) => link.send(message));
    asked = "";
    want();
    paintSoon();
  },
  lost: (stopped) => {
    store.stopped ||= stopped;
    store.lost();
    if (sweep.going) { halt("LINE LOST: THE SWEEP ENDED"); owed = true; }
    clock.stop();
  },
  told: heard,
  pair: (header, jpegs) => screen.take(header, jpegs),
});

const MEANWHILE = "another age was set meanwhile";
const ELSEWHERE = "ANOTHER AGE WAS SET ELSEWHERE: THE SWEEP ENDED";

/** The performer in the mirror; null where nobody is told from others. */
function who() {
  const all = store.set?.performers ?? [];
  return all.find((each) => each.performer === chosen) ?? all[0] ?? null;
}

function heard(message) {
  if (message.type === "pong") { clock.heard(message); return; }
  if (message.type === "set") { store.heardSet(message); judgeSweep(); payBack(); }
  else if (message.type === "did") store.heardDid(message);
  else if (message.type === "refused") refused(message);
  else if (message.type === "full") store.full = message.words;
  else if (message.type === "state") {
    const bad = (one) => one !== null && ["lost", "silent"].includes(one.source.state);
    if (bad(message) && !bad(store.state)) store.lostAt = new Date(Date.now() - message.source.for_s * 1000);
    store.state = message;
  }
  paintSoon();
}

/** Only a sweep asks on condition that nobody else did, and it may have ended before that answer comes. */
function refused(message) {
  if (store.heardRefused(message) === null) return;
  const elsewhere = message.words.includes(MEANWHILE);
  if (sweep.going) halt(elsewhere ? ELSEWHERE : message.words);
  else if (elsewhere) store.say("age", ELSEWHERE);
}

/** The limits of what may be asked, and what is asked now. */
function asks() {
  const person = who();
  if (person !== null) return { age: store.asked("age", person.age), ages: person.ages };
  const { youngest = 18, oldest = 90 } = store.state ?? {};
  return { age: store.asked("age", store.set?.age ?? null), ages: [youngest, oldest] };
}

function ask(value, only = {}) {
  const person = who();
  store.act("age", person === null ? { ...only, age: value } : { ...only, performer: person.performer, age: value }, { key: "age", value: value ?? person?.planned ?? null, place: "age" });
}

/** Begin a sweep, or end it where it is. */
function turn() {
  if (sweep.going) { halt(); return; }
  const { ages } = asks();
  const number = (id) => Number(byId(id).value.trim().replace(",", "."));
  const [from, to, seconds] = ["from", "to", "seconds"].map(number);
  if (store.hindrance !== "") { store.say("age", store.hindrance); return; }
  if (store.set?.rolling) { store.say("age", "A TAKE ROLLS: SWEEP AFTER THE CUT"); return; }
  for (const value of [from, to]) {
    if (!(value >= ages[0] && value <= ages[1])) { store.say("age", `SWEEP BETWEEN ${years(ages[0])} AND ${years(ages[1])}`); return; }
  }
  if (!(seconds >= 1 && seconds <= 600)) { store.say("age", "A SWEEP TAKES 1 TO 600 SECONDS ONE WAY"); return; }
  const person = who();
  before = person === null ? store.set.age : person.age_from === "hand" ? person.age : null;
  keep({ from, to, seconds });
  sweep.start(from, to, seconds, before);
  paintSoon();
}

/** `back`: what held before the sweep holds again; else the age stays. */
function halt(words = "", back = false) {
  if (!sweep.going) return;
  sweep.stop();
  if (back) giveBack();
  if (words !== "") store.say("age", words);
  paintSoon();
}

function giveBack() {
  ask(before, { was: sweep.last });
}

/** A sweep ends when somebody else decides, or when a take begins: then what held before is given back. */
function judgeSweep() {
  if (!sweep.going) return;
  const { set } = store;
  const person = who();
  if (set.emergency) halt("EMERGENCY: THE SWEEP ENDED", true);
  else if (set.rolling) halt("A TAKE ROLLS: THE SWEEP ENDED", true);
  else if (person?.stopped) halt(`${person.stopped}: THE SWEEP ENDED`, true);
  else if (!ours()) halt(ELSEWHERE);
}

function ours() {
  const person = who();
  return person === null ? sweep.owns(store.set.age, true) : sweep.owns(person.age, person.age_from === "hand");
}

/** After a lost line. */
function payBack() {
  if (!owed) return;
  owed = false;
  if (ours()) giveBack();
}

function choose(performer) {
  halt("", true);
  chosen = performer;
  keep({ who: performer });
  frame.forget();
  shown = "";
  paintSoon();
}

function remembered() {
  try {
    const found = JSON.parse(localStorage.getItem(KEPT) ?? "{}");
    return typeof found === "object" && found !== null ? found : {};
  } catch {
    return {};
  }
}

function keep(values) {
  Object.assign(kept, values);
  localStorage.setItem(KEPT, JSON.stringify(kept));
}

function want() {
  const message = { type: "want", pictures: document.hidden ? "none" : "aged", short_side: frame.shortSide, linked: false };
  const text = JSON.stringify(message);
  if (text === asked || !store.connected) return;
  asked = text;
  link.send(message);
}

function paintSoon() {
  if (painting) return;
  painting = true;
  requestAnimationFrame(() => { painting = false; paint(); });
}

function paint() {
  const hindered = store.hindrance !== "" || store.set === null;
  const all = store.set?.performers ?? [];
  const person = who();
  const names = JSON.stringify(all.map(({ performer, name }) => [performer, name]));
  if (byId("who").dataset.names !== names) {
    byId("who").dataset.names = names;
    byId("who").replaceChildren(...all.map(({ performer, name }) => make("option", { value: performer, text: name })));
  }
  mark(document.querySelector(".who"), "hidden", all.length === 0);
  if (person !== null && byId("who").value !== person.performer) byId("who").value = person.performer;
  const { age: now, ages } = asks();
  age.paint(now, ages, null, hindered);
  for (const id of ["youngest", "oldest", "back", "go"]) mark(byId(id), "disabled", hindered);
  mark(byId("back"), "hidden", person === null);
  mark(byId("back"), "aria-pressed", person === null ? null : String(person.age_from !== "hand"));
  const defaults = `${person?.performer} ${ages}`;
  if (shown !== defaults && store.set !== null) {
    shown = defaults;
    const inside = (value, other) => (value >= ages[0] && value <= ages[1] ? value : other);
    byId("from").value = years(inside(kept.from, ages[0]));
    byId("to").value = years(inside(kept.to, ages[1]));
    byId("seconds").value = String(kept.seconds ?? SECONDS);
  }
  write(byId("go"), sweep.going ? "hold" : "sweep");
  mark(byId("go"), "aria-pressed", String(sweep.going));
  mark(byId("crop"), "aria-pressed", String(frame.following));
  write(byId("crop"), frame.following ? "face" : "whole");
  const looking = store.connected && store.me.may_act === false ? "LOOKING ONLY: AN OPERATOR SETS THE AGE" : "";
  const rolls = store.set?.rolling ? "A TAKE ROLLS: WHAT YOU SET IS IN IT" : "";
  write(byId("said"), store.said("age") || looking || rolls);
  mark(document.body, "data-says", byId("said").textContent !== "");
  say();
}

/** The words of the picture that is seen. */
function say() {
  const over = overWords("aged", store);
  mark(byId("over"), "hidden", over === null);
  if (over !== null) {
    write(byId("over").querySelector("strong"), over[0]);
    write(byId("over").querySelector("span"), over[1]);
  }
  if (store.header === null) return;
  const person = who();
  const { label, note, warn } = mirrorWords(store.header, person);
  write(byId("label"), label);
  write(byId("name"), person?.name ?? "");
  write(byId("note"), note);
  mark(byId("says"), "class", warn ? "warn" : null);
}

function full() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.({ navigationUI: "hide" }).catch(() => {});
}

function crop() {
  frame.following = !frame.following;
  keep({ following: frame.following });
  paintSoon();
}

function set(value) {
  if (store.hindrance !== "") { store.say("age", store.hindrance); return; }
  halt();
  ask(value);
}

const acts = {
  youngest: () => set(asks().ages[0]), oldest: () => set(asks().ages[1]), back: () => { if (who() !== null) set(null); }, crop, full, hide: () => rest(),
};
for (const [id, act] of Object.entries(acts)) byId(id).addEventListener("click", act);
byId("full").hidden = !document.fullscreenEnabled;
byId("sweep").addEventListener("submit", (event) => { event.preventDefault(); turn(); });
byId("who").addEventListener("change", () => { choose(byId("who").value); byId("who").blur(); });
document.addEventListener("keydown", (event) => {
  wake();
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { target } = event;
  const slides = target instanceof HTMLInputElement && target.type === "range";
  if ((target instanceof HTMLInputElement && !slides) || target instanceof HTMLSelectElement) {
    if (event.key === "Escape") target.blur();
    return;
  }
  if (slides && event.key.startsWith("Arrow")) return;
  const step = event.shiftKey ? 5 : 1;
  const by = (years_) => { halt(); age.step(years_); };
  const keys = {
    ArrowUp: () => by(step), ArrowRight: () => by(step), ArrowDown: () => by(-step), ArrowLeft: () => by(-step),
    " ": turn, y: acts.youngest, o: acts.oldest, s: acts.back, c: crop, f: full, h: acts.hide, a: () => age.number.focus(),
  };
  for (let n = 1; n <= 9; n += 1) keys[n] = () => { const person = store.set?.performers[n - 1]; if (person) choose(person.performer); };
  const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (act === undefined || (target instanceof HTMLButtonElement && event.key === " ")) return;
  event.preventDefault();
  if (store.hindrance !== "" && event.key.startsWith("Arrow")) store.say("age", store.hindrance);
  else if (!event.repeat || event.key.startsWith("Arrow")) act();
});

let idle = 0;
function wake() {
  document.body.classList.remove("idle");
  clearTimeout(idle);
  idle = setTimeout(() => { if (!document.querySelector("#bar :focus-visible")) rest(); }, IDLE_MS);
}

function rest() {
  clearTimeout(idle);
  document.body.classList.add("idle");
  document.activeElement?.blur?.();
}

for (const kind of ["pointermove", "pointerdown"]) document.addEventListener(kind, wake);
wake();

window.addEventListener("pagehide", () => halt("", true));

/** A mirror does not fall asleep (where the browser lets a page say so). */
function stayAwake() {
  if (!document.hidden) navigator.wakeLock?.request("screen").catch(() => {});
}

document.addEventListener("visibilitychange", () => { want(); stayAwake(); });
stayAwake();
