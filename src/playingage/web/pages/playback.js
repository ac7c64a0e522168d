// Playback: the last take beside its clean picture. Both are drawn in the same animation frame, or neither.

import { Transport } from "./playback-clock.js";
import { Facts, rateWords } from "./playback-facts.js";
import { Keys, pressed, showSpeed } from "./playback-keys.js";
import { Line } from "./playback-line.js";
import { Reel } from "./playback-reel.js";
import { Takes, slate } from "./playback-takes.js";
import { Layout } from "./layout.js";

const PLAN_SECONDS = 2;
const SETTLE_MS = 160;
const WAIT_MOST_S = 0.2;
const LATE_MOST = 4;
const NEAR = 12;
const $ = (id) => document.getElementById(id);
const seconds = () => performance.now() / 1000;

const transport = new Transport();
const shown = { reel: null, other: null, name: null, beside: "clean", by: "roll", following: true, key: "", late: 0, relief: null, waits: null };
const drawn = [];
let scrubbing = false;
let settle = 0;
let newest = null;

const layout = new Layout($("aged"), () => { shown.key = ""; plan(); });
const facts = new Facts((index) => goTo(shown.reel.sheet.positions[index]), () => layout.arrange());
const line = new Line({ scrub: (position, done) => { scrubbing = !done; halt(); goTo(position); } });
const takes = new Takes({
  told: listed,
  lost: (words) => say(words),
  pick: (name) => { shown.following = name === takes.last; open(name); },
  compare: (value) => { shown.beside = value; beside(); },
});
$("align").addEventListener("change", () => { shown.by = $("align").value; shown.key = ""; plan(); });

new Keys({
  toggle: (direction) => play(transport.playing ? 0 : direction),
  pause: () => play(0),
  faster: (direction) => {
    if (transport.playing === direction) pace(Math.min(2, transport.speed * 2));
    else { pace(1); play(direction); }
  },
  pace, step: (by) => { halt(); goTo(transport.position + by); },
  seconds: (by) => { halt(); goTo(transport.position + by * Math.round(transport.rate)); },
  go: (where) => { halt(); goTo(where === "start" ? transport.begin : transport.end); },
  setIn: () => { transport.setIn(); barred(); }, setOut: () => { transport.setOut(); barred(); },
  clear: () => { transport.clear(); barred(); },
  loop: () => { transport.looping = !transport.looping; pressed("loop", transport.looping); plan(); },
  wipe: () => { layout.wiping = !layout.wiping; pressed("wipe", layout.wiping); },
  mark: openMark, facts: facts.toggle,
  other: (by) => { const name = takes.beside(shown.name, by); if (name) { shown.following = name === takes.last; open(name); } },
  last: () => { shown.following = true; if (takes.last) open(takes.last); },
});

/** The list came: the last take is shown as soon as it is cut, unless somebody looks at another. */
function listed() {
  const { last, recorder } = takes;
  const rolls = recorder.state === "recording" && recorder.take;
  $("recorder").textContent = [rolls ? `RECORDING ${recorder.take.replaceAll("_", " ")}` : "", recorder.words].filter(Boolean).join(" · ");
  $("recorder").classList.toggle("rolls", Boolean(rolls));
  $("mark").disabled = takes.me.role === "viewer";
  if (last === null) over("aged", rolls ? "RECORDING" : "NO TAKE YET", rolls ? "IT CAN BE PLAYED AFTER THE CUT" : "");
  if (last !== newest) {
    newest = last;
    if (last !== null && (shown.following || shown.name === null)) open(last, true);
    else if (last !== null) say(`NEW TAKE: ${slate(takes.closed[0])}. PRESS LAST TAKE`);
  } else if (shown.reel && takes.takes.find((take) => take.name === shown.name)?.sealed && !shown.reel.sheet.sealed) {
    refresh();
  }
  picked();
}

function picked() {
  takes.show(shown.name, shown.beside);
  pressed("last", shown.following);
}

async function sheetOf(name) {
  const answer = await fetch(`/api/takes/${encodeURIComponent(name)}`);
  if (!answer.ok) throw new Error((await answer.text()).trim());
  return answer.json();
}

/** Show a take from its start; `playing`: and play it. */
async function open(name, playing = false) {
  const wanted = (shown.name = name);
  picked();
  try {
    const sheet = await sheetOf(name);
    if (shown.name !== wanted) return;
    const goesOn = playing || transport.playing > 0;
    shown.reel?.close();
    shown.reel = new Reel(sheet, say);
    shown.reel.came = tick;
    shown.relief = null;
    transport.load(shown.reel.positions, shown.reel.rate);
    facts.take(sheet);
    line.show({ length: transport.length, gaps: Line.gaps(sheet.positions), marks: marked(sheet) });
    if (shown.beside === `aged ${name}` || shown.beside === `clean ${name}`) shown.beside = "clean";
    over("aged", sheet.numbers.length ? "" : "NO FRAMES", "");
    say("");
    await beside();
    barred();
    if (shown.name === wanted) play(goesOn ? 1 : 0);
  } catch (error) {
    say(error.message);
  }
}

