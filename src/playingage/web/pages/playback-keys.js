// Keys and buttons. What they do, `on` says.

const SPEEDS = [0.25, 0.5, 1, 2];

export class Keys {
  #on;

  /** `on`: a function for each of what is named here. */
  constructor(on) {
    this.#on = on;
    const buttons = {
      start: () => on.go("start"), end: () => on.go("end"), back: () => on.step(-1), forth: () => on.step(1),
      play: () => on.toggle(1), reverse: () => on.toggle(-1), in: on.setIn, out: on.setOut, loop: on.loop, mark: on.mark,
      wipe: on.wipe, full: fullScreen, before: () => on.other(-1), after: () => on.other(1), last: on.last,
    };
    for (const [id, act] of Object.entries(buttons)) {
      document.getElementById(id).addEventListener("click", (event) => {
        act();
        if (event.detail) event.currentTarget.blur(); // by mouse or finger: the space bar plays again
      });
    }
    for (const button of document.querySelectorAll("[data-speed]")) {
      button.addEventListener("click", () => on.pace(Number(button.dataset.speed)));
    }
    document.getElementById("full").hidden = !document.fullscreenEnabled;
    document.addEventListener("keydown", (event) => this.#key(event));
  }

  #key(event) {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || target.matches("input, select")) return;
    if (target.matches("button") && (key === " " || key === "Enter")) return;
    const on = this.#on;
    const second = event.shiftKey;
    const acts = {
      " ": () => on.toggle(1), k: on.pause, l: () => on.faster(1), j: () => on.faster(-1),
      arrowleft: () => (second ? on.seconds(-1) : on.step(-1)), arrowright: () => (second ? on.seconds(1) : on.step(1)),
      ",": () => on.step(-1), ".": () => on.step(1), home: () => on.go("start"), end: () => on.go("end"),
      i: on.setIn, o: on.setOut, x: on.clear, q: on.loop, m: on.mark, w: on.wipe, s: on.facts, a: on.last, f: fullScreen,
      pageup: () => on.other(-1), pagedown: () => on.other(1),
      1: () => on.pace(SPEEDS[0]), 2: () => on.pace(SPEEDS[1]), 3: () => on.pace(SPEEDS[2]), 4: () => on.pace(SPEEDS[3]),
    };
    const act = acts[key.toLowerCase()];
    if (act === undefined) return;
    event.preventDefault();
    act();
  }
}

export function pressed(id, on) {
  document.getElementById(id).setAttribute("aria-pressed", String(on));
}

export function showSpeed(speed) {
  for (const button of document.querySelectorAll("[data-speed]")) {
    button.setAttribute("aria-pressed", String(Number(button.dataset.speed) === speed));
  }
}

function fullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.().catch(() => {});
}
