// The scanning page: keys and buttons to what they do, in the mode that is shown.

import { find, kindOf, make, toast } from "./dom.js";
import { GoldNote } from "./gold.js";
import { Keys } from "./keys.js";
import { Look } from "./look.js";
import { Outbox } from "./outbox.js";
import { GridView } from "./scan_grid.js";
import { OneView } from "./scan_one.js";
import { ScanState } from "./scan_state.js";

const root = find("#scan");
const setup = JSON.parse(root.dataset.setup);
const outbox = new Outbox(setup.user);
const state = new ScanState(setup, outbox);
const keys = new Keys();
const look = new Look(find("#look"), state.current?.kind ?? "alert");
const one = new OneView(find("#one"), state, look, say);
const grid = new GridView(find("#grid"), state, look, () => setMode("one"), say);
const gold = new GoldNote(find("#gold"));
let mode = setup.mode;

function render() {
  const item = state.current;
  if (item) keys.setClasses(state.taxonomyOf(item).classes, say);
  if (mode === "one") one.show();
  else grid.show();
  const total = state.total === null ? state.items.length : state.total;
  const many = total >= 10000 ? `${total.toLocaleString("en")}+` : String(Math.max(total, state.items.length));
  find("#place").textContent = state.items.length ? `${Math.min(state.index + 1, state.items.length)} of ${many}` : "none";
  find("#done").textContent = state.said.size ? `${state.said.size} labelled` : "";
  for (const button of document.querySelectorAll("[data-undo]")) button.disabled = !state.past.length;
  for (const name of ["skip", "undo", "comment"]) find(`[data-key=${name}]`).textContent = keys.shown(name)[0] ?? "";
  const share = find("#progress");
  share.max = Math.max(total, state.items.length, 1);
  share.value = state.said.size + state.skipped.size;
}

function say(said) {
  const items = mode === "one" ? [state.current].filter(Boolean) : grid.targets;
  if (!items.length) return;
  const at = state.index;
  state.label(items, said, mode === "one" ? one.watch.seconds : null);
  toast(`${said.name}${items.length > 1 ? ` × ${items.length}` : ""}`, kindOf(said));
  if (mode === "grid" && grid.selected.size) {
    grid.clearSelection();
    return;
  }
  advance(at);
}

// On to the next that nothing was said of; in the order, not around.
function advance(from) {
  let next = from + 1;
  if (mode === "grid") while (next < state.items.length && state.said.has(state.items[next].id)) next += 1;
  state.go(mode === "grid" ? Math.min(next, state.items.length - 1) : next);
  if (mode === "grid") grid.focusCard();
}

function skip() {
  if (!state.current) return;
  state.skip(state.current);
  advance(state.index);
}

function undo() {
  const undone = state.undo();
  if (!undone) {
    toast("Nothing to undo");
    return;
  }
  const names = undone.step.map(({ item }) => item.object || item.name);
  toast(`Undone: ${names.length > 1 ? `${names.length} labels` : names[0]}`);
  if (mode === "grid") grid.focusCard();
}

function step(by) {
  if (mode === "grid") grid.focus(state.index + by);
  else state.go(state.index + by);
}

function setMode(wanted) {
  mode = wanted;
  if (mode === "grid") state.index = Math.max(0, Math.min(state.index, state.items.length - 1));
  root.dataset.mode = mode;
  find("#one").hidden = mode !== "one";
  find("#grid").hidden = mode !== "grid";
  for (const button of document.querySelectorAll("[data-mode]")) {
    button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
  }
  const here = new URL(location.href);
  here.searchParams.set("mode", mode);
  history.replaceState(null, "", here);
  render();
  if (mode === "grid") grid.focusCard();
  else one.redraw();
}

// The scores must not be in the page at all: it is asked for anew.
function hideMachine() {
  if (setup.hideFixed) {
    toast("This campaign hides the machine");
    return;
  }
  const there = new URL(location.href);
  there.searchParams.set("hide", String(!setup.hide));
  location.assign(there);
}

function comment() {
  const item = state.current;
  const dialog = find("#comment");
  if (!item) return;
  dialog.dataset.id = item.id;
  find("[data-of]", dialog).textContent = item.object || item.name;
  dialog.showModal();
  find("textarea", dialog).focus();
}

function sendComment(event) {
  event.preventDefault();
  const dialog = find("#comment");
  const text = find("textarea", dialog);
  if (!text.value.trim()) return;
  outbox.comment(dialog.dataset.id, text.value);
  text.value = "";
  dialog.close();
  if (outbox.problem) toast("The comment waits in this browser");
}

// The service has it: a comment is shown beside its candidate, a gold item says what it is.
function taken({ path, answer }) {
  const item = state.items.find((each) => each.id === answer?.candidate_id);
  if (path.endsWith("/comments")) {
    toast("Comment kept");
    if (item) one.forgetBeside(item);
  } else if (answer?.answer) gold.tell(answer.answer, answer.candidate_id, item);
}

function refused({ path, body, message }) {
  toast(`Not kept: ${message}`, "error");
  // What was written must not be lost.
  if (path.endsWith("/comments")) find("#comment textarea").value = body.text;
}

