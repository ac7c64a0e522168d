// Small helpers for the page: make elements, write only what changed.

/** An element. `properties`: `text`, `class`, `on` (map of listeners), anything else is an attribute; false and null leave it out. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "text") element.textContent = value;
    else if (name === "on") for (const [kind, act] of Object.entries(value)) element.addEventListener(kind, act);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children);
  return element;
}

export function byId(id) {
  return document.getElementById(id);
}

export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Set an attribute, or take it away with null or false. */
export function mark(element, name, value) {
  if (value === null || value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
  } else {
    const text = value === true ? "" : String(value);
    if (element.getAttribute(name) !== text) element.setAttribute(name, text);
  }
}

/** A dialog that leaves the rest of the page in use: the emergency button stays in reach. */
export class Panel {
  #dialog;
  #back = null;

  constructor(id, opener = null) {
    this.#dialog = byId(id);
    this.opener = opener;
    byId(`${id}-close`)?.addEventListener("click", () => this.close());
    this.#dialog.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); this.close(); }
    });
    document.addEventListener("pointerdown", (event) => {
      if (this.open && !this.#dialog.contains(event.target) && !this.opener?.contains(event.target)) this.close(false);
    });
  }

  get open() {
    return this.#dialog.open;
  }

  show(focus = null) {
    if (!this.open) {
      this.#back = document.activeElement;
      this.#dialog.show();
      this.opener?.setAttribute("aria-expanded", "true");
    }
    (focus ?? this.#dialog.querySelector("button, input"))?.focus();
  }

  close(giveBack = true) {
    if (!this.open) return;
    this.#dialog.close();
    this.opener?.setAttribute("aria-expanded", "false");
    if (giveBack && this.#back?.isConnected) this.#back.focus();
  }
}
