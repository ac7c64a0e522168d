// The list of all scenes, with search: by number or by words of the heading. Any other number may be slated too.

import { Panel, byId, make, write } from "./console-dom.js";

export class Scenes {
  #store;
  #panel = new Panel("scenes", byId("scene-open"));
  #search = byId("search");
  #list = byId("scene-list");
  #at = 0;
  #painted = "";

  constructor(store) {
    this.#store = store;
    for (const id of ["scene-open", "shot-open"]) byId(id).addEventListener("click", () => this.toggle());
    this.#search.addEventListener("input", () => { this.#at = 0; this.paint(); });
    this.#search.addEventListener("keydown", (event) => {
      const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
      if (by !== undefined) { event.preventDefault(); this.#move(by); }
      if (event.key === "Enter") { event.preventDefault(); this.#pick(this.#found[this.#at]); }
    });
  }

  get open() {
    return this.#panel.open;
  }

  toggle() {
    if (this.#panel.open) { this.#panel.close(); return; }
    this.#search.value = "";
    this.#painted = "";
    const { scenes = [], slate } = this.#store.set ?? {};
    this.#at = Math.max(0, scenes.findIndex((each) => each.scene === slate?.scene));
    this.#panel.show(this.#search);
    this.paint();
    this.#list.children[this.#at]?.scrollIntoView({ block: "center" });
  }

  get #found() {
    const scenes = this.#store.set?.scenes ?? [];
    const text = this.#search.value.trim().toLowerCase();
    const words = text.split(/\s+/).filter(Boolean);
    const found = scenes.filter((each) => {
      const all = `${each.scene} ${each.heading}`.toLowerCase();
      return words.every((word) => all.includes(word));
    });
    // The scene of that very number comes first.
    found.sort((a, b) => Number(b.scene.toLowerCase() === text) - Number(a.scene.toLowerCase() === text));
    const typed = this.#search.value.trim();
    if (typed !== "" && typed.length <= 32 && !scenes.some((each) => each.scene.toLowerCase() === text)) found.push({ scene: typed, heading: "", shots: [], typed: true });
    return found;
  }

  #move(by) {
    this.#at = Math.max(0, Math.min(this.#found.length - 1, this.#at + by));
    this.paint();
    this.#list.children[this.#at]?.scrollIntoView({ block: "nearest" });
  }

  #pick(found, shot) {
    if (found === undefined) return;
    // A number that no schedule knows may name the shot too: "12 A".
    const [scene, typedShot] = found.typed ? split(found.scene) : [found.scene, undefined];
    const wanted = shot ?? typedShot;
    this.#store.act("scene", wanted === undefined ? { scene } : { scene, shot: wanted }, { key: "scene", value: scene, place: "slate" });
    this.#panel.close();
  }

  paint() {
    if (!this.#panel.open) return;
    const { set } = this.#store;
    const found = this.#found;
    const hindered = this.#store.hindrance !== "" || set.rolling;
    const key = JSON.stringify([found.map((each) => each.scene), set.slate, this.#at, hindered]);
    if (key === this.#painted) return;
    this.#painted = key;
    const known = found.filter((each) => !each.typed).length;
    const all = set.scenes.length;
    const rolls = set.rolling ? " · A TAKE ROLLS: CUT FIRST" : "";
    write(byId("scenes-count"), (all === 0 ? "No schedule. Type a scene's number." : known === all ? `${all} scenes` : `${known} of ${all} scenes`) + rolls);
    this.#list.replaceChildren(...found.map((each, i) => this.#row(each, i, set.slate, hindered)));
  }

  #row(each, i, slate, hindered) {
    const here = each.scene === slate.scene;
    const shots = each.shots.map((shot) => make("button", {
      type: "button", text: shot, disabled: hindered, "aria-label": `Scene ${each.scene} shot ${shot}`, "aria-current": here && shot === slate.shot ? "true" : null,
      on: { click: (event) => { event.stopPropagation(); this.#pick(each, shot); } },
    }));
    const pick = make("button", { type: "button", class: "pick", disabled: hindered, on: { click: () => this.#pick(each) } },
      make("b", { text: each.scene }), make("span", { text: each.typed ? "not in the schedule: slate it all the same" : each.heading }));
    return make("li", {
      class: i === this.#at ? "at" : null, "aria-current": here ? "true" : null,
    }, pick, make("div", { class: "shots" }, ...shots));
  }
}

function split(text) {
  const [scene, ...rest] = text.split(/\s+/);
  return [scene, rest.length > 0 ? rest.join(" ") : undefined];
}
