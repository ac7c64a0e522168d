// Puts the console together. The store holds what is known; each part paints its own place from it.

import { ServerClock } from "./clock.js";
import { byId, make, mark, write } from "./console-dom.js";
import { Emergency } from "./console-emergency.js";
import { Health } from "./console-health.js";
import { Keys } from "./console-keys.js";
import { Log } from "./console-log.js";
import { People } from "./console-people.js";
import { Picture } from "./console-picture.js";
import { Slate } from "./console-slate.js";
import { Store } from "./console-store.js";
import { Link } from "./link.js";

const CALM_MS = 250;
let asked = false;

const clock = new ServerClock();
const store = new Store((message) => link.send(message), () => paintSoon());
const log = new Log(store);
const slate = new Slate(store);
const people = new People(store);
const emergency = new Emergency(store);
const health = new Health(store, clock);
const picture = new Picture(store, clock, (message) => link?.send(message), shown);
new Keys({
  emergency: () => emergency.act(), roll: () => slate.roll(), scene: (by) => slate.scene(by), shot: (by) => slate.shot(by),
  scenes: () => slate.scenes.toggle(), step: (by) => people.chosen?.step(by), choose: (n) => people.choose(n),
  type: () => people.chosen?.age.number.focus(), follow: () => people.chosen?.follow(), turn: () => people.chosen?.turn(),
  mark: () => byId("mark-words").focus(), picture: () => picture.turn(),
});
const link = new Link({
  open: () => {
    Object.assign(store, { connected: true, everConnected: true, stopped: false, full: null, refused: "" });
    clock.start((message) => link.send(message));
    health.begin();
    picture.begin();
    log.add("Connected", { key: "link" });
    paintSoon();
  },
  lost: (stopped) => {
    if (store.connected) log.add(stopped ? "SERVER STOPPED" : "LINE TO THE SERVER LOST", { key: "link", bad: true });
    store.stopped ||= stopped;
    store.lost();
    clock.stop();
  },
  ended: (words) => {
    store.refused = words;
    paintSoon();
  },
  told: (message) => heard(message),
  pair: (header, jpegs) => picture.take(header, jpegs),
});

function heard(message) {
  if (message.type === "pong") clock.heard(message);
  else if (message.type === "set") { store.heardSet(message); log.heardSet(store.set); }
  else if (message.type === "did") store.heardDid(message);
  else if (message.type === "refused") {
    const words = store.heardRefused(message);
    if (words !== null) log.add(`Refused: ${words}`, { key: "refused", bad: true });
  }
  else if (message.type === "full") store.full = message.words;
  else if (message.type === "state") {
    const bad = (one) => one !== null && ["lost", "silent"].includes(one.source.state);
    if (bad(message) && !bad(store.state)) store.lostAt = new Date(Date.now() - message.source.for_s * 1000);
    store.state = message;
    log.heardState(message);
  }
  if (message.type !== "pong") paintSoon();
}

function shown(header, { at }) {
  store.header = header;
  health.shown(header, at);
  write(byId("timecode"), header.timecode);
  slate.paintTime();
  picture.paintFaces();
}

/** Once before the next picture of the screen, however much was heard. */
function paintSoon() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(paint);
}

function paint() {
  asked = false;
  slate.paint();
  people.paint();
  emergency.paint();
  health.paint();
  picture.paint();
  write(byId("mark-said"), store.said("mark"));
  for (const id of ["mark-words", "mark"]) mark(byId(id).querySelector?.("button") ?? byId(id), "disabled", store.hindrance !== "");
  mark(document.body, "data-hindered", store.hindrance !== "");
  banners();
  const { name = "", role = "", until = null } = store.me;
  write(byId("me"), role === "" ? "" : `${name}, ${role}${until === null ? "" : ` until ${new Date(until).toTimeString().slice(0, 5)}`}`);
  mark(byId("access"), "hidden", role !== "administrator");
  write(byId("wall"), new Date().toTimeString().slice(0, 8));
}

function banners() {
  const { set, connected, everConnected, stopped, full, state } = store;
  const lines = [];
  if (set?.emergency) lines.push(["emergency", "EMERGENCY: EVERY AGED MONITOR SHOWS THE CLEAN PICTURE"]);
  if (full !== null) lines.push(["warn", `NO PLACE: ${full}`]);
  else if (store.refused !== "") lines.push(["warn", store.refused]);
  else if (!connected) lines.push(["warn", stopped ? "THE SERVER HAS STOPPED: waiting for it" : everConnected ? "LINE LOST: reconnecting; nothing that you press is sent" : "CONNECTING"]);
  else if (set === null) lines.push(["warn", "WAITING FOR THE STATE OF THE SET"]);
  if (connected && store.hindrance !== "" && full === null) lines.push(["quiet", store.hindrance]);
  if (connected && state !== null && ["lost", "silent", "ended"].includes(state.source.state)) lines.push(["warn", state.source.words]);
  const recorder = { ...set?.recorder, ...state?.recorder };
  if (connected && recorder.state === "stopped") lines.push(["warn", `NOT RECORDING: ${recorder.words || "the recorder has stopped"}`]);
  const text = JSON.stringify(lines);
  if (byId("banners").dataset.told === text) return;
  byId("banners").dataset.told = text;
  byId("banners").replaceChildren(...lines.map(([kind, words]) => make("p", { class: kind, text: words })));
}

byId("mark").addEventListener("submit", (event) => {
  event.preventDefault();
  const words = byId("mark-words").value.trim();
  if (words === "") return;
  store.act("mark", { words }, { key: "mark", value: words, place: "mark" });
  byId("mark-words").value = "";
  byId("mark-words").blur();
});
byId("mark-words").addEventListener("keydown", (event) => { if (event.key === "Escape") event.target.blur(); });
setInterval(paintSoon, CALM_MS);

/** A console does not fall asleep (where the browser lets a page say so). */
function stayAwake() {
  if (!document.hidden) navigator.wakeLock?.request("screen").catch(() => {});
}

document.addEventListener("visibilitychange", stayAwake);
stayAwake();
