// Where the picture lies on the screen: mirrored, and either whole or following a face softly.

const ROOM = 2.1;
const LEAST = 0.22;
const CENTRE_S = 0.35;
const SIZE_S = 0.9;
const STILL = 0.05;
const PATIENCE_MS = 1500;
const STEP = 240;

export class MirrorFrame {
  #stage;
  #canvas;
  #changed;
  #following = true;
  #view = null;
  #goal = null;
  #seen = -Infinity;
  #running = false;
  #last = 0;

  /** `changed()`: another size of picture may be wanted. */
  constructor(stage, canvas, changed) {
    this.#stage = stage;
    this.#canvas = canvas;
    this.#changed = changed;
    new ResizeObserver(() => { this.#view = null; this.#run(); changed(); }).observe(stage);
  }

  get following() {
    return this.#following;
  }

  set following(on) {
    this.#following = on;
    this.#run();
    this.#changed();
  }

  /** With every picture. `box`: left, top, right, bottom of the face in shares of the picture, or null. */
  look(box) {
    const now = performance.now();
    if (box !== null) {
      this.#seen = now;
      const goal = { x: (box[0] + box[2]) / 2, y: (box[1] + box[3]) / 2, tall: Math.max(LEAST, ROOM * (box[3] - box[1])) };
      const far = (a, b) => this.#goal === null || Math.abs(a - b) > STILL * this.#goal.tall;
      if (this.#goal === null || far(goal.x * this.#aspect, this.#goal.x * this.#aspect) || far(goal.y, this.#goal.y) || Math.abs(goal.tall / this.#goal.tall - 1) > 2 * STILL) this.#goal = goal;
    } else if (now - this.#seen > PATIENCE_MS) this.#goal = null;
    this.#run();
  }

  /** Somebody else is followed. */
  forget() {
    this.#goal = null;
    this.#seen = -Infinity;
  }

  /** The short side, in pixels, of a picture that is sharp as it lies now. */
  get shortSide() {
    const { width, height } = this.#stage.getBoundingClientRect();
    const target = this.#target();
    const side = Math.min(width * Math.max(1, 1 / target.wide), height / target.tall) * devicePixelRatio;
    return Math.max(1, Math.min(16384, Math.ceil(side / STEP) * STEP));
  }

  get #aspect() {
    return this.#canvas.width / this.#canvas.height;
  }

  /** What of the picture is to be seen: middle, height and width in shares; the whole where no face is followed. */
  #target() {
    const { width, height } = this.#stage.getBoundingClientRect();
    const shape = (width / Math.max(1, height)) / this.#aspect;
    const whole = { x: 0.5, y: 0.5, tall: Math.max(1, 1 / shape) };
    const follow = this.#following && this.#goal !== null;
    const { x, y } = follow ? this.#goal : whole;
    const tall = follow ? Math.min(this.#goal.tall, 1, 1 / shape) : whole.tall;
    const wide = tall * shape;
    const inside = (middle, size) => (size >= 1 ? 0.5 : Math.min(1 - size / 2, Math.max(size / 2, middle)));
    return { x: inside(x, wide), y: inside(y, tall), tall, wide };
  }

  #run() {
    if (this.#running) return;
    this.#running = true;
    this.#last = performance.now();
    requestAnimationFrame((at) => this.#step(at));
  }

  #step(at) {
    const target = this.#target();
    const seconds = Math.min(0.1, Math.max(0, (at - this.#last) / 1000));
    this.#last = at;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (this.#view === null || calm) this.#view = { ...target };
    else {
      const [near, slow] = [1 - Math.exp(-seconds / CENTRE_S), 1 - Math.exp(-seconds / SIZE_S)];
      this.#view.x += (target.x - this.#view.x) * near;
      this.#view.y += (target.y - this.#view.y) * near;
      this.#view.tall *= (target.tall / this.#view.tall) ** slow;
    }
    const view = this.#view;
    const rest = Math.abs(target.x - view.x) + Math.abs(target.y - view.y) + Math.abs(target.tall / view.tall - 1);
    if (rest > 0.001) requestAnimationFrame((next) => this.#step(next));
    else {
      this.#view = { ...target };
      this.#running = false;
    }
    this.#place();
  }

  /** Left and right are changed over: x of the picture goes to the right edge minus x. */
  #place() {
    const { width: wide, height: tall } = this.#canvas;
    const { width, height } = this.#stage.getBoundingClientRect();
    const scale = height / (this.#view.tall * tall);
    const right = this.#view.x * wide * scale + width / 2;
    const top = height / 2 - this.#view.y * tall * scale;
    this.#canvas.style.transform = `matrix(${-scale}, 0, 0, ${scale}, ${right}, ${top})`;
  }

  /** The picture has another size now. */
  shape() {
    if (this.#view !== null) this.#place();
    else this.#run();
  }
}
