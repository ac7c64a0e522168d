// Keys, slider, buttons.

const TYPED_MS = 700;
const IDLE_MS = 2500;

export class Controls {
  #age = 35;
  #range = [18, 90];
  #typed = "";
  #timer = 0;
  #idle = 0;
  #busy = 0;
  #on;
  #slider = document.getElementById("age-slider");
  #number = document.getElementById("age-number");

  /** `on`: { age(years), freeze(), wipe() }. */
  constructor(on) {
    this.#on = on;
    this.#slider.addEventListener("input", () => this.#ask(Number(this.#slider.value)));
    this.#number.addEventListener("focus", () => this.#number.select());
    this.#number.addEventListener("change", () => this.#entered(this.#number.value));
    this.#click("younger", () => this.#ask(this.#age - 1));
    this.#click("older", () => this.#ask(this.#age + 1));
    this.#click("freeze", on.freeze);
    this.#click("wipe", on.wipe);
    this.#click("full", fullScreen);
    document.getElementById("full").hidden = !document.fullscreenEnabled;
    document.addEventListener("keydown", (event) => this.#key(event));
    for (const kind of ["pointermove", "pointerdown", "keydown"]) document.addEventListener(kind, () => this.#wake());
    this.#wake();
  }

  /** The server's word on the age; not while a hand is on the control. */
  told(age, youngest, oldest) {
    this.#range = [youngest, oldest];
    this.#slider.min = youngest;
    this.#slider.max = oldest;
    if (performance.now() < this.#busy || document.activeElement === this.#number) return;
    this.#show(age);
  }

  #show(age) {
    this.#age = age;
    this.#slider.value = age;
    this.#number.value = String(Math.round(age * 10) / 10);
  }

  #ask(age) {
    const [low, high] = this.#range;
    this.#busy = performance.now() + 600;
    this.#show(Math.max(low, Math.min(high, age)));
    this.#on.age(this.#age);
  }

  #entered(text) {
    const age = Number(text.replace(",", "."));
    if (text.trim() !== "" && Number.isFinite(age)) this.#ask(age);
    else this.#show(this.#age);
    this.#number.blur();
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target === this.#number) {
      if (event.key === "Enter") this.#entered(this.#number.value);
      if (event.key === "Escape") { this.#show(this.#age); this.#number.blur(); }
      return;
    }
    const step = event.shiftKey ? 5 : 1;
    const acts = {
      ArrowUp: () => this.#ask(this.#age + step), ArrowRight: () => this.#ask(this.#age + step),
      ArrowDown: () => this.#ask(this.#age - step), ArrowLeft: () => this.#ask(this.#age - step),
      " ": this.#on.freeze, f: fullScreen, w: this.#on.wipe,
    };
    const act = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (act !== undefined) {
      event.preventDefault();
      if (document.activeElement instanceof HTMLButtonElement) document.activeElement.blur();
      if (!event.repeat || event.key.startsWith("Arrow")) act();
    } else if (/^\d$/.test(event.key)) this.#digit(event.key);
  }

  /** Two digits typed anywhere are an age. */
  #digit(digit) {
    clearTimeout(this.#timer);
    this.#typed += digit;
    this.#busy = performance.now() + TYPED_MS + 200;
    this.#number.value = this.#typed;
    const done = () => { const typed = Number(this.#typed); this.#typed = ""; this.#ask(typed); };
    if (this.#typed.length >= 2) done();
    else this.#timer = setTimeout(() => { this.#typed = ""; this.#show(this.#age); }, TYPED_MS);
  }

  #click(id, act) {
    document.getElementById(id).addEventListener("click", act);
  }

  #wake() {
    document.body.classList.remove("idle");
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => document.body.classList.add("idle"), IDLE_MS);
  }
}

function fullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.({ navigationUI: "hide" }).catch(() => {});
}