/** Hashes, or marks of others, came since. */
async function refresh() {
  try {
    const sheet = await sheetOf(shown.name);
    if (sheet.name !== shown.name) return;
    shown.reel.sheet = sheet;
    facts.take(sheet);
    line.show({ marks: marked(sheet) });
  } catch (error) {
    say(error.message);
  }
}

async function beside() {
  const wanted = shown.beside;
  const [picture, name] = wanted.split(" ");
  shown.other?.close();
  shown.other = null;
  $("align-choice").hidden = name === undefined;
  if (name !== undefined) {
    try {
      const sheet = await sheetOf(name);
      if (shown.beside !== wanted || shown.other !== null) return;
      shown.other = new Reel(sheet, say);
      shown.other.came = tick;
    } catch (error) {
      say(error.message);
      shown.beside = "clean";
    }
  }
  const other = takes.takes.find((take) => take.name === name);
  caption("camera", other ? `${slate(other)} ${picture}`.toUpperCase() : shown.beside.toUpperCase(), "");
  shown.key = "";
  picked();
  plan();
}

/** The two panes at a position: reel, frame and picture of each; a frame that is not there is null. */
function panes(position) {
  const index = shown.reel.at(position);
  const [picture] = shown.beside.split(" ");
  if (shown.other === null) return [[shown.reel, index, picture], [shown.reel, index, "aged"]];
  const other = shown.by === "roll" || index === null ? shown.other.at(position) : shown.other.atTimecode(shown.reel.sheet.timecodes[index]);
  return [[shown.other, other, picture], [shown.reel, index, "aged"]];
}

/** The part of the width that suits the screen: whole, a half or a quarter. While it plays, whatever keeps up. */
function part() {
  const { width } = $("aged").getBoundingClientRect();
  const needed = (width * devicePixelRatio) / shown.reel.sheet.width;
  const suits = needed > 0.58 ? 1 : needed > 0.3 ? 2 : 4;
  return transport.playing ? shown.relief ?? suits : suits;
}

/** Pictures come late: try the sizes that were not tried, smaller ones first, then take the one that came soonest. */
function relieve() {
  const now = part();
  const cost = (each) => shown.reel.cost(each);
  const untried = [2, 4, 1].filter((each) => cost(each) === undefined);
  const best = [1, 2, 4].reduce((one, other) => ((cost(other) ?? Infinity) < (cost(one) ?? Infinity) ? other : one));
  shown.relief = untried.find((each) => each > now) ?? untried[0] ?? best;
}

function plan() {
  if (shown.reel === null || !transport.length) return;
  const size = part();
  const count = transport.playing ? Math.ceil(PLAN_SECONDS * transport.rate) : scrubbing ? 1 : 4;
  const ahead = transport.next(count).map(panes);
  for (const reel of new Set([shown.reel, shown.other])) {
    if (reel === null) continue;
    const mine = ahead.flat().filter(([each]) => each === reel);
    reel.want(mine.map(([, index]) => index), mine.map(([, , picture]) => picture), size);
  }
  tick();
}

let asked = false;
function tick() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => { asked = false; frame(); });
}

function frame() {
  if (shown.reel === null || !transport.length) return;
  const now = seconds();
  const due = transport.due(now);
  if (due === null) { // a page that was held up goes past the end: it shows the last frame all the same
    transport.go(transport.playing > 0 ? transport.end : transport.begin, now);
    play(0);
    return;
  }
  // The picture that is due or, while that is on its way, the latest before it that is there.
  const path = transport.next(NEAR);
  const last = path.indexOf(due);
  const there = path.slice(0, last < 0 ? NEAR : last + 1).findLast((position) => drawable(panes(position)));
  if (there === undefined || (there === transport.position && there !== due)) {
    wait(now);
  } else {
    const moved = there !== transport.position;
    transport.position = there;
    if (there === due) shown.waits = null;
    draw(panes(there), now);
    if (moved) plan();
  }
  if (transport.playing) tick();
}

function drawable(wanted) {
  return wanted.every(([reel, index, picture]) => index === null || reel.ready(index, [picture]));
}

/** A picture that is due is not there: after a while time stands still for it; where that happens often, smaller ones are asked for. */
function wait(now) {
  shown.waits ??= now;
  if (now - shown.waits < WAIT_MOST_S) return;
  shown.waits = now;
  transport.retard(now);
  if (++shown.late % LATE_MOST === 0) relieve();
  plan();
}

