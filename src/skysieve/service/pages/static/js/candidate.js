// The page of one candidate: its cutouts drawn as the person wants them, the metadata searched.

import { find, make } from "./dom.js";
import { ASKING, COLOURS, explanationOf, noExplanation } from "./explanation.js";
import { Keys } from "./keys.js";
import { Look } from "./look.js";
import { setUpMetadata } from "./metadata_search.js";
import { drawImage } from "./picture.js";
import { pixelsOf } from "./pixels.js";

const place = document.querySelector("#cutouts");
setUpMetadata(document.querySelector("#metadata"));
// Where the pixels do not come, the pictures of the service stay.
if (place) setUpCutouts().catch(() => document.querySelector("#look").setAttribute("hidden", ""));

async function setUpCutouts() {
  const look = new Look(document.querySelector("#look"), place.dataset.kind);
  const keys = new Keys();
  look.register(keys);
  if (find("[data-toggle=overlay]")) keys.action("explanation", ["e"], "what the scorer looked at", () => look.setOverlay(!look.overlay), "Cutouts");
  const images = await pixelsOf({ pixels: place.dataset.pixels });
  let overlay = null;
  const canvases = images.channels.map((image) => {
    const figure = place.querySelector(`[data-channel="${CSS.escape(image.name)}"]`);
    const canvas = make("canvas", { role: "img", "aria-label": `${image.name} cutout` });
    figure.querySelector("img").replaceWith(canvas);
    return { image, canvas };
  });
  const draw = () => {
    const shown = look.overlay ? overlay : null;
    for (const { image, canvas } of canvases) drawImage(canvas, image, images, { ...look.drawn, overlay: shown });
  };

  async function explain() {
    const note = find("#explanation");
    note.textContent = look.overlay ? ASKING : "";
    draw();
    if (!look.overlay) return;
    try {
      overlay = await explanationOf(place.dataset.id);
      note.textContent = look.overlay ? COLOURS : "";
    } catch (error) {
      note.textContent = noExplanation(error);
    }
    draw();
  }

  look.addEventListener("change", explain);
  new ResizeObserver(draw).observe(place);
  draw();
  place.dataset.drawn = "yes";
}
