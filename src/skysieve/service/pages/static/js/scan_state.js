// What is scanned: the candidates, where the person is among them, what was said, and how to unsay it.

import { getJson } from "./request.js";

const AHEAD = 12; // candidates in hand before more are asked for

export class ScanState extends EventTarget {
  constructor(setup, outbox) {
    super();
    this.setup = setup;
    this.outbox = outbox;
    this.items = setup.first.candidates;
    this.next = setup.first.next;
    this.total = setup.first.total;
    this.index = 0;
    this.said = new Map(); // id -> { said, key }
    this.skipped = new Set();
    this.past = []; // each a list of { item, index, key, before }
    this.asking = null;
    this.failure = "";
    outbox.addEventListener("refused", (event) => this.refused(event.detail));
  }

  get current() {
    return this.items[this.index];
  }

  get atEnd() {
    return this.index >= this.items.length && !this.next;
  }

  taxonomyOf(item) {
    return this.setup.taxonomies[item.kind] ?? Object.values(this.setup.taxonomies)[0];
  }

  go(index) {
    this.index = Math.max(0, Math.min(index, this.items.length));
    this.changed();
    if (this.items.length - this.index < AHEAD) this.more();
  }

  // Ask for more candidates; return whether some came.
  async more() {
    if (!this.next) return false;
    this.asking ??= this.ask().finally(() => {
      this.asking = null;
    });
    return this.asking;
  }

  async ask() {
    const asked = { ...this.setup.asked, hide: this.setup.hide, cursor: this.next, size: 48 };
    const given = Object.entries(asked).filter(([, value]) => value !== null);
    try {
      const found = await getJson(`/api/v1/scanning/queue?${new URLSearchParams(given)}`);
      const known = new Set(this.items.map((item) => item.id));
      this.items.push(...found.candidates.filter((item) => !known.has(item.id)));
      this.next = found.next;
      this.failure = "";
      return true;
    } catch (error) {
      this.failure = error.message;
      return false;
    } finally {
      this.changed();
    }
  }

  // Say something of candidates; what is said of many at once is unsaid at once.
  label(items, said, seconds) {
    const step = items.map((item) => {
      const before = this.said.get(item.id);
      const key = this.outbox.label(item.id, {
        value: said.name,
        taxonomy_id: this.taxonomyOf(item).id,
        campaign_id: this.setup.campaign,
        machine_hidden: this.setup.hide,
        seconds: seconds ?? null,
        origin: "scan",
      });
      this.said.set(item.id, { said, key });
      this.skipped.delete(item.id);
      return { item, key, before };
    });
    this.past.push({ index: this.index, step });
  }

  skip(item) {
    if (!this.said.has(item.id)) this.skipped.add(item.id);
  }

  // Unsay the last; return it, or nothing where there is nothing.
  undo() {
    const last = this.past.pop();
    if (!last) return null;
    for (const { item, key, before } of last.step.toReversed()) {
      this.outbox.undo(key);
      this.restore(item.id, before);
    }
    this.index = last.index;
    this.changed();
    return last;
  }

  refused({ body, message }) {
    for (const [id, { key }] of this.said) {
      if (key !== body.request_key) continue;
      this.said.delete(id);
      this.failure = message;
      this.past = this.past.filter(({ step }) => step.every((each) => each.key !== key));
    }
    this.changed();
  }

  restore(id, before) {
    if (before) this.said.set(id, before);
    else this.said.delete(id);
  }

  changed() {
    this.dispatchEvent(new Event("change"));
  }
}
