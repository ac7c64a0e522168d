// Where the pictures stand: side by side or stacked, whichever shows them larger; wipe; the size that the server should send.

const SETTLE_MS = 120;
const WORTH_STACKING = 1.15;
const SAME_SIZE = 0.005;

export class Layout {
  #stage = document.getElementById("stage");
  #divider = document.getElementById("divider");
  #canvas;
  #aspect = 16 / 9;
  #told;
  #timer = 0;

  /** `canvas`: one that is shown. `told()`: the needed size may have changed. */
  constructor(canvas, told) {
    this.#canvas = canvas;
    this.#told = told;
    new ResizeObserver(() => this.arrange()).observe(this.#stage);
    this.#drag();
    this.arrange();
  }

  shape(width, height) {
    this.#match();
    const aspect = width / height;
    if (Math.abs(aspect - this.#aspect) < 0.005) return;
    this.#aspect = aspect;
    document.documentElement.style.setProperty("--aspect", String(aspect));
    this.arrange();
  }

  arrange() {
    const { clientWidth: width, clientHeight: height } = this.#stage;
    const caption = parseFloat(getComputedStyle(document.querySelector("figcaption")).height) || 0;
    const beside = Math.min(width / 2, (height - caption) * this.#aspect);
    const above = Math.min(width, (height / 2 - caption) * this.#aspect);
    this.#stage.classList.toggle("stack", above > beside * WORTH_STACKING && !this.wiping);
    this.#match();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#told, SETTLE_MS);
  }

  /** A picture as large as its place is drawn pixel by pixel; without a GPU, filtering it takes two thirds more time. */
  #match() {
    for (const canvas of this.#stage.querySelectorAll("canvas")) {
      const scale = canvas.getBoundingClientRect().width * devicePixelRatio / canvas.width;
      canvas.style.imageRendering = Math.abs(scale - 1) < SAME_SIZE ? "pixelated" : "";
    }
  }

  /** Device pixels of the shorter side of a picture on this screen. */
  get shortSide() {
    const { width, height } = this.#canvas.getBoundingClientRect();
    return Math.max(1, Math.min(16384, Math.round(Math.min(width, height) * devicePixelRatio)));
  }

  get wiping() {
    return this.#stage.classList.contains("wipe");
  }

  set wiping(on) {
    this.#stage.classList.toggle("wipe", on);
    this.arrange();
  }

  #place(share) {
    const place = Math.max(0, Math.min(1, share));
    const style = document.documentElement.style;
    style.setProperty("--wipe", `${place * 100}%`);
    style.setProperty("--wipe-share", String(place));
    this.#divider.setAttribute("aria-valuenow", String(Math.round(place * 100)));
  }

  #drag() {
    const follow = (event) => {
      const { left, width } = this.#canvas.getBoundingClientRect();
      this.#place((event.clientX - left) / width);
    };
    this.#divider.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      this.#divider.setPointerCapture(event.pointerId);
      follow(event);
    });
    this.#divider.addEventListener("pointermove", (event) => {
      if (this.#divider.hasPointerCapture(event.pointerId)) follow(event);
    });
    this.#divider.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -0.02, ArrowRight: 0.02 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      this.#place(Number(this.#divider.getAttribute("aria-valuenow")) / 100 + step);
    });
    this.#stage.addEventListener("pointerdown", (event) => { if (this.wiping && event.target !== this.#divider) follow(event); });
  }
}
