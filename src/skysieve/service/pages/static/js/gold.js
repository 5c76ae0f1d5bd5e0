// What a gold item of a campaign is known to be, told once it is labelled.

import { find, make } from "./dom.js";

const RIGHT_MS = 4000; // a mistake stays longer: it is there to learn from
const WRONG_MS = 30000;

export class GoldNote {
  constructor(root) {
    this.root = root;
    this.hiding = 0;
    find("button", root).addEventListener("click", () => this.hide());
  }

  // answer: { said, known, right, reason }; item: the candidate, where it is still in hand.
  tell(answer, id, item) {
    const name = item ? item.object || item.name : `candidate ${id}`;
    const link = make("a", { href: `/candidates/${id}`, target: "_blank", rel: "noopener" }, name);
    const words = answer.right
      ? ["Right: ", link, ` is known to be ${answer.known}`]
      : ["You said ", make("b", {}, answer.said), ", but ", link, " is known to be ", make("b", {}, answer.known)];
    find("p", this.root).replaceChildren(...words, answer.reason ? ` (${answer.reason})` : "");
    this.root.classList.toggle("wrong", !answer.right);
    this.root.hidden = false;
    window.clearTimeout(this.hiding);
    this.hiding = window.setTimeout(() => this.hide(), answer.right ? RIGHT_MS : WRONG_MS);
  }

  hide() {
    this.root.hidden = true;
  }
}
