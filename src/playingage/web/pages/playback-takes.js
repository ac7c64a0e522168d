// The list of takes, kept up to date; which one is shown, and what stands beside it.

const RETRY_MS = 1000;

export class Takes {
  takes = [];
  recorder = {};
  me = {};
  #known = "";
  #told;
  #take = document.getElementById("take");
  #beside = document.getElementById("beside");

  /** `told()`: the list changed. `lost(words)`: it cannot be had. `pick(name)`, `compare(value)`: somebody chose. */
  constructor({ told, lost, pick, compare }) {
    this.#told = told;
    this.lost = lost;
    this.#take.addEventListener("change", () => pick(this.#take.value));
    this.#beside.addEventListener("change", () => compare(this.#beside.value));
    this.#follow();
  }

  /** Takes that can be looked at: closed ones, the last rolled first. */
  get closed() {
    return this.takes.filter((take) => take.ended !== "rolling" && take.ended !== "unreadable" && take.frames !== 0);
  }

  get last() { return this.closed[0]?.name ?? null; }

  /** The take `by` further from the one shown; positive is later. */
  beside(name, by) {
    const at = this.closed.findIndex((take) => take.name === name);
    return this.closed[at - by]?.name ?? null;
  }

  show(name, beside) {
    fill(this.#take, this.closed.map((take) => [take.name, words(take)]), name);
    fill(this.#beside, [
      ["clean", "clean"], ["matte", "matte"],
      ...this.closed.filter((take) => take.name !== name).flatMap((take) => [
        [`aged ${take.name}`, `${slate(take)} aged`], [`clean ${take.name}`, `${slate(take)} clean`],
      ]),
    ], beside);
  }

  async #follow() {
    for (;;) {
      try {
        const answer = await fetch(`/api/takes?${new URLSearchParams({ known: this.#known })}`);
        if (!answer.ok) throw new Error((await answer.text()).trim());
        const { takes, recorder, known, me } = await answer.json();
        const unsealed = takes.some((take) => take.ended !== "rolling" && take.sealed === false);
        Object.assign(this, { takes, recorder, me });
        this.#known = unsealed ? "" : known;
        this.lost("");
        this.#told();
        if (unsealed) await new Promise((done) => { setTimeout(done, RETRY_MS); });
      } catch (error) {
        this.#known = "";
        this.lost(error instanceof TypeError ? "NOT CONNECTED" : error.message);
        await new Promise((done) => { setTimeout(done, RETRY_MS); });
      }
    }
  }
}

export const slate = ({ scene, shot, take }) => `${[scene, shot].filter(Boolean).join(" ")} take ${take}`.trim();
const words = (take) => `${slate(take)} · ${take.seconds.toFixed(1)} s${take.ended === "cut" ? "" : ` · ${take.ended}`}`;

function fill(select, options, value) {
  const now = JSON.stringify(options);
  if (select.dataset.now !== now) {
    select.dataset.now = now;
    select.replaceChildren(...options.map(([key, text]) => new Option(text, key)));
  }
  select.value = value;
}
