// Many candidates at once: keys label the one that has the focus, or all that are selected.

import { showClasses } from "./class_buttons.js";
import { badge, find, make, nameParts, scoreWords } from "./dom.js";
import { drawImage } from "./picture.js";
import { pixelsOf } from "./pixels.js";

export class GridView {
  constructor(root, state, look, open, say) {
    this.root = root;
    this.state = state;
    this.look = look;
    this.open = open;
    this.say = say;
    this.cards = new Map(); // id -> card
    this.selected = new Set();
    this.pointer = ""; // where the mouse was last seen
    this.list = find("#cards", root);
    this.visible = new IntersectionObserver((entries) => this.seen(entries), { rootMargin: "500px" });
    this.end = new IntersectionObserver((entries) => entries.some((each) => each.isIntersecting) && state.more(), { rootMargin: "800px" });
    this.end.observe(find("#more", root));
    find("#more", root).addEventListener("click", () => state.more());
    this.list.addEventListener("click", (event) => this.clicked(event));
    this.list.addEventListener("dblclick", (event) => this.withCard(event, () => this.open()));
    this.list.addEventListener("pointermove", (event) => this.hovered(event));
    this.list.addEventListener("focusin", (event) => this.withCard(event, (at) => this.focus(at, false)));
    look.addEventListener("change", () => this.redraw());
  }

  // The candidates that a key labels now.
  get targets() {
    const { items, current } = this.state;
    if (this.selected.size) return items.filter((item) => this.selected.has(item.id));
    return current ? [current] : [];
  }

  show() {
    const { items, index, current } = this.state;
    if (current) this.look.setKind(current.kind);
    items.forEach((item, at) => {
      if (!this.cards.has(item.id)) this.addCard(item, at);
      this.mark(item, at === index);
    });
    const counts = new Set(items.map((item) => item.channels.length));
    this.list.dataset.channels = counts.size > 1 ? "mixed" : ([...counts][0] ?? "");
    const more = find("#more", this.root);
    more.hidden = !this.state.next;
    find("#grid-empty", this.root).hidden = items.length > 0;
    this.showSelection();
    const [target] = this.targets;
    if (target) showClasses(find("#grid-classes", this.root), this.state.taxonomyOf(target), "", this.say);
  }

  addCard(item, at) {
    const canvases = item.pixels ? item.channels.map((name) => make("canvas", { "aria-hidden": "true", data: { name } })) : [];
    const images = make("div", { class: "card-images", data: { count: canvases.length } }, ...canvases);
    if (!canvases.length) images.append(make("span", { class: "aside" }, "no cutouts"));
    const score = item.score === undefined || item.score === null ? null : make("span", { class: "card-score" }, scoreWords(item.score));
    const text = make("div", { class: "card-text" }, make("span", { class: "card-name" }, ...nameParts(item)), score);
    const tick = make("span", { class: "tick", "aria-hidden": "true" });
    const about = { class: "card", role: "option", "aria-selected": "false", tabindex: "-1", data: { at } };
    const card = make("div", about, images, text, make("div", { class: "card-mark" }), tick);
    card.setAttribute("aria-label", [item.object || item.name, score && `score ${score.textContent}`].filter(Boolean).join(", "));
    this.cards.set(item.id, card);
    this.list.append(card);
    this.visible.observe(card);
  }

  mark(item, focused) {
    const card = this.cards.get(item.id);
    const said = this.state.said.get(item.id)?.said;
    card.tabIndex = focused ? 0 : -1;
    card.classList.toggle("focused", focused);
    card.classList.toggle("said", Boolean(said));
    card.classList.toggle("skipped", this.state.skipped.has(item.id));
    card.setAttribute("aria-selected", String(this.selected.has(item.id)));
    const mark = find(".card-mark", card);
    if (mark.dataset.said === (said?.name ?? "")) return;
    mark.dataset.said = said?.name ?? "";
    mark.replaceChildren(...(said ? [badge(said)] : []));
  }

  seen(entries) {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      this.visible.unobserve(target);
      this.draw(target);
    }
  }

  async draw(card) {
    const item = this.state.items[Number(card.dataset.at)];
    if (!item?.pixels) return;
    try {
      const images = await pixelsOf(item);
      card.dataset.drawn = "yes";
      for (const canvas of card.querySelectorAll("canvas")) {
        const image = images.channels.find((each) => each.name === canvas.dataset.name);
        if (image) drawImage(canvas, image, { ...images, pixelScale: null }, { ...this.look.drawnFor(item.kind), cross: false });
      }
    } catch {
      find(".card-images", card).replaceChildren(make("span", { class: "aside" }, "did not come"));
    }
  }

  redraw() {
    if (this.root.hidden) return;
    for (const card of this.list.querySelectorAll("[data-drawn]")) {
      delete card.dataset.drawn;
      this.visible.observe(card);
    }
  }

  focus(at, scroll = true) {
    if (at < 0 || at >= this.state.items.length || at === this.state.index) return;
    this.state.go(at);
    this.focusCard(scroll);
  }

  focusCard(scroll = true) {
    const card = this.state.current && this.cards.get(this.state.current.id);
    card?.focus({ preventScroll: true });
    if (scroll) card?.scrollIntoView({ block: "nearest" });
  }

  // Move by rows: as many cards as stand beside each other.
  moveRow(step) {
    const [first, ...others] = this.list.children;
    if (!first) return;
    const row = 1 + others.findIndex((card) => card.offsetTop !== first.offsetTop);
    this.focus(this.state.index + step * (row || this.list.children.length));
  }

  toggle(at) {
    const item = this.state.items[at];
    if (!item) return;
    if (!this.selected.delete(item.id)) this.selected.add(item.id);
    this.state.changed();
  }

  selectAll() {
    const left = this.state.items.filter((item) => !this.state.said.has(item.id));
    const all = left.every((item) => this.selected.has(item.id));
    this.selected = new Set(all ? [] : left.map((item) => item.id));
    this.state.changed();
  }

  clearSelection() {
    this.selected.clear();
    this.state.changed();
  }

  clicked(event) {
    this.withCard(event, (at) => {
      if (event.shiftKey) this.selectTo(at);
      else if (event.ctrlKey || event.metaKey || event.target.closest(".tick")) this.toggle(at);
      // A finger cannot press a key while it points: it selects, and the buttons label.
      else if (event.pointerType === "touch") this.toggle(at);
      this.focus(at, false);
    });
  }

  selectTo(at) {
    const [from, to] = [Math.min(at, this.state.index), Math.max(at, this.state.index)];
    for (const item of this.state.items.slice(from, to + 1)) this.selected.add(item.id);
    this.state.changed();
  }

  hovered(event) {
    // A page that scrolls under a mouse at rest is not pointed at.
    const place = `${event.screenX} ${event.screenY}`;
    if (place === this.pointer) return;
    this.pointer = place;
    this.withCard(event, (at) => this.focus(at, false));
  }

  withCard(event, run) {
    const card = event.target.closest(".card");
    if (card) run(Number(card.dataset.at));
  }

  showSelection() {
    const count = this.selected.size;
    find("#selection", this.root).textContent = count ? `${count} selected` : "";
    find("#clear-selection", this.root).hidden = !count;
  }
}
