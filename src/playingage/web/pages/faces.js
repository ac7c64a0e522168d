// The faces page put together: what is selected, keys and hands, decisions to the server and back.

import { Faces, OTHER } from "/pages/faces-data.js";
import { Filters } from "/pages/faces-filters.js";
import { Grid, age, write } from "/pages/faces-grid.js";
import { Label, Large } from "/pages/faces-large.js";
import { Link } from "/pages/link.js";

const TYPED_MS = 900;
const HOLD_MS = 450;
const NOTE_MS = 3500;
const PATIENT_MS = 30000; // a busy machine may be silent for long; a server that ends says so

const me = sessionStorage.getItem("page") ?? crypto.getRandomValues(new Uint32Array(2)).join("-");
sessionStorage.setItem("page", me);

let faces = null;
let items = [];
let here = 0; // place in items
let anchor = 0;
let chosen = new Set(); // places in faces
let state = null;
let connected = false;
let seq = Date.now() * 1000; // grows, also over a reload
const waiting = new Map();
const get = (id) => document.getElementById(id);

const grid = new Grid((i) => ({ chosen: chosen.has(i), here: items[here] === i }));
const filters = new Filters(() => refilter());
const large = new Large((by) => go(here + by), () => { grid.draw(); get("grid").focus(); });
const label = new Label();
const link = new Link({ open: () => { connected = true; load(); }, lost: () => { connected = false; tell(); }, told, pair: () => {} }, PATIENT_MS);

// From the server.

async function load() {
  const answer = await fetch("/api/faces");
  if (!answer.ok) { note(await answer.text(), true); return; }
  const document_ = await answer.json();
  const keep = faces === null ? null : { here: faces.id[items[here]], chosen: [...chosen].map((i) => faces.id[i]) };
  const order = get("order").value;
  if (faces === null) faces = new Faces(document_);
  else faces.read(document_);
  document.title = `${faces.name} · Faces · Playing Age`;
  write(get("name"), faces.name);
  if (!get("order").options.length) get("order").append(...Object.keys(faces.orders).map((name) => new Option(name, name)));
  else get("order").value = order;
  if (keep !== null) chosen = new Set(keep.chosen.map((id) => faces.place.get(id)).filter((i) => i !== undefined));
  refilter(keep?.here);
  for (const message of waiting.values()) link.send(message); // what was under way when the line was lost
}

function told(message) {
  if (message.type === "state") state = message;
  else if (message.type === "decided") heard(message);
  else if (message.type === "changed") {
    note(message.came ? `${message.came} new ${message.came === 1 ? "face" : "faces"} came in` : "The faceset was changed by another program");
    load();
  } else if (message.type === "done") waiting.delete(message.seq);
  else if (message.type === "refused") {
    waiting.delete(message.seq);
    note(message.words, true);
  }
  tell();
}

function heard({ by, changes, undoes }) {
  if (faces === null) return;
  const touched = faces.decide(changes);
  filters.count(faces);
  if (by !== me && touched.length) note(`Another page decided on ${many(touched.length)}`);
  else if (undoes) {
    note(`Taken back for ${many(touched.length)}`);
    const place = items.indexOf(touched[0]);
    if (place >= 0) { chosen = new Set(touched); anchor = here = place; grid.reveal(place); }
  }
  draw();
}

function say(message) {
  const whole = { ...message, seq: ++seq, by: me };
  waiting.set(seq, whole);
  link.send(whole);
  tell();
}

// What is shown.

function refilter(focused = items.length ? faces.id[items[here]] : undefined) {
  if (faces === null) return;
  items = filters.apply(faces, faces.orders[get("order").value]);
  const fits = new Set(items);
  chosen = new Set([...chosen].filter((i) => fits.has(i)));
  const place = focused === undefined ? -1 : items.indexOf(faces.place.get(focused));
  here = anchor = place >= 0 ? place : 0;
  if (!chosen.size && items.length) chosen.add(items[here]);
  grid.show(faces, items);
  grid.reveal(here);
  draw();
}

