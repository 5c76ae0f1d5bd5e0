// The page of a night keeps itself up to date, while somebody looks.

import { getPart } from "./request.js";

const EVERY = 20000;
const live = document.querySelector("#live");
const choose = document.querySelector("[data-choose]");

choose.querySelector("button").hidden = true;
choose.querySelector("select").addEventListener("change", () => choose.requestSubmit());

async function refresh() {
  if (document.hidden || live.contains(document.activeElement)) return;
  try {
    live.replaceChildren(...(await getPart(live.dataset.part)));
    live.classList.remove("stale");
  } catch {
    live.classList.add("stale");
  }
}

window.setInterval(refresh, EVERY);
document.addEventListener("visibilitychange", refresh);