function help() {
  const dialog = find("#help");
  const groups = new Map([["Labels", []]]);
  const item = state.current ?? state.items[0];
  for (const said of item ? state.taxonomyOf(item).classes : []) {
    if (said.key) groups.get("Labels").push([[said.key], `${said.name}: ${said.meaning}`]);
  }
  for (const [name, { words, group }] of keys.actions) {
    const reached = keys.shown(name);
    if (!reached.length) continue;
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group).push([reached, words]);
  }
  find("#help-keys").replaceChildren(
    ...[...groups].map(([group, lines]) =>
      make("section", {}, make("h3", {}, group), make("dl", {}, ...lines.flatMap(([reached, words]) => [
        make("dt", {}, ...reached.map((key) => make("kbd", {}, key))),
        make("dd", {}, words),
      ]))),
    ),
  );
  dialog.showModal();
}

function showOutbox({ detail: { unsent, problem } }) {
  const place = find("#outbox");
  place.classList.toggle("waiting", unsent > 0);
  place.classList.toggle("problem", unsent > 0 && Boolean(problem));
  find("[data-words]", place).textContent = unsent ? `${unsent} unsent` : "all sent";
  const why = find("[data-why]", place);
  why.textContent = unsent && problem ? problem : "";
  find("#sign-in-again").hidden = problem !== "signed out" || !unsent;
}

keys.action("skip", [" ", "s", "S"], "skip: say nothing, go on", skip, "Labels");
keys.action("undo", ["u", "Backspace", "Ctrl+z"], "undo the last label, and the one before …", undo, "Labels");
keys.action("comment", ["m", "M"], "comment", comment, "Labels");
keys.action("next", ["ArrowRight", "j"], "next", () => step(1), "Move");
keys.action("previous", ["ArrowLeft", "k"], "previous", () => step(-1), "Move");
keys.action("down", ["ArrowDown"], "grid: one row down", (event) => rowOrScroll(1, event), "Move");
keys.action("up", ["ArrowUp"], "grid: one row up", (event) => rowOrScroll(-1, event), "Move");
keys.action("mode", ["g", "G"], "grid, or one at a time", () => setMode(mode === "one" ? "grid" : "one"), "Page");
keys.action("select", ["Enter"], "grid: select, or not", () => mode === "grid" && grid.toggle(state.index), "Page");
keys.action("select all", ["Ctrl+a"], "grid: select all that are left", () => mode === "grid" && grid.selectAll(), "Page");
keys.action("clear", ["Escape"], "grid: select none", () => clear(), "Page");
keys.action("hide", ["h", "H"], "hide the machine: no scores, unbiased labels", hideMachine, "Page");
keys.action("explanation", ["e", "E"], "what the scorer looked at", () => explain(), "Cutouts");
keys.action("larger", ["l", "L"], "one cutout larger, the next, all alike", () => mode === "one" && one.enlargeNext(), "Cutouts");
keys.action("open", ["o", "O"], "open the page of the candidate", () => state.current && window.open(`/candidates/${state.current.id}`, "_blank", "noopener"), "Page");
keys.action("help", ["?"], "these keys", help, "Page");
look.register(keys);
keys.unknown = (key) => {
  const item = state.current;
  const known = Object.values(setup.taxonomies).flatMap((each) => each.classes);
  if (item && known.some((said) => said.key === key)) toast(`${key} is no label of ${item.kind}s`);
};

function clear() {
  gold.hide();
  grid.clearSelection();
}

function rowOrScroll(by, event) {
  if (mode === "grid") grid.moveRow(by);
  else if (event) window.scrollBy({ top: by * 120 });
}

function explain() {
  if (setup.hide) toast("The machine is hidden");
  else if (mode === "grid") toast("What the scorer looked at is shown one at a time");
  else look.setOverlay(!look.overlay);
}

state.addEventListener("change", render);
outbox.addEventListener("change", showOutbox);
outbox.addEventListener("taken", ({ detail }) => taken(detail));
outbox.addEventListener("refused", ({ detail }) => refused(detail));
for (const button of document.querySelectorAll("[data-undo]")) button.addEventListener("click", undo);
find("#skip").addEventListener("click", skip);
find("#say-comment").addEventListener("click", comment);
find("#hide-machine").addEventListener("click", hideMachine);
find("#show-help").addEventListener("click", help);
find("#try-more").addEventListener("click", () => location.reload());
find("#clear-selection").addEventListener("click", () => grid.clearSelection());
find("#comment form").addEventListener("submit", sendComment);
find("#outbox").addEventListener("click", () => outbox.hurry());
for (const button of document.querySelectorAll("[data-mode]")) button.addEventListener("click", () => setMode(button.dataset.mode));
// A button that was pressed with the mouse must not be pressed again by the space bar.
document.addEventListener("click", (event) => event.detail > 0 && event.target.closest("button")?.blur());
for (const dialog of document.querySelectorAll("dialog")) {
  find("[data-close]", dialog).addEventListener("click", () => dialog.close());
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
}
window.addEventListener("pageshow", () => outbox.hurry());
outbox.tell();
setMode(mode);
root.dataset.ready = "yes";