function draw() {
  grid.draw();
  if (large.open && items.length) large.show(faces, items[here]);
  tell();
}

function tell() {
  if (faces === null) return;
  const count = (of) => faces.state.reduce((sum, each) => sum + (each === of), 0);
  const shown = items.length === faces.count ? many(faces.count) : `${items.length} of ${many(faces.count)}`;
  write(get("counts"), `${shown} · ${count("accepted")} accepted · ${count("rejected")} rejected`);
  const i = items[here];
  const what = chosen.size > 1 ? `${chosen.size} selected` : i === undefined ? "" : `${faces.titles[faces.title[i]]} · ${faces.timecode[i] ?? `frame ${faces.frame[i]}`} · ${age(faces.age[i])}`;
  write(get("about"), what);
  const saved = get("saved");
  const words = !connected ? "not connected" : waiting.size ? "writing…" : state?.trouble ? state.trouble
    : state?.waits ? "saved; the faceset is in use" : state?.unsaved ? "saved in the journal" : "saved in the faceset";
  write(saved, words);
  saved.title = state?.trouble || state?.waits || "Every decision is written to the journal at once; the faceset takes them over when you pause, and at the end.";
  saved.classList.toggle("warn", !connected || Boolean(state?.trouble));
  get("grid").setAttribute("aria-activedescendant", "tile-here");
}

function many(count) {
  return count === 1 ? "1 face" : `${count} faces`;
}

let noteTimer = 0;
function note(words, warn = false) {
  const element = get("note");
  write(element, words);
  element.classList.toggle("warn", warn);
  element.hidden = false;
  clearTimeout(noteTimer);
  noteTimer = setTimeout(() => { element.hidden = true; }, NOTE_MS);
}

// Moving and selecting.

function go(place, extend = false) {
  if (!items.length) return;
  here = Math.max(0, Math.min(items.length - 1, place));
  if (extend) range();
  else { anchor = here; chosen = new Set([items[here]]); }
  grid.reveal(here);
  draw();
}

function range() {
  const [low, high] = anchor < here ? [anchor, here] : [here, anchor];
  chosen = new Set(items.slice(low, high + 1));
}

/** On to the face after the last one that was decided on. */
function goOn(places) {
  const last = Math.max(...places);
  if (last + 1 < items.length) go(last + 1);
  else draw();
}

// Deciding.

function decide(set, words) {
  if (faces === null || !chosen.size) return;
  const which = [...chosen];
  say({ type: "decide", faces: which.map((i) => faces.id[i]), set });
  if (!connected) note("Not connected: kept on this page until the program answers", true);
  else if (words) note(`${words} · ${many(which.length)}`);
  if (set.state !== undefined) {
    const marked = new Map(items.map((i, place) => [i, place]));
    goOn(which.map((i) => marked.get(i) ?? here));
  }
}

const acts = {
  accept: () => decide({ state: "accepted" }),
  reject: () => decide({ state: "rejected" }),
  keep: () => decide({ state: "kept" }),
  other: () => decide({ state: "rejected", note: OTHER }, "Other person"),
  undo: () => say({ type: "undo" }),
  save: () => say({ type: "save" }),
  track: () => {
    if (!items.length) return;
    const shown = new Set(items);
    chosen = new Set(faces.trackOf(items[here]).filter((i) => shown.has(i)));
    draw();
  },
  large: () => { if (items.length) { go(here); large.show(faces, items[here]); } },
  before: () => go(here - 1),
  after: () => go(here + 1),
  close: () => large.close(),
  all: () => { chosen = new Set(items); draw(); },
  label: () => {
    if (!chosen.size) return;
    const titles = new Set([...chosen].map((i) => faces.title[i]));
    const one = titles.size === 1 ? faces.titles[[...titles][0]] : null;
    const whole = one === null ? 0 : faces.title.filter((title) => faces.titles[title] === one).length;
    label.ask(chosen.size, faces.age[items[here]], one, whole, {
      faces: (years) => decide({ age: years }, `Age ${age(years)}`),
      title: (years) => { say({ type: "decide", title: one, set: { age: years } }); note(`Age ${age(years)} · all of “${one}”`); },
      other: acts.other,
    });
  },
  help: () => get("help").showModal(),
};

