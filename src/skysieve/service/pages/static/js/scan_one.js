// One candidate at a time: its cutouts as large as there is room, and what is known beside them.

import { showClasses } from "./class_buttons.js";
import { badge, find, make, scoreWords } from "./dom.js";
import { ASKING, COLOURS, explanationOf, noExplanation } from "./explanation.js";
import { setUpMetadata } from "./metadata_search.js";
import { drawImage } from "./picture.js";
import { pixelsOf, prefetch } from "./pixels.js";
import { getPart } from "./request.js";
import { Stopwatch } from "./stopwatch.js";

const AHEAD = 10;
const BESIDE_AHEAD = 3;
const [STRIP_BEFORE, STRIP_AFTER] = [3, 9];

export class OneView {
  constructor(root, state, look, say) {
    this.root = root;
    this.state = state;
    this.look = look;
    this.say = say;
    this.watch = new Stopwatch();
    this.shown = null;
    this.images = null;
    this.overlay = null; // what the scorer looked at, of the candidate that is shown
    this.besides = new Map();
    this.thumbs = new Map();
    this.figures = [];
    this.large = ""; // name of the cutout that is shown larger than the others
    look.addEventListener("change", () => this.explain());
    new ResizeObserver(() => this.redraw()).observe(find("#cutouts"));
    window.setInterval(() => this.tick(), 500);
  }

  show() {
    const item = this.state.current;
    find("#stage").hidden = !item;
    find("#beside").hidden = !item;
    find("#finished").hidden = Boolean(item);
    if (!item) {
      this.shown = null;
      this.showFinished();
      return;
    }
    if (item !== this.shown) this.showNew(item);
    showClasses(find("#classes"), this.state.taxonomyOf(item), this.state.said.get(item.id)?.said.name, this.say);
    this.showStrip();
  }

  showNew(item) {
    this.shown = item;
    this.images = null;
    this.look.setKind(item.kind);
    this.showHead(item);
    this.showImages(item);
    this.showBeside(item);
    this.explain();
    this.watch.restart();
    this.tick();
    const { items, index } = this.state;
    prefetch(items.slice(index + 1, index + 1 + AHEAD));
    for (const later of items.slice(index + 1, index + 1 + BESIDE_AHEAD)) this.besideOf(later);
  }

  showHead(item) {
    const name = find("#name");
    name.textContent = item.object || item.name;
    name.href = `/candidates/${item.id}`;
    const facts = [item.object ? item.name : null, item.survey, item.band && item.mag !== null ? `${item.band} = ${item.mag.toFixed(2)}` : item.band];
    find("#facts").textContent = facts.filter(Boolean).join(" · ");
    const score = find("#score");
    score.hidden = item.score === undefined || item.score === null;
    if (score.hidden) return;
    find("[data-score]", score).textContent = scoreWords(item.score);
    find("meter", score).value = item.score;
    const passes = find("[data-passes]", score);
    passes.textContent = item.passes === null ? "" : item.passes ? "passes" : "does not pass";
    passes.className = `badge ${item.passes === null ? "" : item.passes ? "real" : "bogus"}`;
    passes.hidden = item.passes === null;
  }

  async showImages(item) {
    const place = find("#cutouts");
    if (!item.pixels) {
      this.figures = [];
      place.replaceChildren(make("p", { class: "empty" }, "This candidate came without cutouts."));
      return;
    }
    this.setFigures(place, item);
    try {
      const images = await pixelsOf(item);
      if (this.shown !== item) return;
      this.images = images;
      this.redraw();
      place.dataset.drawn = item.id;
      this.watch.restart();
    } catch (error) {
      if (this.shown !== item) return;
      place.replaceChildren(make("p", { class: "empty" }, `${error.message}. `, this.retryButton(item)));
      this.figures = [];
    }
  }

  retryButton(item) {
    return make("button", { type: "button", on: { click: () => this.showImages(item) } }, "Try again");
  }

  // Keep the canvases where the next candidate has the same channels: nothing flickers.
  setFigures(place, item) {
    const names = item.channels.join("/");
    if (this.figures.length && place.dataset.channels === names && this.figures[0].canvas.isConnected) return;
    this.figures = item.channels.map((name) => {
      const canvas = make("canvas", { role: "img", "aria-label": `${name} cutout` });
      const about = { class: "cutout", on: { click: () => this.enlarge(this.large === name ? "" : name) } };
      return { name, canvas, node: make("figure", about, canvas, make("figcaption", {}, name)) };
    });
    place.dataset.channels = names;
    place.dataset.count = this.figures.length;
    place.replaceChildren(...this.figures.map(({ node }) => node));
    this.enlarge(this.large);
  }

  enlarge(name) {
    this.large = name;
    const some = this.figures.length > 1 && this.figures.some((each) => each.name === name);
    find("#cutouts").classList.toggle("one-large", some);
    for (const { name: each, node } of this.figures) node.classList.toggle("large", some && each === name);
    this.redraw();
  }

