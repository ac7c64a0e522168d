// The slate: scene, shot, take; roll and cut with the take's running time.

import { byId, mark, write } from "./console-dom.js";
import { Scenes } from "./console-scenes.js";

export class Slate {
  #store;
  #take = byId("take");
  #begun = null;
  #rolled = "";

  constructor(store) {
    this.#store = store;
    this.scenes = new Scenes(store);
    const click = (id, act) => byId(id).addEventListener("click", act);
    click("scene-previous", () => this.scene(-1));
    click("scene-next", () => this.scene(1));
    click("shot-previous", () => this.shot(-1));
    click("shot-next", () => this.shot(1));
    click("take-previous", () => this.#asked(this.#number - 1));
    click("take-next", () => this.#asked(this.#number + 1));
    click("roll", () => this.roll());
    this.#take.addEventListener("focus", () => this.#take.select());
    this.#take.addEventListener("change", () => this.#typed());
    this.#take.addEventListener("keydown", (event) => {
      if (event.key === "Enter") { event.preventDefault(); this.#take.blur(); }
      if (event.key === "Escape") { event.stopPropagation(); this.#take.value = String(this.#number); this.#take.blur(); }
    });
  }

  scene(by) {
    this.#store.act(by > 0 ? "next" : "previous", {}, { key: "scene", value: this.#beside(by)?.scene ?? this.#slate.scene, place: "slate" });
  }

  shot(by) {
    const { shots } = this.#here ?? { shots: [] };
    const at = shots.indexOf(this.#slate.shot) + by;
    if (shots[at] === undefined) {
      this.#store.say("slate", shots.length > 0 ? `THIS IS THE ${by > 0 ? "LAST" : "FIRST"} SHOT OF THE SCENE` : "NO SHOTS IN THE SCHEDULE: type one in the list of scenes");
      return;
    }
    this.#store.act("shot", { shot: shots[at] }, { key: "shot", value: shots[at], place: "slate" });
  }

  roll() {
    const rolling = this.#store.asked("rolling", this.#store.set?.rolling ?? false);
    this.#store.act(rolling ? "cut" : "roll", {}, { key: "rolling", value: !rolling, place: "roll" });
  }

  get #slate() {
    return this.#store.set?.slate ?? { scene: "", shot: "", take: 1 };
  }

  get #here() {
    return this.#store.set?.scenes.find((each) => each.scene === this.#slate.scene) ?? null;
  }

  get #number() {
    return this.#store.asked("take", this.#slate.take);
  }

  #beside(by) {
    const { scenes } = this.#store.set ?? { scenes: [] };
    const at = scenes.findIndex((each) => each.scene === this.#slate.scene);
    return scenes[at + by] ?? null;
  }

  #asked(take) {
    this.#store.act("take", { take }, { key: "take", value: take, place: "slate" });
  }

  #typed() {
    const text = this.#take.value.trim();
    if (text === String(this.#number)) return;
    if (/^\d{1,4}$/.test(text)) this.#asked(Number(text));
    else this.#store.say("slate", "A TAKE IS A WHOLE NUMBER FROM 1");
    this.#take.blur();
    this.paint();
  }

  paint() {
    const store = this.#store;
    const { set } = store;
    if (set === null) return;
    const { scene, shot } = this.#slate;
    const rolling = store.asked("rolling", set.rolling);
    const hindered = store.hindrance !== "";
    write(byId("scene"), store.asked("scene", scene) || "–");
    write(byId("shot"), store.asked("shot", shot) || "–");
    mark(byId("scene"), "data-waits", store.waits("scene"));
    mark(byId("shot"), "data-waits", store.waits("shot"));
    mark(this.#take, "data-waits", store.waits("take"));
    mark(byId("scene"), "data-long", (store.asked("scene", scene) || "").length > 5);
    mark(byId("shot"), "data-long", (store.asked("shot", shot) || "").length > 4);
    if (document.activeElement !== this.#take) this.#take.value = String(this.#number);
    write(byId("heading"), set.scenes.length === 0 ? "NO SCHEDULE: ages are asked by hand" : this.#here === null || this.#here === undefined ? "NOT IN THE SCHEDULE" : this.#here.heading);
    mark(byId("heading"), "title", this.#here?.heading ?? null);
    write(byId("roll-words"), rolling ? "CUT" : "ROLL");
    mark(byId("roll"), "aria-pressed", String(rolling));
    mark(byId("roll"), "aria-label", rolling ? "Cut" : "Roll");
    mark(byId("roll"), "data-waits", store.waits("rolling"));
    mark(document.body, "data-rolling", set.rolling);
    for (const id of ["roll", "scene-previous", "scene-next", "shot-previous", "shot-next", "take-previous", "take-next"]) mark(byId(id), "disabled", hindered);
    mark(this.#take, "disabled", hindered || set.rolling);
    for (const id of ["scene-previous", "scene-next"]) mark(byId(id), "disabled", hindered || set.scenes.length === 0 || set.rolling);
    for (const id of ["shot-previous", "shot-next"]) mark(byId(id), "disabled", hindered || (this.#here?.shots.length ?? 0) < 2 || set.rolling);
    for (const id of ["take-previous", "take-next"]) mark(byId(id), "disabled", hindered || set.rolling);
    write(byId("slate-said"), store.said("slate"));
    write(byId("roll-said"), store.said("roll"));
    document.title = `${set.emergency ? "EMERGENCY · " : ""}${set.rolling ? "● " : ""}${set.slate.words} · Console`;
    this.#offerPlayback(set);
    this.paintTime();
    this.scenes.paint();
  }

  /** After a cut the take that it ended is offered, until the next one rolls; nothing where nothing is recorded. */
  #offerPlayback({ recorder, rolling, slate: { scene, shot, take } }) {
    if (rolling) this.#rolled = [scene, shot, `take ${take}`].filter(Boolean).join(" ");
    const fresh = !rolling && this.#rolled !== "";
    write(byId("playback-words"), fresh ? `play ${this.#rolled}` : "playback");
    mark(byId("playback"), "data-fresh", fresh);
    mark(byId("playback"), "hidden", recorder?.state === "none");
  }

  /** With every picture. */
  paintTime() {
    const { set, header, state } = this.#store;
    if (set === null) return;
    // The first picture of the take may be shown before its number is told.
    if (!set.rolling) this.#begun = null;
    else if (this.#begun === null && header?.rolling) this.#begun = header.number;
    const begun = set.rolled_at ?? this.#begun;
    const time = byId("rolled");
    if (!set.rolling) {
      write(time, "--:--:--");
      write(byId("roll-note"), "STANDING BY");
      return;
    }
    const frames = begun === null || header === null ? 0 : Math.max(0, header.number - begun);
    write(time, running(frames, state?.source.rate ?? 24));
    write(byId("roll-note"), `TAKE ${set.slate.take} · ${frames} FRAMES`);
  }
}

/** Minutes, seconds and frames of a take. */
export function running(frames, rate) {
  const seconds = Math.floor(frames / rate);
  const rest = Math.floor(frames - seconds * rate);
  const two = (number) => String(number).padStart(2, "0");
  return `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}:${two(rest)}`;
}
