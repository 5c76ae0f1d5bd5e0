// The buttons that say what a candidate is, with their keys.

import { badge, make } from "./dom.js";

// Fill a place with the buttons of a taxonomy, unless they are there; mark what was said.
export function showClasses(place, taxonomy, said, say) {
  if (place.dataset.taxonomy !== String(taxonomy.id)) {
    place.dataset.taxonomy = taxonomy.id;
    place.dataset.many = taxonomy.classes.length > 4;
    place.replaceChildren(...taxonomy.classes.map((each) => button(each, say)));
  }
  for (const each of place.children) each.setAttribute("aria-pressed", String(each.dataset.value === said));
}

function button(said, say) {
  const key = said.key ? make("kbd", {}, said.key) : null;
  const about = { type: "button", class: "say", title: said.meaning, data: { value: said.name }, "aria-pressed": "false" };
  return make("button", { ...about, on: { click: () => say(said) } }, key, badge(said));
}
