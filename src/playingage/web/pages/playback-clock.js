// Where playback stands: position, direction, speed, the loop. No pictures, no clock of its own: time is passed in.

export class Transport {
  position = 0;
  playing = 0;
  speed = 1;
  looping = true;
  #begin = null;
  #end = null;
  #length = 0;
  #rate = 24;
  #from = { time: 0, position: 0 };

  /** Another take, `length` positions long, at `rate` a second: from its start. */
  load(length, rate) {
    this.#length = length;
    this.#rate = rate;
    this.#begin = this.#end = null;
    this.position = 0;
    this.playing = 0;
  }

  get length() { return this.#length; }
  get rate() { return this.#rate; }
  get begin() { return this.#begin ?? 0; }
  get end() { return this.#end ?? Math.max(0, this.#length - 1); }
  get marked() { return [this.#begin, this.#end]; }

  /** -1 plays backwards, 1 forwards, 0 stands. */
  play(direction, now) {
    if (direction && !this.looping) {
      if (direction > 0 && this.position >= this.end) this.position = this.begin;
      if (direction < 0 && this.position <= this.begin) this.position = this.end;
    }
    if (direction && this.looping && (this.position < this.begin || this.position > this.end)) this.position = this.begin;
    this.playing = direction;
    this.hold(now);
  }

  pace(speed, now) {
    this.speed = speed;
    this.hold(now);
  }

  go(position, now) {
    this.position = Math.max(0, Math.min(this.#length - 1, Math.round(position)));
    this.hold(now);
  }

  /** In: this frame; in again: none. Out likewise; the two never cross. */
  setIn() {
    this.#begin = this.#begin === this.position ? null : this.position;
    if (this.#end !== null && this.#begin !== null && this.#end <= this.#begin) this.#end = null;
  }

  setOut() {
    this.#end = this.#end === this.position ? null : this.position;
    if (this.#begin !== null && this.#end !== null && this.#begin >= this.#end) this.#begin = null;
  }

  clear() { this.#begin = this.#end = null; }

  /** Go on from here: the picture that is due was not there in time, or something else changed. */
  hold(now) {
    this.#from = { time: now, position: this.position };
  }

  /** Faster than the take only every so many frames are shown. */
  get #step() { return this.playing && this.speed > 1 ? this.speed : 1; }

  /** The next frame is due now. */
  retard(now) {
    this.#from = { time: now - (1.001 * this.#step) / (this.#rate * this.speed), position: this.position };
  }

  /** The position due at `now` (seconds); null where it goes no further. */
  due(now) {
    if (!this.playing || !this.#length) return this.position;
    const step = this.#step;
    const moved = Math.floor(((now - this.#from.time) * this.#rate * this.speed) / step + 1e-6) * step;
    const at = this.#from.position + this.playing * moved;
    if (at <= this.end && at >= this.begin) return at;
    if (!this.looping) return null;
    const span = this.end - this.begin + 1;
    return this.begin + ((((at - this.begin) % span) + span) % span);
  }

  /** The next positions, this one first. */
  next(count) {
    const step = (this.playing || 1) * this.#step;
    const found = [];
    const span = this.end - this.begin + 1;
    for (let i = 0, at = this.position; i < count; i++, at += step) {
      if (at > this.end || at < this.begin) {
        if (!this.looping || !this.playing || span < 2) {
          if (at > this.#length - 1 || at < 0 || this.playing) break;
        } else {
          at = this.begin + ((((at - this.begin) % span) + span) % span);
        }
      }
      found.push(at);
    }
    return found;
  }
}
