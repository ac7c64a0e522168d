// The faces as columns, what they may be filtered and ordered by, and what was decided.

export const OTHER = "other person";

const round = (value, digits = 0) => (value === null ? "–" : value.toFixed(digits));

const POSES = ["front", "turned left", "turned right", "profile left", "profile right", "up", "down"];
const LIGHTS = ["even", "from the left", "from the right", "from above", "dark", "bright"];
const SHARPNESS = ["sharp", "fair", "soft"];
const LIKENESS = ["sure", "likely", "doubtful"];
const STATES = ["undecided", "accepted", "rejected", OTHER, "rejected at ingest"];

function poseOf(faces, i) {
  const yaw = faces.yaw[i], pitch = faces.pitch[i];
  if (Math.abs(yaw) >= 40) return yaw < 0 ? POSES[3] : POSES[4];
  if (Math.abs(yaw) >= 15) return yaw < 0 ? POSES[1] : POSES[2];
  if (Math.abs(pitch) >= 15) return pitch < 0 ? POSES[5] : POSES[6];
  return POSES[0];
}

function lightOf(faces, i) {
  if (faces.light[i] < 0.18) return LIGHTS[4];
  if (faces.light[i] > 0.75) return LIGHTS[5];
  if (Math.abs(faces.light_side[i]) >= 0.3) return faces.light_side[i] < 0 ? LIGHTS[1] : LIGHTS[2];
  return faces.light_top[i] >= 0.5 ? LIGHTS[3] : LIGHTS[0];
}

const third = (value, names, low, high) => (value >= high ? names[0] : value >= low ? names[1] : names[2]);

export class Faces {
  constructor(document) {
    this.read(document);
  }

  read({ performer, name, serial, titles, faces }) {
    Object.assign(this, { performer, name, serial, titles }, faces);
    this.count = this.id.length;
    this.place = new Map(this.id.map((id, i) => [id, i]));
    const years = new Set(this.age.map((age) => Math.floor(age)));
    this.yearStep = years.size > 14 ? 5 : 1;
  }

  stateOf(i) {
    if (this.state[i] === "accepted") return STATES[1];
    if (this.state[i] === "kept") return STATES[0];
    if (this.reason[i]) return STATES[4];
    return this.note[i] === OTHER ? OTHER : STATES[2];
  }

  eraOf(i) {
    const from = Math.floor(this.age[i] / this.yearStep) * this.yearStep;
    return this.yearStep === 1 ? `${from}` : `${from}–${from + this.yearStep - 1}`;
  }

  /** Facets: key, words, the group of face `i`, and the groups' order (null: by itself). */
  get facets() {
    return [
      { key: "state", words: "Decision", of: (i) => this.stateOf(i), order: STATES },
      { key: "age", words: "Age", of: (i) => this.eraOf(i), order: null },
      { key: "title", words: "Title", of: (i) => this.titles[this.title[i]], order: this.titles },
      { key: "like", words: "Likeness to the references", of: (i) => (this.distance[i] === null ? LIKENESS[2] : third(-this.distance[i], LIKENESS, -0.55, -0.45)), order: LIKENESS },
      { key: "pose", words: "Pose", of: (i) => poseOf(this, i), order: POSES },
      { key: "expression", words: "Expression", of: (i) => this.expression[i], order: null },
      { key: "light", words: "Light", of: (i) => lightOf(this, i), order: LIGHTS },
      { key: "sharp", words: "Sharpness", of: (i) => third(this.sharpness[i], SHARPNESS, 0.33, 0.66), order: SHARPNESS },
    ];
  }

  /** Orders: words, and a comparison of faces. */
  get orders() {
    const by = (column, sign) => (a, b) => sign * ((column[a] ?? Infinity) - (column[b] ?? Infinity)) || a - b;
    const filmed = (a, b) => this.title[a] - this.title[b] || this.source[a].localeCompare(this.source[b]) || this.frame[a] - this.frame[b];
    return {
      "as filmed": filmed,
      "youngest first": (a, b) => this.age[a] - this.age[b] || filmed(a, b),
      "least like the references first": by(this.distance, -1),
      "softest first": by(this.sharpness, 1),
      "most covered first": by(this.occlusion, -1),
    };
  }

  /** Take in what was decided; the places of the faces that it is about. */
  decide(changes) {
    const touched = [];
    for (const { faces, set } of changes) {
      for (const id of faces) {
        const i = this.place.get(id);
        if (i === undefined) continue;
        for (const [name, value] of Object.entries(set)) this[name][i] = value;
        touched.push(i);
      }
    }
    return touched;
  }

  /** The faces of the same track: one face through its shot. */
  trackOf(i) {
    const columns = [this.title, this.source, this.shot, this.track];
    return Array.from(this.id.keys()).filter((j) => columns.every((column) => column[j] === column[i]));
  }

  /** Origin and measures in words. */
  facts(i) {
    const yaw = this.yaw[i], pitch = this.pitch[i];
    return [
      ["title", this.titles[this.title[i]]],
      ["file", this.source[i]],
      ["timecode", this.timecode[i] ?? "none"],
      ["frame", `${this.frame[i]} · ${round(this.seconds[i], 2)} s`],
      ["shot, track", `${this.shot[i]}, ${this.track[i]}`],
      ["rights", this.rights[i] || "not said"],
      ["age", `${round(this.age[i], 1)} years`],
      ["size", `${round(this.eye[i])} px between the eyes, cut ${this.width[i]} × ${this.height[i]}`],
      ["pose", `${poseOf(this, i)} · ${round(yaw)}° across, ${round(pitch)}° down`],
      ["expression", this.expression[i]],
      ["light", `${lightOf(this, i)} · ${round(100 * this.light[i])} %`],
      ["sharpness", `${round(100 * this.sharpness[i])} %`],
      ["grain", round(255 * this.noise[i], 1) + " of 255"],
      ["covered", `${round(100 * this.occlusion[i])} %${this.interlaced[i] ? " · interlaced" : ""}`],
      ["distance", `${round(this.distance[i], 2)} to the references`],
    ];
  }
}