function draw(wanted, now) {
  const names = ["camera", "aged"];
  const key = wanted.map(([reel, index, picture]) => `${reel.name}/${index}/${picture}`).join() + sizes(wanted);
  if (key === shown.key) return;
  shown.key = key;
  wanted.forEach(([reel, index, picture], i) => {
    const canvas = $(names[i]);
    const context = canvas.getContext("2d", { alpha: false });
    if (index === null) {
      context.fillRect(0, 0, canvas.width, canvas.height);
      over(names[i], "NO FRAME", "THE OTHER TAKE HAS NONE HERE");
      return;
    }
    const bitmap = reel.bitmap(index, picture);
    if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
      if (i === 1) layout.shape(reel.sheet.width, reel.sheet.height);
    }
    context.drawImage(bitmap, 0, 0);
    canvas.dataset.frame = String(reel.sheet.numbers[index]);
    over(names[i], "", "");
  });
  for (const reel of [shown.reel, shown.other]) {
    const mine = wanted.filter(([each, index]) => each === reel && index !== null);
    if (mine.length) reel.showing(mine[0][1], mine.map(([, , picture]) => picture));
  }
  if (shown.other !== null) besideSays(wanted[0]);
  told(wanted[1][1], now);
}

function besideSays([reel, index, picture]) {
  const [, words] = (index === null ? undefined : reel.sheet.said[reel.sheet.words[index]]) ?? ["", ""];
  $("camera-figure").querySelector(".note").textContent = picture === "aged" ? words : index === null ? "" : reel.sheet.timecodes[index];
}

/** A larger picture of the same frame is drawn too when it comes. */
function sizes(wanted) {
  return wanted.map(([reel, index, picture]) => (index === null ? 0 : reel.bitmap(index, picture).width)).join("x");
}

function told(index, now) {
  const { sheet } = shown.reel;
  drawn.push(now);
  while (drawn.length && drawn[0] < now - 1) drawn.shift();
  const [view, words, note] = sheet.said[sheet.words[index]] ?? ["", "AGED", ""];
  caption("aged", words, note, ["failed", "clean", "late"].includes(view));
  $("timecode").textContent = sheet.timecodes[index];
  $("frame").textContent = `${sheet.numbers[index]}`;
  $("elapsed").textContent = `${index + 1} / ${sheet.numbers.length}`;
  $("fps").textContent = transport.playing ? `${drawn.length} of ${rateWords(sheet.rate)}` : rateWords(sheet.rate);
  line.show({ position: transport.position }, `${sheet.timecodes[index]}, frame ${index + 1}`);
  facts.frame(sheet, index);
}

function caption(name, label, note, warns = false) {
  const figure = $(`${name}-figure`);
  figure.querySelector(".label").textContent = label;
  figure.querySelector(".note").textContent = note;
  figure.classList.toggle("warn", warns);
}

function over(name, large, small) {
  const figure = $(`${name}-figure`);
  figure.classList.toggle("speaks", large !== "");
  figure.querySelector(".over strong").textContent = large;
  figure.querySelector(".over span").textContent = small;
}

function play(direction) {
  transport.play(direction, seconds());
  shown.late = 0;
  drawn.length = 0;
  pressed("play", direction > 0);
  pressed("reverse", direction < 0);
  $("play").textContent = direction > 0 ? "❙❙" : "▸";
  $("play").setAttribute("aria-label", direction > 0 ? "Pause" : "Play");
  plan();
  if (!direction) {
    clearTimeout(settle);
    settle = setTimeout(plan, SETTLE_MS);
  }
}

function pace(speed) {
  transport.pace(speed, seconds());
  showSpeed(speed);
  plan();
}

function halt() {
  if (transport.playing) play(0);
}

function goTo(position) {
  transport.go(position, seconds());
  clearTimeout(settle);
  settle = setTimeout(() => { scrubbing = false; plan(); }, SETTLE_MS);
  line.show({ position: transport.position });
  plan();
}

function barred() {
  const [begin, end] = transport.marked;
  pressed("in", begin !== null);
  pressed("out", end !== null);
  line.show({ begin: transport.begin, end: transport.end, marked: begin !== null || end !== null });
  plan();
}

const marked = (sheet) => sheet.marks.map((mark) => sheet.positions[mark.index] ?? 0);

function openMark() {
  if (shown.reel === null || takes.me.role === "viewer") return;
  halt();
  $("mark-at").textContent = $("timecode").textContent;
  $("mark-form").hidden = false;
  $("mark-words").value = "";
  $("mark-words").focus();
}

function closeMark() {
  $("mark-form").hidden = true;
  $("mark-words").blur();
}

$("mark-cancel").addEventListener("click", closeMark);
$("mark-words").addEventListener("keydown", (event) => { if (event.key === "Escape") closeMark(); });
$("mark-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const words = $("mark-words").value.trim();
  if (!words) { closeMark(); return; }
  const { reel } = shown;
  try {
    const answer = await fetch(`/api/takes/${encodeURIComponent(reel.name)}/marks`, {
      method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ frame: reel.at(transport.position), words }),
    });
    if (!answer.ok) throw new Error((await answer.text()).trim());
    reel.sheet.marks = (await answer.json()).marks;
    facts.marks(reel.sheet.marks);
    line.show({ marks: marked(reel.sheet) });
    closeMark();
  } catch (error) {
    say(error instanceof TypeError ? "NOT CONNECTED: THE MARK IS NOT KEPT" : error.message);
  }
});

function say(words) {
  $("note").textContent = words;
}
