// The frames of one take: fetched several to an answer, kept as JPEG within a bound, decoded a little ahead.

const MOST_BYTES = 160 << 20;
const MOST_PIXELS = 60e6;
const BATCH = 8;
const DECODING = 4;
const RETRY_MS = 1000;

export class Reel {
  #jpegs = new Map();
  #bytes = 0;
  #bitmaps = new Map();
  #decoding = new Set();
  #fetching = null;
  #plan = [];
  #pictures = [];
  #part = 1;
  #timer = 0;
  #closed = false;
  #shown = new Set();
  #costs = new Map();
  #first = true;

  /** `sheet`: what the server says of the take. `failed(words)`: frames cannot be had. */
  constructor(sheet, failed = () => {}) {
    this.sheet = sheet;
    this.name = sheet.name;
    const [whole, parts] = sheet.rate.split("/").map(Number);
    this.rate = whole / (parts ?? 1);
    this.length = sheet.positions.length;
    this.positions = sheet.positions.length ? sheet.positions.at(-1) + 1 : 0;
    this.failed = failed;
  }

  /** The frame that is shown at a position: the last that is kept up to there; null before the first or after the end. */
  at(position) {
    const { positions } = this.sheet;
    if (!this.length || position < 0 || position >= this.positions) return null;
    let low = 0;
    let high = this.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (positions[middle] <= position) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  atTimecode(text) {
    this.byTimecode ??= new Map(this.sheet.timecodes.map((timecode, index) => [timecode, index]));
    return this.byTimecode.get(text) ?? null;
  }

  /** How many frames can be decoded ahead. */
  get ahead() {
    const pixels = (this.sheet.width * this.sheet.height * Math.max(1, this.#pictures.length)) / this.#part ** 2;
    return Math.max(4, Math.min(16, Math.floor(MOST_PIXELS / pixels)));
  }

  /** Frames in the order in which they will be needed, the first at once. */
  want(plan, pictures, part) {
    this.#plan = [...new Set(plan.filter((index) => index !== null))];
    this.#pictures = [...new Set(pictures)];
    this.#part = part;
    const coming = this.#fetching;
    const useless = coming && (coming.part !== part || !coming.indices.some((index) => this.#plan.includes(index)));
    if (useless && coming.indices.length > 2) coming.stop.abort(); // one or two come sooner than they are stopped
    this.#go();
  }

  /** The decoded picture of a frame, of any size that there is, or null. */
  bitmap(index, picture) {
    for (const part of [this.#part, 1, 2, 4]) {
      const found = this.#bitmaps.get(`${index}/${picture}/${part}`);
      if (found) return found.bitmap;
    }
    return null;
  }

  /** Whether a frame's pictures can be drawn now. */
  ready(index, pictures) {
    return pictures.every((picture) => this.bitmap(index, picture) !== null);
  }

  /** Milliseconds that a frame of this part of the width takes to come, or to be decoded; undefined where none came yet. */
  cost(part) {
    const told = this.#costs.get(part);
    return told && Math.max(told.fetch ?? 0, told.decode ?? 0);
  }

  #note(what, part, ms) {
    const told = this.#costs.get(part) ?? {};
    told[what] = told[what] === undefined ? ms : 0.7 * told[what] + 0.3 * ms;
    this.#costs.set(part, told);
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#fetching?.stop.abort();
    for (const { bitmap } of this.#bitmaps.values()) bitmap.close();
    this.#bitmaps.clear();
    this.#jpegs.clear();
  }

  #go() {
    if (this.#closed) return;
    this.#decode();
    if (this.#fetching === null) this.#fetch();
  }

  #has(index) {
    return this.#pictures.every((picture) => this.#jpegs.has(`${index}/${picture}/${this.#part}`));
  }

  async #fetch() {
    const start = this.#plan.findIndex((index) => !this.#has(index));
    if (start < 0) return;
    const most = this.#first || start === 0 ? 2 : BATCH;
    const indices = [this.#plan[start]];
    const step = (this.#plan[start + 1] ?? this.#plan[start] + 1) - this.#plan[start];
    for (let i = start + 1; i < this.#plan.length && indices.length < most; i++) {
      if (this.#plan[i] - indices.at(-1) !== step || this.#has(this.#plan[i]) || Math.abs(step) > 48) break;
      indices.push(this.#plan[i]);
    }
    const stop = new AbortController();
    const part = this.#part;
    this.#fetching = { indices, stop, part };
    const begun = performance.now();
    this.#first = false;
    const query = new URLSearchParams({
      first: indices[0], count: indices.length, step: indices.length > 1 ? step : 1, pictures: this.#pictures.join(","), part,
    });
    try {
      const answer = await fetch(`/api/takes/${encodeURIComponent(this.name)}/frames?${query}`, { signal: stop.signal });
      if (!answer.ok) throw new Error((await answer.text()).trim());
      this.#keep(await answer.arrayBuffer(), part);
      this.#note("fetch", part, (performance.now() - begun) / indices.length);
      this.#fetching = null;
      this.failed("");
      this.#go();
    } catch (error) {
      this.#fetching = null;
      if (this.#closed) return;
      if (error.name !== "AbortError") {
        this.failed(error instanceof TypeError ? "NOT CONNECTED" : error.message);
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#go(), RETRY_MS);
        return;
      }
      this.#go();
    }
  }

  #keep(buffer, part) {
    const length = new DataView(buffer).getUint32(0);
    const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
    let at = 4 + length;
    for (const [index, pictures] of head.frames) {
      for (const [picture, each] of Object.entries(pictures)) {
        const key = `${index}/${picture}/${part}`;
        if (typeof each === "string") {
          this.#put(key, { blob: this.#jpegs.get(`${index}/${each}/${part}`)?.blob, size: 0 });
        } else {
          this.#put(key, { blob: new Blob([new Uint8Array(buffer, at, each)], { type: "image/jpeg" }), size: each });
          at += each;
        }
      }
    }
  }

  #put(key, value) {
    this.#bytes += value.size - (this.#jpegs.get(key)?.size ?? 0);
    this.#jpegs.delete(key);
    this.#jpegs.set(key, value);
    const needed = new Set(this.#plan.slice(0, 2 * BATCH).map(String));
    for (const [old, { size }] of this.#jpegs) {
      if (this.#bytes <= MOST_BYTES) break;
      if (needed.has(old.split("/")[0])) continue;
      this.#jpegs.delete(old);
      this.#bytes -= size;
    }
  }

  #decode() {
    const near = this.#plan.slice(0, this.ahead);
    const kept = new Set(near);
    for (const [key, { index, bitmap }] of this.#bitmaps) {
      if (kept.has(index) || this.#shown.has(key)) continue;
      bitmap.close();
      this.#bitmaps.delete(key);
    }
    for (const index of near) {
      for (const picture of this.#pictures) {
        const key = `${index}/${picture}/${this.#part}`;
        if (this.#decoding.size >= DECODING) return;
        if (this.#bitmaps.has(key) || this.#decoding.has(key) || !this.#jpegs.has(key)) continue;
        this.#decodeOne(key, index);
      }
    }
  }

  async #decodeOne(key, index) {
    this.#decoding.add(key);
    try {
      const begun = performance.now();
      const bitmap = await createImageBitmap(this.#jpegs.get(key).blob);
      this.#note("decode", Number(key.split("/")[2]), ((performance.now() - begun) * this.#pictures.length) / DECODING);
      if (this.#closed) bitmap.close();
      else this.#bitmaps.set(key, { index, bitmap });
    } catch {
      this.#jpegs.delete(key);
      this.failed("A PICTURE OF THIS TAKE IS DAMAGED");
    } finally {
      this.#decoding.delete(key);
    }
    this.came?.();
    if (!this.#closed) this.#decode();
  }

  /** What stands on the screen is not given back. */
  showing(index, pictures) {
    this.#shown = new Set(pictures.flatMap((picture) => [1, 2, 4].map((part) => `${index}/${picture}/${part}`)));
  }
}
