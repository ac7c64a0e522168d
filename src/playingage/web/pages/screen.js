// Draws pairs. Both pictures of a pair are drawn in the same animation frame, or neither.

const EARLY_S = 0.008;
const WAIT_MOST_S = 0.15;

export class Screen {
  #canvases;
  #clock;
  #on;
  #ready = null;
  #asked = false;
  #last = 0;
  #run = 0;

  /** `canvases`: map from picture to canvas. `on`: { shown(header, { came, ready, at }), skipped(header), shape(width, height) }. */
  constructor(canvases, clock, on) {
    this.#canvases = canvases;
    this.#clock = clock;
    this.#on = on;
  }

  /** Forget what was under way: a new connection, or a freeze. */
  reset() {
    this.#run += 1;
    this.#last = 0;
    this.#skip(this.#ready);
    this.#ready = null;
  }

  async take(header, jpegs) {
    const run = this.#run;
    const came = this.#clock.at();
    const bitmaps = new Map();
    try {
      await Promise.all([...jpegs].map(async ([name, blob]) => bitmaps.set(name, await createImageBitmap(blob))));
    } catch {
      this.#on.skipped(header);
      return;
    }
    for (const { picture, same } of header.pictures) if (same !== undefined) bitmaps.set(picture, bitmaps.get(same));
    const pair = { header, bitmaps, came, ready: this.#clock.at() };
    const complete = [...this.#canvases.keys()].every((name) => bitmaps.has(name));
    if (run !== this.#run || !complete || header.serial <= this.#last || header.serial < (this.#ready?.header.serial ?? 0)) {
      this.#skip(pair);
      return;
    }
    this.#skip(this.#ready);
    this.#ready = pair;
    this.#ask();
  }

  #ask() {
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => { this.#asked = false; this.#draw(); });
  }

  #draw() {
    const pair = this.#ready;
    if (pair === null) return;
    const { header, bitmaps, came, ready } = pair;
    const wait = header.show_at === null ? 0 : header.show_at - this.#clock.at();
    if (wait > EARLY_S && wait < WAIT_MOST_S) {
      this.#ask();
      return;
    }
    this.#ready = null;
    this.#last = header.serial;
    for (const [name, canvas] of this.#canvases) {
      const bitmap = bitmaps.get(name);
      if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
        canvas.width = bitmap.width;
        canvas.height = bitmap.height;
        this.#on.shape(bitmap.width, bitmap.height);
      }
      canvas.getContext("2d", { alpha: false }).drawImage(bitmap, 0, 0);
    }
    this.#drop(pair);
    this.#on.shown(header, { came, ready, at: this.#clock.at() });
  }

  /** Every pair that came is answered, drawn or not: what is not answered keeps its place under way. */
  #skip(pair) {
    if (pair === null) return;
    this.#on.skipped(pair.header);
    this.#drop(pair);
  }

  #drop(pair) {
    for (const bitmap of new Set(pair.bitmaps.values())) bitmap.close();
  }
}
