// What the mirror says of the face in it. It is called aged only by the server's word on that very picture.

import { years } from "./console-age.js";

const NOTHING = 0.02;
const ALL = 0.98;
const WHY = {
  child: "READS AS A CHILD", pose: "TURNED AWAY", size: "TOO SMALL", unknown: "NOT RECOGNISED", unsure: "UNSURE", ages: "AGE NOT COVERED",
  off: "SWITCHED OFF", unasked: "NO AGE ASKED", grant: "NO GRANT",
};

/** The performer's face in a picture: the likeliest one; where nobody is told from others, the largest. */
export function faceOf(faces, performer) {
  const size = ({ box }) => (box[2] - box[0]) * (box[3] - box[1]);
  const theirs = faces.filter((face) => face.box && (performer === "" || face.performer === performer));
  const better = (a, b) => (performer === "" ? size(a) > size(b) : (a.likeness ?? 0) < (b.likeness ?? 0));
  return theirs.reduce((best, face) => (best === null || better(face, best) ? face : best), null);
}

/** { label, note, warn } of a picture; `who`: the performer as the set has them, or null where nobody is told from others. */
export function mirrorWords(header, who) {
  if (header.view === "clean" || header.view === "failed") return { label: header.words, note: header.note, warn: true };
  const face = faceOf(header.faces, who?.performer ?? "");
  if (face === null) {
    const strangers = header.faces.filter((each) => each.reasons.includes("unknown")).length;
    const note = strangers > 0 ? `${strangers} NOT RECOGNISED` : "NOTHING CHANGED";
    return { label: who === null ? "NO FACE" : "NOT IN THE PICTURE", note, warn: true };
  }
  const why = [who?.stopped, ...face.reasons.map((reason) => WHY[reason] ?? reason.toUpperCase())].filter(Boolean);
  const note = [...new Set(why)].join(", ");
  const age = `AT AGE ${years(face.target_age ?? header.age)}`;
  if (face.strength >= ALL) return { label: age, note: "", warn: false };
  if (face.strength > NOTHING) return { label: `FADING, ${age}`, note, warn: true };
  return { label: "FACE LEFT AS IT IS", note: note || "NOTHING CHANGED", warn: true };
}
