// The contact sheet: only the tiles in sight exist, so that any number of faces scrolls alike.

const GAP = 4;
const OVERSCAN = 2;
const SETTLE_MS = 70;

export class Grid {
  #scroller = document.getElementById("grid");
  #inner = document.getElementById("tiles");
  #empty = document.getElementById("empty");
  #tiles = [];
  #columns = 1;
  #side = 132;
  #items = [];
  #faces = null;
  #look;
  #seen = new Set();
  #timer = 0;
  #drawn = false;

  /** `look(i)`: { chosen, here } of face `i`. */
  constructor(look) {
    this.#look = look;
    this.#scroller.addEventListener("scroll", () => this.#soon(), { passive: true });
    new ResizeObserver(() => this.#lay()).observe(this.#scroller);
  }

  /** Show these faces, by their places in `faces`. */
  show(faces, items) {
    this.#faces = faces;
    this.#items = items;
    this.#empty.hidden = items.length > 0;
    this.#lay();
  }

  get columns() {
    return this.#columns;
  }

  /** Rows of a screen. */
  get page() {
    return Math.max(1, Math.floor(this.#scroller.clientHeight / (this.#side + GAP)));
  }

  /** The place in the list of what lies under a tile's element. */
  placeOf(element) {
    const tile = element.closest(".tile");
    return tile === null ? -1 : Number(tile.dataset.place);
  }

  /** Scroll so that the place can be seen. */
  reveal(place) {
    const top = Math.floor(place / this.#columns) * (this.#side + GAP);
    const { scrollTop, clientHeight } = this.#scroller;
    if (top < scrollTop) this.#scroller.scrollTop = top;
    else if (top + this.#side + GAP > scrollTop + clientHeight) this.#scroller.scrollTop = top + this.#side + GAP - clientHeight;
  }

  /** Draw what is in sight anew. */
  draw() {
    if (this.#faces === null) return;
    const height = this.#side + GAP;
    const first = Math.max(0, Math.floor(this.#scroller.scrollTop / height) - OVERSCAN) * this.#columns;
    const rows = Math.ceil(this.#scroller.clientHeight / height) + 2 * OVERSCAN + 1;
    const wanted = rows * this.#columns;
    while (this.#tiles.length < wanted) this.#tiles.push(this.#make());
    // A tile keeps its place while it stays in sight: nothing that is shown is loaded anew.
    this.#tiles.forEach((tile, number) => {
      const turn = this.#tiles.length;
      const place = first + ((number - first) % turn + turn) % turn;
      this.#fill(tile, place, place < this.#items.length && place < first + wanted);
    });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#load(), SETTLE_MS);
  }

  #soon() {
    if (this.#drawn) return;
    this.#drawn = true;
    requestAnimationFrame(() => { this.#drawn = false; this.draw(); });
  }

  #lay() {
    const wish = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--tile")) || 132;
    const style = getComputedStyle(this.#scroller);
    const width = this.#scroller.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const anchor = Math.floor(this.#scroller.scrollTop / (this.#side + GAP)) * this.#columns;
    this.#columns = Math.max(2, Math.floor((width + GAP) / (wish + GAP)));
    this.#side = Math.max(40, Math.floor((width + GAP) / this.#columns) - GAP);
    this.#inner.style.height = `${Math.ceil(this.#items.length / this.#columns) * (this.#side + GAP)}px`;
    this.#inner.style.setProperty("--tile", `${this.#side}px`);
    this.#scroller.scrollTop = Math.floor(anchor / this.#columns) * (this.#side + GAP);
    this.draw();
  }

  #make() {
    const tile = document.createElement("div");
    tile.className = "tile";
    tile.setAttribute("role", "option");
    const picture = document.createElement("img");
    picture.alt = "";
    picture.decoding = "async";
    picture.draggable = false;
    picture.onload = () => { this.#seen.add(picture.src); picture.classList.add("there"); };
    picture.onerror = () => tile.classList.add("broken");
    const words = document.createElement("div");
    words.className = "words";
    words.append(document.createElement("span"), document.createElement("span"));
    const mark = document.createElement("div");
    mark.className = "mark";
    tile.append(picture, words, mark);
    this.#inner.append(tile);
    return tile;
  }

  #fill(tile, place, used) {
    tile.hidden = !used;
    if (!used) return;
    const i = this.#items[place], faces = this.#faces;
    const [picture, words, mark] = tile.children;
    const size = this.#side * devicePixelRatio > 150 ? 256 : 128;
    const source = new URL(`/thumb?face=${encodeURIComponent(faces.id[i])}&size=${size}&v=${faces.picture[i]}`, location.href).href;
    if (tile.dataset.source !== source) {
      tile.dataset.source = source;
      tile.classList.remove("broken");
      picture.classList.remove("there");
      picture.removeAttribute("src");
      if (this.#seen.has(source)) picture.src = source;
    }
    const { chosen, here } = this.#look(i);
    tile.dataset.place = place;
    tile.dataset.face = faces.id[i];
    tile.id = here ? "tile-here" : "";
    const column = place % this.#columns, row = Math.floor(place / this.#columns);
    tile.style.transform = `translate(${column * (this.#side + GAP)}px, ${row * (this.#side + GAP)}px)`;
    const state = faces.state[i], program = state === "rejected" && faces.reason[i] !== "";
    for (const [name, on] of Object.entries({ chosen, here, accepted: state === "accepted", rejected: state === "rejected", program })) tile.classList.toggle(name, on);
    tile.setAttribute("aria-selected", String(chosen));
    tile.setAttribute("aria-label", `${faces.titles[faces.title[i]]}, ${faces.timecode[i] ?? `frame ${faces.frame[i]}`}, age ${age(faces.age[i])}, ${faces.stateOf(i)}`);
    write(words.children[0], age(faces.age[i]));
    write(words.children[1], faces.note[i] || (program ? faces.reason[i] : faces.timecode[i] ?? faces.source[i]));
    write(mark, state === "accepted" ? "✓" : "✕");
  }

  #load() {
    for (const tile of this.#tiles) {
      const picture = tile.firstChild;
      if (!tile.hidden && !picture.hasAttribute("src")) picture.src = tile.dataset.source;
    }
  }
}

export function age(years) {
  return String(Math.round(years * 10) / 10);
}

export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
