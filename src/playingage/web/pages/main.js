// Puts the page together. One object, `now`, holds what is known; `speak` writes it on the page.

import { ServerClock } from "./clock.js";
import { Controls } from "./controls.js";
import { Layout } from "./layout.js";
import { Link } from "./link.js";
import { Screen } from "./screen.js";
import { overWords, signed } from "./words.js";

const READOUT_MS = 400;
const FPS_MS = 2000;
const pictures = document.body.dataset.pictures;
const names = pictures === "both" ? ["camera", "aged"] : [pictures];
const canvases = new Map(names.map((name) => [name, document.getElementById(name)]));
const now = { connected: false, everConnected: false, stopped: false, full: null, state: null, header: null, lostAt: null, frozen: false };
const readout = { delay: null, due: 0, times: [] };

const clock = new ServerClock();
const layout = new Layout(canvases.get(names[0]), () => want());
const screen = new Screen(canvases, clock, {
  shape: (width, height) => layout.shape(width, height),
  skipped: (header) => link.send({ type: "skipped", serial: header.serial }),
  shown: (header, times) => {
    link.send({ type: "shown", serial: header.serial, ...times, error: clock.error });
    now.header = header;
    const delay = times.at - header.captured;
    readout.delay = readout.delay === null ? delay : readout.delay * 0.85 + delay * 0.15;
    readout.times.push(performance.now());
    speak();
  },
});
const controls = new Controls({
  age: (age) => link.send({ type: "age", age }),
  freeze: () => {
    now.frozen = !now.frozen;
    press("freeze", now.frozen);
    screen.reset();
    want();
    speak();
  },
  wipe: () => {
    if (pictures !== "both") return;
    layout.wiping = !layout.wiping;
    press("wipe", layout.wiping);
  },
});
const link = new Link({
  open: () => {
    Object.assign(now, { connected: true, everConnected: true, stopped: false, full: null });
    readout.delay = null;
    screen.reset();
    clock.start((message) => link.send(message));
    asked = "";
    want();
    speak();
  },
  lost: (stopped) => {
    now.connected = false;
    now.stopped ||= stopped;
    clock.stop();
    speak();
  },
  told: (message) => {
    if (message.type === "pong") clock.heard(message);
    else if (message.type === "full") now.full = message.words;
    else if (message.type === "state") heard(message);
    speak();
  },
  pair: (header, jpegs) => {
    if (now.frozen) link.send({ type: "skipped", serial: header.serial });
    else screen.take(header, jpegs);
  },
});

let asked = "";
function want() {
  const message = { type: "want", pictures: document.hidden || now.frozen ? "none" : pictures, short_side: layout.shortSide, linked: pictures !== "both" };
  const text = JSON.stringify(message);
  if (text === asked || !link?.open) return;
  asked = text;
  link.send(message);
}

function heard(state) {
  const bad = (one) => one !== null && ["lost", "silent"].includes(one.source.state);
  if (bad(state) && !bad(now.state)) now.lostAt = new Date(Date.now() - state.source.for_s * 1000);
  now.state = state;
  controls.told(state.age, state.youngest, state.oldest);
  document.querySelector(".age").hidden = state.follows === false;
}

function speak() {
  const { header } = now;
  for (const name of names) {
    const figure = document.getElementById(`${name}-figure`);
    const over = overWords(name, now);
    figure.classList.toggle("speaks", over !== null);
    if (over !== null) {
      write(figure.querySelector(".over strong"), over[0]);
      write(figure.querySelector(".over span"), over[1]);
    }
    const frozen = now.frozen ? "FROZEN" : "";
    if (name === "camera") write(figure.querySelector(".note"), frozen);
    else if (header !== null) {
      figure.classList.toggle("warn", header.view !== "aged");
      write(figure.querySelector(".label"), header.words);
      write(figure.querySelector(".note"), [header.note, frozen].filter(Boolean).join(" · "));
    }
  }
  if (header === null) return;
  write(document.getElementById("timecode"), header.timecode);
  write(document.querySelector(`#${names[0]}-figure .time`), header.timecode);
  if (performance.now() < readout.due) return;
  readout.due = performance.now() + READOUT_MS;
  write(document.getElementById("delay"), clock.known && readout.delay !== null ? signed(readout.delay, clock.error) : "–");
  while (readout.times.length > 0 && readout.times[0] < performance.now() - FPS_MS) readout.times.shift();
  write(document.getElementById("fps"), framesPerSecond(readout.times));
  write(document.getElementById("dropped"), String(header.dropped));
}

/** Pictures drawn a second, from the times of the last ones. */
function framesPerSecond(times) {
  if (times.length < 3) return "–";
  return ((times.length - 1) * 1000 / (times.at(-1) - times[0])).toFixed(1);
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function press(id, on) {
  document.getElementById(id).setAttribute("aria-pressed", String(on));
}

/** A monitor does not fall asleep (where the browser lets a page say so). */
function stayAwake() {
  if (!document.hidden) navigator.wakeLock?.request("screen").catch(() => {});
}

document.addEventListener("visibilitychange", () => { want(); stayAwake(); });
stayAwake();
