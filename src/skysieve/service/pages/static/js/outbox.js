// Labels and comments on their way: kept in the browser until the service has them, sent in order, kept once.
//
// Every entry has a key of its own in localStorage, so that two tabs never overwrite each other. A label has a
// key of its request, so that the service takes it once however often it is sent; a comment is known by its
// words. A lost connection only makes them wait.

import { postJson } from "./request.js";

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30000;

export class Outbox extends EventTarget {
  constructor(user, storage = window.localStorage, post = postJson) {
    super();
    this.prefix = `skysieve.outbox.${user}.`;
    this.storage = storage;
    this.post = post;
    this.count = 0;
    this.wait = FIRST_WAIT;
    this.sending = null; // key of the entry that is under way
    this.problem = "";
    this.timer = 0;
    window.addEventListener("online", () => this.hurry());
    window.addEventListener("storage", () => this.tell());
  }

  // What has not been taken yet, the oldest first.
  get entries() {
    const keys = [];
    for (let at = 0; at < this.storage.length; at += 1) {
      const key = this.storage.key(at);
      if (key.startsWith(this.prefix)) keys.push(key);
    }
    return keys.sort();
  }

  label(candidate, body) {
    const key = randomKey();
    this.add(`/api/v1/candidates/${candidate}/labels`, { ...body, request_key: key }, key);
    return key;
  }

  comment(candidate, text) {
    this.add(`/api/v1/candidates/${candidate}/comments`, { text }, randomKey());
  }

  // Take a label back: out of the box where it was not sent yet, otherwise by telling the service.
  undo(requestKey) {
    for (const key of this.entries) {
      if (key === this.sending || !key.endsWith(`.${requestKey}`)) continue;
      this.storage.removeItem(key);
      this.tell();
      return;
    }
    this.add("/api/v1/labels/undo", { request_key: requestKey }, randomKey());
  }

  add(path, body, key) {
    this.count += 1;
    const order = `${String(Date.now()).padStart(15, "0")}${String(this.count).padStart(6, "0")}`;
    this.storage.setItem(`${this.prefix}${order}.${key}`, JSON.stringify({ path, body }));
    this.tell();
    this.send();
  }

  hurry() {
    this.wait = FIRST_WAIT;
    window.clearTimeout(this.timer);
    this.timer = 0;
    this.send();
  }

  async send() {
    if (this.sending || this.timer) return;
    let key = this.entries[0];
    while (key) {
      this.sending = key;
      const going = await this.sendOne(key);
      this.sending = null;
      this.tell();
      if (!going) return;
      key = this.entries[0];
    }
  }

  // Send one entry; return whether the next may follow at once.
  async sendOne(key) {
    const { path, body } = JSON.parse(this.storage.getItem(key) ?? "{}");
    if (!path) {
      this.storage.removeItem(key);
      return true;
    }
    let answer;
    try {
      answer = await this.post(path, body, { keepalive: true });
    } catch (error) {
      return this.failed(key, path, body, error);
    }
    this.storage.removeItem(key);
    this.wait = FIRST_WAIT;
    this.problem = "";
    this.dispatchEvent(new CustomEvent("taken", { detail: { path, body, answer } }));
    return true;
  }

  failed(key, path, body, error) {
    const status = error.status ?? 0;
    if (status === 401 || status === 403) this.problem = "signed out";
    else if (status && !error.passing) {
      this.storage.removeItem(key);
      this.dispatchEvent(new CustomEvent("refused", { detail: { path, body, message: error.message } }));
      return true;
    } else this.problem = "no connection";
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      this.send();
    }, this.wait);
    this.wait = Math.min(LONGEST_WAIT, this.wait * 2);
    return false;
  }

  tell() {
    this.dispatchEvent(new CustomEvent("change", { detail: { unsent: this.entries.length, problem: this.problem } }));
  }
}

// crypto.randomUUID is missing where the page did not come over TLS, as on a closed network.
function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