  enlargeNext() {
    const names = ["", ...this.figures.map(({ name }) => name)];
    this.enlarge(names[(names.indexOf(this.large) + 1) % names.length]);
  }

  redraw() {
    if (!this.images) return;
    const overlay = this.look.overlay ? this.overlay : null;
    for (const { name, canvas } of this.figures) {
      const image = this.images.channels.find((each) => each.name === name);
      if (image) drawImage(canvas, image, this.images, { ...this.look.drawn, overlay });
    }
  }

  // Draw with what the scorer looked at, once it is there.
  async explain() {
    const item = this.shown;
    const note = find("#explanation");
    this.overlay = null;
    note.textContent = "";
    this.redraw();
    if (!item || !this.look.overlay) return;
    note.textContent = ASKING;
    const [overlay, words] = await explanationOf(item.id).then((found) => [found, COLOURS], (error) => [null, noExplanation(error)]);
    if (this.shown !== item || !this.look.overlay) return;
    this.overlay = overlay;
    note.textContent = words;
    this.redraw();
  }

  besideOf(item) {
    if (!this.besides.has(item.id)) {
      const { campaign, hide } = this.state.setup;
      const asked = new URLSearchParams({ hide, ...(campaign === null ? {} : { campaign }) });
      const part = getPart(`/scan/candidates/${item.id}?${asked}`);
      part.catch(() => this.besides.delete(item.id));
      this.besides.set(item.id, part);
      if (this.besides.size > 60) this.besides.delete(this.besides.keys().next().value);
    }
    return this.besides.get(item.id);
  }

  forgetBeside(item) {
    this.besides.delete(item.id);
    if (this.shown === item) this.showBeside(item);
  }

  async showBeside(item) {
    const place = find("#beside");
    place.setAttribute("aria-busy", "true");
    try {
      const part = await this.besideOf(item);
      if (this.shown !== item) return;
      place.replaceChildren(...part.map((node) => node.cloneNode(true)));
      setUpMetadata(place);
      place.scrollTop = 0;
    } catch (error) {
      if (this.shown === item) place.replaceChildren(make("p", { class: "empty" }, error.message));
    }
    place.setAttribute("aria-busy", "false");
  }

  showStrip() {
    const { items, index } = this.state;
    const from = Math.max(0, index - STRIP_BEFORE);
    const nodes = [];
    for (let at = from; at < Math.min(items.length, index + STRIP_AFTER + 1); at += 1) nodes.push(this.thumbOf(at));
    find("#strip").replaceChildren(...nodes);
    for (const id of this.thumbs.keys()) if (!nodes.some((node) => node.dataset.id === String(id))) this.thumbs.delete(id);
  }

  thumbOf(at) {
    const item = this.state.items[at];
    let node = this.thumbs.get(item.id);
    if (!node) {
      const canvas = make("canvas", { "aria-hidden": "true" });
      const about = { type: "button", class: "thumb", data: { id: item.id }, tabindex: "-1" };
      node = make("button", { ...about, on: { click: () => this.state.go(at) } }, canvas, make("span", { class: "mark" }));
      this.thumbs.set(item.id, node);
      if (item.pixels) pixelsOf(item).then((images) => drawThumb(canvas, images), () => {});
    }
    const said = this.state.said.get(item.id)?.said;
    const current = at === this.state.index;
    node.classList.toggle("current", current);
    find(".mark", node).replaceChildren(...(said ? [badge(said)] : []));
    node.classList.toggle("skipped", this.state.skipped.has(item.id));
    node.title = [item.object || item.name, said?.name].filter(Boolean).join(": ");
    node.setAttribute("aria-label", node.title);
    return node;
  }

  showFinished() {
    const counts = new Map();
    for (const { said } of this.state.said.values()) counts.set(said, (counts.get(said) ?? 0) + 1);
    const marks = [...counts].map(([said, count]) => make("li", {}, badge(said), ` ${count}`));
    find("#finished-counts").replaceChildren(...marks);
    const nothing = !this.state.items.length;
    find("#finished-title").textContent = nothing ? "Nothing to scan" : "All scanned";
    find("#finished-words").textContent = this.state.failure
      ? `The next candidates did not come: ${this.state.failure}`
      : nothing
        ? "No candidate answers to what you chose. Choose another night or filter above."
        : `You have come to the end: ${this.state.items.length} candidates.`;
  }

  tick() {
    const seconds = this.watch.seconds;
    find("#seconds").textContent = seconds < 60 ? `${Math.floor(seconds)} s` : `${Math.floor(seconds / 60)} min`;
  }
}

function drawThumb(canvas, images) {
  const image = images.channels.at(-1);
  drawImage(canvas, image, { ...images, pixelScale: null }, { stretch: images.upright ? "linear" : "asinh", map: "grey", inverted: false, zoom: 1.6 });
}
