// Elements from code; text is always text, never markup.

export function make(tag, given = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") node.className = value;
    else if (name === "on") for (const [event, run] of Object.entries(value)) node.addEventListener(event, run);
    else if (name === "data") Object.assign(node.dataset, value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export const find = (selector, within = document) => within.querySelector(selector);

// What a label says, in the words of the style sheet.
export function kindOf(said) {
  if (said.real === true) return "real";
  return said.real === false ? "bogus" : "unsure";
}

export function badge(said) {
  return make("span", { class: `badge ${kindOf(said)}` }, said.name);
}

// The name of a candidate in two parts, of which the second tells it from others when there is no room for both.
export function nameParts(item) {
  const name = item.object || item.name.replace(/^strkid(\d+)_pid\d+$/, "$1");
  const tail = Math.min(8, Math.floor(name.length / 2));
  return [name.slice(0, -tail), name.slice(-tail)].map((part) => make("span", {}, part));
}

// A score between 0 and 1; what lies at an end is said to lie there.
export function scoreWords(value) {
  if (value < 0.0005) return "<0.001";
  return value > 0.9995 ? ">0.999" : value.toFixed(3);
}

let hideToast = 0;

export function toast(words, kind = "") {
  const place = find("#toast");
  place.textContent = words;
  place.className = `toast ${kind} shown`;
  window.clearTimeout(hideToast);
  hideToast = window.setTimeout(() => place.classList.remove("shown"), kind === "error" ? 8000 : 1800);
}