let typed = "", typedTimer = 0;
function digit(key) {
  clearTimeout(typedTimer);
  typed += key;
  const done = () => {
    const years = Number(typed);
    typed = "";
    if (years > 0) decide({ age: years }, `Age ${years} · U takes it back`);
  };
  if (typed.length >= 2) done();
  else {
    note(`Age ${typed}_`);
    typedTimer = setTimeout(() => { typed = ""; }, TYPED_MS);
  }
}

document.addEventListener("keydown", (event) => {
  if (label.open || get("help").open || event.altKey || event.target instanceof HTMLSelectElement) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.ctrlKey || event.metaKey) {
    if (key === "a") { event.preventDefault(); acts.all(); }
    return;
  }
  const onButton = event.target instanceof HTMLButtonElement && (key === "Enter" || key === " ");
  if (onButton) return;
  const extend = event.shiftKey;
  const row = grid.columns;
  const keys = {
    ArrowLeft: () => go(here - 1, extend), ArrowRight: () => go(here + 1, extend),
    ArrowUp: () => go(here - (large.open ? 1 : row), extend), ArrowDown: () => go(here + (large.open ? 1 : row), extend),
    PageUp: () => go(here - row * grid.page, extend), PageDown: () => go(here + row * grid.page, extend),
    Home: () => go(0, extend), End: () => go(items.length - 1, extend),
    a: acts.accept, r: acts.reject, k: acts.keep, u: acts.undo, l: acts.label, o: acts.other, t: acts.track, s: acts.save,
    Enter: () => (large.open ? large.close() : acts.large()), " ": () => (large.open ? large.close() : acts.large()),
    Escape: () => { if (large.open) large.close(); else go(here); }, "?": acts.help,
  };
  if (/^\d$/.test(key)) digit(key);
  else if (keys[key] === undefined) return;
  else if (!event.repeat || key.startsWith("Arrow") || key.startsWith("Page")) keys[key]();
  event.preventDefault();
});

// Mouse and touch.

let hold = 0, held = false;
get("grid").addEventListener("pointerdown", (event) => {
  held = false;
  clearTimeout(hold);
  const place = grid.placeOf(event.target);
  if (place < 0 || event.pointerType === "mouse") return;
  hold = setTimeout(() => { held = true; navigator.vibrate?.(15); go(place, true); }, HOLD_MS);
});
for (const kind of ["pointerup", "pointercancel", "pointerleave"]) get("grid").addEventListener(kind, () => clearTimeout(hold));
get("grid").addEventListener("scroll", () => clearTimeout(hold), { passive: true });
get("grid").addEventListener("contextmenu", (event) => event.preventDefault());
get("grid").addEventListener("click", (event) => {
  const place = grid.placeOf(event.target);
  if (place < 0 || held) return;
  get("grid").focus({ preventScroll: true });
  if (event.ctrlKey || event.metaKey) {
    if (!chosen.delete(items[place])) chosen.add(items[place]);
    here = anchor = place;
    draw();
  } else if (event.shiftKey) go(place, true);
  else if (event.pointerType !== "mouse" && place === here && chosen.size === 1) acts.large();
  else go(place);
});
get("grid").addEventListener("dblclick", (event) => { if (grid.placeOf(event.target) >= 0) acts.large(); });
document.addEventListener("click", (event) => {
  const act = event.target.closest("[data-act]")?.dataset.act;
  if (act === undefined) return;
  acts[act]();
  if (!label.open) document.activeElement?.blur();
});
get("open-help").addEventListener("click", acts.help);
get("order").addEventListener("change", () => { refilter(); get("order").blur(); get("grid").focus(); });
get("grid").focus();
