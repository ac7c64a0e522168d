// The line of time: in and out, frames that are missing, marks, where it stands; dragged by hand.

const QUIET = "#6d6d6a";
const WHITE = "#e4e4e2";
const AMBER = "#e3ae55";

export class Line {
  #box = document.getElementById("line");
  #canvas = this.#box.querySelector("canvas");
  #state = { length: 0, position: 0, begin: 0, end: 0, marked: false, marks: [], gaps: [] };

  /** `on`: { scrub(position, done) }. */
  constructor(on) {
    new ResizeObserver(() => this.draw()).observe(this.#box);
    const follow = (event, done) => {
      const { left, width } = this.#box.getBoundingClientRect();
      const share = Math.max(0, Math.min(1, (event.clientX - left - 8) / (width - 16)));
      on.scrub(Math.round(share * (this.#state.length - 1)), done);
    };
    this.#box.addEventListener("pointerdown", (event) => {
      if (!this.#state.length) return;
      event.preventDefault();
      this.#box.focus({ preventScroll: true });
      this.#box.setPointerCapture(event.pointerId);
      follow(event, false);
    });
    this.#box.addEventListener("pointermove", (event) => {
      if (this.#box.hasPointerCapture(event.pointerId)) follow(event, false);
    });
    this.#box.addEventListener("pointerup", (event) => {
      if (this.#box.hasPointerCapture(event.pointerId)) follow(event, true);
    });
  }

  /** Positions where nothing was kept, as [first, last]. */
  static gaps(positions) {
    return positions.flatMap((at, i) => (i && at > positions[i - 1] + 1 ? [[positions[i - 1] + 1, at - 1]] : []));
  }

  show(state, words) {
    this.#state = { ...this.#state, ...state };
    this.#box.setAttribute("aria-valuemax", String(Math.max(0, this.#state.length - 1)));
    this.#box.setAttribute("aria-valuenow", String(this.#state.position));
    if (words !== undefined) this.#box.setAttribute("aria-valuetext", words);
    this.draw();
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.#box;
    const scale = devicePixelRatio;
    if (this.#canvas.width !== Math.round(width * scale) || this.#canvas.height !== Math.round(height * scale)) {
      this.#canvas.width = Math.round(width * scale);
      this.#canvas.height = Math.round(height * scale);
    }
    const context = this.#canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    const { length, position, begin, end, marked, marks, gaps } = this.#state;
    if (!length) return;
    const at = (where) => 8 + (where / Math.max(1, length - 1)) * (width - 16);
    const middle = Math.round(height / 2);
    const bar = (from, to, top, high, colour) => {
      context.fillStyle = colour;
      context.fillRect(at(from), top, Math.max(1, at(to) - at(from)), high);
    };
    bar(0, length - 1, middle, 1, QUIET);
    if (marked) {
      bar(begin, end, middle - 1, 3, WHITE);
      for (const each of [begin, end]) bar(each, each, middle - 9, 19, WHITE);
    }
    for (const [first, last] of gaps) bar(first, last + 1, middle - 2, 5, AMBER);
    context.fillStyle = AMBER;
    for (const mark of marks) {
      context.beginPath();
      context.moveTo(at(mark) - 4, middle - 12);
      context.lineTo(at(mark) + 4, middle - 12);
      context.lineTo(at(mark), middle - 5);
      context.fill();
    }
    context.fillStyle = WHITE;
    context.beginPath();
    context.arc(at(position), middle + 0.5, 7.5, 0, 2 * Math.PI);
    context.fill();
  }
}
