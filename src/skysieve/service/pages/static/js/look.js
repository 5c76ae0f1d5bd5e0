// How cutouts are drawn: stretch, colour map, inversion, zoom, cross. Kept in the browser.

import { mapNames } from "./colour_maps.js";
import { stretchNames } from "./stretch.js";

const STORED = "skysieve.look.";
const ZOOMS = [1, 1.5, 2, 3, 4, 6];
const DEFAULTS = { stretch: "asinh", map: "grey", inverted: false, zoom: 1, cross: true };
const DEFAULTS_OF = { streak: { stretch: "linear" } }; // pictures of 8 bits are stretched already

export class Look extends EventTarget {
  constructor(panel, kind) {
    super();
    this.panel = panel;
    this.overlay = false;
    this.setKind(kind);
    panel.hidden = false;
    panel.addEventListener("click", (event) => this.clicked(event.target.closest("button")));
    panel.querySelector("[data-map]").addEventListener("change", (event) => this.set({ map: event.target.value }));
    this.show();
  }

  // Every kind of candidate has a look of its own.
  setKind(kind) {
    if (kind === this.kind) return;
    this.kind = kind;
    this.values = valuesOf(kind);
    this.show();
  }

  // What pictures are drawn by.
  get drawn() {
    return this.values;
  }

  // What those of another kind are drawn by, where several stand beside each other.
  drawnFor(kind) {
    return kind === this.kind ? this.values : valuesOf(kind);
  }

  set(values) {
    Object.assign(this.values, values);
    try {
      localStorage.setItem(STORED + this.kind, JSON.stringify(this.values));
    } catch {
      // private browsing may refuse; the look lasts as long as the page
    }
    this.show();
    this.dispatchEvent(new Event("change"));
  }

  setOverlay(shown) {
    this.overlay = shown;
    this.show();
    this.dispatchEvent(new Event("change"));
  }

  nextMap() {
    this.set({ map: mapNames[(mapNames.indexOf(this.values.map) + 1) % mapNames.length] });
  }

  nextStretch() {
    this.set({ stretch: stretchNames[(stretchNames.indexOf(this.values.stretch) + 1) % stretchNames.length] });
  }

  zoom(step) {
    const place = Math.min(ZOOMS.length - 1, Math.max(0, ZOOMS.indexOf(this.values.zoom) + step));
    this.set({ zoom: ZOOMS[place] });
  }

  register(keys) {
    stretchNames.forEach((name, at) => {
      keys.action(`stretch ${name}`, [String(at + 1)], `stretch: ${name}`, () => this.set({ stretch: name }), "Cutouts");
    });
    keys.action("next stretch", ["a"], "next stretch", () => this.nextStretch(), "Cutouts");
    keys.action("colour map", ["c", "C"], "next colour map", () => this.nextMap(), "Cutouts");
    keys.action("invert", ["i", "I"], "invert", () => this.set({ inverted: !this.values.inverted }), "Cutouts");
    keys.action("zoom in", ["+", "="], "zoom in", () => this.zoom(1), "Cutouts");
    keys.action("zoom out", ["-"], "zoom out", () => this.zoom(-1), "Cutouts");
    keys.action("cross", ["x", "X"], "cross on or off", () => this.set({ cross: !this.values.cross }), "Cutouts");
  }

  clicked(button) {
    if (!button) return;
    const { stretch, zoom, toggle } = button.dataset;
    if (stretch) this.set({ stretch });
    else if (zoom) this.zoom(Number(zoom));
    else if (toggle === "overlay") this.setOverlay(!this.overlay);
    else if (toggle) this.set({ [toggle]: !this.values[toggle] });
  }

  show() {
    for (const button of this.panel.querySelectorAll("[data-stretch]")) {
      button.setAttribute("aria-pressed", String(button.dataset.stretch === this.values.stretch));
    }
    for (const button of this.panel.querySelectorAll("[data-toggle]")) {
      const { toggle } = button.dataset;
      button.setAttribute("aria-pressed", String(toggle === "overlay" ? this.overlay : this.values[toggle]));
    }
    this.panel.querySelector("[data-map]").value = this.values.map;
    this.panel.querySelector("[data-zoom-shown]").textContent = `${this.values.zoom}×`;
  }
}

function valuesOf(kind) {
  return { ...DEFAULTS, ...DEFAULTS_OF[kind], ...stored(kind) };
}

function stored(kind) {
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem(STORED + kind) ?? "{}") ?? {};
  } catch {
    // what cannot be read is as good as nothing
  }
  const fits = {
    stretch: stretchNames.includes(kept.stretch),
    map: mapNames.includes(kept.map),
    zoom: ZOOMS.includes(kept.zoom),
    inverted: typeof kept.inverted === "boolean",
    cross: typeof kept.cross === "boolean",
  };
  return Object.fromEntries(Object.entries(kept).filter(([name]) => fits[name]));
}
