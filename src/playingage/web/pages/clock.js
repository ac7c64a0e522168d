// The server's clock, learnt by ping and pong. Half of the shortest round trip bounds the error.

const MOST = 24;
const FIRST = 6;
const QUICK_MS = 80;
const CALM_MS = 2000;

export class ServerClock {
  #samples = [];
  #timer = 0;

  /** Begin asking over `send(message)`; what was learnt on an earlier connection is forgotten. */
  start(send) {
    this.stop();
    this.#samples = [];
    let asked = 0;
    const ask = () => {
      send({ type: "ping", at: performance.now() / 1000 });
      asked += 1;
      this.#timer = setTimeout(ask, asked < FIRST ? QUICK_MS : CALM_MS);
    };
    ask();
  }

  stop() {
    clearTimeout(this.#timer);
  }

  heard({ at, server }) {
    const now = performance.now() / 1000;
    this.#samples.push({ trip: now - at, offset: server - (at + now) / 2 });
    if (this.#samples.length > MOST) this.#samples.shift();
  }

  get #best() {
    return this.#samples.reduce((best, sample) => (best === null || sample.trip < best.trip ? sample : best), null);
  }

  get known() {
    return this.#samples.length > 0;
  }

  /** Seconds of the server's clock, now or at a `performance.now()`. */
  at(milliseconds = performance.now()) {
    return milliseconds / 1000 + (this.#best?.offset ?? 0);
  }

  /** Seconds by which `at` may be wrong. */
  get error() {
    return this.#best === null ? 1 : this.#best.trip / 2;
  }
}
