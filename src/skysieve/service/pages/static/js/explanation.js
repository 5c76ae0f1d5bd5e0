// What a scorer looked at: asked for once, kept, and said in words where there is none.

import { unpack } from "./pixels.js";

const known = new Map(); // id of a candidate -> promise of { values, height, width }
const KEPT = 60;

// Return a promise of the map; an error says why there is none.
export function explanationOf(id) {
  if (!known.has(id)) {
    const asked = ask(id);
    asked.catch(() => known.delete(id)); // a scorer may be put on duty, a connection come back
    known.set(id, asked);
    if (known.size > KEPT) known.delete(known.keys().next().value);
  }
  return known.get(id);
}

// What the colours mean, or why there are none.
export const COLOURS = "Orange speaks for the score, blue against it.";
export const ASKING = "Asking what the scorer looked at …";
export const noExplanation = (error) => `No explanation: ${error.message}`;

async function ask(id) {
  const answer = await fetch(`/api/v1/candidates/${id}/explanation`, { credentials: "same-origin" }).catch(() => {
    throw new Error("there is no connection");
  });
  if (answer.ok) return unpack(await answer.arrayBuffer()).channels[0];
  const told = await answer.json().catch(() => ({}));
  throw new Error(told.message ?? `the service answered ${answer.status}`);
}
