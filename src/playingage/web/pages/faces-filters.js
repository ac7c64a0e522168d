// Filters: several of one kind widen, several kinds narrow. Counts tell what each would show.

export class Filters {
  #box = document.getElementById("facets");
  #chosen = new Map();
  #changed;

  /** `changed()`: the filters are others now. */
  constructor(changed) {
    this.#changed = changed;
    document.getElementById("clear").addEventListener("click", () => { this.#chosen.clear(); changed(); });
    const open = document.getElementById("open-filters");
    const toggle = (on) => {
      document.body.classList.toggle("filtering", on);
      open.setAttribute("aria-expanded", String(document.body.classList.contains("filtering")));
    };
    open.addEventListener("click", (event) => { event.stopPropagation(); toggle(); });
    document.addEventListener("pointerdown", (event) => {
      if (!event.target.closest("#filters, #open-filters")) toggle(false);
    });
    this.close = () => toggle(false);
  }

  /** Places of the faces that fit, in order. */
  apply(faces, order) {
    const fits = this.count(faces);
    return Array.from({ length: faces.count }, (_, i) => i).filter((i) => fits(i, null)).sort(order);
  }

  /** Draw the filters with their counts; gives what tells whether a face fits all of them but one. */
  count(faces) {
    const facets = faces.facets;
    const groups = new Map(facets.map((facet) => [facet.key, Array.from({ length: faces.count }, (_, i) => facet.of(i))]));
    const fits = (i, except) => facets.every(({ key }) => {
      const wanted = this.#chosen.get(key);
      return key === except || !wanted?.size || wanted.has(groups.get(key)[i]);
    });
    for (const facet of facets) this.#draw(facet, groups.get(facet.key), (i) => fits(i, facet.key));
    const on = [...this.#chosen.values()].reduce((sum, set) => sum + set.size, 0);
    const open = document.getElementById("open-filters");
    if (on) open.dataset.on = on;
    else delete open.dataset.on;
    document.getElementById("clear").disabled = on === 0;
    return fits;
  }

  #draw(facet, groups, fits) {
    const counts = new Map();
    groups.forEach((group, i) => counts.set(group, (counts.get(group) ?? 0) + (fits(i) ? 1 : 0)));
    const wanted = this.#chosen.get(facet.key) ?? new Set();
    const known = facet.order ?? [...counts.keys()].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
    const names = known.filter((name) => counts.has(name) || wanted.has(name));
    let set = this.#box.querySelector(`[data-facet="${facet.key}"]`);
    if (set === null) {
      set = document.createElement("fieldset");
      set.dataset.facet = facet.key;
      this.#box.append(set);
    }
    const legend = document.createElement("legend");
    legend.textContent = facet.words;
    const focused = set.contains(document.activeElement) ? document.activeElement.dataset.group : null;
    set.replaceChildren(legend, ...names.map((name) => this.#button(facet.key, name, counts.get(name) ?? 0, wanted)));
    set.hidden = names.length < 2 && wanted.size === 0;
    if (focused !== null) set.querySelector(`[data-group="${CSS.escape(focused)}"]`)?.focus();
  }

  #button(key, name, count, wanted) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "facet";
    button.dataset.group = name;
    if (count === 0) button.dataset.none = "";
    button.setAttribute("aria-pressed", String(wanted.has(name)));
    const words = document.createElement("span"), number = document.createElement("i");
    words.textContent = name;
    number.textContent = String(count);
    button.append(words, number);
    button.addEventListener("click", () => {
      if (!wanted.delete(name)) wanted.add(name);
      this.#chosen.set(key, wanted);
      this.#changed();
    });
    return button;
  }
}
